// Decode and prefill at depth, dense and with ESA, on whatever device there is, with random weights in the shape of a 1.5 B model
// (28 layers, 12 heads, 2 of them in the cache, x 128, Q4_0). The cache is filled with noise.
//   esa-depth [depth ...]

#include "llama-esa-bench.h"
#include "llama-esa-projections.h"
#include "support/session.h"

#include <chrono>

namespace {

constexpr int N_LAYER = 28, N_HEAD = 12, N_HEAD_KV = 2, D = 128, N_FF = 8960, N_VOCAB = 151936, N_EMBD = N_HEAD*D;
constexpr int N_PROJ  = 64;

// a block of random weights, again and again from an odd place
struct random_model {
    gguf_context * g = gguf_init_empty();
    ggml_context * ctx = ggml_init({ (size_t) 1200*1024*1024, nullptr, false });
    std::mt19937 rng { 1 };

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
        key("vocab_size", N_VOCAB);
        key("context_length", 1 << 20);
        key("embedding_length", N_EMBD);
        key("block_count", N_LAYER);
        key("feed_forward_length", N_FF);
        key("attention.head_count", N_HEAD);
        key("attention.head_count_kv", N_HEAD_KV);
        key("attention.key_length", D);
        key("attention.value_length", D);
        key("rope.dimension_count", D);
        gguf_set_val_f32(g, "llama.rope.freq_base", 1e6f);
        gguf_set_val_f32(g, "llama.attention.layer_norm_rms_epsilon", 1e-6f);
        matrix("token_embd.weight", N_EMBD, N_VOCAB);
        vector("output_norm.weight", N_EMBD);
        for (int il = 0; il < N_LAYER; ++il) {
            const std::string p = "blk." + std::to_string(il) + ".";
            vector(p + "attn_norm.weight", N_EMBD);
            matrix(p + "attn_q.weight", N_EMBD, N_EMBD);
            matrix(p + "attn_k.weight", N_EMBD, N_HEAD_KV*D);
            matrix(p + "attn_v.weight", N_EMBD, N_HEAD_KV*D);
            matrix(p + "attn_output.weight", N_EMBD, N_EMBD);
            vector(p + "ffn_norm.weight", N_EMBD);
            matrix(p + "ffn_gate.weight", N_EMBD, N_FF);
            matrix(p + "ffn_up.weight", N_EMBD, N_FF);
            matrix(p + "ffn_down.weight", N_FF, N_EMBD);
        }
        gguf_write_to_file(g, path.c_str(), false);
        gguf_free(g);
        ggml_free(ctx);
    }
};

void write_projections(const std::string & path, const llama_model & model) {
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
    for (int il = 0; il < N_LAYER; ++il) {
        p.layers.push_back({ random((size_t) N_PROJ*N_EMBD, 0.02f), random((size_t) N_PROJ*N_HEAD_KV*D, 0.06f), std::vector<float>(N_HEAD_KV*D, 0.0f) });
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
    const tokens t = random_tokens(model, 4096);
    auto decode = [&](int n) {
        llama_batch b = llama_batch_get_one(const_cast<llama_token *>(t.data()), n);
        if (llama_decode(s.ctx.get(), b) != 0) {
            tap::bail("decode failed");
        }
        llama_synchronize(s.ctx.get());
    };
    decode(512);
    decode(512);
    std::vector<double> chunk, token;
    for (int i = 0; i < 3; ++i) {
        const double t0 = seconds();
        decode(512);
        chunk.push_back(seconds() - t0);
    }
    for (int i = 0; i < 16; ++i) {
        decode(1);
    }
    for (int i = 0; i < 4; ++i) {
        const double t0 = seconds();
        for (int j = 0; j < 64; ++j) {
            decode(1);
        }
        token.push_back((seconds() - t0)/64);
    }
    printf("%8d  %-12s  decode %7.1f tokens/s  prefill %8.0f tokens/s\n", depth, name,
            1.0/ *std::min_element(token.begin(), token.end()), 512.0/ *std::min_element(chunk.begin(), chunk.end()));
    fflush(stdout);
}

} // namespace

int main(int argc, char ** argv) {
    setenv("ESA_TEST_GPU", "1", 0);
    init_backends(argv[0]);
    const scratch_dir dir;
    random_model().write(dir / "model.gguf");
    const model_ptr model = load_model(dir / "model.gguf");
    const std::string projections = dir / "projections.gguf";
    write_projections(projections, *model);

    std::vector<int> depths;
    for (int i = 1; i < argc; ++i) {
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
        if (getenv("ESA_BENCH_PORTABLE")) {
            p.portable = true;
            measure(model.get(), "ESA portable", depth, &p);
        }
    }
}
