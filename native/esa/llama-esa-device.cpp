// What the device of a layer has of our own operations: asked once, with tensors of the layer's shapes.

#include "llama-esa-impl.h"

#include "llama-kv-cache.h"
#include "llama-model.h"

#include <cstring>

// Only a backend that was built together with this library is asked: a remote one says yes to everything.
static bool is_ours(ggml_backend_dev_t dev) {
    ggml_backend_reg_t reg = dev ? ggml_backend_dev_backend_reg(dev) : nullptr;
    return reg && strcmp(ggml_backend_reg_name(reg), "CUDA") == 0;
}

llama_esa_device_ops llama_esa::find_device_ops(int32_t il, ggml_backend_dev_t dev) const {
    if (!is_ours(dev)) {
        return {};
    }
    ggml_context_ptr owner(ggml_init({ 32*ggml_tensor_overhead(), nullptr, true }));
    ggml_context * ctx = owner.get();
    auto supported = [&](ggml_tensor * op) { return ggml_backend_dev_supports_op(dev, op); };

    const auto & l  = layers[il];
    const auto & hp = model.hparams;
    const int64_t d = hp.n_embd_head_k(il);

    const llama_esa_rope rope = { (int32_t) d, GGML_ROPE_TYPE_NEOX, 0, 1e4f, 1.0f, 0.0f, 1.0f, 0.0f, 0.0f };

    ggml_tensor * step = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, LLAMA_ESA_STEP_SIZE + n_ubatch);
    ggml_tensor * k    = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, l.ws_k->ne[0], n_ubatch);
    ggml_tensor * v    = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, l.ws_v->ne[0], n_ubatch);
    ggml_tensor * q    = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, d, hp.n_head(il), 1);
    ggml_tensor * far  = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, n_sel);

    llama_esa_device_ops res;
    res.mask   = supported(llama_esa_new_mask(ctx, step, n_ring, n_ws - n_ring, n_ubatch, n_ring));
    res.store  = supported(llama_esa_new_store(ctx, k, v, nullptr, false, step, rope, nullptr, l.rows(), n_ring));
    res.gather = supported(llama_esa_new_gather(ctx, far, far, nullptr, rope, nullptr, l.rows(), n_ring));
    res.attend = res.store && hp.n_embd_head_v(il) == d && supported(llama_esa_new_attend(ctx, q, far, step, rope, nullptr, l.rows(), n_ring, 1.0f, false));
    if (l.kc) {
        ggml_tensor * qc    = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, l.kc->ne[0], n_ubatch);
        ggml_tensor * score = llama_esa_new_score(ctx, l.kc, qc, step, params.proximity);
        res.select = supported(score) && supported(llama_esa_new_select(ctx, score, step, nullptr, params.n_init, params.n_top));
    }
    return res;
}
