#include "llama-esa-cpu-chunk.h"
#include "llama-esa-impl.h"
#include "llama-esa-kernels.h"

#include <algorithm>
#include <cmath>

// rows of keys and values that are read at a time: as floats they stay in the second-level cache beside a panel of queries
static constexpr int64_t TILE = 64;

namespace {

// Queries of the heads that share keys, all heads of a token one after the other, in panels of ESA_QUERIES.
struct panel_builder {
    const llama_esa_attend  & p;
    const llama_esa_kernels & kernels;

    ggml_tensor       * dst;
    const ggml_tensor * q;
    const ggml_tensor * q_far;
    const int32_t     * cells;
    const int32_t     * range;

    int64_t group;
    int64_t first; // query of the group

    llama_esa_panel panel;

    int64_t n_gqa()     const { return p.n_head/p.n_head_kv; }
    int64_t n_queries() const { return std::min<int64_t>(ESA_QUERIES, n_gqa()*q->ne[2] - first); }

    const float * query(const ggml_tensor * t, int64_t i) const {
        const int64_t token = (first + i)/n_gqa();
        const int64_t head  = (first + i)%n_gqa() + group*n_gqa();
        return (const float *) ((const char *) t->data + token*t->nb[2] + head*t->nb[1]);
    }

    // queries side by side: [d][ESA_QUERIES]
    void load_queries(const ggml_tensor * t, float scale, float * to) const {
        for (int64_t i = 0; i < ESA_QUERIES; ++i) {
            const float * x = i < n_queries() ? query(t, i) : nullptr;
            for (int64_t j = 0; j < p.d; ++j) {
                to[j*ESA_QUERIES + i] = x ? scale*x[j] : 0.0f;
            }
        }
    }

    const uint16_t * row(const ggml_tensor * t, int64_t i, int64_t n) const {
        return (const uint16_t *) ((const char *) t->data + i*t->nb[1]) + group*n;
    }

    void attend_far(const float * queries) const {
        const uint16_t * k[TILE];
        const uint16_t * v[TILE];
        for (int64_t r = 0; r < range[3]; r += TILE) {
            const int64_t n = std::min<int64_t>(TILE, range[3] - r);
            for (int64_t i = 0; i < n; ++i) {
                k[i] = row(p.layer->k_store, cells[r + i], p.d);
                v[i] = row(p.layer->v_store, cells[r + i], p.d_v);
            }
            kernels.attend(panel, queries, k, v, n, nullptr);
        }
    }

    void attend_local(const float * queries) const {
        const uint16_t * k[TILE];
        const uint16_t * v[TILE];
        int32_t n_visible[ESA_QUERIES];

        const int64_t begin = range[1];
        const int64_t end   = range[2] + (first + n_queries() - 1)/n_gqa() + 1; // the last query sees itself
        for (int64_t t = begin; t < end; t += TILE) {
            const int64_t n = std::min(TILE, end - t);
            for (int64_t i = 0; i < n; ++i) {
                k[i] = row(p.layer->ws_k, (t + i) % p.n_ring, p.d);
                v[i] = row(p.layer->ws_v, (t + i) % p.n_ring, p.d_v);
            }
            for (int64_t i = 0; i < ESA_QUERIES; ++i) {
                const int64_t self = range[2] + (first + std::min(i, n_queries() - 1))/n_gqa();
                n_visible[i] = (int32_t) std::min(n, self + 1 - t);
            }
            const bool all = *std::min_element(n_visible, n_visible + ESA_QUERIES) == n;
            kernels.attend(panel, queries, k, v, n, all ? nullptr : n_visible);
        }
    }

    void build() {
        thread_local std::vector<float> scratch;
        const int64_t n_q   = p.d*ESA_QUERIES;
        const int64_t n_out = p.d_v*ESA_QUERIES;
        scratch.resize(n_q + n_out + (2 + TILE)*ESA_QUERIES + TILE*std::max(p.d, p.d_v));

        float * queries = scratch.data();
        panel = { p.d, p.d_v, queries + n_q, nullptr, nullptr, nullptr, nullptr };
        panel.max    = panel.out   + n_out;
        panel.total  = panel.max   + ESA_QUERIES;
        panel.scores = panel.total + ESA_QUERIES;
        panel.rows   = panel.scores + TILE*ESA_QUERIES;

        std::fill_n(panel.out, n_out, 0.0f);
        std::fill_n(panel.max, ESA_QUERIES, -INFINITY);
        std::fill_n(panel.total, ESA_QUERIES, 0.0f);

        if (cells && range[3] > 0) {
            load_queries(q_far, p.kq_scale*p.far_scale, queries);
            attend_far(queries);
        }
        load_queries(q, p.kq_scale, queries);
        attend_local(queries);

        for (int64_t i = 0; i < n_queries(); ++i) {
            const int64_t token = (first + i)/n_gqa();
            const int64_t head  = (first + i)%n_gqa() + group*n_gqa();
            float * to = (float *) ((char *) dst->data + token*dst->nb[1]) + head*p.d_v;
            for (int64_t j = 0; j < p.d_v; ++j) {
                to[j] = panel.out[j*ESA_QUERIES + i]/panel.total[i];
            }
        }
    }
};

} // namespace

static void attend_chunk(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & p = *(const llama_esa_attend *) userdata;
    panel_builder b = {
        p, llama_esa_get_kernels(), dst, dst->src[0], dst->src[2],
        dst->src[3] ? (const int32_t *) dst->src[3]->data : nullptr,
        (const int32_t *) dst->src[1]->data, 0, 0, {},
    };
    const int64_t n_panels = (b.n_gqa()*b.q->ne[2] + ESA_QUERIES - 1)/ESA_QUERIES;
    for (int64_t unit = ith; unit < p.n_head_kv*n_panels; unit += nth) {
        b.group = unit/n_panels;
        b.first = unit%n_panels*ESA_QUERIES;
        b.build();
    }
}

ggml_tensor * llama_esa_op_attend_chunk(ggml_context * ctx, ggml_tensor * q, ggml_tensor * range, ggml_tensor * q_far,
        ggml_tensor * cells, const llama_esa_attend * params) {
    ggml_tensor * args[] = { q, range, q_far, cells };
    return ggml_custom_4d(ctx, GGML_TYPE_F32, params->d_v*params->n_head, q->ne[2], 1, 1, args, q_far ? 4 : 2, attend_chunk,
            GGML_N_TASKS_MAX, const_cast<llama_esa_attend *>(params));
}
