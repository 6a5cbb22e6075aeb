#pragma once

#include "llama.h"

#include <cstdint>
#include <vector>

struct ggml_tensor;

class llama_kv_cache;

// the whole V tensor of a layer
ggml_tensor * llama_esa_value_storage(const llama_kv_cache & kv, int32_t il);

// cell of each of the first n_tokens tokens of sequence 0, UINT32_MAX: not in the cache
std::vector<uint32_t> llama_esa_cells_by_token(const llama_kv_cache & kv, uint64_t n_tokens);

// takes cells for tokens [begin, n) of an empty cache, token i in cell i - begin; false: not enough cells
bool llama_esa_place_tokens(llama_kv_cache & kv, const std::vector<llama_token> & tokens, uint64_t begin);
