// The device's own operations (esa/llama-esa-ops.h) against double precision. Without such a device there is nothing to check.

#include "support/session.h"

#include "llama-esa-ops.h"

#include "ggml-cpp.h"

#include <numeric>

namespace {

// tensors of one small graph on the device
struct bench_graph {
    ggml_backend_t          backend;
    ggml_context_ptr        ctx;
    ggml_backend_buffer_ptr buffer;

    explicit bench_graph(ggml_backend_t backend) : backend(backend), ctx(ggml_init({ 64*ggml_tensor_overhead() + 4*ggml_graph_overhead(), nullptr, true })) {}

    ggml_tensor * tensor(ggml_type type, int64_t ne0, int64_t ne1 = 1, int64_t ne2 = 1) { return ggml_new_tensor_3d(ctx.get(), type, ne0, ne1, ne2); }

    void allocate() { buffer.reset(ggml_backend_alloc_ctx_tensors(ctx.get(), backend)); }

    bool compute(std::initializer_list<ggml_tensor *> results) {
        ggml_cgraph * gf = ggml_new_graph(ctx.get());
        for (ggml_tensor * t : results) {
            ggml_build_forward_expand(gf, t);
        }
        return ggml_backend_graph_compute(backend, gf) == GGML_STATUS_SUCCESS;
    }
};

template <typename T>
void set(ggml_tensor * t, const std::vector<T> & data) {
    GGML_ASSERT(ggml_nbytes(t) == data.size()*sizeof(T));
    ggml_backend_tensor_set(t, data.data(), 0, ggml_nbytes(t));
}

template <typename T>
std::vector<T> get(const ggml_tensor * t) {
    std::vector<T> res(ggml_nbytes(t)/sizeof(T));
    ggml_backend_tensor_get(t, res.data(), 0, ggml_nbytes(t));
    return res;
}

std::vector<int32_t> make_step(int m_begin, int m_end, int pos, int n_far, const std::vector<int> & cells = {}) {
    std::vector<int32_t> res(LLAMA_ESA_STEP_SIZE, 0);
    res[LLAMA_ESA_STEP_M_BEGIN] = m_begin;
    res[LLAMA_ESA_STEP_M_END]   = m_end;
    res[LLAMA_ESA_STEP_POS]     = pos;
    res[LLAMA_ESA_STEP_N_FAR]   = n_far;
    res[LLAMA_ESA_STEP_DISTANCE] = 600;
    res.insert(res.end(), cells.begin(), cells.end());
    return res;
}

std::mt19937 rng(3);

std::vector<float> normal(size_t n, float deviation = 1.0f) {
    std::normal_distribution<float> dist(0.0f, deviation);
    std::vector<float> res(n);
    std::generate(res.begin(), res.end(), [&] { return dist(rng); });
    return res;
}

std::vector<ggml_fp16_t> halves(const std::vector<float> & x) {
    std::vector<ggml_fp16_t> res(x.size());
    ggml_fp32_to_fp16_row(x.data(), res.data(), (int64_t) x.size());
    return res;
}

std::vector<float> floats(const std::vector<ggml_fp16_t> & x) {
    std::vector<float> res(x.size());
    ggml_fp16_to_fp32_row(x.data(), res.data(), (int64_t) x.size());
    return res;
}

// rotations as models have them; both orders of components, factors for the frequencies, YaRN
struct rotation {
    llama_esa_rope p;
    std::vector<float> freq;

