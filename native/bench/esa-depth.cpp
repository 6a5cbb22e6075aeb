// Decode and prefill at depth, dense and with ESA, on whatever device there is, with random weights (Q4_0) in the shape of a real
// model. The cache is filled with noise.
//   esa-depth [1.5b|8b] [depth ...]

#include "llama-esa-bench.h"
#include "llama-esa-projections.h"
#include "support/session.h"

#include <chrono>

namespace {

struct shape {
    int n_layer, n_head, n_head_kv, n_ff, n_vocab;
    int n_embd() const { return n_head*128; }
};

constexpr shape SHAPE_1_5B = { 28, 12, 2,  8960, 151936 }; // Qwen2.5 1.5B
constexpr shape SHAPE_8B   = { 32, 32, 8, 14336, 128256 }; // Llama 3 8B

constexpr int D      = 128;
constexpr int N_PROJ = 64;

// a block of random weights, again and again from an odd place
struct random_model {
    const shape s;
    gguf_context * g = gguf_init_empty();
    ggml_context * ctx = ggml_init({ (size_t) 6 << 30, nullptr, false });

    std::mt19937 rng { 1 };

    explicit random_model(const shape & s) : s(s) {}

    void matrix(const std::string & name, int n_in, int n_out) {
        ggml_tensor * t = ggml_new_tensor_2d(ctx, GGML_TYPE_Q4_0, n_in, n_out);
        ggml_set_name(t, name.c_str());
        const ggml_fp16_t scale = ggml_fp32_to_fp16(1.0f/std::sqrt(21.5f*(float) n_in));
        for (size_t at = 0; at < ggml_nbytes(t); at += 18) {
            char * block = (char *) t->data + at;
            memcpy(block, &scale, 2);
            for (int i = 2; i < 18; i += 4) {
                const uint32_t x = (uint32_t) rng();
                memcpy(block + i, &x, 4);
            }
        }
        gguf_add_tensor(g, t);
    }
    void vector(const std::string & name, int n) {
        ggml_tensor * t = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, n);
        ggml_set_name(t, name.c_str());
        std::fill_n((float *) t->data, n, 1.0f);
        gguf_add_tensor(g, t);
    }
    void write(const std::string & path) {
        auto key = [&](const char * name, uint32_t value) { gguf_set_val_u32(g, (std::string("llama.") + name).c_str(), value); };
        gguf_set_val_str(g, "general.architecture", "llama");
        gguf_set_val_str(g, "tokenizer.ggml.model", "none");
        key("vocab_size", s.n_vocab);
        key("context_length", 1 << 20);
        key("embedding_length", s.n_embd());
        key("block_count", s.n_layer);
        key("feed_forward_length", s.n_ff);
        key("attention.head_count", s.n_head);
        key("attention.head_count_kv", s.n_head_kv);
        key("attention.key_length", D);
        key("attention.value_length", D);
        key("rope.dimension_count", D);
        gguf_set_val_f32(g, "llama.rope.freq_base", 1e6f);
        gguf_set_val_f32(g, "llama.attention.layer_norm_rms_epsilon", 1e-6f);
        matrix("token_embd.weight", s.n_embd(), s.n_vocab);
        vector("output_norm.weight", s.n_embd());
        for (int il = 0; il < s.n_layer; ++il) {
            const std::string p = "blk." + std::to_string(il) + ".";
            vector(p + "attn_norm.weight", s.n_embd());
            matrix(p + "attn_q.weight", s.n_embd(), s.n_embd());
            matrix(p + "attn_k.weight", s.n_embd(), s.n_head_kv*D);
            matrix(p + "attn_v.weight", s.n_embd(), s.n_head_kv*D);
            matrix(p + "attn_output.weight", s.n_embd(), s.n_embd());
            vector(p + "ffn_norm.weight", s.n_embd());
            matrix(p + "ffn_gate.weight", s.n_embd(), s.n_ff);
            matrix(p + "ffn_up.weight", s.n_embd(), s.n_ff);
            matrix(p + "ffn_down.weight", s.n_ff, s.n_embd());
        }
        gguf_write_to_file(g, path.c_str(), false);
        gguf_free(g);
        ggml_free(ctx);
    }
};

