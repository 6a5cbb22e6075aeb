#pragma once

// Our own operations for the CPU backend: they do what the composition of stock operations in llama-esa-select.cpp
// does, with F32 products, without masks of n entries, and with ties always going to the lower token index.

#include "ggml.h"

#include <cstdint>
#include <vector>

// Read by the operations while a graph runs; lives as long as the context. One operation uses it at a time.
struct llama_esa_op_params {
    int32_t proximity = 0;

    // scratch of the selection
    std::vector<float>    pooled;
    std::vector<uint64_t> candidates;
};

// Scores of a chunk: dst F32 [pad32(n_q), n_order + extra], queries fastest, rows in token order; the extra rows
// hold each task's maximum per query. keys F16 or Q8_0 [D, n_kv], q F32 [d, n, n_q] with d*n a multiple of D: queries that
// share a key are summed. range I32 [4]: M is [range[0], range[1]), I is before it. order I32 [n_order]: cells, or NULL.
ggml_tensor * llama_esa_op_score(ggml_context * ctx, ggml_tensor * keys, ggml_tensor * q, ggml_tensor * range, ggml_tensor * order,
        int64_t n_order);

// Reduction over the chunk: dst F32 [n_order] = max over queries of (score - its maximum over M), and over `prev` if given.
ggml_tensor * llama_esa_op_reduce(ggml_context * ctx, ggml_tensor * score, int64_t n_q, ggml_tensor * range, ggml_tensor * order,
        ggml_tensor * prev, int64_t n_order);

// Proximity and selection: dst I32 [n_sel, 2], token indices ascending and their cells; token indices to `trace` as well.
ggml_tensor * llama_esa_op_pick(ggml_context * ctx, ggml_tensor * f, ggml_tensor * range, ggml_tensor * order, ggml_tensor * trace,
        int64_t n_sel, llama_esa_op_params * params);
