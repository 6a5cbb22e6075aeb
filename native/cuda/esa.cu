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
    return is_rows(t, GGML_TYPE_I32) && t->ne[0] == LLAMA_ESA_STEP_SIZE;
}

static bool store_supported(const ggml_tensor * op) {
    const ggml_tensor * k = op->src[0];
    const ggml_tensor * proj = op->src[9];
    bool ok = is_aligned_rows(k, GGML_TYPE_F16) && is_aligned_rows(op->src[1], GGML_TYPE_F16) && is_rows(op->src[2], GGML_TYPE_F32) &&
        is_rows(op->src[3], GGML_TYPE_I64) && is_rows(op->src[4], GGML_TYPE_I64) && op->src[2]->ne[0] % 2 == 0;
    for (int i = 5; i < 9; ++i) {
        ok = ok && is_aligned_rows(op->src[i], GGML_TYPE_F16);
    }
    return ok && (!proj || (is_aligned_rows(proj, GGML_TYPE_F32) && op->type == GGML_TYPE_F16 && op->ne[0] == ESA_WIDTH &&
                proj->ne[1] == ESA_WIDTH + 1 && proj->ne[0] >= ESA_WIDTH && ggml_is_contiguous(proj)));
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
    return is_rows(score, GGML_TYPE_F32) && score->ne[0] % 32 == 0 && is_step(op->src[1]) && op->type == GGML_TYPE_I32 &&
        op->op_params[0] >= 0 && op->op_params[1] >= 1 && op->op_params[1] <= 16384 && shared >= ggml_cuda_esa_select_shared(score->ne[0]);
}

static bool attend_supported(const ggml_tensor * op, size_t shared) {
    const ggml_tensor * q = op->src[0];
    const int64_t d = q->ne[0];
    bool ok = (d == 64 || d == 128) && ggml_is_contiguous(q) && q->type == GGML_TYPE_F32 && q->ne[2] == 1 && is_step(op->src[3]) &&
        shared >= ggml_cuda_esa_attend_shared(d);
    for (int i = 4; i < 8; ++i) {
        ok = ok && is_aligned_rows(op->src[i], GGML_TYPE_F16);
    }
    if (!ok) {
        return false;
    }
    const int64_t n_head_kv = op->src[6]->ne[0]/d;
    const bool far = !op->src[2] || (is_rows(op->src[2], GGML_TYPE_I32) && op->src[1] && op->src[1]->type == GGML_TYPE_F32 && ggml_is_contiguous(op->src[1]));
    return far && op->src[7]->ne[0] == op->src[6]->ne[0] && q->ne[1] % n_head_kv == 0 && q->ne[1]/n_head_kv <= ESA_MAX_GROUP &&
        n_head_kv <= LLAMA_ESA_STEP_MAX_HEADS;
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
        case GGML_OP_ESA_MASK:   ggml_cuda_esa_mask  (ctx, dst); break;
        default:                 GGML_ABORT("not an operation of ESA");
    }
    CUDA_CHECK(cudaGetLastError());
}