    rotation(int d, int mode, bool factors, bool yarn) : p { d, mode, 4096, 1e6f, yarn ? 0.25f : 1.0f, yarn ? 1.0f : 0.0f, 1.0f, 32.0f, 1.0f } {
        for (int i = 0; i < d/2 && factors; ++i) {
            freq.push_back(1.0f + 0.1f*(float) i);
        }
    }
    double correction(double turns) const {
        return p.n_dims*std::log(p.n_ctx_orig/(turns*2*M_PI))/(2*std::log((double) p.freq_base));
    }
    // a head, in place
    void turn(double * x, double pos) const {
        const int half = p.n_dims/2;
        for (int i = 0; i < half; ++i) {
            const double far = pos*std::pow((double) p.freq_base, -2.0*i/p.n_dims)/(freq.empty() ? 1.0 : freq[i]);
            double angle = p.freq_scale*far, scale = p.attn_factor;
            if (p.ext_factor != 0.0f) {
                const double low  = std::max(0.0, std::floor(correction(p.beta_fast)));
                const double high = std::min(p.n_dims - 1.0, std::ceil(correction(p.beta_slow)));
                const double ramp = 1.0 - std::min(1.0, std::max(0.0, (i - low)/std::max(0.001, high - low)));
                angle += (far - angle)*ramp*p.ext_factor;
                scale *= 1.0 + 0.1*std::log(1.0/p.freq_scale);
            }
            const int a = p.mode == GGML_ROPE_TYPE_NEOX ? i : 2*i;
            const int b = p.mode == GGML_ROPE_TYPE_NEOX ? i + half : 2*i + 1;
            const double c = std::cos(angle)*scale, s = std::sin(angle)*scale, y = x[a];
            x[a] = y*c - x[b]*s;
            x[b] = y*s + x[b]*c;
        }
    }
    // a row of heads
    std::vector<double> turned(const float * x, int n, double pos) const {
        std::vector<double> res(x, x + n);
        for (int i = 0; i < n; i += p.n_dims) {
            turn(res.data() + i, pos);
        }
        return res;
    }
    ggml_tensor * tensor(bench_graph & g) const { return freq.empty() ? nullptr : g.tensor(GGML_TYPE_F32, p.n_dims/2); }
};

enum distribution { NORMAL, HEAVY, CONSTANT, FEW, CLUSTERED, REPEATED };

constexpr int WIDTH = 64;

std::vector<float> make_keys(int n, distribution d) {
    std::vector<float> k = normal((size_t) n*WIDTH);
    for (int m = 0; m < n; ++m) {
        float scale = 1.0f;
        switch (d) {
            case NORMAL:    break;
            case HEAVY:     scale = std::exp(2.0f*normal(1)[0]); break;
            case CONSTANT:  std::fill_n(k.begin() + (size_t) m*WIDTH, WIDTH, 0.5f); break;
            case FEW:       std::copy_n(k.begin() + (size_t) (m % 7)*WIDTH, WIDTH, k.begin() + (size_t) m*WIDTH); break;
            case REPEATED:  std::copy_n(k.begin() + (size_t) (m % 97)*WIDTH, WIDTH, k.begin() + (size_t) m*WIDTH); break;
            case CLUSTERED: scale = m > n/2 && m < n/2 + 6000 ? 8.0f : 0.01f; break;
        }
        for (int i = 0; i < WIDTH; ++i) {
            k[(size_t) m*WIDTH + i] *= scale;
        }
    }
    return k;
}

// tokens [m0, m1) by score, ties to the lower one
std::vector<int32_t> best(const std::vector<float> & score, int m0, int m1, int n_init, int k) {
    std::vector<int32_t> order(m1 - m0);
    std::iota(order.begin(), order.end(), m0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return score[a] > score[b]; });
    order.resize(k);
    std::sort(order.begin(), order.end());
    std::vector<int32_t> res(n_init);
    std::iota(res.begin(), res.end(), 0);
    res.insert(res.end(), order.begin(), order.end());
    return res;
}

} // namespace

