#include "options.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <thread>

#include "errors.h"

static NativeError bad(const std::string & name, const std::string & expected) {
    return NativeError("BAD_ARGUMENT", name + ": " + expected);
}

static bool is_absent(const Napi::Value & value) {
    return value.IsUndefined();
}

static Napi::Object read_object(const Napi::Value & value, const char * name) {
    if (!value.IsObject()) {
        throw bad(name, "an object");
    }
    return value.As<Napi::Object>();
}

int64_t read_integer(const Napi::Value & value, const char * name, int64_t min, int64_t max) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
    if (!(number >= double(min) && number <= double(max)) || number != std::floor(number)) {
        throw bad(name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    }
    return int64_t(number);
}

static float read_float(const Napi::Value & value, const char * name, double min, double max) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
    if (!(number >= min && number <= max)) {
        throw bad(name, "a number from " + std::to_string(min) + " to " + std::to_string(max));
    }
    return float(number);
}

bool read_bool(const Napi::Value & value, const char * name) {
    if (!value.IsBoolean()) {
        throw bad(name, "true or false");
    }
    return value.As<Napi::Boolean>().Value();
}

std::string read_string(const Napi::Value & value, const char * name) {
    if (!value.IsString()) {
        throw bad(name, "a string");
    }
    std::string text = value.As<Napi::String>().Utf8Value();
    if (text.find('\0') != std::string::npos) {
        throw bad(name, "a string without zero bytes");
    }
    return text;
}

Napi::Function read_function(const Napi::Value & value, const char * name) {
    if (!value.IsFunction()) {
        throw bad(name, "a function");
    }
    return value.As<Napi::Function>();
}

std::vector<llama_token> read_tokens(const Napi::Value & value, const char * name) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
        throw bad(name, "an Int32Array");
    }
    const auto array = value.As<Napi::Int32Array>();
    return std::vector<llama_token>(array.Data(), array.Data() + array.ElementLength());
}

template <typename T> static T read_choice(const Napi::Value & value, const char * name, const std::map<std::string, T> & choices) {
    const auto found = value.IsString() ? choices.find(value.As<Napi::String>().Utf8Value()) : choices.end();
    if (found == choices.end()) {
        std::string names;
        for (const auto & choice : choices) {
            names += (names.empty() ? "" : ", ") + choice.first;
        }
        throw bad(name, "one of " + names);
    }
    return found->second;
}

static const std::map<std::string, ggml_type> CACHE_TYPES = { { "f16", GGML_TYPE_F16 }, { "q8_0", GGML_TYPE_Q8_0 } };

static const std::map<std::string, llama_esa_positions> POSITIONS = {
    { "far", LLAMA_ESA_POSITIONS_FAR }, { "ordered", LLAMA_ESA_POSITIONS_ORDERED }, { "true", LLAMA_ESA_POSITIONS_TRUE }
};

static const std::map<std::string, llama_esa_scoring> SCORINGS = {
    { "content", LLAMA_ESA_SCORING_CONTENT }, { "far", LLAMA_ESA_SCORING_FAR } };
static const std::map<std::string, llama_esa_vote> VOTES = { { "sum", LLAMA_ESA_VOTE_SUM }, { "norm", LLAMA_ESA_VOTE_NORM } };

static const int64_t MAX_TOKENS = 1 << 30;

static int32_t read_threads(const Napi::Object & options) {
    const Napi::Value value = options.Get("threads");
    if (is_absent(value)) {
        return std::max(1, int(std::thread::hardware_concurrency()));
    }
    return int32_t(read_integer(value, "threads", 1, 512));
}

static EsaOptions read_esa(const Napi::Value & value) {
    const Napi::Object options = read_object(value, "esa");
    EsaOptions esa;
    esa.params         = llama_esa_default_params();
    esa.params.n_init  = uint32_t(read_integer(options.Get("nInit"), "esa.nInit", 0, MAX_TOKENS));
    esa.params.n_local = uint32_t(read_integer(options.Get("nLocal"), "esa.nLocal", 1, MAX_TOKENS));
    esa.params.n_top   = uint32_t(read_integer(options.Get("nTop"), "esa.nTop", 1, MAX_TOKENS));
    esa.params.projections = nullptr;
    esa.params.trace       = true;

    if (const Napi::Value it = options.Get("proximity"); !is_absent(it)) {
        esa.params.proximity = uint32_t(read_integer(it, "esa.proximity", 0, 64));
    }
    if (const Napi::Value it = options.Get("nShare"); !is_absent(it)) {
        esa.params.n_share = uint32_t(read_integer(it, "esa.nShare", 1, 1024));
    }
    if (const Napi::Value it = options.Get("nDense"); !is_absent(it)) {
        esa.params.n_dense = uint32_t(read_integer(it, "esa.nDense", 0, 1024));
    }
    if (const Napi::Value it = options.Get("nSketch"); !is_absent(it)) {
        esa.params.n_sketch = uint32_t(read_integer(it, "esa.nSketch", 0, MAX_TOKENS));
    }
    if (const Napi::Value it = options.Get("typeKc"); !is_absent(it)) {
        esa.params.type_kc = read_choice(it, "esa.typeKc", CACHE_TYPES);
    }
    if (const Napi::Value it = options.Get("positions"); !is_absent(it)) {
        esa.params.positions = read_choice(it, "esa.positions", POSITIONS);
    }
    if (const Napi::Value it = options.Get("scoring"); !is_absent(it)) {
        esa.params.scoring = read_choice(it, "esa.scoring", SCORINGS);
    }
    if (const Napi::Value it = options.Get("projections"); !is_absent(it) && !it.IsNull()) {
        esa.projections = read_string(it, "esa.projections");
    }
    if (const Napi::Value it = options.Get("portable"); !is_absent(it)) {
        esa.params.portable = read_bool(it, "esa.portable");
    }
    if (const Napi::Value it = options.Get("trace"); !is_absent(it)) {
        esa.params.trace = read_bool(it, "esa.trace");
    }
    if (const Napi::Value it = options.Get("kvHost"); !is_absent(it)) {
        esa.params.kv_host = read_bool(it, "esa.kvHost");
    }
    return esa;
}

