// Edits of the cache, and what the last batch selected.

#include "llama-esa-impl.h"

#include "llama-context.h"
#include "llama-kv-cache.h"
#include "llama-model.h"

#include <algorithm>

enum llama_esa_status llama_esa_remove(struct llama_context * ctx, llama_pos p0, llama_pos p1) {
    llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    if (!esa) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "remove: this context does not run ESA");
    }
    const llama_pos n = llama_esa_n_tokens(ctx);
    if (p1 < 0) {
        p1 = n;
    }
    if (p0 < 0 || p0 > p1 || p1 > n) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "remove: [%d, %d) is not a range of the %d tokens in the cache", p0, p1, n);
    }
    if (p0 == p1) {
        return LLAMA_ESA_OK;
    }
    if (esa->kv_swa && p1 == n) {
        // after edits the sliding-window cache may have reused cells that the current window does not see
        const llama_pos needed = std::max<llama_pos>(0, p0 - (llama_pos) esa->model.hparams.n_swa);
        if (p0 > 0 && esa->kv_swa->seq_pos_min(0) > needed) {
            return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "remove: the sliding-window layers no longer hold the %u tokens before %d",
                    esa->model.hparams.n_swa, p0);
        }
    }

    ctx->synchronize();

    llama_memory_t memory = ctx->get_memory();
    if (!memory->seq_rm(0, p0, p1)) {
        return llama_esa_fail(LLAMA_ESA_COMPUTE_FAILED, "remove: the cache refused to remove [%d, %d)", p0, p1);
    }
    if (p1 < n) {
        memory->seq_add(0, p1, -1, p0 - p1); // metadata only, but for sliding-window layers, which are shifted now
        ctx->memory_update(false);
    }
    return LLAMA_ESA_OK;
}

enum llama_esa_status llama_esa_set_must(struct llama_context * ctx, const llama_pos * ranges, size_t n_ranges) {
    llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    if (!esa) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "must: this context does not run ESA");
    }
    if (!ranges && n_ranges > 0) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "must: no ranges");
    }
    std::vector<llama_esa_token_range> sorted;
    for (size_t i = 0; i < n_ranges; ++i) {
        const llama_esa_token_range r = { ranges[2*i], ranges[2*i + 1] };
        if (r.from < 0 || r.from > r.to) {
            return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "must: [%d, %d) is not a range of tokens", r.from, r.to);
        }
        if (r.from < r.to) {
            sorted.push_back(r);
        }
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto & a, const auto & b) { return a.from < b.from; });

    ctx->synchronize();
    esa->must.clear();
    for (const auto & r : sorted) {
        if (!esa->must.empty() && r.from <= esa->must.back().to) {
            esa->must.back().to = std::max(esa->must.back().to, r.to);
        } else {
            esa->must.push_back(r);
        }
    }
    esa->pick_params.must = esa->must;
    return LLAMA_ESA_OK;
}

int32_t llama_esa_trace(const struct llama_context * ctx, int32_t il, int32_t * tokens, int32_t n_max) {
    const llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    if (!esa || il < 0 || il >= (int32_t) esa->layers.size() || !esa->layers[il].trace) {
        return 0;
    }
    il = esa->leader_of(il);

    std::vector<int32_t> selected;
    if (esa->select_last) {
        selected.resize(esa->n_sel);
        ggml_backend_tensor_get(esa->layers[il].trace, selected.data(), 0, selected.size()*sizeof(int32_t));
        std::sort(selected.begin(), selected.end());
    } else {
        for (int64_t t = 0; t < esa->n_far_last; ++t) {
            selected.push_back((int32_t) t);
        }
    }
    if (tokens && n_max > 0) {
        std::copy_n(selected.begin(), std::min<size_t>(n_max, selected.size()), tokens);
    }
    return (int32_t) selected.size();
}