static void check_select(ggml_backend_t backend, int n, int n_q, int proximity, distribution d, int k, float q_scale = 1.0f) {
    const int n_init = 16, m0 = n_init, m1 = n - 37;
    bench_graph g(backend);
    ggml_tensor * kc   = g.tensor(GGML_TYPE_F16, WIDTH, n);
    ggml_tensor * q    = g.tensor(GGML_TYPE_F32, WIDTH, n_q);
    ggml_tensor * step = g.tensor(GGML_TYPE_I32, LLAMA_ESA_STEP_SIZE);
    ggml_tensor * f    = llama_esa_new_score (g.ctx.get(), kc, q, step, proximity);
    ggml_tensor * sel  = llama_esa_new_select(g.ctx.get(), f, step, nullptr, n_init, k);
    g.allocate();

    const auto keys16  = halves(make_keys(n, d));
    const auto keys    = floats(keys16);
    const auto queries = normal((size_t) n_q*WIDTH, q_scale);
    set(kc, keys16);
    set(q, queries);
    set(step, make_step(m0, m1, n - 1, n_init + k));
    bool done = true;
    std::vector<int32_t> got, again;
    for (int i = 0; i < 3; ++i) { // the counters are left as they were found
        done = done && g.compute({ sel });
        (i == 0 ? got : again) = get<int32_t>(sel);
        done = done && (i == 0 || got == again);
    }
    const auto score = get<float>(f);

    std::vector<double> raw(n, -INFINITY), one(n);
    double squares = 0.0;
    for (int c = 0; c < n_q; ++c) {
        double top = -INFINITY;
        for (int m = m0; m < m1; ++m) {
            double sum = 0.0;
            for (int i = 0; i < WIDTH; ++i) {
                sum += (double) keys[(size_t) m*WIDTH + i]*queries[(size_t) c*WIDTH + i];
            }
            one[m] = sum;
            squares += sum*sum;
            top = std::max(top, sum);
        }
        for (int m = m0; m < m1; ++m) {
            raw[m] = std::max(raw[m], one[m] - (n_q > 1 ? top : 0.0));
        }
    }
    const double rms = std::sqrt(squares/n_q/(m1 - m0));
    double error = 0.0;
    for (int m = 0; m < n; ++m) {
        double want = -INFINITY;
        for (int w = std::max(m0, m - proximity); w <= std::min(m1 - 1, m + proximity) && m >= m0 && m < m1; ++w) {
            want = std::max(want, raw[w]);
        }
        error = std::max(error, want == score[m] ? 0.0 : std::fabs(want - score[m])/rms);
    }
    const double bound = n_q == 1 ? 1e-5 : 5e-3; // a chunk's queries are rounded to F16; heavy tails are many deviations away
    tap::ok(done && error < bound*(d == HEAVY ? 30 : 1), "scores: n %d, %d queries, eps %d, distribution %d (error %.1e deviations)", n, n_q, proximity, (int) d, error);
    tap::ok(got == best(score, m0, m1, n_init, k), "selection: n %d, %d queries, eps %d, distribution %d, k %d", n, n_q, proximity, (int) d, k);
}

