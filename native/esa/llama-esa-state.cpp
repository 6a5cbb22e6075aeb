// Life cycle of the ESA state of a context: tensors, plans, what edits of the cache mean.

#include "llama-esa-cells.h"
#include "llama-esa-impl.h"
#include "llama-esa-projections.h"

#include "llama-context.h"
#include "llama-impl.h"
#include "llama-kv-cache.h"
#include "llama-kv-cache-iswa.h"
#include "llama-model.h"

#include <algorithm>
#include <map>
#include <stdexcept>

llama_esa::llama_esa(const llama_model & model, const llama_esa_params & p) : model(model), params(p), hparams_kv(model.hparams) {
    params.projections = nullptr;
    distance = p.n_local;

    const int32_t n_layer = model.hparams.n_layer();
    layers.resize(n_layer);
    for (int32_t il = 0; il < n_layer; ++il) {
        if (has_layer(il)) {
            hparams_kv.rope_pattern[il] = 0;
        }
    }
}

static int64_t pad(int64_t n) {
    return GGML_PAD(n, 256);
}

namespace {

// one buffer per kind of memory, filled after all tensors are known
class tensor_arena {
public:
    ggml_context * context_for(ggml_backend_buffer_type_t buft, size_t n_tensors) {
        ggml_context_ptr & ctx = contexts[buft];
        if (!ctx) {
            ctx.reset(ggml_init({ n_tensors*ggml_tensor_overhead(), nullptr, true }));
        }
        return ctx.get();
    }

    void allocate(std::vector<std::pair<ggml_context_ptr, ggml_backend_buffer_ptr>> & out) {
        for (auto & [buft, ctx] : contexts) {
            ggml_backend_buffer_t buf = ggml_backend_alloc_ctx_tensors_from_buft(ctx.get(), buft);
            if (!buf) {
                throw std::runtime_error("ESA: no memory for the compressed keys and workspaces");
            }
            ggml_backend_buffer_clear(buf, 0); // slots that are masked must not hold NaN
            out.emplace_back(std::move(ctx), buf);
        }
    }

private:
    std::map<ggml_backend_buffer_type_t, ggml_context_ptr> contexts;
};

} // namespace

static ggml_backend_buffer_type_t layer_buft(const llama_esa & esa, const llama_cparams & cparams, int32_t il) {
    ggml_backend_dev_t dev = cparams.offload_kqv ? esa.model.dev_layer(il) : nullptr;
    return dev ? ggml_backend_dev_buffer_type(dev) : ggml_backend_cpu_buffer_type();
}

// k' = pk^T k - pk^T mean, so the constant part is subtracted once per token
static std::vector<float> projected_mean(const llama_esa_projection & p, int64_t n_proj) {
    const int64_t n = p.mean.size();
    std::vector<float> res(n_proj);
    for (int64_t j = 0; j < n_proj; ++j) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; ++i) {
            sum += (double) p.pk[j*n + i]*p.mean[i];
        }
        res[j] = (float) -sum;
    }
    return res;
}

bool llama_esa::can_sketch(int64_t n_proj, int64_t n_cells) const {
    return params.n_sketch > 0 && n_cells > params.n_sketch && params.type_kc == GGML_TYPE_F16 && n_proj % 16 == 0 &&
        n_proj > LLAMA_ESA_SKETCH_WIDTH;
}

// rows of a tensor that holds several kinds of them, from an element on
static ggml_tensor * part(ggml_context * ctx, ggml_tensor * whole, int64_t first, int64_t ne0, int64_t ne1) {
    const size_t size = ggml_type_size(whole->type);
    return ggml_view_2d(ctx, whole, ne0, ne1, ne0*size, first*size);
}

