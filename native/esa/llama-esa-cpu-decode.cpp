#include "llama-esa-cpu-decode.h"
#include "llama-esa-impl.h"
#include "llama-esa-kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

//
// store
//

static char * row_of(const ggml_tensor * t, int64_t i) {
    return (char *) t->data + i*t->nb[1];
}

static void store(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & l = *(const llama_esa_layer *) userdata;
    const ggml_tensor * k     = dst->src[0];
    const ggml_tensor * k_rot = dst->src[1];
    const ggml_tensor * v     = dst->src[2];
    const int64_t * k_idxs   = (const int64_t *) dst->src[3]->data;
    const int64_t * v_idxs   = (const int64_t *) dst->src[4]->data;
    const int64_t * ring_idx = (const int64_t *) dst->src[5]->data;
    const auto & kernels = llama_esa_get_kernels();

    const size_t k_bytes = k->ne[0]*sizeof(ggml_fp16_t);
    const size_t v_bytes = v->ne[0]*sizeof(ggml_fp16_t);

    thread_local std::vector<float> key;
    key.resize(k->ne[0]);
    for (int64_t t = ith; t < k->ne[1]; t += nth) {
        memcpy(row_of(l.k_store, k_idxs[t]),  row_of(k, t),     k_bytes);
        memcpy(row_of(l.ws_k,    ring_idx[t]), row_of(k_rot, t), k_bytes);

        ggml_fp16_t * v_row = (ggml_fp16_t *) row_of(l.v_store, v_idxs[t]);
        ggml_fp32_to_fp16_row((const float *) row_of(v, t), v_row, v->ne[0]);
        memcpy(row_of(l.ws_v, ring_idx[t]), v_row, v_bytes);

        if (l.kc) {
            const int64_t n_proj = l.kc->ne[0];
            float * compressed = (float *) row_of(dst, t);
            kernels.f16_to_f32((const uint16_t *) row_of(k, t), key.data(), k->ne[0]);
            for (int64_t j = 0; j < n_proj; ++j) {
                compressed[j] = kernels.dot((const float *) row_of(l.pk, j), key.data(), k->ne[0]) + ((const float *) l.bias->data)[j];
            }
            ggml_get_type_traits(l.kc->type)->from_float_ref(compressed, row_of(l.kc, k_idxs[t]), n_proj);
        }
    }
}

ggml_tensor * llama_esa_op_store(ggml_context * ctx, ggml_tensor * k, ggml_tensor * k_rot, ggml_tensor * v,
        ggml_tensor * k_idxs, ggml_tensor * v_idxs, ggml_tensor * ring_idx, llama_esa_layer * layer) {
    ggml_tensor * args[] = { k, k_rot, v, k_idxs, v_idxs, ring_idx };
    return ggml_custom_4d(ctx, GGML_TYPE_F32, layer->kc ? layer->kc->ne[0] : 1, k->ne[1], 1, 1, args, 6, store, GGML_N_TASKS_MAX, layer);
}

//
// attend
//

// The rows are cut into this many parts, so that a model with few heads still keeps many threads busy.
static constexpr int64_t N_PARTS = 8;

// rows that are read at a time
static constexpr int64_t TILE = 32;

namespace {

// attention of the heads of one group over some of the rows: F32 [n_gqa][d_v + 2], sums, maximum and total weight
struct part_builder {
    const llama_esa_attend  & p;
    const llama_esa_kernels & kernels;

    const ggml_tensor * q;
    const ggml_tensor * q_far;
    const int32_t     * cells;
    const int32_t     * range;

    int64_t group;

    int64_t n_far()   const { return cells ? range[3] : 0; }
    int64_t n_local() const { return range[2] - range[1] + 1; }

    // rows are counted with the far ones first
    int64_t slot(int64_t row) const { return (range[1] + row - n_far()) % p.n_ring; }

    const uint16_t * key(int64_t row) const {
        const char * at = row < n_far() ? row_of(p.layer->k_store, cells[row]) : row_of(p.layer->ws_k, slot(row));
        return (const uint16_t *) at + group*p.d;
    }
    const uint16_t * value(int64_t row) const {
        const char * at = row < n_far() ? row_of(p.layer->v_store, cells[row]) : row_of(p.layer->ws_v, slot(row));
        return (const uint16_t *) at + group*p.d_v;
    }

    void scores(int64_t r0, int64_t r1, int64_t n_gqa, float * s, int64_t stride) const {
        const uint16_t * rows[TILE];
        for (int64_t r = r0; r < r1;) {
            const bool    far = r < n_far();
            const int64_t n   = std::min(TILE, (far ? std::min(r1, n_far()) : r1) - r);
            for (int64_t i = 0; i < n; ++i) {
                rows[i] = key(r + i);
            }
            const float * heads = (const float *) (far ? q_far : q)->data + group*n_gqa*p.d;
            kernels.dots(rows, n, p.d, heads, n_gqa, p.kq_scale*(far ? p.far_scale : 1.0f), s + (r - r0), stride);
            r += n;
        }
    }