static void check_attend(ggml_backend_t backend, int d, int n_head_kv, int group, int n_far, int n_local, int first_local, bool early = false) {
    const int n_cells = 4096, n_ring = 1024, n_listed = n_far ? (n_far + 255)/256*256 : 0;
    const int nk = d*n_head_kv, n_head = n_head_kv*group;
    bench_graph g(backend);
    const rotation rope(d, group % 2 ? GGML_ROPE_TYPE_NEOX : GGML_ROPE_TYPE_NORMAL, group == 7, false);
    ggml_tensor * freq = rope.tensor(g);
    ggml_tensor * q    = g.tensor(GGML_TYPE_F32, d, n_head, 1);
    ggml_tensor * far  = n_far ? g.tensor(GGML_TYPE_I32, n_listed) : nullptr;
    ggml_tensor * step = g.tensor(GGML_TYPE_I32, LLAMA_ESA_STEP_SIZE);
    llama_esa_store_dst rows = {};
    std::vector<float> data[4];
    rows.k_cache = g.tensor(GGML_TYPE_F16, nk, n_cells);
    rows.v_cache = g.tensor(GGML_TYPE_F16, nk, n_cells);
    rows.ws      = g.tensor(GGML_TYPE_F16, (int64_t) 2*nk*n_ring);
    const float scale = 1.0f/std::sqrt((float) d);
    ggml_tensor * out = llama_esa_new_attend(g.ctx.get(), q, far, step, rope.p, freq, rows, n_ring, scale, early);
    g.allocate();
    for (int i = 0; i < 4; ++i) {
        data[i] = floats(halves(normal((size_t) nk*(i < 2 ? n_cells : n_ring))));
    }
    set(rows.k_cache, halves(data[0]));
    set(rows.v_cache, halves(data[1]));
    auto both = data[2];
    both.insert(both.end(), data[3].begin(), data[3].end());
    set(rows.ws, halves(both));
    if (freq) {
        set(freq, rope.freq);
    }
    const auto q_data = normal(n_head*d, 2.0f);
    const int  pos    = first_local + n_local - 1;
    const auto q_local = rope.turned(q_data.data(), n_head*d, pos), q_far = rope.turned(q_data.data(), n_head*d, 600);
    std::vector<int32_t> cells(n_listed);
    for (auto & c : cells) {
        c = (int32_t) (rng() % n_cells);
    }
    set(q, q_data);
    if (n_far) {
        set(far, cells);
    }
    set(step, make_step(0, first_local, pos, n_far));
    bool done = g.compute({ out });
    const auto got = get<float>(out);
    done = done && g.compute({ out }) && got == get<float>(out);

    double diff = 0.0, norm = 0.0;
    for (int h = 0; h < n_head; ++h) {
        std::vector<double> weight;
        std::vector<const float *> values;
        for (int i = 0; i < n_far + n_local; ++i) {
            const bool is_far = i < n_far;
            const size_t row = is_far ? cells[i] : (first_local + i - n_far) % n_ring;
            const float * k  = data[is_far ? 0 : 2].data() + row*nk + h/group*d;
            const double * x = (is_far ? q_far : q_local).data() + h*d;
            weight.push_back(scale*std::inner_product(k, k + d, x, 0.0));
            values.push_back(data[is_far ? 1 : 3].data() + row*nk + h/group*d);
        }
        const double top = *std::max_element(weight.begin(), weight.end());
        double total = 0.0;
        std::vector<double> sum(d, 0.0);
        for (size_t i = 0; i < weight.size(); ++i) {
            const double w = std::exp(weight[i] - top);
            total += w;
            for (int j = 0; j < d; ++j) {
                sum[j] += w*values[i][j];
            }
        }
        for (int j = 0; j < d; ++j) {
            const double want = sum[j]/total;
            diff += (got[h*d + j] - want)*(got[h*d + j] - want);
            norm += want*want;
        }
    }
    const double error = std::sqrt(diff/norm);
    tap::ok(done && error < 3e-3, "attention: %d heads x %d, groups of %d, %d far, %d local (error %.1e)", n_head_kv, d, group, n_far, n_local, error);
}

