// How well a selection finds what the model attends to, per layer, on real text:
//   esa-recall MODEL.gguf CALIBRATION.txt EVALUATION.txt [n_tokens] [n_local] [n_top]
//
// Both texts are read with stock attention and their un-rotated queries and keys kept. For queries in the second half of
// the evaluation text every way of scoring selects n_top of the middle, and two shares are taken:
//   mass   of the attention weight that the model's own (rotated, dense) attention gives to the middle, summed over heads
//   index  of what the same vote selects from whole keys
// `best` selects by that attention weight itself: no selection of n_top tokens shared by all heads holds more.

#include "support/session.h"

#include "llama-context.h"
#include "llama-esa-impl.h"
#include "llama-esa-statistics.h"
#include "llama-model.h"

#include <cstdio>
#include <fstream>
#include <numeric>
#include <sstream>

static constexpr int     N_UBATCH  = 256;
static constexpr int     N_QUERIES = 32;
static constexpr int64_t N_INIT    = 128;

using rows = std::vector<float>;

static tokens read_tokens(const llama_model * model, const char * path, int n) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    const std::string s = text.str();
    tokens res(s.size() + 8);
    res.resize(std::max(0, llama_tokenize(llama_model_get_vocab(model), s.data(), (int) s.size(), res.data(), (int) res.size(), true, false)));
    if ((int) res.size() < n) {
        tap::bail("%s: %d tokens, %d are needed", path, (int) res.size(), n);
    }
    res.resize(n);
    return res;
}

// reads t and hands over the queries and keys of every layer after each batch
template <typename F>
static void capture(llama_model * model, const tokens & t, F && use) {
    llama_esa_params esa = llama_esa_default_params();
    esa.n_init  = 0;
    esa.n_local = (uint32_t) t.size();
    esa.n_top   = 1;
    llama_context_params cp = llama_context_default_params();
    cp.n_ctx   = (uint32_t) t.size();
    cp.n_batch = cp.n_ubatch = N_UBATCH;
    cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    cp.esa = &esa;
    const context_ptr ctx(llama_init_from_model(model, cp));
    if (!ctx) {
        tap::bail("no context: %s", llama_esa_last_error());
    }
    llama_esa * state = ctx->get_cparams().esa;
    state->enable_capture();
    for (size_t i = 0; i < t.size(); i += N_UBATCH) {
        tokens part(t.begin() + i, t.begin() + std::min(t.size(), i + N_UBATCH));
        if (llama_decode(ctx.get(), llama_batch_get_one(part.data(), (int) part.size())) != 0) {
            tap::bail("the model failed");
        }
        llama_synchronize(ctx.get());
        for (size_t il = 0; il < state->layers.size(); ++il) {
            const auto & l = state->layers[il];
            if (l.enabled()) {
                rows q(l.cap_q->ne[0]*part.size()), k(l.cap_k->ne[0]*part.size());
                ggml_backend_tensor_get(l.cap_q, q.data(), 0, q.size()*sizeof(float));
                ggml_backend_tensor_get(l.cap_k, k.data(), 0, k.size()*sizeof(float));
                use(il, (int64_t) i, (int64_t) part.size(), q, k);
            }
        }
    }
}

struct shape {
    int64_t d, n_head, n_head_kv;
    bool    neox;
    float   freq_base;

    int64_t D()     const { return d*n_head_kv; }
    int64_t n_gqa() const { return n_head/n_head_kv; }
};

static void rotate(const shape & s, float * x, int64_t pos) {
    for (int64_t i = 0; i < s.d/2; ++i) {
        const double a = pos*std::pow((double) s.freq_base, -2.0*i/s.d);
        float & x0 = s.neox ? x[i]         : x[2*i];
        float & x1 = s.neox ? x[i + s.d/2] : x[2*i + 1];
        const float r0 = (float) (x0*std::cos(a) - x1*std::sin(a));
        const float r1 = (float) (x0*std::sin(a) + x1*std::cos(a));
        x0 = r0;
        x1 = r1;
    }
}

