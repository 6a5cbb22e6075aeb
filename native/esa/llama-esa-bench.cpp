#include "llama-esa-bench.h"

#include "llama-esa-cells.h"
#include "llama-esa-impl.h"

#include "llama-context.h"
#include "llama-kv-cache.h"
#include "llama-kv-cache-iswa.h"

#include <algorithm>
#include <random>

// a block of noise again and again
static void fill_noise(ggml_tensor * t, int64_t n_rows) {
    static const std::vector<float> noise = [] {
        std::mt19937 rng(1);
        std::normal_distribution<float> normal;
        std::vector<float> res((1 << 22) + 32*31);
        std::generate(res.begin(), res.end(), [&] { return normal(rng); });
        return res;
    }();
    const int64_t ne0 = t->ne[0];
    const int64_t n_block = std::max<int64_t>(1, (int64_t) noise.size()/ne0 - 1);
    std::vector<char> block((n_block + 1)*t->nb[1]);
    ggml_quantize_chunk(t->type, noise.data(), block.data(), 0, n_block + 1, ne0, nullptr);
    int64_t shift = 0; // of the block, in elements: equal keys would give equal scores, many more than real ones
    for (int64_t i = 0; i < n_rows; i += n_block) {
        ggml_backend_tensor_set(t, block.data() + shift*ggml_type_size(t->type), i*t->nb[1], std::min(n_block, n_rows - i)*t->nb[1]);
        shift = ggml_is_quantized(t->type) ? 0 : (shift + 11) % ne0;
    }
}

static bool fill_cache(llama_kv_cache & kv, int32_t n_tokens) {
    if (!llama_esa_place_tokens(kv, std::vector<llama_token>(n_tokens, 0), 0)) {
        return false;
    }
    for (uint32_t il : kv.get_layer_ids()) {
        fill_noise(kv.get_k_storage(il), n_tokens);
        fill_noise(llama_esa_value_storage(kv, il), n_tokens);
    }
    return true;
}

enum llama_esa_status llama_esa_bench_fill(struct llama_context * ctx, int32_t n_tokens) {
    if (!ctx || n_tokens < 1 || n_tokens > (int32_t) ctx->n_ctx()) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "bench: %d tokens do not fit", n_tokens);
    }
    auto * memory = ctx->get_memory();
    auto * iswa   = dynamic_cast<llama_kv_cache_iswa *>(memory);
    auto * kv     = iswa ? iswa->get_base() : dynamic_cast<llama_kv_cache *>(memory);
    auto * kv_swa = iswa ? iswa->get_swa() : nullptr;
    if (!kv || !ctx->get_cparams().flash_attn) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "bench: needs a plain key-value cache and flash attention");
    }
    ctx->synchronize();
    memory->clear(false);
    if (!fill_cache(*kv, n_tokens) || (kv_swa && !fill_cache(*kv_swa, std::min<int32_t>(n_tokens, kv_swa->get_size())))) {
        memory->clear(false);
        return llama_esa_fail(LLAMA_ESA_NO_MEMORY, "bench: no free cells for %d tokens", n_tokens);
    }
    if (llama_esa * esa = ctx->get_cparams().esa) {
        esa->layout.reset(esa->n_ring); // the next batch fills the ring
        for (auto & l : esa->layers) {
            if (l.kc) {
                fill_noise(l.kc, n_tokens);
            }
        }
    }
    return LLAMA_ESA_OK;
}
