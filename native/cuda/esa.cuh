#pragma once

// Efficient Selective Attention on CUDA: the operations of esa/llama-esa-ops.h, compiled into ggml-cuda.
//
// No operation waits for the device, allocates outside of ggml's pool or launches differently from token to token: what
// changes is read from the step tensor on the device, so that a captured CUDA graph stays valid.
//
// The kernels of a token are launched while the one before still runs (programmatic dependent launch). Before
// ggml_cuda_pdl_sync() they touch only what does not change within a graph; after it they allow the next to begin. So when a kernel
// begins, all but the one before it have finished.

#include "common.cuh"

#include "llama-esa-ops.h"

// what ggml-cuda.cu calls
bool ggml_cuda_esa_supported(int device, const ggml_tensor * op);
void ggml_cuda_op_esa(ggml_backend_cuda_context & ctx, ggml_tensor * dst);

// width of compressed keys that the kernels are made for
static constexpr int ESA_WIDTH = 64;

// heads of a group share one column each of a tensor-core tile
static constexpr int ESA_MAX_GROUP = 8;

// furthest neighbour that a score is pooled over
static constexpr int ESA_MAX_PROXIMITY = 8;

// of the scores every stride-th is in the sample, a power of two
static inline __host__ __device__ int esa_sample_stride(int n_kv) {
    int stride = 1;
    while (n_kv/stride > LLAMA_ESA_N_SAMPLES) {
        stride *= 2;
    }
    return stride;
}

void ggml_cuda_esa_store (ggml_backend_cuda_context & ctx, ggml_tensor * dst);
void ggml_cuda_esa_score (ggml_backend_cuda_context & ctx, ggml_tensor * dst);
void ggml_cuda_esa_select(ggml_backend_cuda_context & ctx, ggml_tensor * dst);
void ggml_cuda_esa_attend(ggml_backend_cuda_context & ctx, ggml_tensor * dst);
void ggml_cuda_esa_gather(ggml_backend_cuda_context & ctx, ggml_tensor * dst);
void ggml_cuda_esa_mask  (ggml_backend_cuda_context & ctx, ggml_tensor * dst);

// max over queries of (score - its maximum over M), before pooling; raw is written inside M only
void ggml_cuda_esa_score_chunk(ggml_backend_cuda_context & ctx, const ggml_tensor * kc, const ggml_tensor * q, const int32_t * step, float * raw);

// a block has room for the candidates from which k are selected
bool ggml_cuda_esa_select_fits(int k, size_t shared);

// shared memory that a block takes
size_t ggml_cuda_esa_attend_shared(int64_t d);
size_t ggml_cuda_esa_chunk_shared();