static float dot(const float * a, const float * b, int64_t n) {
    float s[16] = {};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (int j = 0; j < 16; ++j) {
            s[j] += a[i + j]*b[i + j];
        }
    }
    for (; i < n; ++i) {
        s[0] += a[i]*b[i];
    }
    return std::accumulate(s, s + 16, 0.0f);
}

// the n best after proximity 1, as flags
static std::vector<char> select(const rows & f, int64_t n) {
    const int64_t size = (int64_t) f.size();
    rows pooled(size);
    for (int64_t i = 0; i < size; ++i) {
        pooled[i] = std::max(f[i], std::max(f[std::max<int64_t>(0, i - 1)], f[std::min(size - 1, i + 1)]));
    }
    std::vector<int64_t> order(size);
    std::iota(order.begin(), order.end(), 0);
    std::nth_element(order.begin(), order.begin() + n, order.end(), [&](int64_t a, int64_t b) {
        return pooled[a] != pooled[b] ? pooled[a] > pooled[b] : a < b;
    });
    std::vector<char> res(size, 0);
    for (int64_t i = 0; i < n; ++i) {
        res[order[i]] = 1;
    }
    return res;
}

static void add_softmax(const rows & s, float scale, rows & to) {
    const float max = *std::max_element(s.begin(), s.end());
    double total = 0.0;
    rows e(s.size());
    for (size_t i = 0; i < s.size(); ++i) {
        total += e[i] = std::exp((s[i] - max)*scale);
    }
    for (size_t i = 0; i < s.size(); ++i) {
        to[i] += (float) (e[i]/total);
    }
}

// shares, summed over queries and then over layers
struct result {
    double mass = 0.0, index = 0.0, min_mass = 1.0, min_index = 1.0;
    int n = 0;

    void add(const result & layer) {
        const double m = layer.mass/layer.n, i = layer.index/layer.n;
        mass  += m;
        index += i;
        min_mass  = std::min(min_mass,  m);
        min_index = std::min(min_index, i);
        n++;
    }
};

struct layer_data {
    shape s;
    std::unique_ptr<llama_esa_statistics> sum, norm;
    std::vector<std::unique_ptr<llama_esa_statistics>> groups;
    rows k;                    // [n][D]
    std::vector<rows> queries; // [N_QUERIES][n_head*d]
};