    void build(int64_t part, float * out) const {
        const int64_t n_gqa = p.n_head/p.n_head_kv;
        const int64_t n     = n_far() + n_local();
        const int64_t per   = (n + N_PARTS - 1)/N_PARTS;
        const int64_t r0    = std::min(n, part*per);
        const int64_t r1    = std::min(n, r0 + per);

        std::fill_n(out, n_gqa*(p.d_v + 2), 0.0f);
        float * max   = out + n_gqa*p.d_v;
        float * total = max + n_gqa;
        std::fill_n(max, n_gqa, -INFINITY);
        if (r0 == r1) {
            return;
        }

        thread_local std::vector<float> weights;
        weights.resize(n_gqa*per);
        scores(r0, r1, n_gqa, weights.data(), per);
        for (int64_t h = 0; h < n_gqa; ++h) {
            float * w = weights.data() + h*per;
            max[h]   = *std::max_element(w, w + (r1 - r0));
            total[h] = kernels.exp_sum(w, r1 - r0, max[h]);
        }
        const uint16_t * rows[TILE];
        for (int64_t r = r0; r < r1; r += TILE) {
            const int64_t m = std::min(TILE, r1 - r);
            for (int64_t i = 0; i < m; ++i) {
                rows[i] = value(r + i);
            }
            kernels.accumulate(rows, m, p.d_v, weights.data() + (r - r0), per, n_gqa, out);
        }
    }
};

} // namespace

// dst F32 [n_gqa*(d_v + 2), N_PARTS, n_head_kv]
static void attend_parts(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & p = *(const llama_esa_attend *) userdata;
    part_builder b = {
        p, llama_esa_get_kernels(), dst->src[0], dst->src[2],
        dst->src[3] ? (const int32_t *) dst->src[3]->data : nullptr,
        (const int32_t *) dst->src[1]->data, 0,
    };
    for (int64_t unit = ith; unit < p.n_head_kv*N_PARTS; unit += nth) {
        b.group = unit/N_PARTS;
        b.build(unit % N_PARTS, (float *) dst->data + unit*dst->ne[0]);
    }
}

// dst F32 [d_v*n_head, 1]
static void attend_merge(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & p = *(const llama_esa_attend *) userdata;
    const ggml_tensor * parts = dst->src[0];
    const int64_t n_gqa = p.n_head/p.n_head_kv;

    for (int64_t head = ith; head < p.n_head; head += nth) {
        const int64_t h = head % n_gqa;
        const float * first = (const float *) parts->data + head/n_gqa*N_PARTS*parts->ne[0];
        auto max_of   = [&](int64_t i) { return first[i*parts->ne[0] + n_gqa*p.d_v + h]; };
        auto total_of = [&](int64_t i) { return first[i*parts->ne[0] + n_gqa*(p.d_v + 1) + h]; };

        float max = -INFINITY, total = 0.0f;
        for (int64_t i = 0; i < N_PARTS; ++i) {
            max = std::max(max, max_of(i));
        }
        float * out = (float *) dst->data + head*p.d_v;
        std::fill_n(out, p.d_v, 0.0f);
        for (int64_t i = 0; i < N_PARTS; ++i) {
            const float w = std::exp(max_of(i) - max);
            const float * sum = first + i*parts->ne[0] + h*p.d_v;
            total += w*total_of(i);
            for (int64_t j = 0; j < p.d_v; ++j) {
                out[j] += w*sum[j];
            }
        }
        for (int64_t j = 0; j < p.d_v; ++j) {
            out[j] /= total;
        }
    }
}

ggml_tensor * llama_esa_op_attend(ggml_context * ctx, ggml_tensor * q, ggml_tensor * range, ggml_tensor * q_far, ggml_tensor * cells,
        const llama_esa_attend * params) {
    ggml_tensor * args[] = { q, range, q_far, cells };
    void * userdata = const_cast<llama_esa_attend *>(params);

    const int64_t n_gqa = params->n_head/params->n_head_kv;
    ggml_tensor * parts = ggml_custom_4d(ctx, GGML_TYPE_F32, n_gqa*(params->d_v + 2), N_PARTS, params->n_head_kv, 1,
            args, q_far ? 4 : 2, attend_parts, GGML_N_TASKS_MAX, userdata);
    return ggml_custom_4d(ctx, GGML_TYPE_F32, params->d_v*params->n_head, 1, 1, 1, &parts, 1, attend_merge, GGML_N_TASKS_MAX, userdata);
}
