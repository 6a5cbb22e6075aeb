#pragma once

// Our own operations at the end of ggml's enum (patches/0110-esa-ggml-ops.patch): what their sources and parameters are. A
// backend says in its supports_op whether it has them; CUDA's are in native/cuda. Where they are missing, the graph is
// composed of stock operations.

#include "ggml.h"

// What changes from batch to batch is one small input, I32 [LLAMA_ESA_STEP_SIZE + n_tokens]: launches stay the same from token to
// token. Behind the numbers below are the cells of the batch.
enum llama_esa_step {
    LLAMA_ESA_STEP_M_BEGIN = 0, // M is the tokens [M_BEGIN, M_END), I is before it, L from M_END on
    LLAMA_ESA_STEP_M_END   = 1,
    LLAMA_ESA_STEP_POS     = 2, // position of the first token of the batch
    LLAMA_ESA_STEP_N_FAR   = 3, // rows of I and M_k that are attended to
    LLAMA_ESA_STEP_DISTANCE = 4, // from the first token of the batch to where it sees I and M

    // counters of the operations, which find them zero and leave them zero
    LLAMA_ESA_STEP_TICKETS = 16,

    LLAMA_ESA_STEP_MAX_HEADS = 64, // tickets: one per head of the cache
    LLAMA_ESA_STEP_SIZE      = LLAMA_ESA_STEP_TICKETS + LLAMA_ESA_STEP_MAX_HEADS,
};

// The rotation of the model's keys and queries over whole heads, as ggml_rope_ext takes it; at the beginning of op_params.
struct llama_esa_rope {
    int32_t n_dims, mode, n_ctx_orig;
    float   freq_base, freq_scale, ext_factor, attn_factor, beta_fast, beta_slow;
};

// what else is in op_params, as indices
enum llama_esa_param {
    LLAMA_ESA_PARAM_N_RING = 9,  // slots of the ring; ESA_GATHER: the first slot
    LLAMA_ESA_PARAM_FAR    = 10, // ESA_STORE: queries are compared as seen from their distance to I and M
    LLAMA_ESA_PARAM_SCALE  = 10, // ESA_ATTEND, a float
    LLAMA_ESA_PARAM_EARLY  = 11, // ESA_ATTEND: all rows but that of the newest token were there before the graph began
};

// Parameters of a rotation node. False: not one that our operations know (only a part of each head is rotated, or by several positions).
bool llama_esa_rope_of(const ggml_tensor * rope, int64_t d, llama_esa_rope & res);

// Where a layer keeps what it stores. K, V and compressed keys share cells.
struct llama_esa_store_dst {
    ggml_tensor * k_cache; // F16 [n_embd_k, n_cells]
    ggml_tensor * v_cache; // F16 [n_embd_v, n_cells]
    ggml_tensor * ws;      // F16 [(n_embd_k + n_embd_v)*n]: n rows of K, then n rows of V; ring | slots of I and M_k
    ggml_tensor * kc;      // F16 [d', n_cells], NULL: none
    ggml_tensor * proj;    // F32: d' constants that centre the compressed keys, P_k [n_embd_k, d'], P_q [n_head*d, d']; NULL: none
};

struct llama_esa_workspace {
    char * k;
    char * v;
};

static inline struct llama_esa_workspace llama_esa_workspace_of(const ggml_tensor * ws, const ggml_tensor * k_cache, const ggml_tensor * v_cache) {
    const int64_t n = ws->ne[0]/(k_cache->ne[0] + v_cache->ne[0]);
    char * k = (char *) ws->data;
    return { k, k + n*k_cache->ne[0]*ggml_type_size(ws->type) };
}

enum llama_esa_store_src {
    LLAMA_ESA_STORE_K, LLAMA_ESA_STORE_V, LLAMA_ESA_STORE_Q, LLAMA_ESA_STORE_STEP, LLAMA_ESA_STORE_FREQ, LLAMA_ESA_STORE_K_CACHE,
    LLAMA_ESA_STORE_V_CACHE, LLAMA_ESA_STORE_WS, LLAMA_ESA_STORE_KC, LLAMA_ESA_STORE_PROJ,
};