static void check_store(ggml_backend_t backend, int d, int nk, int nq, int n_tokens, bool far, const rotation & rope) {
    const int n_cells = 512, n_ring = 256, n_slots = n_ring + n_tokens, first = 250;
    bench_graph g(backend);
    ggml_tensor * k    = g.tensor(GGML_TYPE_F32, nk, n_tokens);
    ggml_tensor * v    = g.tensor(GGML_TYPE_F32, nk, n_tokens);
    ggml_tensor * q    = nq ? g.tensor(GGML_TYPE_F32, nq, 1) : nullptr;
    ggml_tensor * step = g.tensor(GGML_TYPE_I32, LLAMA_ESA_STEP_SIZE + n_tokens);
    ggml_tensor * freq = rope.tensor(g);
    const llama_esa_store_dst dst = {
        g.tensor(GGML_TYPE_F16, nk, n_cells), g.tensor(GGML_TYPE_F16, nk, n_cells), g.tensor(GGML_TYPE_F16, (int64_t) 2*nk*n_slots),
        g.tensor(GGML_TYPE_F16, WIDTH, n_cells), g.tensor(GGML_TYPE_F32, (int64_t) WIDTH*(1 + nk + nq)),
    };
    ggml_tensor * res = llama_esa_new_store(g.ctx.get(), k, v, q, far, step, rope.p, freq, dst, n_ring);

    // what refills the ring must give the same bits: the same rows into the slots behind it
    ggml_tensor * cells = g.tensor(GGML_TYPE_I32, n_tokens);
    ggml_tensor * pos   = g.tensor(GGML_TYPE_I32, n_tokens);
    ggml_tensor * slots = g.tensor(GGML_TYPE_I64, n_tokens);
    ggml_tensor * again = llama_esa_new_gather(g.ctx.get(), cells, pos, n_tokens > 1 ? slots : nullptr, rope.p, freq, dst, n_ring);
    g.allocate();
    ggml_backend_buffer_clear(g.buffer.get(), 0);

    const auto k_data = normal((size_t) nk*n_tokens), v_data = normal((size_t) nk*n_tokens), proj = normal((size_t) WIDTH*(1 + nk + nq));
    const auto q_data = normal(nq);
    std::vector<int32_t> c(n_tokens), p(n_tokens);
    std::vector<int64_t> s(n_tokens);
    for (int i = 0; i < n_tokens; ++i) {
        c[i] = (i*7 + 3) % n_cells;
        p[i] = first + i;
        s[i] = n_ring + i;
    }
    set(k, k_data); set(v, v_data); set(dst.proj, proj); set(cells, c); set(pos, p); set(slots, s);
    set(step, make_step(0, 0, first, 0, c));
    if (q) {
        set(q, q_data);
    }
    if (freq) {
        set(freq, rope.freq);
    }
    bool same = g.compute({ res }) && g.compute({ again });

    const auto k16 = halves(k_data), v16 = halves(v_data);
    const auto keys = floats(k16);
    auto row = [&](const std::vector<ggml_fp16_t> & from, int64_t i) { return std::vector<ggml_fp16_t>(from.begin() + i*nk, from.begin() + (i + 1)*nk); };
    const auto k_cache = get<ggml_fp16_t>(dst.k_cache), v_cache = get<ggml_fp16_t>(dst.v_cache), ws = get<ggml_fp16_t>(dst.ws);
    const auto kc = floats(get<ggml_fp16_t>(dst.kc));
    double turn_error = 0.0, error = 0.0;
    for (int i = 0; i < n_tokens; ++i) {
        const int slot = (first + i) % n_ring;
        same = same && row(k_cache, c[i]) == row(k16, i) && row(v_cache, c[i]) == row(v16, i) && row(ws, n_slots + slot) == row(v16, i);
        same = same && row(ws, slot) == row(ws, s[i]) && row(ws, n_slots + s[i]) == row(v16, i);
        const auto want = rope.turned(keys.data() + (size_t) i*nk, nk, first + i);
        const auto got  = floats(row(ws, slot));
        for (int j = 0; j < nk; ++j) {
            turn_error = std::max(turn_error, std::fabs(got[j] - want[j]));
        }
        for (int o = 0; o < WIDTH; ++o) {
            const double sum = std::inner_product(keys.begin() + (size_t) i*nk, keys.begin() + (size_t) (i + 1)*nk, proj.begin() + WIDTH + (size_t) o*nk, (double) proj[o]);
            error = std::max(error, std::fabs(kc[c[i]*WIDTH + o] - sum)/std::sqrt((double) nk));
        }
    }
    tap::ok(same && turn_error < 8e-3 && error < 3e-3, "store: %d tokens of %d in heads of %d, mode %d%s%s (rotated keys differ by %.1e, compressed by %.1e)", n_tokens, nk, d,
            rope.p.mode, freq ? ", factors" : "", rope.p.ext_factor != 0.0f ? ", YaRN" : "", turn_error, error);
    if (q) {
        const auto turned = far ? rope.turned(q_data.data(), nq, 600) : std::vector<double>(q_data.begin(), q_data.end());
        const auto qc = get<float>(res);
        double q_error = 0.0;
        for (int o = 0; o < WIDTH; ++o) {
            const auto * w = proj.data() + WIDTH*(size_t) (1 + nk) + (size_t) o*nq;
            q_error = std::max(q_error, std::fabs(qc[o] - std::inner_product(w, w + nq, turned.begin(), 0.0))/std::sqrt((double) nq));
        }
        tap::ok(q_error < 1e-3, "compressed query of %d%s (error %.1e)", nq, far ? ", from afar" : "", q_error);
    }
}

