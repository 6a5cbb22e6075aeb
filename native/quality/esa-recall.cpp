// How well a selection finds what the model attends to, per layer, on real text:
//   esa-recall MODEL.gguf CALIBRATION.txt EVALUATION.txt [n_tokens] [n_local] [n_top]
//
// Both texts are read with stock attention and their un-rotated queries and keys kept. For queries in the second half of
// the evaluation text every way of scoring selects n_top of the middle, and two shares are taken:
//   mass   of the attention weight that the model's own (rotated, dense) attention gives to the middle, summed over heads
//   index  of what the same way of scoring selects from whole keys
//   score  of what that selection has in scores from whole keys above their mean: 0 for a random choice
// A way of scoring is where queries are seen from (`content`: not rotated, `far`: rotated to the distance n_local, as attention
// will see the far tokens), how heads vote (`sum`, `norm`, `soft`: a softmax each), and the width of the compressed keys.
// `best` selects by that attention weight itself: no selection of n_top tokens shared by all heads holds more.
// `A of B, C` looks first at the first A components of compressed keys of width B in 8 bits, then scores the best C*n_top whole.

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
    esa.scoring = LLAMA_ESA_SCORING_CONTENT; // queries as the model has them
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
    double mass = 0.0, index = 0.0, score = 0.0, min_mass = 1.0, min_index = 1.0, min_score = 1.0;
    int n = 0;

    void add(const result & layer) {
        const double m = layer.mass/layer.n, i = layer.index/layer.n, s = layer.score/layer.n;
        mass  += m;
        index += i;
        score += s;
        min_mass  = std::min(min_mass,  m);
        min_index = std::min(min_index, i);
        min_score = std::min(min_score, s);
        n++;
    }
};

// moments of a layer for each way of seeing queries
struct statistics {
    llama_esa_statistics sum, norm;
    std::vector<llama_esa_statistics> groups; // one for the heads of each key

    explicit statistics(const shape & s) : sum(s.d, s.n_head, s.n_head_kv, false), norm(s.d, s.n_head, s.n_head_kv, true),
        groups(s.n_head_kv, llama_esa_statistics(s.d, 1, 1, false)) {}

    void add(const shape & s, const rows & q, const rows & k, int64_t n) {
        sum .add(q.data(), k.data(), n);
        norm.add(q.data(), k.data(), n);
        for (int64_t g = 0; g < s.n_head_kv; ++g) {
            rows qg, kg;
            for (int64_t t = 0; t < n; ++t) {
                for (int64_t h = g*s.n_gqa(); h < (g + 1)*s.n_gqa(); ++h) {
                    qg.insert(qg.end(), &q[(t*s.n_head + h)*s.d], &q[(t*s.n_head + h)*s.d] + s.d);
                    kg.insert(kg.end(), &k[t*s.D() + g*s.d],      &k[t*s.D() + g*s.d] + s.d);
                }
            }
            groups[g].add(qg.data(), kg.data(), (int64_t) qg.size()/s.d);
        }
    }
};

static constexpr const char * VIEWS[] = { "content", "far" };

// queries of one token as seen in a view
static rows seen(const shape & s, rows q, int view, int64_t distance) {
    for (size_t i = 0; view == 1 && i < q.size(); i += s.d) {
        rotate(s, &q[i], distance);
    }
    return q;
}

struct layer_data {
    shape s;
    std::unique_ptr<statistics> stats[2];
    rows k;                    // [n][D]
    std::vector<rows> queries; // [N_QUERIES][n_head*d]
};

// compressed keys, and the projection of a query that scores them
struct compressed {
    llama_esa_projection p;
    int64_t width, d; // of the query, of the result
    rows    k;

    compressed(const layer_data & l, llama_esa_projection proj, int64_t n_proj, int64_t from) :
        p(std::move(proj)), width((int64_t) p.pq.size()/n_proj), d(n_proj) {
        const int64_t n     = (int64_t) l.k.size()/l.s.D();
        const int64_t width = (int64_t) p.mean.size();
        rows key(width);
        k.resize(n*d);
        for (int64_t t = 0; t < n; ++t) {
            for (int64_t i = 0; i < width; ++i) {
                key[i] = l.k[t*l.s.D() + from + i] - p.mean[i];
            }
            for (int64_t j = 0; j < d; ++j) {
                k[t*d + j] = dot(&p.pk[j*width], key.data(), width);
            }
        }
    }

