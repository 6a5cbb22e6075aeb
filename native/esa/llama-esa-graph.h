#pragma once

#include "llama-graph.h"

// the same rotation as node `rope`, of other data at other positions; none without a node
ggml_tensor * llama_esa_rope_like(ggml_context * ctx, const ggml_tensor * rope, ggml_tensor * x, ggml_tensor * pos);

// [d, n_head, n_tokens] -> [d*n_head, n_tokens], a view
ggml_tensor * llama_esa_flat(ggml_context * ctx, ggml_tensor * x);
