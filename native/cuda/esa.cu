// Which of the operations this device does, and who does them.

#include "esa.cuh"

static bool is_rows(const ggml_tensor * t, ggml_type type) {
    return t && t->type == type && t->nb[0] == ggml_type_size(type) && t->ne[3] == 1;
}

// rows whose pieces of 16 bytes are aligned
static bool is_aligned_rows(const ggml_tensor * t, ggml_type type) {
    return is_rows(t, type) && t->ne[0]*t->nb[0] % 16 == 0 && t->nb[1] % 16 == 0;
}

static bool is_step(const ggml_tensor * t) {
    return is_rows(t, GGML_TYPE_I32) && t->ne[0] >= LLAMA_ESA_STEP_SIZE;
}

static bool rope_supported(const ggml_tensor * op, const ggml_tensor * freq) {
    const llama_esa_rope & rope = *(const llama_esa_rope *) op->op_params;
    const int units = rope.n_dims/16; // what lanes share out
    return units >= 1 && units <= WARP_SIZE && (units & (units - 1)) == 0 && rope.n_dims % 16 == 0 &&
        (rope.mode == GGML_ROPE_TYPE_NORMAL || rope.mode == GGML_ROPE_TYPE_NEOX) && (!freq || is_rows(freq, GGML_TYPE_F32));
}

static bool caches_supported(const ggml_tensor * op, const ggml_tensor * k, const ggml_tensor * v, const ggml_tensor * ws) {
    const llama_esa_rope & rope = *(const llama_esa_rope *) op->op_params;
    return is_aligned_rows(k, GGML_TYPE_F16) && is_aligned_rows(v, GGML_TYPE_F16) && is_rows(ws, GGML_TYPE_F16) &&
        k->ne[0] % rope.n_dims == 0 && ws->ne[0] % (k->ne[0] + v->ne[0]) == 0;
}

static bool store_supported(const ggml_tensor * op) {
    const ggml_tensor * k  = op->src[LLAMA_ESA_STORE_K];
    const ggml_tensor * v  = op->src[LLAMA_ESA_STORE_V];
    const ggml_tensor * q  = op->src[LLAMA_ESA_STORE_Q];
    const ggml_tensor * kc = op->src[LLAMA_ESA_STORE_KC];
    const ggml_tensor * proj = op->src[LLAMA_ESA_STORE_PROJ];
    const llama_esa_rope & rope = *(const llama_esa_rope *) op->op_params;
    return is_aligned_rows(k, GGML_TYPE_F32) && is_aligned_rows(v, GGML_TYPE_F32) && is_step(op->src[LLAMA_ESA_STORE_STEP]) &&
        rope_supported(op, op->src[LLAMA_ESA_STORE_FREQ]) &&
        caches_supported(op, op->src[LLAMA_ESA_STORE_K_CACHE], op->src[LLAMA_ESA_STORE_V_CACHE], op->src[LLAMA_ESA_STORE_WS]) &&
        (!kc || (is_rows(kc, GGML_TYPE_F16) && kc->ne[0] == ESA_WIDTH && is_rows(proj, GGML_TYPE_F32))) &&
        (!q || (is_aligned_rows(q, GGML_TYPE_F32) && q->ne[1] == 1 && q->ne[0] % rope.n_dims == 0));
}

static bool gather_supported(const ggml_tensor * op) {
    const ggml_tensor * slots = op->src[LLAMA_ESA_GATHER_SLOTS];
    return is_rows(op->src[LLAMA_ESA_GATHER_CELLS], GGML_TYPE_I32) && is_rows(op->src[LLAMA_ESA_GATHER_POS], GGML_TYPE_I32) &&
        (!slots || is_rows(slots, GGML_TYPE_I64)) && rope_supported(op, op->src[LLAMA_ESA_GATHER_FREQ]) &&
        caches_supported(op, op->src[LLAMA_ESA_GATHER_K_CACHE], op->src[LLAMA_ESA_GATHER_V_CACHE], op->src[LLAMA_ESA_GATHER_WS]);
}