    rows query(const float * q) const {
        rows res(d);
        for (int64_t j = 0; j < d; ++j) {
            res[j] = dot(&p.pq[j*width], q, width);
        }
        return res;
    }

    rows score(const float * q, int64_t first, int64_t m) const {
        const rows qp = query(q);
        rows res(m);
        for (int64_t t = 0; t < m; ++t) {
            res[t] = dot(qp.data(), &k[(first + t)*d], d);
        }
        return res;
    }

    // by the first components in 8 bits, then whole for the n best of these
    rows score_in_two(const float * q, int64_t first, int64_t m, int64_t n_first, int64_t n) const {
        const rows qp = query(q);
        rows coarse(m), res(m, -INFINITY);
        for (int64_t t = 0; t < m; ++t) {
            for (int64_t j = 0; j < n_first; ++j) {
                coarse[t] += qp[j]*std::max(-127.0f, std::min(127.0f, std::round(k[(first + t)*d + j]*24.0f)));
            }
        }
        std::vector<int64_t> order(m);
        std::iota(order.begin(), order.end(), 0);
        std::nth_element(order.begin(), order.begin() + n, order.end(), [&](int64_t a, int64_t b) { return coarse[a] > coarse[b]; });
        for (int64_t i = 0; i < n; ++i) {
            res[order[i]] = dot(qp.data(), &k[(first + order[i])*d], d);
        }
        return res;
    }
};

// attention weight of the middle, summed over heads, by the model's own positions
static rows dense_mass(const layer_data & l, const rows & rotated, const rows & q, int64_t p, int64_t first, int64_t m) {
    const shape & s = l.s;
    rows mass(m, 0.0f), all(p + 1);
    for (int64_t h = 0; h < s.n_head; ++h) {
        rows qr(&q[h*s.d], &q[h*s.d] + s.d);
        rotate(s, qr.data(), p);
        for (int64_t t = 0; t <= p; ++t) {
            all[t] = dot(qr.data(), &rotated[t*s.D() + h/s.n_gqa()*s.d], s.d);
        }
        rows weight(p + 1, 0.0f);
        add_softmax(all, 1.0f/std::sqrt((float) s.d), weight);
        for (int64_t t = 0; t < m; ++t) {
            mass[t] += weight[first + t];
        }
    }
    return mass;
}

