#pragma once

#include <cstdint>
#include <memory>
#include <vector>

struct llama_model;

// Projections of one layer: scores are (pq^T q) . (pk^T (k - mean)), q over all heads, k over the heads of the cache.
struct llama_esa_projection {
    std::vector<float> pq;   // [d'][n_head*d]
    std::vector<float> pk;   // [d'][n_embd_k]
    std::vector<float> mean; // [n_embd_k]
};

// Projections of all layers with full attention, and the GGUF file they live in.
struct llama_esa_projections {
    uint32_t n_proj  = 0;
    uint32_t vote    = 0; // enum llama_esa_vote
    uint32_t scoring = 0; // enum llama_esa_scoring
    uint32_t n_local = 0;

    std::vector<llama_esa_projection> layers; // by layer of the model; empty vectors where attention is windowed

    // throws std::runtime_error when the file is not what it should be or belongs to another model
    static std::unique_ptr<llama_esa_projections> load(const char * path, const llama_model & model);

    // beside and renamed; throws std::runtime_error
    void save(const char * path, const llama_model & model) const;
};