// one layer: by name of the vote and width
static std::map<std::string, result> evaluate(const layer_data & l, const std::vector<int64_t> & at, int64_t n_local, int64_t n_top) {
    const shape & s = l.s;
    const int64_t n = (int64_t) l.k.size()/s.D();

    rows rotated = l.k;
    for (int64_t t = 0; t < n; ++t) {
        for (int64_t g = 0; g < s.n_head_kv; ++g) {
            rotate(s, &rotated[t*s.D() + g*s.d], t);
        }
    }

    struct compressed { std::string name, vote; int64_t d; llama_esa_projection p; rows k; };
    std::vector<compressed> ways;
    auto project_keys = [&](const llama_esa_projection & p, int64_t width, int64_t d_proj, int64_t from) {
        rows res(n*d_proj);
        rows key(width);
        for (int64_t t = 0; t < n; ++t) {
            for (int64_t i = 0; i < width; ++i) {
                key[i] = l.k[t*s.D() + from + i] - p.mean[i];
            }
            for (int64_t j = 0; j < d_proj; ++j) {
                res[t*d_proj + j] = dot(&p.pk[j*width], key.data(), width);
            }
        }
        return res;
    };
    for (const int64_t d_proj : { 16, 32, 48, 64, 96, 128 }) {
        if (d_proj >= s.D()) {
            continue;
        }
        for (const auto * stats : { &l.sum, &l.norm }) {
            const char * vote = stats == &l.sum ? "sum" : "norm";
            auto p = (*stats)->solve(d_proj);
            auto k = project_keys(p, s.D(), d_proj, 0);
            ways.push_back({ std::string(vote) + " " + std::to_string(d_proj), vote, d_proj, std::move(p), std::move(k) });
        }
    }
    struct group_keys { int64_t d; llama_esa_projection p; rows k; };
    std::map<int64_t, std::vector<group_keys>> soft; // by total width
    for (const int64_t d_proj : { 32, 64, 96, 128 }) {
        const int64_t per = d_proj/s.n_head_kv;
        if (per < 8 || per >= s.d) {
            continue;
        }
        for (int64_t g = 0; g < s.n_head_kv; ++g) {
            auto p = l.groups[g]->solve(per);
            auto k = project_keys(p, s.d, per, g*s.d);
            soft[d_proj].push_back({ per, std::move(p), std::move(k) });
        }
    }

    std::map<std::string, result> res;
    for (size_t iq = 0; iq < at.size(); ++iq) {
        const int64_t p = at[iq];
        const int64_t first = N_INIT, end = p - n_local, m = end - first;
        const rows & q = l.queries[iq];
        const float scale = 1.0f/std::sqrt((float) s.d);

        rows mass(m, 0.0f), f_sum(m, 0.0f), f_norm(m, 0.0f), f_soft(m, 0.0f), score(m), all(p + 1);
        for (int64_t h = 0; h < s.n_head; ++h) {
            const int64_t g = h/s.n_gqa();
            rows qr(&q[h*s.d], &q[h*s.d] + s.d);
            for (int64_t t = 0; t < m; ++t) {
                score[t] = dot(qr.data(), &l.k[(first + t)*s.D() + g*s.d], s.d);
                f_sum[t]  += score[t];
                f_norm[t] += l.norm->head_weights()[h]*score[t];
            }
            add_softmax(score, scale, f_soft);
            rotate(s, qr.data(), p);
            for (int64_t t = 0; t <= p; ++t) {
                all[t] = dot(qr.data(), &rotated[t*s.D() + g*s.d], s.d);
            }
            rows weight(p + 1, 0.0f);
            add_softmax(all, scale, weight);
            for (int64_t t = 0; t < m; ++t) {
                mass[t] += weight[first + t];
            }
        }
        const double total = std::accumulate(mass.begin(), mass.end(), 0.0);
        auto note = [&](const std::string & name, const std::vector<char> & chosen, const std::vector<char> * exact) {
            double got = 0.0, same = 0.0;
            for (int64_t t = 0; t < m; ++t) {
                got  += chosen[t]*mass[t];
                same += exact ? chosen[t] & (*exact)[t] : 0;
            }
            auto & r = res[name];
            r.mass  += got/total;
            r.index += exact ? same/n_top : 1.0;
            r.n++;
        };
        std::map<std::string, std::vector<char>> exact;
        exact["sum"]  = select(f_sum,  n_top);
        exact["norm"] = select(f_norm, n_top);
        exact["soft"] = select(f_soft, n_top);
        note("best", select(mass, n_top), nullptr);
        for (const auto & [vote, chosen] : exact) {
            note(vote + " whole", chosen, nullptr);
        }
        for (const auto & w : ways) {
            rows qp(w.d), f(m);
            for (int64_t j = 0; j < w.d; ++j) {
                qp[j] = dot(&w.p.pq[j*s.n_head*s.d], q.data(), s.n_head*s.d);
            }
            for (int64_t t = 0; t < m; ++t) {
                f[t] = dot(qp.data(), &w.k[(first + t)*w.d], w.d);
            }
            note(w.name, select(f, n_top), &exact[w.vote]);
        }
        for (const auto & [width, groups] : soft) {
            rows f(m, 0.0f);
            for (int64_t h = 0; h < s.n_head; ++h) {
                const auto & g = groups[h/s.n_gqa()];
                rows qp(g.d);
                for (int64_t j = 0; j < g.d; ++j) {
                    qp[j] = dot(&g.p.pq[j*s.d], &q[h*s.d], s.d);
                }
                for (int64_t t = 0; t < m; ++t) {
                    score[t] = dot(qp.data(), &g.k[(first + t)*g.d], g.d);
                }
                add_softmax(score, scale, f);
            }
            note("soft " + std::to_string(width), select(f, n_top), &exact["soft"]);
        }
    }
    return res;
}

