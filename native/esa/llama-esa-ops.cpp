#include "llama-esa-ops.h"

#include <cstring>
#include <initializer_list>

static ggml_tensor * set_op(ggml_tensor * t, ggml_op op, std::initializer_list<ggml_tensor *> src) {
    GGML_ASSERT(src.size() <= GGML_MAX_SRC);
    t->op = op;
    memset(t->op_params, 0, sizeof(t->op_params));
    memset(t->src, 0, sizeof(t->src));
    int i = 0;
    for (ggml_tensor * s : src) {
        t->src[i++] = s;
    }
    return t;
}

static void set_rope(ggml_tensor * t, const llama_esa_rope & rope, int32_t n_ring) {
    static_assert(sizeof(rope) <= LLAMA_ESA_PARAM_N_RING*sizeof(int32_t), "op_params overlap");
    memcpy(t->op_params, &rope, sizeof(rope));
    t->op_params[LLAMA_ESA_PARAM_N_RING] = n_ring;
}

bool llama_esa_rope_of(const ggml_tensor * rope, int64_t d, llama_esa_rope & res) {
    if (!rope) {
        res = {};
        return false;
    }
    const int32_t * p = rope->op_params;
    res = { p[1], p[2], p[4], 0, 0, 0, 0, 0, 0 };
    memcpy(&res.freq_base, p + 5, 6*sizeof(float));
    const int32_t n_offs = p[15];
    return res.n_dims == d && n_offs == 0 && (res.mode == GGML_ROPE_TYPE_NORMAL || res.mode == GGML_ROPE_TYPE_NEOX);
}

ggml_tensor * llama_esa_new_store(ggml_context * ctx, ggml_tensor * k, ggml_tensor * v, ggml_tensor * q, bool far, ggml_tensor * step,
        const llama_esa_rope & rope, ggml_tensor * freq, const llama_esa_store_dst & dst, int32_t n_ring) {
    GGML_ASSERT(!q || (dst.kc && q->ne[1] == 1));
    // as with other operations that write to a cache, the result is a view of what is written
    ggml_tensor * res = q ? ggml_new_tensor_2d(ctx, GGML_TYPE_F32, dst.kc->ne[0], 1) : ggml_view_tensor(ctx, dst.kc ? dst.kc : dst.k_cache);
    set_op(res, GGML_OP_ESA_STORE,
            { k, v, q, step, freq, dst.k_cache, dst.v_cache, dst.ws, dst.kc, dst.kc ? dst.proj : nullptr });
    set_rope(res, rope, n_ring);
    res->op_params[LLAMA_ESA_PARAM_FAR] = far;
    return res;
}

ggml_tensor * llama_esa_new_score(ggml_context * ctx, ggml_tensor * kc, ggml_tensor * q, ggml_tensor * step, int32_t proximity) {
    ggml_tensor * res = set_op(ggml_new_tensor_1d(ctx, GGML_TYPE_F32, kc->ne[1] + LLAMA_ESA_N_SAMPLES), GGML_OP_ESA_SCORE, { kc, q, step });
    res->op_params[0] = proximity;
    return res;
}

ggml_tensor * llama_esa_new_select(ggml_context * ctx, ggml_tensor * score, ggml_tensor * step, ggml_tensor * out,
        int32_t n_init, int32_t n_top) {
    GGML_ASSERT(!out || out->ne[0] == n_init + n_top);
    ggml_tensor * res = out ? ggml_view_tensor(ctx, out) : ggml_new_tensor_1d(ctx, GGML_TYPE_I32, n_init + n_top);
    set_op(res, GGML_OP_ESA_SELECT, { score, step });
    res->op_params[0] = n_init;
    res->op_params[1] = n_top;
    return res;
}

ggml_tensor * llama_esa_new_attend(ggml_context * ctx, ggml_tensor * q, ggml_tensor * far, ggml_tensor * step,
        const llama_esa_rope & rope, ggml_tensor * freq, const llama_esa_store_dst & rows, int32_t n_ring, float scale, bool early) {
    const int64_t n_head_kv = rows.k_cache->ne[0]/q->ne[0];
    const int64_t n_out     = rows.v_cache->ne[0]/n_head_kv*q->ne[1];
    ggml_tensor * res = set_op(ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n_out, q->ne[2]), GGML_OP_ESA_ATTEND,
            { q, far, step, freq, rows.k_cache, rows.v_cache, rows.ws });
    set_rope(res, rope, n_ring);
    memcpy(&res->op_params[LLAMA_ESA_PARAM_SCALE], &scale, sizeof(float));
    res->op_params[LLAMA_ESA_PARAM_EARLY] = early;
    return res;
}

ggml_tensor * llama_esa_new_gather(ggml_context * ctx, ggml_tensor * cells, ggml_tensor * pos, ggml_tensor * slots,
        const llama_esa_rope & rope, ggml_tensor * freq, const llama_esa_store_dst & rows, int32_t first) {
    GGML_ASSERT(pos->ne[0] == 1 || pos->ne[0] == cells->ne[0]);
    ggml_tensor * res = set_op(ggml_view_tensor(ctx, rows.ws), GGML_OP_ESA_GATHER,
            { rows.k_cache, rows.v_cache, cells, pos, slots, freq, rows.ws });
    set_rope(res, rope, first);
    return res;
}

ggml_tensor * llama_esa_new_mask(ggml_context * ctx, ggml_tensor * step, int64_t n_ring, int64_t n_slots, int64_t n_tokens, int32_t wrap) {
    ggml_tensor * res = set_op(ggml_new_tensor_2d(ctx, GGML_TYPE_F16, n_ring + n_slots, n_tokens), GGML_OP_ESA_MASK, { step });
    res->op_params[0] = (int32_t) n_ring;
    res->op_params[1] = wrap;
    return res;
}
