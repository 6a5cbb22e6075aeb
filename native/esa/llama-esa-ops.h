#pragma once

// Our own operations at the end of ggml's enum (patches/0110-esa-ggml-ops.patch): what their sources and parameters are. A
// backend says in its supports_op whether it has them; CUDA's are in native/cuda. Where they are missing, the graph is
// composed of stock operations.

#include "ggml.h"

// What changes from batch to batch is one small input, I32 [LLAMA_ESA_STEP_SIZE]: launches stay the same from token to token.
enum llama_esa_step {
    LLAMA_ESA_STEP_M_BEGIN = 0, // M is the tokens [M_BEGIN, M_END), I is before it, L from M_END on
    LLAMA_ESA_STEP_M_END   = 1,
    LLAMA_ESA_STEP_POS     = 2, // position of the first token of the batch
    LLAMA_ESA_STEP_N_FAR   = 3, // rows of I and M_k that are attended to

    // counters of the operations, which find them zero and leave them zero
    LLAMA_ESA_STEP_N_CAND  = 8,
    LLAMA_ESA_STEP_CUT     = 9,
    LLAMA_ESA_STEP_TICKETS = 16,

    LLAMA_ESA_STEP_MAX_HEADS = 64, // tickets: one per head of the cache
    LLAMA_ESA_STEP_SIZE      = LLAMA_ESA_STEP_TICKETS + LLAMA_ESA_STEP_MAX_HEADS,
};

// Where a layer keeps what it stores. K, V and compressed keys share cells; the ring has slots.
struct llama_esa_store_dst {
    ggml_tensor * k_cache; // F16 [n_embd_k, n_cells]
    ggml_tensor * v_cache; // F16 [n_embd_v, n_cells]
    ggml_tensor * k_ring;  // F16 [n_embd_k, n_slots]
    ggml_tensor * v_ring;  // F16 [n_embd_v, n_slots]
    ggml_tensor * kc;      // F16 [d', n_cells], NULL: none
    ggml_tensor * proj_k;  // F32 [n_embd_k, d' + 1]: P_k, then the d' constants that centre the compressed keys; NULL: none
};

// All stores of a batch. k and k_rot F16 [n_embd_k, n_tokens], v F32 [n_embd_v, n_tokens], cells and slots I64 [n_tokens].
ggml_tensor * llama_esa_new_store(ggml_context * ctx, ggml_tensor * k, ggml_tensor * k_rot, ggml_tensor * v,
        ggml_tensor * cells, ggml_tensor * slots, const llama_esa_store_dst & dst);

// Scores, reduced over the chunk and pooled over the proximity: F32 [n_kv], -inf outside of M. kc F16 [d', n_kv], q F32 [d', n_tokens].
ggml_tensor * llama_esa_new_score(ggml_context * ctx, ggml_tensor * kc, ggml_tensor * q, ggml_tensor * step, int32_t proximity);

// The n_top best of M behind the n_init tokens of I: I32 [n_init + n_top], ascending, ties to the lower token. Fewer than n_top
// tokens in M leave -1 at the end. Written to `out` if given.
ggml_tensor * llama_esa_new_select(ggml_context * ctx, ggml_tensor * score, ggml_tensor * step, ggml_tensor * out,
        int32_t n_init, int32_t n_top);

// Attention of one token in place: rows `far` of the caches, then the ring from M_END to POS. q F32 [d, n_head, 1] is rotated
// to its position, q_far to the distance of I and M. far I32 [n], of which N_FAR count; NULL: everything is local.
ggml_tensor * llama_esa_new_attend(ggml_context * ctx, ggml_tensor * q, ggml_tensor * q_far, ggml_tensor * far, ggml_tensor * step,
        const llama_esa_store_dst & rows, int32_t n_ring, float scale, float scale_far);

// Mask of a chunk over [ring | rows of I and M_k]: F16 [n_ring + n_slots, n_tokens]. wrap: slots that the ring has in all
ggml_tensor * llama_esa_new_mask(ggml_context * ctx, ggml_tensor * step, int64_t n_ring, int64_t n_slots, int64_t n_tokens, int32_t wrap);
