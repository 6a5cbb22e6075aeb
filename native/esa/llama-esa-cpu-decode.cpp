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

// The rows are cut into this many parts: as many threads can be busy.
static constexpr int64_t N_PARTS = 16;

// rows that are read at a time
static constexpr int64_t TILE = 32;

namespace {

// Attention of all heads over some of the rows: F32 [n_head][d_v] sums, [n_head] maxima, [n_head] total weights. A row is read
// once for all heads while it is near: rows of far tokens lie anywhere, and finding one costs more than reading it.
struct part_builder {
    const llama_esa_attend  & p;
    const llama_esa_kernels & kernels;

    const ggml_tensor * q;
    const ggml_tensor * q_far;
    const int32_t     * cells;
    const int32_t     * range;

    int64_t n_far()   const { return cells ? range[3] : 0; }
    int64_t n_local() const { return range[2] - range[1] + 1; }
    int64_t n_gqa()   const { return p.n_head/p.n_head_kv; }

    // calls use(rows, first, n, far) for tiles of rows [r0, r1) of `cache` and `ring`; they are counted with the far ones first
    template <typename F>
    void tiles(int64_t r0, int64_t r1, const ggml_tensor * cache, const ggml_tensor * ring, F && use) const {
        const uint16_t * rows[TILE];
        int64_t slot = (range[1] + std::max<int64_t>(0, r0 - n_far())) % p.n_ring;
        for (int64_t r = r0; r < r1;) {
            const bool    far = r < n_far();
            const int64_t n   = std::min(TILE, (far ? std::min(r1, n_far()) : r1) - r);
            for (int64_t i = 0; i < n; ++i) {
                rows[i] = (const uint16_t *) (far ? row_of(cache, cells[r + i]) : row_of(ring, slot));
                slot = far ? slot : slot + 1 == p.n_ring ? 0 : slot + 1;
            }
            use(rows, r, n, far);
            r += n;
        }
    }

    // the same rows where the keys or values of each group are
    template <typename F>
    void groups(const uint16_t * const * rows, int64_t n, int64_t width, F && use) const {
        const uint16_t * part[TILE];
        for (int64_t g = 0; g < p.n_head_kv; ++g) {
            for (int64_t i = 0; i < n; ++i) {
                part[i] = rows[i] + g*width;
            }
            use(part, g);
        }
    }

    void build(int64_t part, float * out) const {
        const int64_t n   = n_far() + n_local();
        const int64_t per = (n + N_PARTS - 1)/N_PARTS;
        const int64_t r0  = std::min(n, part*per);
        const int64_t r1  = std::min(n, r0 + per);

        std::fill_n(out, p.n_head*(p.d_v + 2), 0.0f);
        float * max   = out + p.n_head*p.d_v;
        float * total = max + p.n_head;
        std::fill_n(max, p.n_head, -INFINITY);
        if (r0 == r1) {
            return;
        }

        thread_local std::vector<float> weights; // [n_head][per]
        weights.resize(p.n_head*per);
        tiles(r0, r1, p.layer->k_store, p.layer->ws_k, [&](const uint16_t * const * rows, int64_t r, int64_t m, bool far) {
            const float * heads = (const float *) (far ? q_far : q)->data;
            const float   scale = p.kq_scale*(far ? p.far_scale : 1.0f);
            groups(rows, m, p.d, [&](const uint16_t * const * keys, int64_t g) {
                kernels.dots(keys, m, p.d, heads + g*n_gqa()*p.d, n_gqa(), scale, &weights[g*n_gqa()*per + r - r0], per);
            });
        });
        for (int64_t h = 0; h < p.n_head; ++h) {
            float * w = weights.data() + h*per;
            max[h]   = *std::max_element(w, w + (r1 - r0));
            total[h] = kernels.exp_sum(w, r1 - r0, max[h]);
        }
        tiles(r0, r1, p.layer->v_store, p.layer->ws_v, [&](const uint16_t * const * rows, int64_t r, int64_t m, bool) {
            groups(rows, m, p.d_v, [&](const uint16_t * const * values, int64_t g) {
                kernels.accumulate(values, m, p.d_v, &weights[g*n_gqa()*per + r - r0], per, n_gqa(), out + g*n_gqa()*p.d_v);
            });
        });
    }
};

} // namespace

// dst F32 [n_head*(d_v + 2), N_PARTS]
static void attend_parts(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & p = *(const llama_esa_attend *) userdata;
    const part_builder b = {
        p, llama_esa_get_kernels(), dst->src[0], dst->src[2],
        dst->src[3] ? (const int32_t *) dst->src[3]->data : nullptr,
        (const int32_t *) dst->src[1]->data,
    };
    for (int64_t part = ith; part < N_PARTS; part += nth) {
        b.build(part, (float *) dst->data + part*dst->ne[0]);
    }
}

// dst F32 [d_v*n_head, 1]
static void attend_merge(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & p = *(const llama_esa_attend *) userdata;
    const ggml_tensor * parts = dst->src[0];

    for (int64_t h = ith; h < p.n_head; h += nth) {
        auto part     = [&](int64_t i) { return (const float *) parts->data + i*parts->ne[0]; };
        auto max_of   = [&](int64_t i) { return part(i)[p.n_head*p.d_v + h]; };
        auto total_of = [&](int64_t i) { return part(i)[p.n_head*(p.d_v + 1) + h]; };

        float max = -INFINITY, total = 0.0f;
        for (int64_t i = 0; i < N_PARTS; ++i) {
            max = std::max(max, max_of(i));
        }
        float * out = (float *) dst->data + h*p.d_v;
        std::fill_n(out, p.d_v, 0.0f);
        for (int64_t i = 0; i < N_PARTS; ++i) {
            const float w = std::exp(max_of(i) - max);
            const float * sum = part(i) + h*p.d_v;
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

    ggml_tensor * parts = ggml_custom_4d(ctx, GGML_TYPE_F32, params->n_head*(params->d_v + 2), N_PARTS, 1, 1,
            args, q_far ? 4 : 2, attend_parts, GGML_N_TASKS_MAX, userdata);
    return ggml_custom_4d(ctx, GGML_TYPE_F32, params->d_v*params->n_head, 1, 1, 1, &parts, 1, attend_merge, GGML_N_TASKS_MAX, userdata);
}