int main(int, char ** argv) {
    init_backends(argv[0]);
    ggml_backend_dev_t dev = on_cpu() ? nullptr : ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
    if (!dev || strcmp(ggml_backend_reg_name(ggml_backend_dev_backend_reg(dev)), "CUDA") != 0) {
        tap::ok(true, "no CUDA device asked for: skipped (ESA_TEST_GPU=1)");
        return tap::done();
    }
    ggml_backend_ptr backend(ggml_backend_dev_init(dev, nullptr));
    for (const int mode : { GGML_ROPE_TYPE_NORMAL, GGML_ROPE_TYPE_NEOX }) {
        for (const int d : { 32, 64, 128, 256 }) {
            for (const int heads : { 1, 2, 8 }) {
                for (const int n_tokens : { 1, 5, 100 }) {
                    const rotation rope(d, mode, heads == 2, heads == 8);
                    check_store(backend.get(), d, d*heads, n_tokens == 1 ? d*heads*(d < 256 ? 7 : 1) : 0, n_tokens, heads < 8, rope);
                }
            }
        }
    }
    for (const auto d : { NORMAL, HEAVY, CONSTANT, FEW, CLUSTERED }) {
        check_select(backend.get(), 512,    1, 1, d, 48);
        check_select(backend.get(), 6912,   1, 1, d, 2048);
        check_select(backend.get(), 262144, 1, 1, d, 2048);
        check_select(backend.get(), 16384,  3, 1, d, 2048);
        check_select(backend.get(), 8192, 100, 3, d, 512);
    }
    check_select(backend.get(), 1048576, 1, 1, NORMAL, 2048);
    check_select(backend.get(), 65536,   1, 1, REPEATED, 2048);
    check_select(backend.get(), 32768,   1, 0, REPEATED, 2000);
    check_select(backend.get(), 33024,   1, 0, NORMAL, 2048);
    check_select(backend.get(), 33024,   1, 8, NORMAL, 2048);
    check_select(backend.get(), 33024,   1, 1, NORMAL, 2048, 1e6f);
    check_select(backend.get(), 16384, 512, 1, NORMAL, 2048);
    check_select(backend.get(), 8192,  700, 1, NORMAL, 2048, 1e6f);
    for (const int d : { 64, 128 }) {
        for (const int group : { 1, 4, 6, 7, 8 }) {
            check_attend(backend.get(), d, 2, group, 500, 700, 3000);
        }
        check_attend(backend.get(), d, 8, 4, 2048, 1000, 3000);
        check_attend(backend.get(), d, 2, 6, 0, 1, 0);
        check_attend(backend.get(), d, 2, 6, 0, 600, 0);
        check_attend(backend.get(), d, 2, 6, 40, 600, 3000, true);
        check_attend(backend.get(), d, 2, 6, 3, 1024, 777);
        check_attend(backend.get(), d, 40, 1, 100, 20, 90);
    }
    return tap::done();
}
