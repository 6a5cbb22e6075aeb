#pragma once

// Models of a few thousand random weights, written as GGUF: small enough to run hundreds of times, with the tensors
// and the rotations of a real architecture.

#include "ggml.h"
#include "gguf.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

struct tiny_model {
    std::string arch = "llama"; // llama, qwen2, qwen3, gemma3

    int n_vocab   = 256;
    int n_layer   = 2;
    int n_head    = 4;
    int n_head_kv = 2;
    int d         = 32;
    int n_ff      = 96;
    int n_ctx     = 4096;

    ggml_type type = GGML_TYPE_F32;
    unsigned  seed = 1;

    // how much larger than unit variance queries and keys are: random attention is flat otherwise
    float sharpness = 2.0f;

    int n_embd() const { return n_head*d; }

    std::string name() const {
        return arch + " " + std::to_string(n_head) + "/" + std::to_string(n_head_kv) + "x" + std::to_string(d) + " " +
            ggml_type_name(type) + ", " + std::to_string(n_layer) + " layers";
    }

    void write(const std::string & path) const;
};

namespace tiny_model_detail {

struct writer {
    const tiny_model & m;
    gguf_context * g;
    ggml_context * ctx;
    std::mt19937 rng;

    void key(const std::string & name, uint32_t value) { gguf_set_val_u32(g, (m.arch + "." + name).c_str(), value); }
    void key(const std::string & name, float    value) { gguf_set_val_f32(g, (m.arch + "." + name).c_str(), value); }

    void matrix(const std::string & name, int n_in, int n_out, float scale) {
        ggml_tensor * t = ggml_new_tensor_2d(ctx, m.type, n_in, n_out);
        ggml_set_name(t, name.c_str());
        std::normal_distribution<float> normal(0.0f, scale/sqrtf((float) n_in));
        std::vector<float> weights((size_t) n_in*n_out);
        for (auto & x : weights) {
            x = normal(rng);
        }
        ggml_quantize_chunk(m.type, weights.data(), t->data, 0, n_out, n_in, nullptr);
        gguf_add_tensor(g, t);
    }

    void vector(const std::string & name, int n, float mean, float deviation) {
        ggml_tensor * t = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, n);
        ggml_set_name(t, name.c_str());
        std::normal_distribution<float> normal(mean, deviation);
        for (int i = 0; i < n; ++i) {
            ((float *) t->data)[i] = normal(rng);
        }
        gguf_add_tensor(g, t);
    }

    void layer(int il) {
        const std::string p = "blk." + std::to_string(il) + ".";
        const int n_embd = m.n_embd(), n_embd_kv = m.n_head_kv*m.d;
        const bool has_qk_norm = m.arch == "qwen3" || m.arch == "gemma3";

        vector(p + "attn_norm.weight", n_embd, 1.0f, 0.1f);
        matrix(p + "attn_q.weight", n_embd, n_embd,    m.sharpness);
        matrix(p + "attn_k.weight", n_embd, n_embd_kv, m.sharpness);
        matrix(p + "attn_v.weight", n_embd, n_embd_kv, 1.0f);
        matrix(p + "attn_output.weight", n_embd, n_embd, 1.0f);
        if (m.arch == "qwen2") {
            vector(p + "attn_q.bias", n_embd,    0.0f, 0.5f);
            vector(p + "attn_k.bias", n_embd_kv, 0.0f, 5.0f); // real ones are large as well
            vector(p + "attn_v.bias", n_embd_kv, 0.0f, 0.1f);
        }
        if (has_qk_norm) {
            vector(p + "attn_q_norm.weight", m.d, m.sharpness, 0.2f);
            vector(p + "attn_k_norm.weight", m.d, m.sharpness, 0.2f);
        }
        if (m.arch == "gemma3") {
            vector(p + "post_attention_norm.weight", n_embd, 1.0f, 0.1f);
            vector(p + "post_ffw_norm.weight",       n_embd, 1.0f, 0.1f);
        }
        vector(p + "ffn_norm.weight", n_embd, 1.0f, 0.1f);
        matrix(p + "ffn_gate.weight", n_embd, m.n_ff, 1.0f);
        matrix(p + "ffn_up.weight",   n_embd, m.n_ff, 1.0f);
        matrix(p + "ffn_down.weight", m.n_ff, n_embd, 1.0f);
    }
};

} // namespace tiny_model_detail

inline void tiny_model::write(const std::string & path) const {
    ggml_context * ctx = ggml_init({ (size_t) 64*1024*1024, nullptr, false });
    tiny_model_detail::writer w = { *this, gguf_init_empty(), ctx, std::mt19937(seed) };

    gguf_set_val_str(w.g, "general.architecture", arch.c_str());
    gguf_set_val_str(w.g, "tokenizer.ggml.model", "none");
    w.key("vocab_size",                       (uint32_t) n_vocab);
    w.key("context_length",                   (uint32_t) n_ctx);
    w.key("embedding_length",                 (uint32_t) n_embd());
    w.key("block_count",                      (uint32_t) n_layer);
    w.key("feed_forward_length",              (uint32_t) n_ff);
    w.key("attention.head_count",             (uint32_t) n_head);
    w.key("attention.head_count_kv",          (uint32_t) n_head_kv);
    w.key("attention.key_length",             (uint32_t) d);
    w.key("attention.value_length",           (uint32_t) d);
    w.key("rope.freq_base",                   10000.0f);
    w.key("attention.layer_norm_rms_epsilon", 1e-5f);
    if (arch == "llama") {
        w.key("rope.dimension_count", (uint32_t) d);
    }
    if (arch == "gemma3") {
        w.key("attention.sliding_window", (uint32_t) 64); // every sixth layer sees everything
    }

    w.matrix("token_embd.weight", n_embd(), n_vocab, sqrtf((float) n_embd()));
    w.vector("output_norm.weight", n_embd(), 1.0f, 0.1f);
    w.matrix("output.weight", n_embd(), n_vocab, 1.0f);
    for (int il = 0; il < n_layer; ++il) {
        w.layer(il);
    }
    gguf_write_to_file(w.g, path.c_str(), false);
    gguf_free(w.g);
    ggml_free(ctx);
}