// All stores of a batch. k and v F32 [n_embd, n_tokens], not rotated; freq F32 [d/2] or NULL. With the query of a single token,
// q F32 [n_head*d, 1], not rotated, the result is the compressed query F32 [d', 1], seen from the distance if `far`; otherwise (q NULL) it
// is a view of what was written.
ggml_tensor * llama_esa_new_store(ggml_context * ctx, ggml_tensor * k, ggml_tensor * v, ggml_tensor * q, bool far, ggml_tensor * step,
        const llama_esa_rope & rope, ggml_tensor * freq, const llama_esa_store_dst & dst, int32_t n_ring);

// Room behind the scores, for a sample of them: every so many of n_kv scores.
enum { LLAMA_ESA_N_SAMPLES = 4096 };

// Scores, reduced over the chunk and pooled over the proximity: F32 [n_kv + LLAMA_ESA_N_SAMPLES], -inf outside of M. kc F16 [d', n_kv], q F32 [d', n_tokens].
ggml_tensor * llama_esa_new_score(ggml_context * ctx, ggml_tensor * kc, ggml_tensor * q, ggml_tensor * step, int32_t proximity);

// The n_top best of M behind the n_init tokens of I: I32 [n_init + n_top], ascending, ties to the lower token. Fewer than n_top
// tokens in M leave -1 at the end. Written to `out` if given.
ggml_tensor * llama_esa_new_select(ggml_context * ctx, ggml_tensor * score, ggml_tensor * step, ggml_tensor * out,
        int32_t n_init, int32_t n_top);

enum llama_esa_attend_src {
    LLAMA_ESA_ATTEND_Q, LLAMA_ESA_ATTEND_FAR, LLAMA_ESA_ATTEND_STEP, LLAMA_ESA_ATTEND_FREQ, LLAMA_ESA_ATTEND_K_CACHE,
    LLAMA_ESA_ATTEND_V_CACHE, LLAMA_ESA_ATTEND_WS,
};

// Attention of one token in place: rows `far` of the caches, then the ring from M_END to POS. q F32 [d, n_head, 1], not rotated;
// far I32 [n], of which N_FAR count; NULL: everything is local. early: see LLAMA_ESA_PARAM_EARLY.
ggml_tensor * llama_esa_new_attend(ggml_context * ctx, ggml_tensor * q, ggml_tensor * far, ggml_tensor * step,
        const llama_esa_rope & rope, ggml_tensor * freq, const llama_esa_store_dst & rows, int32_t n_ring, float scale, bool early);

enum llama_esa_gather_src {
    LLAMA_ESA_GATHER_K_CACHE, LLAMA_ESA_GATHER_V_CACHE, LLAMA_ESA_GATHER_CELLS, LLAMA_ESA_GATHER_POS, LLAMA_ESA_GATHER_SLOTS,
    LLAMA_ESA_GATHER_FREQ, LLAMA_ESA_GATHER_WS,
};

// Rows `cells` I32 [n] of the caches -> slots of the workspace, keys rotated to pos I32 [n] or [1]. slots I64 [n], NULL: from
// `first` on, one after the other.
ggml_tensor * llama_esa_new_gather(ggml_context * ctx, ggml_tensor * cells, ggml_tensor * pos, ggml_tensor * slots,
        const llama_esa_rope & rope, ggml_tensor * freq, const llama_esa_store_dst & rows, int32_t first);

// Mask of a chunk over [ring | rows of I and M_k]: F16 [n_ring + n_slots, n_tokens]. wrap: slots that the ring has in all
ggml_tensor * llama_esa_new_mask(ggml_context * ctx, ggml_tensor * step, int64_t n_ring, int64_t n_slots, int64_t n_tokens, int32_t wrap);
