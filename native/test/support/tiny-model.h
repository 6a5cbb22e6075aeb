#pragma once

// Models of a few thousand random weights, made in memory: small enough to run hundreds of times, with the tensors and the
// rotations of a real architecture, since llama.cpp itself says which tensors it wants.

#include "llama.h"

#include "ggml-backend.h"
#include "gguf.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

struct tiny_model {
    std::string arch = "llama"; // any of architectures.h

    int n_vocab   = 256;
    int n_layer   = 2;
    int n_head    = 4;
    int n_head_kv = 2;
    int d         = 32;
    int n_ff      = 96;
    int n_ctx     = 4096;

    ggml_type type = GGML_TYPE_F32; // of the large matrices
    unsigned  seed = 1;

    // how much larger than unit variance queries and keys are: random attention is flat otherwise
    float sharpness = 2.0f;

    // what else the architecture is made of: metadata without the prefix, and tensors that it could do without; those that begin
    // with "blk." are there for every layer
    std::string variant;
    std::map<std::string, uint32_t>    u32;
    std::map<std::string, float>       f32;
    std::map<std::string, std::string> str;
    std::map<std::string, bool>        flag;
    std::map<std::string, std::vector<uint32_t>> list;
    std::vector<std::string> optional;

    int n_embd() const { return n_head*d; }

    std::string name() const {
        return arch + (variant.empty() ? "" : ", " + variant) + " " + std::to_string(n_head) + "/" + std::to_string(n_head_kv) + "x" +
            std::to_string(d) + " " + ggml_type_name(type) + ", " + std::to_string(n_layer) + " layers";
    }

    // whether a layer sees everything, of the architectures that have sliding windows
    bool is_global(int il) const {
        if (!u32.count("attention.sliding_window")) {
            return true;
        }
        return arch == "gemma3" ? il % 6 == 5 : arch == "gemma2" || arch == "gpt-oss" ? il % 2 == 1 : il % 4 == 3;
    }

    // nullptr when llama.cpp refuses
    llama_model * make(llama_model_params params) const;
};

namespace tiny_model_detail {

inline bool contains(const std::string & text, const char * part) {
    return text.find(part) != std::string::npos;
}

inline bool ends_with(const std::string & text, const std::string & part) {
    return text.size() >= part.size() && text.compare(text.size() - part.size(), part.size(), part) == 0;
}

// mean and deviation of a tensor's weights
inline std::pair<float, float> distribution(const tiny_model & m, const std::string & name, int64_t n_in) {
    if (ends_with(name, "norm.weight")) {
        const bool is_qk = contains(name, "attn_q_norm") || contains(name, "attn_k_norm");
        return is_qk ? std::pair(m.sharpness, 0.2f) : std::pair(1.0f, 0.1f);
    }
    if (ends_with(name, "attn_k.bias")) {
        return { 0.0f, m.arch == "qwen2" ? 3.0f : 0.5f }; // real ones are large as well
    }
    if (ends_with(name, ".bias") || contains(name, "ssm_")) {
        return { 0.0f, contains(name, "attn_q") ? 0.5f : 0.1f };
    }
    if (contains(name, "attn_sinks")) {
        return { 1.0f, 1.0f };
    }
    if (contains(name, "rope_")) {
        return { 3.0f, 0.7f };
    }
    if (contains(name, "token_embd")) {
        return { 0.0f, 1.0f };
    }
    const bool is_sharp = contains(name, "attn_q.") || contains(name, "attn_k.") || contains(name, "attn_qkv.");
    return { 0.0f, (is_sharp ? m.sharpness : 1.0f)/sqrtf((float) n_in) };
}

struct filler {
    const tiny_model & m;
    std::mt19937 rng;

