#include "memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <string>

#include "errors.h"
#include "llama-esa-cpu-sketch.h"
#include "ggml-backend.h"
#include "llama-model.h"

#if defined(_WIN32)
#    include <windows.h>
#elif defined(__APPLE__)
#    include <mach/mach.h>
#endif

#if defined(__linux__)
static uint64_t read_number(const char * path) {
    std::ifstream file(path);
    uint64_t number = 0;
    return file >> number ? number : 0; // "max" and a missing file: no limit
}
#endif

uint64_t free_host_memory() {
#if defined(_WIN32)
    MEMORYSTATUSEX status = {};
    status.dwLength = sizeof(status);
    return GlobalMemoryStatusEx(&status) ? std::min(status.ullAvailPhys, status.ullAvailPageFile) : 0;
#elif defined(__APPLE__)
    vm_statistics64_data_t stats;
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
    if (host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&stats), &count) != KERN_SUCCESS) {
        return 0;
    }
    return (uint64_t(stats.free_count) + stats.inactive_count + stats.purgeable_count) * vm_page_size;
#elif defined(__linux__)
    uint64_t available = 0;
    std::ifstream meminfo("/proc/meminfo");
    for (std::string line; std::getline(meminfo, line);) {
        if (line.rfind("MemAvailable:", 0) == 0) {
            available = std::stoull(line.substr(13)) * 1024;
        }
    }
    // a container: its limit counts page cache as used, which the kernel gives back
    if (const uint64_t limit = read_number("/sys/fs/cgroup/memory.max")) {
        uint64_t cached = 0;
        std::ifstream stat("/sys/fs/cgroup/memory.stat");
        for (std::string line; std::getline(stat, line);) {
            if (line.rfind("inactive_file ", 0) == 0 || line.rfind("active_file ", 0) == 0) {
                cached += std::stoull(line.substr(line.find(' ')));
            }
        }
        const uint64_t current = read_number("/sys/fs/cgroup/memory.current");
        const uint64_t used    = current > cached ? current - cached : 0;
        available = std::min(available, limit > used ? limit - used : 0);
    }
    return available;
#else
    return 0;
#endif
}

// Bytes of K and V of one layer.
static uint64_t kv_bytes(const llama_hparams & hparams, uint32_t layer, const ContextOptions & options) {
    const uint64_t n_k = hparams.n_embd_k_gqa(layer);
    const uint64_t n_v = hparams.n_embd_v_gqa(layer);
    const uint64_t block = uint64_t(ggml_blck_size(options.kv_type));
    if (n_k % block != 0 || n_v % block != 0) {
        throw NativeError("BAD_ARGUMENT", std::string("kvType: the model's keys do not divide into blocks of ") + ggml_type_name(options.kv_type));
    }
    return options.context_size * (ggml_row_size(options.kv_type, n_k) + ggml_row_size(options.kv_type, n_v));
}

// Bytes of what ESA keeps for one layer besides: the compressed keys and the workspace.
static uint64_t esa_bytes(const llama_hparams & hparams, uint32_t layer, const ContextOptions & options) {
    const uint64_t n_k = hparams.n_embd_k_gqa(layer);
    const uint64_t n_v = hparams.n_embd_v_gqa(layer);
    uint64_t bytes = 0;
    if (options.esa) {
        const llama_esa_params & esa = options.esa->params;
        const uint64_t width = options.esa->projections ? std::min<uint64_t>(n_k, 128) : n_k;
        const uint64_t slots = uint64_t(esa.n_init) + esa.n_local + esa.n_top + options.batch_size;
        bytes += options.context_size * width * ggml_type_size(GGML_TYPE_F16);
        bytes += esa.n_sketch > 0 && options.context_size > esa.n_sketch ? options.context_size * LLAMA_ESA_SKETCH_WIDTH : 0;
        bytes += std::min<uint64_t>(slots, options.context_size) * (n_k + n_v) * ggml_type_size(GGML_TYPE_F16);
    }
    return bytes;
}

// Rough size of the buffers for intermediate results: scores or masks over the context, and the widest activations.
static uint64_t compute_bytes(const llama_model * model, const ContextOptions & options) {
    const llama_hparams & hparams = model->hparams;
    const uint64_t n_vocab = uint64_t(llama_vocab_n_tokens(llama_model_get_vocab(model)));
    const uint64_t chunk   = std::min(options.batch_size, options.context_size);
    uint64_t width = 0;
    for (uint32_t layer = 0; layer < uint32_t(llama_model_n_layer(model)); layer++) {
        width = std::max<uint64_t>(width, hparams.n_ff(layer));
    }
    const uint64_t over_context = chunk * options.context_size * (options.esa ? sizeof(float) : sizeof(float) + 2);
    return over_context + chunk * (2 * width + 6 * uint64_t(hparams.n_embd)) * sizeof(float) + 2 * n_vocab * sizeof(float);
}

uint64_t check_memory(const llama_model * model, const ContextOptions & options) {
    const llama_hparams & hparams = model->hparams;
    std::map<ggml_backend_dev_t, uint64_t> needed; // nullptr: host
    ggml_backend_dev_t busiest = nullptr;
    for (uint32_t layer = 0; layer < uint32_t(llama_model_n_layer(model)); layer++) {
        ggml_backend_dev_t device = options.offload_kv ? model->dev_layer(int(layer)) : nullptr;
        if (device != nullptr && ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) {
            device = nullptr;
        }
        const bool kv_host = options.esa && options.esa->params.kv_host && !hparams.is_swa(layer);
        needed[kv_host ? nullptr : device] += kv_bytes(hparams, layer, options);
        needed[device] += esa_bytes(hparams, layer, options);
        busiest = device;
    }
    needed[busiest] += compute_bytes(model, options);

    uint64_t all = 0;
    for (const auto & [device, bytes] : needed) {
        all += bytes;
        size_t free  = 0;
        size_t total = 0;
        if (device == nullptr) {
            free = size_t(std::min<uint64_t>(free_host_memory(), std::numeric_limits<size_t>::max()));
        } else {
            ggml_backend_dev_memory(device, &free, &total);
        }
        if (free > 0 && bytes > free) {
            throw NativeError::no_memory(bytes, free);
        }
    }
    return all;
}
