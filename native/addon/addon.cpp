// longsight-esa: module functions. The context class is in esa-context.cpp.

#include "abort-guard.h"
#include "addon-state.h"
#include "build-id.h"
#include "calibrate.h"
#include "errors.h"
#include "esa-context.h"
#include "ggml-backend.h"
#include "job.h"
#include "llama-esa.h"
#include "model-handle.h"
#include "options.h"
#include "rpc.h"

static Napi::Value version(const Napi::CallbackInfo & info) {
    return Napi::String::New(info.Env(), llama_esa_version());
}

static Napi::Value build_id(const Napi::CallbackInfo & info) {
    return Napi::String::New(info.Env(), longsight_build_id());
}

// Loads the best CPU module and every other backend module of a folder into ggml's registry. What ggml says meanwhile would go
// to standard error: node-llama-cpp sets its logger only later.
static Napi::Value load_backends(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        ggml_backend_load_all_from_path(read_string(info[0], "dir").c_str());
        return info.Env().Undefined();
    });
}

// countModelLoads(change): a model load begins (1) or has ended (-1).
static Napi::Value model_loads(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        count_model_loads(int(read_integer(info[0], "change", -1, 1)));
        return info.Env().Undefined();
    });
}

static const char * device_type_name(ggml_backend_dev_t device) {
    switch (ggml_backend_dev_type(device)) {
        case GGML_BACKEND_DEVICE_TYPE_CPU:   return "cpu";
        case GGML_BACKEND_DEVICE_TYPE_GPU:   return "gpu";
        case GGML_BACKEND_DEVICE_TYPE_IGPU:  return "igpu";
        case GGML_BACKEND_DEVICE_TYPE_ACCEL: return "accelerator";
        default:                             return "other";
    }
}

static Napi::Value devices(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&] {
        Napi::Array list = Napi::Array::New(env);
        for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
            ggml_backend_dev_t device = ggml_backend_dev_get(i);
            size_t free  = 0;
            size_t total = 0;
            ggml_backend_dev_memory(device, &free, &total);
            Napi::Object object = Napi::Object::New(env);
            object.Set("name", ggml_backend_dev_name(device));
            object.Set("description", ggml_backend_dev_description(device));
            object.Set("type", device_type_name(device));
            object.Set("backend", ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)));
            object.Set("memoryFree", double(free));
            object.Set("memoryTotal", double(total));
            list.Set(uint32_t(i), object);
        }
        return list;
    });
}

static Napi::Value unsupported_reason(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        const char * reason = llama_esa_unsupported_reason(ModelHandle::peek(info[0]));
        return reason == nullptr ? env.Null() : Napi::String::New(env, reason);
    });
}

using Peek = llama_esa_status (*)(const char * path, const char * key, llama_token * tokens, size_t * n_tokens);

static Napi::Value peek(const Napi::CallbackInfo & info, const char * name, Peek read) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto path   = read_string(info[0], "path");
        const auto key    = read_string(info[1], "key");
        const auto tokens = std::make_shared<std::vector<llama_token>>();
        return Job::start(
            info.Env(), name,
            [=] {
                size_t count = 0;
                check_status(read(path.c_str(), key.c_str(), nullptr, &count));
                tokens->resize(count);
                check_status(read(path.c_str(), key.c_str(), tokens->data(), &count));
                tokens->resize(count);
            },
            [tokens](Napi::Env env) -> Napi::Value {
                Napi::Int32Array array = Napi::Int32Array::New(env, tokens->size());
                std::copy(tokens->begin(), tokens->end(), array.Data());
                return array;
            });
    });
}

static Napi::Value snapshot_peek(const Napi::CallbackInfo & info) {
    return peek(info, "snapshotPeek", llama_esa_snapshot_peek);
}

static Napi::Value segment_peek(const Napi::CallbackInfo & info) {
    return peek(info, "segmentPeek", llama_esa_segment_peek);
}

// Called while the process ends: Node waits for running workers, so they must stop.
static Napi::Value shutdown(const Napi::CallbackInfo & info) {
    AddonState & state = AddonState::of(info.Env());
    state.sessions.each([](Session & session) { session.request_abort(); });
    state.calibrations.each([](std::atomic<bool> & abort) { abort = true; });
    return info.Env().Undefined();
}

static Napi::Object init(Napi::Env env, Napi::Object exports) {
    auto * state = new AddonState(); // owned by the environment
    env.SetInstanceData(state);
    install_abort_guard();
    state->context_class = EsaContext::define(env);

    const auto set = [&](const char * name, Napi::Value (*function)(const Napi::CallbackInfo &)) {
        exports.Set(name, Napi::Function::New(env, function, name));
    };
    set("version", version);
    set("buildId", build_id);
    set("loadBackends", load_backends);
    set("countModelLoads", model_loads);
    set("devices", devices);
    set("addRpcServer", add_rpc_server);
    set("onRpcLost", on_rpc_lost);
    set("exitNow", exit_now);
    set("unsupportedReason", unsupported_reason);
    set("createContext", EsaContext::create);
    set("snapshotPeek", snapshot_peek);
    set("segmentPeek", segment_peek);
    set("calibrate", calibrate);
    set("shutdown", shutdown);
    return exports;
}

NODE_API_MODULE(longsight_esa, init)