int main(int argc, char ** argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: esa-recall MODEL.gguf CALIBRATION.txt EVALUATION.txt [n_tokens] [n_local] [n_top]\n");
        return 2;
    }
    init_backends(argv[0]);
    const model_ptr model = load_model(argv[1]);
    const int     n       = argc > 4 ? atoi(argv[4]) : 8192;
    const int64_t n_local = argc > 5 ? atoi(argv[5]) : 1024;
    const int64_t n_top   = argc > 6 ? atoi(argv[6]) : 512;

    std::vector<int64_t> at;
    for (int i = 0; i < N_QUERIES; ++i) {
        at.push_back(n/2 + (int64_t) (i + 1)*(n/2)/N_QUERIES - 1);
    }
    if (at[0] - n_local - N_INIT <= n_top) {
        tap::bail("nothing to select: %d tokens, %d local, %d selected", n, (int) n_local, (int) n_top);
    }

    const auto & hp = model->hparams;
    std::vector<layer_data> layers(hp.n_layer());
    capture(model.get(), read_tokens(model.get(), argv[2], 4096), [&](size_t il, int64_t, int64_t count, const rows & q, const rows & k) {
        layer_data & l = layers[il];
        if (!l.sum) {
            l.s = { hp.n_embd_head_k(il), hp.n_head(il), hp.n_head_kv(il), hp.rope_type == LLAMA_ROPE_TYPE_NEOX, hp.rope_freq_base_train };
            l.sum  = std::make_unique<llama_esa_statistics>(l.s.d, l.s.n_head, l.s.n_head_kv, false);
            l.norm = std::make_unique<llama_esa_statistics>(l.s.d, l.s.n_head, l.s.n_head_kv, true);
            for (int64_t g = 0; g < l.s.n_head_kv; ++g) {
                l.groups.push_back(std::make_unique<llama_esa_statistics>(l.s.d, 1, 1, false));
            }
        }
        l.sum ->add(q.data(), k.data(), count);
        l.norm->add(q.data(), k.data(), count);
        for (int64_t g = 0; g < l.s.n_head_kv; ++g) { // the queries of all heads that see these keys
            rows qg, kg;
            for (int64_t t = 0; t < count; ++t) {
                for (int64_t h = g*l.s.n_gqa(); h < (g + 1)*l.s.n_gqa(); ++h) {
                    qg.insert(qg.end(), &q[(t*l.s.n_head + h)*l.s.d], &q[(t*l.s.n_head + h)*l.s.d] + l.s.d);
                    kg.insert(kg.end(), &k[t*l.s.D() + g*l.s.d],      &k[t*l.s.D() + g*l.s.d] + l.s.d);
                }
            }
            l.groups[g]->add(qg.data(), kg.data(), (int64_t) qg.size()/l.s.d);
        }
    });
    capture(model.get(), read_tokens(model.get(), argv[3], n), [&](size_t il, int64_t from, int64_t count, const rows & q, const rows & k) {
        layer_data & l = layers[il];
        l.k.insert(l.k.end(), k.begin(), k.end());
        for (const int64_t p : at) {
            if (p >= from && p < from + count) {
                const int64_t width = l.s.n_head*l.s.d;
                l.queries.emplace_back(&q[(p - from)*width], &q[(p - from)*width] + width);
            }
        }
    });

    std::map<std::string, result> all;
    for (size_t il = 0; il < layers.size(); ++il) {
        if (layers[il].sum) {
            for (const auto & [name, r] : evaluate(layers[il], at, n_local, n_top)) {
                all[name].add(r);
                fprintf(stderr, "layer %2zu %-10s mass %.3f index %.3f\n", il, name.c_str(), r.mass/r.n, r.index/r.n);
            }
        }
    }
    printf("| score | mass, mean | worst layer | indices, mean | worst layer |\n|---|---|---|---|---|\n");
    for (const auto & [name, r] : all) {
        printf("| %s | %.3f | %.3f | %.3f | %.3f |\n", name.c_str(), r.mass/r.n, r.min_mass, r.index/r.n, r.min_index);
    }
    return 0;
}
