#pragma once

// CPU operations around the cache: storing a ubatch, and the attention of a single token.

#include "ggml.h"

#include <cstdint>

struct llama_esa_layer;

// Writes a ubatch to the cache, the ring and the compressed keys of the layer. k and k_rot F16 [n_embd_k, n_tokens], v F32
// [n_embd_v, n_tokens], k_idxs, v_idxs and ring_idx I64 [n_tokens]. Returns the compressed keys F32 [d', n_tokens].
ggml_tensor * llama_esa_op_store(ggml_context * ctx, ggml_tensor * k, ggml_tensor * k_rot, ggml_tensor * v,
        ggml_tensor * k_idxs, ggml_tensor * v_idxs, ggml_tensor * ring_idx, llama_esa_layer * layer);

// How one token attends; lives as long as the context.
struct llama_esa_attend {
    const llama_esa_layer * layer = nullptr;

    int64_t d         = 0;
    int64_t d_v       = 0;
    int64_t n_head    = 0;
    int64_t n_head_kv = 0;
    int64_t n_ring    = 0;
    float   kq_scale  = 0.0f;
    float   far_scale = 1.0f; // what the model multiplies its queries with after the rotation
};

// Attention of one token in place: far rows from the cache, local rows from the ring. q F32 [d, n_head, 1] is rotated to its
// position, q_far to the distance of I and M, which rotates the un-rotated keys as seen from it. cells I32 holds the far
// rows, of which range[3] count; both are NULL when everything is local. range is I32 [4]: where M begins and ends, the
// position of the token, the number of far rows. Returns F32 [dv*n_head, 1].
ggml_tensor * llama_esa_op_attend(ggml_context * ctx, ggml_tensor * q, ggml_tensor * range, ggml_tensor * q_far, ggml_tensor * cells,
        const llama_esa_attend * params);
