#pragma once

#include "llama-esa.h"

#ifdef __cplusplus
extern "C" {
#endif

// For measuring only: makes a context, with ESA or without, look as if n_tokens had been read, its keys, values,
// compressed keys and ring being noise. The decode that follows costs what it would cost.
LLAMA_API enum llama_esa_status llama_esa_bench_fill(struct llama_context * ctx, int32_t n_tokens);

#ifdef __cplusplus
}
#endif