    static void fill(ggml_tensor * t, void * self) {
        auto & f = *(filler *) self;
        const auto [mean, deviation] = distribution(f.m, t->name, t->ne[0]);
        std::normal_distribution<float> normal(mean, deviation);
        std::vector<float> weights(ggml_nelements(t));
        for (auto & x : weights) {
            x = normal(f.rng);
        }
        std::vector<char> bytes(ggml_nbytes(t));
        ggml_quantize_chunk(t->type, weights.data(), bytes.data(), 0, ggml_nrows(t), t->ne[0], nullptr);
        ggml_backend_tensor_set(t, bytes.data(), 0, bytes.size());
    }
};

// llama.cpp makes optional tensors, and others than F32, only when they are named
inline void add_tensor(gguf_context * g, const std::string & name, ggml_type type) {
    ggml_tensor t = {};
    t.type = type;
    ggml_set_name(&t, name.c_str());
    if (gguf_find_tensor(g, name.c_str()) < 0) {
        gguf_add_tensor(g, &t);
    }
}

inline void add_tensors(const tiny_model & m, gguf_context * g, const std::string & name) {
    const bool is_matrix = ends_with(name, ".weight") && !contains(name, "norm") && !contains(name, "rope_") && !contains(name, "sinks");
    for (int il = 0; il < m.n_layer; ++il) {
        const std::string full = name.rfind("blk.", 0) == 0 ? "blk." + std::to_string(il) + name.substr(3) : name;
        add_tensor(g, full, is_matrix ? m.type : GGML_TYPE_F32);
    }
}

// llama.cpp counts the tensors it makes and refuses when not as many are named: the first try finds out how many to name.
inline llama_model * make_counted(gguf_context * g, const tiny_model & m, llama_model_params params) {
    int n_missing = 0;
    ggml_log_callback log;
    void * user;
    llama_log_get(&log, &user);
    llama_log_set([](ggml_log_level, const char * text, void * missing) {
        int expected, got;
        const char * count = strstr(text, "too many tensors created; expected ");
        if (count && sscanf(count, "too many tensors created; expected %d, got %d", &expected, &got) == 2) {
            *(int *) missing = got - expected;
        }
    }, &n_missing);
    filler f = { m, std::mt19937(m.seed) };
    llama_model * res = llama_model_init_from_user(g, filler::fill, &f, params);
    llama_log_set(log, user);
    if (!res) {
        for (int i = 0; i < n_missing; ++i) {
            add_tensor(g, "counts." + std::to_string(i), GGML_TYPE_F32);
        }
        f.rng.seed(m.seed);
        res = llama_model_init_from_user(g, filler::fill, &f, params);
    }
    return res;
}

} // namespace tiny_model_detail

inline llama_model * tiny_model::make(llama_model_params params) const {
    using namespace tiny_model_detail;
    gguf_context * g = gguf_init_empty();
    const std::string prefix = arch + ".";

    auto set = [&](const std::string & key, uint32_t value) { gguf_set_val_u32(g, (prefix + key).c_str(), value); };
    gguf_set_val_str(g, "general.architecture", arch.c_str());
    gguf_set_val_str(g, "tokenizer.ggml.model", "none");
    set("vocab_size",              n_vocab);
    set("context_length",          n_ctx);
    set("embedding_length",        n_embd());
    set("block_count",             n_layer);
    set("feed_forward_length",     n_ff);
    set("attention.head_count",    n_head);
    set("attention.head_count_kv", n_head_kv);
    set("attention.key_length",    d);
    set("attention.value_length",  d);
    set("rope.dimension_count",    d);
    gguf_set_val_f32(g, (prefix + "rope.freq_base").c_str(), 10000.0f);
    gguf_set_val_f32(g, (prefix + "attention.layer_norm_rms_epsilon").c_str(), 1e-5f);
    gguf_set_val_f32(g, (prefix + "attention.layer_norm_epsilon").c_str(),     1e-5f);
    for (const auto & [key, value] : u32)  { set(key, value); }
    for (const auto & [key, value] : f32)  { gguf_set_val_f32 (g, (prefix + key).c_str(), value); }
    for (const auto & [key, value] : str)  { gguf_set_val_str (g, (prefix + key).c_str(), value.c_str()); }
    for (const auto & [key, value] : flag) { gguf_set_val_bool(g, (prefix + key).c_str(), value); }
    for (const auto & [key, value] : list) { gguf_set_arr_data(g, (prefix + key).c_str(), GGUF_TYPE_UINT32, value.data(), value.size()); }

    if (type != GGML_TYPE_F32) {
        for (const char * name : { "token_embd.weight", "blk.attn_q.weight", "blk.attn_k.weight", "blk.attn_v.weight",
                "blk.attn_output.weight", "blk.ffn_gate.weight", "blk.ffn_up.weight", "blk.ffn_down.weight" }) {
            add_tensors(*this, g, name);
        }
    }
    for (const auto & name : optional) {
        add_tensors(*this, g, name);
    }

    llama_model * res = make_counted(g, *this, params);
    gguf_free(g);
    return res;
}
