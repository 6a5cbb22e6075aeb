// Time of the device's own operations (esa/llama-esa-ops.h) for one token, in microseconds a layer: graphs of many layers, each
// with memory of its own, that have more and more of the operations.
//   esa-ops [n_head_kv group depth ...]

#include "support/session.h"

#include "llama-esa-ops.h"

#include "ggml-cpp.h"

#include <chrono>

namespace {

constexpr int D = 128, WIDTH = 64, N_LAYER = 28, N_LOCAL = 4096, N_INIT = 128, N_TOP = 2048, N_RING = 4608, N_SLOTS = 6912;

struct layer {
    llama_esa_store_dst dst;
    ggml_tensor * far;
};

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void fill(ggml_tensor * t) {
    static const std::vector<float> noise = [] {
        std::mt19937 rng(1);
        std::normal_distribution<float> normal;
        std::vector<float> res(1 << 20);
        std::generate(res.begin(), res.end(), [&] { return normal(rng); });
        return res;
    }();
    static const std::vector<ggml_fp16_t> halves = [] {
        std::vector<ggml_fp16_t> res(noise.size());
        ggml_fp32_to_fp16_row(noise.data(), res.data(), (int64_t) res.size());
        return res;
    }();
    const char * from = t->type == GGML_TYPE_F16 ? (const char *) halves.data() : (const char *) noise.data();
    const size_t most = (t->type == GGML_TYPE_F16 ? 2 : 4)*(noise.size() - 14); // odd: rows differ
    for (size_t at = 0; at < ggml_nbytes(t); at += most) {
        ggml_backend_tensor_set(t, from, at, std::min(most, ggml_nbytes(t) - at));
    }
}

void measure(ggml_backend_t backend, int n_head_kv, int group, int n) {
    const int nk = D*n_head_kv, nq = nk*group;
    ggml_context_ptr owner(ggml_init({ 4096*ggml_tensor_overhead() + 8*ggml_graph_overhead(), nullptr, true }));
    ggml_context * ctx = owner.get();
    const llama_esa_rope rope = { D, GGML_ROPE_TYPE_NEOX, 0, 1e6f, 1.0f, 0.0f, 1.0f, 0.0f, 0.0f };

    ggml_tensor * k = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, nk, 1);
    ggml_tensor * v = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, nk, 1);
    ggml_tensor * q = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, D, n_head_kv*group, 1);
    ggml_tensor * q_flat = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, nq, 1);
    ggml_tensor * step = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, LLAMA_ESA_STEP_SIZE + 1);
    ggml_tensor * k_cache = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, nk, n);
    ggml_tensor * v_cache = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, nk, n);
    std::vector<layer> layers(N_LAYER);
    for (auto & l : layers) {
        l.dst = { k_cache, v_cache, ggml_new_tensor_1d(ctx, GGML_TYPE_F16, (int64_t) 2*nk*N_SLOTS),
            ggml_new_tensor_2d(ctx, GGML_TYPE_F16, WIDTH, n), ggml_new_tensor_1d(ctx, GGML_TYPE_F32, (int64_t) WIDTH*(1 + nk + nq)) };
        l.far = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, N_INIT + N_TOP);
    }
    const char * names[] = { "store", "store, attend locally", "store, score", "store, score, select", "all" };
    ggml_cgraph * graphs[5];
    for (int i = 0; i < 5; ++i) {
        graphs[i] = ggml_new_graph(ctx);
        for (auto & l : layers) {
            auto add = [&](ggml_tensor * t) { ggml_build_forward_expand(graphs[i], t); return t; };
            ggml_tensor * qc = add(llama_esa_new_store(ctx, k, v, i == 1 ? nullptr : q_flat, true, step, rope, nullptr, l.dst, N_RING));
            ggml_tensor * f  = i >= 2 ? add(llama_esa_new_score(ctx, l.dst.kc, qc, step, 1)) : nullptr;
            ggml_tensor * far = i >= 3 ? add(llama_esa_new_select(ctx, f, step, l.far, N_INIT, N_TOP)) : nullptr;
            if (i == 1 || i == 4) {
                add(llama_esa_new_attend(ctx, q, far, step, rope, nullptr, l.dst, N_RING, 0.1f, true));
            }
        }
    }
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(ctx, backend));
    if (!buffer) {
        tap::bail("no memory");
    }
    for (ggml_tensor * t : { k, v, q, q_flat, k_cache, v_cache }) {
        fill(t);
    }
    for (auto & l : layers) {
        fill(l.dst.ws);
        fill(l.dst.kc);
        fill(l.dst.proj);
    }
    std::vector<int32_t> s(LLAMA_ESA_STEP_SIZE + 1, 0);
    s[LLAMA_ESA_STEP_M_BEGIN] = N_INIT;
    s[LLAMA_ESA_STEP_M_END]   = n - 1 - N_LOCAL;
    s[LLAMA_ESA_STEP_POS]     = n - 1;
    s[LLAMA_ESA_STEP_N_FAR]   = N_INIT + N_TOP;
    s[LLAMA_ESA_STEP_DISTANCE] = N_LOCAL;
    s[LLAMA_ESA_STEP_SIZE]    = n - 1;
    ggml_backend_tensor_set(step, s.data(), 0, ggml_nbytes(step));

    printf("%d x %d heads, %d cells, us a layer:", n_head_kv, group, n);
    for (int i = 0; i < 5; ++i) {
        double best = 1e9;
        for (int j = 0; j < 12; ++j) {
            const double t0 = seconds();
            ggml_backend_graph_compute(backend, graphs[i]);
            best = std::min(best, seconds() - t0);
        }
        printf("  %s %.1f", names[i], best*1e6/N_LAYER);
    }
    printf("\n");
    fflush(stdout);
}

} // namespace

int main(int argc, char ** argv) {
    init_backends(argv[0]);
    ggml_backend_dev_t dev = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
    if (!dev) {
        tap::bail("no GPU");
    }
    ggml_backend_ptr backend(ggml_backend_dev_init(dev, nullptr));
    const int n_head_kv = argc > 2 ? atoi(argv[1]) : 2;
    const int group     = argc > 2 ? atoi(argv[2]) : 6;
    for (int i = 3; i < argc; ++i) {
        measure(backend.get(), n_head_kv, group, atoi(argv[i]));
    }
}