void llama_esa::attach(llama_memory_i * memory, const llama_cparams & cparams) {
    if (auto * iswa = dynamic_cast<llama_kv_cache_iswa *>(memory)) {
        kv     = iswa->get_base();
        kv_swa = iswa->get_swa();
    } else {
        kv = dynamic_cast<llama_kv_cache *>(memory);
    }
    if (!kv || kv->get_n_stream() != 1) {
        throw std::runtime_error("ESA: the cache of this model is not a plain key-value cache");
    }

    n_ubatch = cparams.n_ubatch;
    // there are no more tokens than cells: a parameter beyond them must not take memory
    const uint32_t n_cells = kv->get_size();
    n_ring   = pad(std::min(params.n_local, n_cells) + n_ubatch);
    n_sel    = std::min(params.n_init, n_cells) + std::min(params.n_top, n_cells);
    n_ws     = n_ring + pad(n_sel);
    layout.reset(n_ring);

    const auto & hp = model.hparams;
    const size_t n_tensors = 13*layers.size() + 1;

    tensor_arena arena;
    for (uint32_t il = 0; il < layers.size(); ++il) {
        if (!has_layer((int32_t) il)) {
            continue;
        }
        auto & l = layers[il];

        ggml_backend_buffer_type_t buft = layer_buft(*this, cparams, il);
        ggml_context * ctx = arena.context_for(buft, n_tensors);

        const int64_t nk = hp.n_embd_k_gqa(il);
        const int64_t nv = hp.n_embd_v_gqa(il);
        const int64_t nq = (int64_t) hp.n_head(il)*hp.n_embd_head_k(il);

        l.own_ops = !params.portable && ggml_backend_buft_is_host(buft);
        l.ws      = ggml_new_tensor_1d(ctx, GGML_TYPE_F16, (nk + nv)*n_ws);
        l.ws_k    = part(ctx, l.ws, 0,       nk, n_ws);
        l.ws_v    = part(ctx, l.ws, nk*n_ws, nv, n_ws);
        l.k_store = kv->get_k_storage(il);
        l.v_store = llama_esa_value_storage(*kv, il);
        if (params.trace) {
            l.trace = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, n_sel);
        }
        if (projections) {
            const int64_t n_proj = projections->n_proj;
            l.kc   = ggml_new_tensor_2d(ctx, params.type_kc, n_proj, kv->get_size());
            if (l.own_ops && can_sketch(n_proj, kv->get_size())) {
                l.sketch = llama_esa_new_sketch(ctx, kv->get_size());
            }
            l.proj = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, (1 + nk + nq)*n_proj);
            l.bias = ggml_view_1d(ctx, l.proj, n_proj, 0);
            l.pk   = part(ctx, l.proj, n_proj,          nk, n_proj);
            l.pq   = part(ctx, l.proj, (1 + nk)*n_proj, nq, n_proj);
        }
        if (!params.portable && !l.own_ops) {
            l.device = find_device_ops((int32_t) il, model.dev_layer((int32_t) il));
        }
        if (params.kv_host && !l.own_ops && !(l.device.store && l.device.gather)) {
            throw std::runtime_error(format("ESA: kv_host: layer %u needs operations of its device that read K and V in host memory", il));
        }
    }
    arena.allocate(ctxs_bufs);

    for (uint32_t il = 0; il < layers.size() && projections; ++il) {
        auto & l = layers[il];
        if (l.enabled()) {
            const auto & p = projections->layers[il];
            const auto bias = projected_mean(p, projections->n_proj);
            ggml_backend_tensor_set(l.pq,   p.pq.data(), 0, ggml_nbytes(l.pq));
            ggml_backend_tensor_set(l.pk,   p.pk.data(), 0, ggml_nbytes(l.pk));
            ggml_backend_tensor_set(l.bias, bias.data(), 0, ggml_nbytes(l.bias));
        }
    }
    projections.reset();

    const auto n_device = std::count_if(layers.begin(), layers.end(), [](const auto & l) { return l.device.select && l.device.attend; });
    LLAMA_LOG_INFO("%s: ring %u, selected %u, %.2f MiB besides K and V, %d layers with the device's own operations\n",
            __func__, n_ring, n_sel, memory_size()/1048576.0, (int) n_device);
}