// one layer, by way of scoring
static std::map<std::string, result> evaluate(const layer_data & l, const std::vector<int64_t> & at, int64_t n_local, int64_t n_top) {
    const shape & s = l.s;
    const int64_t n = (int64_t) l.k.size()/s.D();
    const float scale = 1.0f/std::sqrt((float) s.d);

    rows rotated = l.k;
    for (int64_t t = 0; t < n; ++t) {
        for (int64_t g = 0; g < s.n_head_kv; ++g) {
            rotate(s, &rotated[t*s.D() + g*s.d], t);
        }
    }

    std::map<std::string, compressed> whole_heads[2]; // by vote and width
    std::map<int64_t, std::vector<compressed>> soft[2];
    for (int view = 0; view < 2; ++view) {
        const statistics & stats = *l.stats[view];
        for (const int64_t n_proj : { 16, 32, 64, 96, 128 }) {
            if (n_proj < s.D()) {
                whole_heads[view].emplace("sum "  + std::to_string(n_proj), compressed(l, stats.sum .solve(n_proj), n_proj, 0));
                whole_heads[view].emplace("norm " + std::to_string(n_proj), compressed(l, stats.norm.solve(n_proj), n_proj, 0));
            }
            const int64_t per = n_proj/s.n_head_kv;
            for (int64_t g = 0; per >= 8 && per < s.d && g < s.n_head_kv; ++g) {
                soft[view][n_proj].emplace_back(l, stats.groups[g].solve(per), per, g*s.d);
            }
        }
    }

    std::map<std::string, result> res;
    for (size_t iq = 0; iq < at.size(); ++iq) {
        const int64_t first = N_INIT, m = at[iq] - n_local - first;
        const rows mass = dense_mass(l, rotated, l.queries[iq], at[iq], first, m);
        const double total = std::accumulate(mass.begin(), mass.end(), 0.0);

        auto note = [&](const std::string & name, const std::vector<char> & chosen, const std::vector<char> & exact, const rows & score) {
            const double mean = std::accumulate(score.begin(), score.end(), 0.0)/m;
            double got = 0.0, same = 0.0, above = 0.0, best = 0.0;
            for (int64_t t = 0; t < m; ++t) {
                got   += chosen[t]*mass[t];
                same  += chosen[t] & exact[t];
                above += chosen[t]*(score[t] - mean);
                best  += exact [t]*(score[t] - mean);
            }
            auto & r = res[name];
            r.mass  += got/total;
            r.index += same/n_top;
            r.score += above/best;
            r.n++;
        };
        const auto best = select(mass, n_top);
        note("best", best, best, mass);

        for (int view = 0; view < 2; ++view) {
            const std::string prefix = std::string(VIEWS[view]) + " ";
            const rows q = seen(s, l.queries[iq], view, n_local);
            std::map<std::string, rows> f; // whole keys, by vote
            for (const char * vote : { "sum", "norm", "soft" }) {
                f[vote].assign(m, 0.0f);
            }
            rows score(m);
            for (int64_t h = 0; h < s.n_head; ++h) {
                for (int64_t t = 0; t < m; ++t) {
                    score[t] = dot(&q[h*s.d], &l.k[(first + t)*s.D() + h/s.n_gqa()*s.d], s.d);
                    f["sum"][t]  += score[t];
                    f["norm"][t] += l.stats[view]->norm.head_weights()[h]*score[t];
                }
                add_softmax(score, scale, f["soft"]);
            }
            std::map<std::string, std::vector<char>> exact;
            for (const auto & [vote, scores] : f) {
                exact[vote] = select(scores, n_top);
                note(prefix + vote + " whole", exact[vote], exact[vote], scores);
            }
            for (const auto & [name, c] : whole_heads[view]) {
                const std::string vote = name.substr(0, name.find(' '));
                note(prefix + name, select(c.score(q.data(), first, m), n_top), exact[vote], f[vote]);
                for (const int64_t n_first : { 8, 16, 32 }) {
                    for (const int64_t times : { 2, 4, 8 }) {
                        if (view == 1 && name == "sum 64" && times*n_top < m) {
                            note(prefix + "sum " + std::to_string(n_first) + " of 64, " + std::to_string(times),
                                 select(c.score_in_two(q.data(), first, m, n_first, times*n_top), n_top), exact[vote], f[vote]);
                        }
                    }
                }
            }
            for (const auto & [n_proj, groups] : soft[view]) {
                rows sum(m, 0.0f);
                for (int64_t h = 0; h < s.n_head; ++h) {
                    add_softmax(groups[h/s.n_gqa()].score(&q[h*s.d], first, m), scale, sum);
                }
                note(prefix + "soft " + std::to_string(n_proj), select(sum, n_top), exact["soft"], f["soft"]);
            }
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
        l.s = { hp.n_embd_head_k(il), hp.n_head(il), hp.n_head_kv(il), hp.rope_type == LLAMA_ROPE_TYPE_NEOX, hp.rope_freq_base_train };
        for (int view = 0; view < 2; ++view) {
            if (!l.stats[view]) {
                l.stats[view] = std::make_unique<statistics>(l.s);
            }
            l.stats[view]->add(l.s, seen(l.s, q, view, n_local), k, count);
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
        if (layers[il].stats[0]) {
            for (const auto & [name, r] : evaluate(layers[il], at, n_local, n_top)) {
                all[name].add(r);
                fprintf(stderr, "layer %2zu %-18s mass %.3f index %.3f score %.3f\n", il, name.c_str(), r.mass/r.n, r.index/r.n, r.score/r.n);
            }
        }
    }
    printf("| scored by | mass, mean | worst layer | indices, mean | worst layer | score, mean | worst layer |\n|---|---|---|---|---|---|---|\n");
    for (const auto & [name, r] : all) {
        printf("| %s | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f |\n", name.c_str(), r.mass/r.n, r.min_mass, r.index/r.n, r.min_index,
            r.score/r.n, r.min_score);
    }
    return 0;
}
