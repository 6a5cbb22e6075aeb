#pragma once

#include "llama-kv-cache.h"

#include <cstdint>
#include <vector>

struct ggml_tensor;

// the whole V tensor of a layer
ggml_tensor * llama_esa_value_storage(const llama_kv_cache & kv, int32_t il);

// cell of each of the first n_tokens tokens of sequence 0, UINT32_MAX: not in the cache
std::vector<uint32_t> llama_esa_cells_by_token(const llama_kv_cache & kv, uint64_t n_tokens);

// takes cells for tokens [begin, n) of an empty cache, token i in cell i - begin; false: not enough cells
bool llama_esa_place_tokens(llama_kv_cache & kv, const std::vector<llama_token> & tokens, uint64_t begin);

// Cells for tokens at positions first, first + 1, ...: found first, taken when they are wanted.
class llama_esa_new_cells {
public:
    llama_esa_new_cells(llama_kv_cache & kv, std::vector<llama_token> tokens, llama_pos first);

    llama_esa_new_cells(const llama_esa_new_cells &) = delete;

    // false: not enough cells; no token needs none
    bool find(bool in_a_row);

    // cell of each token, after find()
    const std::vector<uint32_t> & list() const { return found; }

    void take();

private:
    llama_kv_cache & kv;

    std::vector<llama_token>    token;
    std::vector<llama_pos>      pos;
    std::vector<int32_t>        n_seq_id;
    std::vector<llama_seq_id *> seq_id;
    std::vector<int32_t>        seq_idx;
    std::vector<int8_t>         output;
    llama_seq_id                seq = 0;

    llama_ubatch              ub = {};
    llama_kv_cache::slot_info slots;
    std::vector<uint32_t>     found;
};
