#pragma once

// A first look at M for a single token on the CPU: the first components of the compressed keys, which tell the most, in 8
// bits. They are a tenth of what the keys are, and what they find is scored again by the keys.

#include "ggml.h"

struct llama_esa_layer;

// components that are looked at
static constexpr int64_t LLAMA_ESA_SKETCH_WIDTH = 16;

// how many of n tokens are scored again to select k
static inline int64_t llama_esa_sketch_candidates(int64_t n, int64_t k) { return 2*k + n/128; }

// I8 [16*LLAMA_ESA_SKETCH_WIDTH, n/16]: blocks of 16 tokens, tokens fastest, in token order
ggml_tensor * llama_esa_new_sketch(ggml_context * ctx, int64_t n);

// Brings the layer's sketch up to the end of M, from keys F16 or Q8_0 [d', n_kv]. range and order as in llama_esa_op_score; no
// token may be missing. Returns a tensor that stands for the sketch.
ggml_tensor * llama_esa_op_sketch(ggml_context * ctx, ggml_tensor * keys, ggml_tensor * range, ggml_tensor * order, llama_esa_layer * layer);

// Scores of M by the sketch up to a factor: dst F32 [n_order]. q F32 [d'].
ggml_tensor * llama_esa_op_score_sketch(ggml_context * ctx, ggml_tensor * sketch, ggml_tensor * q, ggml_tensor * range, int64_t n_order,
        llama_esa_layer * layer);
