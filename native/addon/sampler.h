#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "llama.h"

struct SamplingOptions {
    int32_t                  max_tokens  = 0;
    float                    temperature = 0.0f; // 0: greedy
    float                    top_p       = 1.0f;
    float                    min_p       = 0.0f;
    uint32_t                 seed        = 0;
    std::vector<llama_token> stop_tokens;
    bool                     trace = false;
};

struct SamplerDeleter {
    void operator()(llama_sampler * sampler) const { llama_sampler_free(sampler); }
};
using SamplerPtr = std::unique_ptr<llama_sampler, SamplerDeleter>;

// llama.cpp's own samplers: greedy, or min-p, top-p, temperature and a seeded draw.
SamplerPtr make_sampler(const SamplingOptions & options);