ContextOptions read_context_options(const Napi::Value & value) {
    const Napi::Object source = read_object(value, "options");
    ContextOptions options;
    options.context_size = uint32_t(read_integer(source.Get("contextSize"), "contextSize", 1, MAX_TOKENS));
    options.threads      = read_threads(source);
    if (const Napi::Value it = source.Get("batchSize"); !is_absent(it)) {
        options.batch_size = uint32_t(read_integer(it, "batchSize", 1, 1 << 16));
    }
    if (const Napi::Value it = source.Get("kvType"); !is_absent(it)) {
        options.kv_type = read_choice(it, "kvType", CACHE_TYPES);
    }
    if (const Napi::Value it = source.Get("offloadKv"); !is_absent(it)) {
        options.offload_kv = read_bool(it, "offloadKv");
    }
    if (const Napi::Value it = source.Get("flashAttention"); !is_absent(it)) {
        options.flash_attention = read_bool(it, "flashAttention");
    }
    if (const Napi::Value it = source.Get("esa"); !is_absent(it) && !it.IsNull()) {
        options.esa = read_esa(it);
    }
    return options;
}

SamplingOptions read_sampling_options(const Napi::Value & value) {
    const Napi::Object source = read_object(value, "options");
    SamplingOptions options;
    options.max_tokens = int32_t(read_integer(source.Get("maxTokens"), "maxTokens", 1, MAX_TOKENS));
    if (const Napi::Value it = source.Get("temperature"); !is_absent(it)) {
        options.temperature = read_float(it, "temperature", 0, 100);
    }
    if (const Napi::Value it = source.Get("topP"); !is_absent(it)) {
        options.top_p = read_float(it, "topP", 0, 1);
    }
    if (const Napi::Value it = source.Get("minP"); !is_absent(it)) {
        options.min_p = read_float(it, "minP", 0, 1);
    }
    if (const Napi::Value it = source.Get("seed"); !is_absent(it)) {
        options.seed = uint32_t(read_integer(it, "seed", 0, int64_t(LLAMA_DEFAULT_SEED) - 1)); // the default seed draws one
    }
    if (const Napi::Value it = source.Get("trace"); !is_absent(it)) {
        options.trace = read_bool(it, "trace");
    }
    if (const Napi::Value it = source.Get("stopTokens"); !is_absent(it)) {
        if (!it.IsArray()) {
            throw bad("stopTokens", "an array of tokens");
        }
        const auto array = it.As<Napi::Array>();
        for (uint32_t i = 0; i < array.Length(); i++) {
            options.stop_tokens.push_back(llama_token(read_integer(array.Get(i), "stopTokens", 0, INT32_MAX)));
        }
    }
    return options;
}

CalibrationOptions read_calibration_options(const Napi::Value & value) {
    const Napi::Object source = read_object(value, "options");
    CalibrationOptions options;
    options.n_proj  = uint32_t(read_integer(source.Get("nProj"), "nProj", 1, 1 << 16));
    options.vote    = read_choice(source.Get("vote"), "vote", VOTES);
    options.n_local = uint32_t(read_integer(source.Get("nLocal"), "nLocal", 1, MAX_TOKENS));
    if (const Napi::Value it = source.Get("scoring"); !is_absent(it)) {
        options.scoring = read_choice(it, "scoring", SCORINGS);
    }
    options.threads = read_threads(source);
    options.path    = read_string(source.Get("path"), "path");
    const Napi::Value texts = source.Get("tokens");
    if (!texts.IsArray() || texts.As<Napi::Array>().Length() == 0) {
        throw bad("tokens", "a list of Int32Array that is not empty");
    }
    const auto array = texts.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); i++) {
        options.texts.push_back(read_tokens(array.Get(i), "tokens"));
    }
    return options;
}