void llama_esa::enable_capture() {
    capture = true;

    const auto & hp = model.hparams;
    tensor_arena arena;
    for (uint32_t il = 0; il < layers.size(); ++il) {
        auto & l = layers[il];
        if (l.enabled()) {
            ggml_context * ctx = arena.context_for(ggml_backend_buffer_get_type(l.ws_k->buffer), 2*layers.size() + 1);
            l.cap_q = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, (int64_t) hp.n_head(il)*hp.n_embd_head_k(il), n_ubatch);
            l.cap_k = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, hp.n_embd_k_gqa(il), n_ubatch);
        }
    }
    arena.allocate(ctxs_bufs);
}

size_t llama_esa::memory_size() const {
    size_t res = 0;
    for (const auto & [ctx, buf] : ctxs_bufs) {
        res += ggml_backend_buffer_get_size(buf.get());
    }
    return res;
}

int32_t llama_esa::leader_of(int32_t il) const {
    int32_t res = il;
    uint32_t n  = 0;
    for (int32_t i = 0; i <= il; ++i) {
        if (has_layer(i) && n++ % params.n_share == 0) {
            res = i;
        }
    }
    return res;
}

uint32_t llama_esa::max_nodes() const {
    // a layer: about 60 nodes, and the groups of the score (see llama-esa-select.cpp)
    return (uint32_t) layers.size()*(64 + 8*(n_ubatch/16 + 1));
}

void llama_esa::check_graph() const {
    if (!graph_error.empty()) {
        throw std::runtime_error("ESA: " + graph_error);
    }
}

void llama_esa::update() {
    layout.sync(kv->get_cells(0));
}

llama_esa_plan llama_esa_plan::make(const llama_esa & esa, int64_t p0, int64_t n_tokens, int64_t n_kv) {
    // graphs are reserved at position 0 of a cache that claims to be full: that stands for the worst case
    const bool reserve = p0 == 0 && n_kv > pad(n_tokens);
    if (reserve) {
        p0 = n_kv - n_tokens;
    }

    const int64_t first_local = std::max<int64_t>(0, p0 - esa.params.n_local); // I and M end here
    const int64_t n_far       = reserve ? first_local : esa.layout.n_present(std::min(first_local, esa.layout.n_tokens()));

    llama_esa_plan res;
    res.n_tokens = n_tokens;
    res.n_kv     = n_kv;
    res.capture  = esa.capture;
    res.complete = reserve || esa.layout.complete();
    res.order    = !reserve && !esa.layout.identity();
    res.n_order  = res.order ? pad(p0 + n_tokens) : n_kv;
    res.select   = n_far > esa.n_sel;
    res.must     = res.select && !esa.must.empty();
    res.sketch   = res.select && res.complete && n_tokens == 1 && !reserve && esa.params.n_sketch > 0 &&
                   n_far - esa.params.n_init >= esa.params.n_sketch;
    res.n_far    = res.select ? esa.n_sel : std::min<int64_t>(esa.n_sel, pad(n_far));
    res.n_ring   = n_far > 0 ? esa.n_ring : std::min<int64_t>(esa.n_ring, pad(p0 + n_tokens));
    if (!reserve && !esa.layout.ring_valid_from(first_local)) {
        res.n_refill = pad(p0 - first_local);
    }
    return res;
}

//
// public interface
//

bool llama_esa_enabled(const struct llama_context * ctx) {
    return ctx && ctx->get_cparams().esa;
}

int32_t llama_esa_n_tokens(const struct llama_context * ctx) {
    const llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    return esa ? esa->kv->seq_pos_max(0) + 1 : 0;
}

size_t llama_esa_memory_size(const struct llama_context * ctx) {
    const llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    return esa ? esa->memory_size() : 0;
}
