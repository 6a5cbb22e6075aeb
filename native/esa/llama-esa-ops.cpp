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

ggml_tensor * llama_esa_new_store(ggml_context * ctx, ggml_tensor * k, ggml_tensor * k_rot, ggml_tensor * v,
        ggml_tensor * cells, ggml_tensor * slots, const llama_esa_store_dst & dst) {
    // as with other operations that write to a cache, the result is a view of what is written
    ggml_tensor * res = ggml_view_tensor(ctx, dst.kc ? dst.kc : dst.k_cache);
    return set_op(res, GGML_OP_ESA_STORE,
            { k, k_rot, v, cells, slots, dst.k_cache, dst.v_cache, dst.k_ring, dst.v_ring, dst.kc ? dst.proj_k : nullptr });
}

ggml_tensor * llama_esa_new_score(ggml_context * ctx, ggml_tensor * kc, ggml_tensor * q, ggml_tensor * step, int32_t proximity) {
    ggml_tensor * res = set_op(ggml_new_tensor_1d(ctx, GGML_TYPE_F32, kc->ne[1]), GGML_OP_ESA_SCORE, { kc, q, step });
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

ggml_tensor * llama_esa_new_attend(ggml_context * ctx, ggml_tensor * q, ggml_tensor * q_far, ggml_tensor * far, ggml_tensor * step,
        const llama_esa_store_dst & rows, int32_t n_ring, float scale, float scale_far) {
    const int64_t n_head_kv = rows.k_ring->ne[0]/q->ne[0];
    const int64_t n_out     = rows.v_ring->ne[0]/n_head_kv*q->ne[1];
    ggml_tensor * res = set_op(ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n_out, q->ne[2]), GGML_OP_ESA_ATTEND,
            { q, q_far, far, step, rows.k_cache, rows.v_cache, rows.k_ring, rows.v_ring });
    res->op_params[0] = n_ring;
    memcpy(&res->op_params[1], &scale,     sizeof(float));
    memcpy(&res->op_params[2], &scale_far, sizeof(float));
    return res;
}

ggml_tensor * llama_esa_new_mask(ggml_context * ctx, ggml_tensor * step, int64_t n_ring, int64_t n_slots, int64_t n_tokens, int32_t wrap) {
    ggml_tensor * res = set_op(ggml_new_tensor_2d(ctx, GGML_TYPE_F16, n_ring + n_slots, n_tokens), GGML_OP_ESA_MASK, { step });
    res->op_params[0] = (int32_t) n_ring;
    res->op_params[1] = wrap;
    return res;
}