static bool score_supported(const ggml_tensor * op, size_t shared) {
    const ggml_tensor * kc = op->src[0];
    const ggml_tensor * q  = op->src[1];
    return is_rows(kc, GGML_TYPE_F16) && kc->ne[0] == ESA_WIDTH && ggml_is_contiguous_1(kc) && kc->ne[1] % 32 == 0 && kc->ne[1] < 1 << 24 &&
        is_rows(q, GGML_TYPE_F32) && q->ne[0] == ESA_WIDTH && ggml_is_contiguous(q) && is_step(op->src[2]) &&
        op->op_params[0] >= 0 && op->op_params[0] <= ESA_MAX_PROXIMITY && shared >= ggml_cuda_esa_chunk_shared();
}

static bool select_supported(const ggml_tensor * op, size_t shared) {
    const ggml_tensor * score = op->src[0];
    return is_rows(score, GGML_TYPE_F32) && score->ne[0] > LLAMA_ESA_N_SAMPLES && score->ne[0] % 32 == 0 && is_step(op->src[1]) && op->type == GGML_TYPE_I32 &&
        op->op_params[0] >= 0 && op->op_params[1] >= 1 && ggml_cuda_esa_select_fits(op->op_params[1], shared);
}

static bool attend_supported(const ggml_tensor * op, size_t shared) {
    const ggml_tensor * q   = op->src[LLAMA_ESA_ATTEND_Q];
    const ggml_tensor * far = op->src[LLAMA_ESA_ATTEND_FAR];
    const ggml_tensor * k   = op->src[LLAMA_ESA_ATTEND_K_CACHE];
    const ggml_tensor * v   = op->src[LLAMA_ESA_ATTEND_V_CACHE];
    const llama_esa_rope & rope = *(const llama_esa_rope *) op->op_params;
    const int64_t d = q->ne[0];
    if (!(d == 64 || d == 128) || rope.n_dims != d || !ggml_is_contiguous(q) || q->type != GGML_TYPE_F32 || q->ne[2] != 1 ||
            !is_step(op->src[LLAMA_ESA_ATTEND_STEP]) || shared < ggml_cuda_esa_attend_shared(d) ||
            !rope_supported(op, op->src[LLAMA_ESA_ATTEND_FREQ]) || !caches_supported(op, k, v, op->src[LLAMA_ESA_ATTEND_WS])) {
        return false;
    }
    const int64_t n_head_kv = k->ne[0]/d;
    return (!far || is_rows(far, GGML_TYPE_I32)) && k->ne[0] == v->ne[0] && q->ne[1] % n_head_kv == 0 &&
        q->ne[1]/n_head_kv <= ESA_MAX_GROUP && n_head_kv <= LLAMA_ESA_STEP_MAX_HEADS;
}

bool ggml_cuda_esa_supported(int device, const ggml_tensor * op) {
    const auto & info = ggml_cuda_info().devices[device];
    if (!GGML_CUDA_CC_IS_NVIDIA(info.cc) || info.cc < GGML_CUDA_CC_AMPERE) {
        return false; // tensor cores with F16 products of 16, asynchronous copies
    }
    switch (op->op) {
        case GGML_OP_ESA_STORE:  return store_supported(op);
        case GGML_OP_ESA_SCORE:  return score_supported(op, info.smpbo);
        case GGML_OP_ESA_SELECT: return select_supported(op, info.smpbo);
        case GGML_OP_ESA_ATTEND: return attend_supported(op, info.smpbo);
        case GGML_OP_ESA_GATHER: return gather_supported(op);
        case GGML_OP_ESA_MASK:   return is_step(op->src[0]) && op->type == GGML_TYPE_F16 && op->ne[0] % 2 == 0;
        default:                 return false;
    }
}

void ggml_cuda_op_esa(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    switch (dst->op) {
        case GGML_OP_ESA_STORE:  ggml_cuda_esa_store (ctx, dst); break;
        case GGML_OP_ESA_SCORE:  ggml_cuda_esa_score (ctx, dst); break;
        case GGML_OP_ESA_SELECT: ggml_cuda_esa_select(ctx, dst); break;
        case GGML_OP_ESA_ATTEND: ggml_cuda_esa_attend(ctx, dst); break;
        case GGML_OP_ESA_GATHER: ggml_cuda_esa_gather(ctx, dst); break;
        case GGML_OP_ESA_MASK:   ggml_cuda_esa_mask  (ctx, dst); break;
        default:                 GGML_ABORT("not an operation of ESA");
    }
    CUDA_CHECK(cudaGetLastError());
}
