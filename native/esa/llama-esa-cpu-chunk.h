#pragma once

// CPU operation: the attention of a chunk to the selected rows where they are.

#include "llama-esa-cpu-decode.h"

// Attention of n_tokens in place: far rows from the cache, local rows and those of the chunk from the ring. q F32
// [d, n_head, n_tokens] is rotated to its positions, q_far to its distances from I and M, which sees the un-rotated keys as
// seen from there; cells I32 holds the far rows, of which range[3] count; both are NULL when everything is local. range I32
// [4]: where M begins and ends, the position of the first token, the number of far rows. Returns F32 [d_v*n_head, n_tokens].
ggml_tensor * llama_esa_op_attend_chunk(ggml_context * ctx, ggml_tensor * q, ggml_tensor * range, ggml_tensor * q_far,
        ggml_tensor * cells, const llama_esa_attend * params);
