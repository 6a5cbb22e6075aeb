#pragma once

// Reads and checks the option objects that JavaScript passes. Everything throws NativeError BAD_ARGUMENT naming the option.

#include <optional>
#include <string>
#include <vector>

#include "llama-esa.h"
#include "napi.h"
#include "sampler.h"

struct EsaOptions {
    llama_esa_params           params;      // params.projections is not set: see below
    std::optional<std::string> projections; // path
};

struct ContextOptions {
    uint32_t                  context_size    = 0;
    uint32_t                  batch_size      = 512;
    int32_t                   threads         = 0;
    ggml_type                 kv_type         = GGML_TYPE_F16;
    bool                      offload_kv      = true;
    bool                      flash_attention = true;
    std::optional<EsaOptions> esa;
};

struct CalibrationOptions {
    std::vector<std::vector<llama_token>> texts;
    uint32_t                              n_proj  = 0;
    llama_esa_vote                        vote    = LLAMA_ESA_VOTE_SUM;
    llama_esa_scoring                     scoring = LLAMA_ESA_SCORING_FAR;
    uint32_t                              n_local = 0;
    int32_t                               threads = 0;
    std::string                           path;
};

ContextOptions     read_context_options(const Napi::Value & value);
SamplingOptions    read_sampling_options(const Napi::Value & value);
CalibrationOptions read_calibration_options(const Napi::Value & value);

// An Int32Array, copied.
std::vector<llama_token> read_tokens(const Napi::Value & value, const char * name);

// A string without zero bytes.
std::string read_string(const Napi::Value & value, const char * name);

bool read_bool(const Napi::Value & value, const char * name);

// A whole number within [min, max].
int64_t read_integer(const Napi::Value & value, const char * name, int64_t min, int64_t max);

Napi::Function read_function(const Napi::Value & value, const char * name);
