#include "llama-esa-cpu-sketch.h"
#include "llama-esa-cpu-middle.h"
#include "llama-esa-impl.h"
#include "llama-esa-kernels.h"

#include <cmath>

static constexpr int64_t BLOCK = 16;

// Calibration gives every component of a compressed key unit variance: 127 is 5.3 standard deviations.
static constexpr float SCALE = 24.0f;

ggml_tensor * llama_esa_new_sketch(ggml_context * ctx, int64_t n) {
    return ggml_new_tensor_2d(ctx, GGML_TYPE_I8, BLOCK*LLAMA_ESA_SKETCH_WIDTH, (n + BLOCK - 1)/BLOCK);
}

static int8_t * block_of(const llama_esa_layer & l, int64_t token) {
    return (int8_t *) l.sketch->data + token/BLOCK*l.sketch->nb[1];
}

static void sketch(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & l = *(const llama_esa_layer *) userdata;
    const ggml_tensor * keys = dst->src[0];
    const llama_esa_middle m(dst->src[1], dst->src[2]);

    const auto to_float = ggml_get_type_traits(keys->type)->to_float;
    thread_local std::vector<float> key;
    key.resize(keys->ne[0]);
    const int64_t n   = m.end - l.n_sketched;
    const int64_t per = (n + nth - 1)/nth;
    for (int64_t i = ith*per; i < std::min(n, (ith + 1)*per); ++i) {
        const int64_t t = l.n_sketched + i;
        to_float((const char *) keys->data + m.cell(t)*keys->nb[1], key.data(), keys->ne[0]);
        int8_t * lane = block_of(l, t) + t % BLOCK;
        for (int64_t j = 0; j < LLAMA_ESA_SKETCH_WIDTH; ++j) {
            lane[j*BLOCK] = (int8_t) std::max(-127.0f, std::min(127.0f, std::round(SCALE*key[j])));
        }
    }
}

static void score_sketch(ggml_tensor * dst, int ith, int nth, void * userdata) {
    auto & l = *(llama_esa_layer *) userdata;
    const llama_esa_middle m(dst->src[2], nullptr);
    if (ith == 0) {
        l.n_sketched = m.end; // every task of the operation before has ended
    }

    // whole blocks: what is not of M at both ends is written and never read
    const int64_t b0  = m.first/BLOCK;
    const int64_t n   = (m.end + BLOCK - 1)/BLOCK - b0;
    const int64_t per = (n + nth - 1)/nth;
    const int64_t i0  = std::min(n, ith*per);
    const int64_t i1  = std::min(n, i0 + per);
    llama_esa_get_kernels().sketch(block_of(l, (b0 + i0)*BLOCK), i1 - i0, LLAMA_ESA_SKETCH_WIDTH, (const float *) dst->src[1]->data,
            (float *) dst->data + (b0 + i0)*BLOCK);
}

ggml_tensor * llama_esa_op_sketch(ggml_context * ctx, ggml_tensor * keys, ggml_tensor * range, ggml_tensor * order, llama_esa_layer * layer) {
    ggml_tensor * args[] = { keys, range, order };
    return ggml_custom_4d(ctx, GGML_TYPE_I32, 1, 1, 1, 1, args, 3, sketch, GGML_N_TASKS_MAX, layer);
}

ggml_tensor * llama_esa_op_score_sketch(ggml_context * ctx, ggml_tensor * sketch, ggml_tensor * q, ggml_tensor * range, int64_t n_order,
        llama_esa_layer * layer) {
    ggml_tensor * args[] = { sketch, q, range };
    return ggml_custom_4d(ctx, GGML_TYPE_F32, n_order, 1, 1, 1, args, 3, score_sketch, GGML_N_TASKS_MAX, layer);
}
