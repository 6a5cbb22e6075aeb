#pragma once

// The best tokens of M on the CPU, from scores in token order. What lies above a cut is listed by all threads, each in its
// part of M; one then goes through the list. The cut comes from a sample: when that misleads the list is everything.

#include "ggml.h"

#include <cstdint>
#include <vector>

// tokens [from, to)
struct llama_esa_token_range {
    int32_t from, to;
};

// Read and written by the operations while a graph runs; lives as long as the context. One layer uses it at a time.
struct llama_esa_pick_params {
    int32_t proximity = 0;

    std::vector<llama_esa_token_range> must; // these are picked before all others; token indices, ascending and apart

    struct candidate {
        int32_t token; // relative to the start of M
        float   score;
    };

    // one for each task
    struct candidates {
        std::vector<int32_t>   above;
        std::vector<candidate> list;
        int64_t n_above = 0; // of the list: those that reach the cut
    };
    std::vector<candidates> tasks{ GGML_MAX_N_THREADS };

    // scratch of the one that picks
    std::vector<candidate> merged, pooled, required, others;
    std::vector<int32_t>   taken;
    std::vector<uint64_t>  tied;
};

// Lists what can be among the n_want best. f F32 [n_order] is read in [range[0], range[1]), see llama_esa_op_score. With
// `keys` F16 [D, n_kv], D a multiple of 16, and `q` F32 [D] what is listed is scored by them, and f was only a first look.
// Returns a tensor that stands for the list.
ggml_tensor * llama_esa_op_list(ggml_context * ctx, ggml_tensor * f, ggml_tensor * range, ggml_tensor * order,
        ggml_tensor * keys, ggml_tensor * q, int64_t n_want, llama_esa_pick_params * params);

// Proximity and selection: dst I32 [n_sel, 2], token indices ascending and their cells; token indices to `trace` as well.
// `list` is what llama_esa_op_list returned for f, order and trace may be missing.
ggml_tensor * llama_esa_op_pick(ggml_context * ctx, ggml_tensor * list, ggml_tensor * f, ggml_tensor * range, ggml_tensor * order,
        ggml_tensor * trace, int64_t n_sel, llama_esa_pick_params * params);
