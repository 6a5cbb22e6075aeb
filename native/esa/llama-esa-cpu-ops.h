#pragma once

// Scores on the CPU, and their reduction. Together with llama-esa-cpu-pick.h they do what the composition of stock operations in llama-esa-select.cpp
// does, with F32 products, without masks of n entries, and with ties always going to the lower token index.

#include "ggml.h"

#include <cstdint>

// Scores of a chunk: dst F32 [pad32(n_q), n_order + extra], queries fastest, rows in token order; the extra rows
// hold each task's maximum per query. keys F16 or Q8_0 [D, n_kv], q F32 [d, n, n_q] with d*n a multiple of D: queries that
// share a key are summed. range I32 [LLAMA_ESA_STEP_SIZE]: M is [range[0], range[1]), I is before it. order I32 [n_order]: cells, or NULL.
ggml_tensor * llama_esa_op_score(ggml_context * ctx, ggml_tensor * keys, ggml_tensor * q, ggml_tensor * range, ggml_tensor * order,
        int64_t n_order);

// Reduction over the chunk: dst F32 [n_order] = max over queries of (score - its maximum over M), and over `prev` if given.
ggml_tensor * llama_esa_op_reduce(ggml_context * ctx, ggml_tensor * score, int64_t n_q, ggml_tensor * range, ggml_tensor * order,
        ggml_tensor * prev, int64_t n_order);
