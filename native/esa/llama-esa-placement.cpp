// Where K and V of the layers with ESA lie: on the layer's device, or in pinned host memory, which the operations of the device
// read and write over the bus. To everyone else such a buffer is one of the device.

#include "llama-esa-impl.h"
#include "llama-esa-projections.h"

#include "llama-model.h"

#include <mutex>
#include <set>
#include <stdexcept>

static std::mutex mutex;
static std::set<const llama_hparams *> on_host; // the caches made with these

static ggml_backend_buffer_type_t mapped_buft(ggml_backend_dev_t dev) {
    using get_buft = ggml_backend_buffer_type_t (*)(ggml_backend_dev_t);
    auto get = (get_buft) ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(dev), "ggml_backend_esa_mapped_buffer_type");
    return get ? get(dev) : nullptr;
}

void llama_esa::keep_kv_on_host() {
    for (int32_t il = 0; il < (int32_t) layers.size(); ++il) {
        ggml_backend_dev_t dev = model.dev_layer(il);
        if (!hparams_kv.is_swa(il) && ggml_backend_dev_type(dev) != GGML_BACKEND_DEVICE_TYPE_CPU && !mapped_buft(dev)) {
            throw std::runtime_error(std::string("ESA: kv_host: ") + ggml_backend_dev_name(dev) + " cannot read K and V in host memory");
        }
    }
    std::lock_guard<std::mutex> lock(mutex);
    on_host.insert(&hparams_kv);
}

llama_esa::~llama_esa() {
    std::lock_guard<std::mutex> lock(mutex);
    on_host.erase(&hparams_kv);
}

ggml_backend_buffer_type_t llama_esa_kv_buft(const llama_hparams & hparams, int32_t il, ggml_backend_dev_t dev) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!on_host.count(&hparams) || hparams.is_swa(il)) {
        return ggml_backend_dev_buffer_type(dev);
    }
    ggml_backend_buffer_type_t mapped = mapped_buft(dev);
    return mapped ? mapped : ggml_backend_dev_buffer_type(dev);
}