void write_projections(const std::string & path, const llama_model & model, const shape & s) {
    llama_esa_projections p;
    p.n_proj  = N_PROJ;
    p.scoring = llama_esa_default_params().scoring;
    p.n_local = llama_esa_default_params().n_local;
    std::mt19937 rng(2);
    auto random = [&](size_t n, float deviation) {
        std::normal_distribution<float> dist(0.0f, deviation);
        std::vector<float> res(n);
        std::generate(res.begin(), res.end(), [&] { return dist(rng); });
        return res;
    };
    for (int il = 0; il < s.n_layer; ++il) {
        p.layers.push_back({ random((size_t) N_PROJ*s.n_embd(), 0.02f), random((size_t) N_PROJ*s.n_head_kv*D, 0.06f), std::vector<float>(s.n_head_kv*D, 0.0f) });
    }
    p.save(path.c_str(), model);
}

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void measure(llama_model * model, const char * name, int depth, const llama_esa_params * esa) {
    session s(model, depth + 4096, 512, esa);
    if (llama_esa_bench_fill(s.ctx.get(), depth) != LLAMA_ESA_OK) {
        tap::bail("%s", llama_esa_last_error());
    }
    const tokens t = random_tokens(model, 512);
    auto decode = [&](int n) {
        llama_batch b = llama_batch_get_one(const_cast<llama_token *>(t.data()), n);
        if (llama_decode(s.ctx.get(), b) != 0) {
            tap::bail("decode failed");
        }
        llama_synchronize(s.ctx.get());
    };
    auto decode_single = [&](int n) {
        for (int i = 0; i < n; ++i) {
            decode(1);
        }
    };
    auto back = [&] { llama_memory_seq_rm(llama_get_memory(s.ctx.get()), 0, depth, -1); }; // every round is at the same depth
    decode(512);
    std::vector<double> chunk, token;
    for (int i = 0; i < 4; ++i) {
        back();
        const double t0 = seconds();
        decode(512);
        chunk.push_back(seconds() - t0);
    }
    for (int i = 0; i < 4; ++i) {
        back();
        decode_single(8);
        const double t0 = seconds();
        decode_single(64);
        token.push_back((seconds() - t0)/64);
    }
    printf("%8d  %-13s  decode %7.1f tokens/s  prefill %8.0f tokens/s\n", depth, name,
            1.0/ *std::min_element(token.begin(), token.end()), 512.0/ *std::min_element(chunk.begin(), chunk.end()));
    fflush(stdout);
}

} // namespace

int main(int argc, char ** argv) {
    setenv("ESA_TEST_GPU", "1", 0);
    init_backends(argv[0]);
    const std::string first = argc > 1 ? argv[1] : "";
    const bool  named = first == "1.5b" || first == "8b";
    const shape s     = first == "8b" ? SHAPE_8B : SHAPE_1_5B;
    const scratch_dir dir;
    random_model(s).write(dir / "model.gguf");
    const model_ptr model = load_model(dir / "model.gguf");
    const std::string projections = dir / "projections.gguf";
    write_projections(projections, *model, s);

    std::vector<int> depths;
    for (int i = named ? 2 : 1; i < argc; ++i) {
        depths.push_back(atoi(argv[i]));
    }
    if (depths.empty()) {
        depths = { 4096, 32768, 131072, 262144 };
    }
    for (const int depth : depths) {
        auto p = llama_esa_default_params();
        p.projections = projections.c_str();
        measure(model.get(), "ESA", depth, &p);
        measure(model.get(), "dense", depth, nullptr);
        if (getenv("ESA_BENCH_HOST")) {
            p.kv_host = true;
            measure(model.get(), "ESA, K/V host", depth, &p);
            p.kv_host = false;
        }
        if (getenv("ESA_BENCH_PORTABLE")) {
            p.portable = true;
            measure(model.get(), "ESA portable", depth, &p);
        }
    }
}
