// Items 1, 2 and 4 of docs/esa.md: where ESA must give what stock attention gives.
//   esa-equivalence [model.gguf ...]

#include "support/session.h"

#include "llama-esa-kernels.h"

static llama_esa_params with(uint32_t n_init, uint32_t n_local, uint32_t n_top, llama_esa_positions positions = LLAMA_ESA_POSITIONS_FAR) {
    auto p = llama_esa_default_params();
    p.n_init    = n_init;
    p.n_local   = n_local;
    p.n_top     = n_top;
    p.positions = positions;
    return p;
}

static void check_equal(const char * what, const std::string & model, const logits & a, const logits & b, double bound) {
    const double e = relative_error(a, b);
    tap::ok(e < bound, "%s: %s (relative error %.1e)", model.c_str(), what, e);
}

// Keys are rounded to F16 before the rotation as well as after it, so the bound is what stock llama.cpp itself differs by
// between chunk sizes: layers and quantised weights carry small differences on. Returns it.
static double check_model(llama_model * model, const std::string & name, int n_ctx) {
    const int n = n_ctx - 64;
    const tokens t = random_tokens(model, n_ctx);

    session stock(model, n_ctx, 128, nullptr);
    const logits stock_chunk = stock.feed(t, n, 128);
    const logits stock_token = stock.feed(t, n + 3, 1);

    session uneven(model, n_ctx, 77, nullptr);
    const double noise_chunk = relative_error(uneven.feed(t, n, 77), stock_chunk);
    const double noise_token = relative_error(uneven.feed(t, n + 3, 3), stock_token);
    const double noise = std::max(noise_chunk, noise_token);
    const double bound = std::max(5e-3, std::min(5*noise, 5e-2));
    tap::note("%s: stock differs by %.1e between chunk sizes", name.c_str(), noise);

    {
        const auto p = with(16, n_ctx, 64);
        session esa(model, n_ctx, 128, &p);
        check_equal("all local, chunks equal stock", name, esa.feed(t, n, 128), stock_chunk, bound);
        check_equal("all local, tokens equal stock", name, esa.feed(t, n + 3, 1), stock_token, bound);
    }
    for (const auto positions : { LLAMA_ESA_POSITIONS_TRUE, LLAMA_ESA_POSITIONS_ORDERED }) {
        const char * kind = positions == LLAMA_ESA_POSITIONS_TRUE ? "true positions" : "ordered positions";
        const auto p = with(16, n/4, n_ctx, positions);
        {
            session esa(model, n_ctx, 128, &p);
            check_equal((std::string("everything in M, ") + kind + ", chunks equal stock").c_str(), name, esa.feed(t, n, 128), stock_chunk, bound);
            check_equal((std::string("everything in M, ") + kind + ", tokens equal stock").c_str(), name, esa.feed(t, n + 3, 1), stock_token, bound);
        }
        session esa(model, n_ctx, 128, &p);
        check_equal((std::string("everything in M, ") + kind + ", uneven chunks equal stock").c_str(), name, esa.feed(t, n, 77), stock_chunk, bound);
    }
    return bound;
}

// Reading rows in place with rotated queries is the same as gathering and rotating them, with every instruction set. All of M is
// selected, so that near ties cannot go different ways.
static void check_in_place(llama_model * model, const std::string & name, int n_ctx, double bound) {
    const int n = n_ctx - 64;
    const tokens t = random_tokens(model, n_ctx);

    auto p = with(16, n/4, n_ctx);
    p.portable = true;
    session gathered(model, n_ctx, 128, &p);
    const logits chunk = gathered.feed(t, n, 128);
    const logits token = gathered.feed(t, n + 3, 1);

    p.portable = false;
    for (const auto * kernels : llama_esa_all_kernels()) {
        llama_esa_use_kernels(kernels);
        session esa(model, n_ctx, 128, &p);
        check_equal((std::string("far rows read in place, chunks, ") + kernels->name).c_str(), name, esa.feed(t, n, 128), chunk, bound);
        check_equal((std::string("far rows read in place, tokens, ") + kernels->name).c_str(), name, esa.feed(t, n + 3, 1), token, bound);
    }
    llama_esa_use_kernels(llama_esa_all_kernels()[0]);
}

int main(int argc, char ** argv) {
    init_backends(argv[0]);

    const int n_ctx = is_short() ? 256 : 512;
    for (const char * arch : { "llama", "qwen2", "qwen3", "gemma3" }) {
        for (const int n_head_kv : { 4, 2, 1 }) {
            if (is_short()) {
                break;
            }
            tiny_model tiny = tiny_architecture(arch);
            tiny.n_head_kv  = n_head_kv;
            tiny.type       = n_head_kv == 2 ? GGML_TYPE_F16 : GGML_TYPE_F32;
            const model_ptr model = make_model(tiny);
            check_in_place(model.get(), tiny.name(), 1024, check_model(model.get(), tiny.name(), 1024));
        }
    }
    for (const auto & tiny : verified_architectures()) {
        const model_ptr model = make_model(tiny);
        const double bound = check_model(model.get(), tiny.name(), n_ctx);
        if (!is_short()) {
            check_in_place(model.get(), tiny.name(), n_ctx, bound);
        }
    }
    for (const int d : { 64, 128 }) { // what CUDA attends to in place
        tiny_model tiny;
        tiny.arch      = "qwen2";
        tiny.d         = d;
        tiny.n_head_kv = d == 64 ? 1 : 2;
        if (is_short()) {
            break;
        }
        const model_ptr model = make_model(tiny);
        check_in_place(model.get(), tiny.name(), 1024, check_model(model.get(), tiny.name(), 1024));
    }
    for (int i = 1; i < argc; ++i) {
        const model_ptr model = load_model(argv[i]);
        const std::string name = std::filesystem::path(argv[i]).filename().string();
        check_in_place(model.get(), name, 1024, check_model(model.get(), name, 1024));
    }
    return tap::done();
}
