#include "rpc.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "errors.h"
#include "ggml-backend.h"
#include "options.h"

static std::atomic<bool>        reported{ false };
static std::thread::id          js_thread;
static Napi::ThreadSafeFunction report;

Napi::Value add_rpc_server(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const std::string  endpoint = read_string(info[0], "endpoint");
        ggml_backend_reg_t backend  = ggml_backend_reg_by_name("RPC");
        if (backend == nullptr) {
            throw NativeError("UNSUPPORTED", "this build has no RPC backend");
        }
        using AddServer = ggml_backend_reg_t (*)(const char * endpoint);
        const auto add = reinterpret_cast<AddServer>(ggml_backend_reg_get_proc_address(backend, "ggml_backend_rpc_add_server"));
        ggml_backend_reg_t server = add(endpoint.c_str());
        if (server == nullptr) {
            throw NativeError("FAILED", "the server lends no device");
        }
        ggml_backend_register(server);
        return info.Env().Undefined();
    });
}

Napi::Value on_rpc_lost(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        js_thread = std::this_thread::get_id();
        report = Napi::ThreadSafeFunction::New(info.Env(), read_function(info[0], "callback"), "rpcLost", 0, 1);
        report.Unref(info.Env());
        return info.Env().Undefined();
    });
}

Napi::Value exit_now(const Napi::CallbackInfo & info) {
    std::_Exit(int(read_integer(info[0], "code", 0, 255)));
}

void report_lost_rpc_server(const char * message) {
    if (std::strstr(message, "ggml-rpc") == nullptr) {
        return;
    }
    if (std::this_thread::get_id() == js_thread) {
        throw NativeError("RPC_LOST", message);
    }
    if (static_cast<napi_threadsafe_function>(report) == nullptr) {
        return;
    }
    if (!reported.exchange(true)) {
        report.BlockingCall(new std::string(message), [](Napi::Env env, Napi::Function callback, std::string * text) {
            callback.Call({ Napi::String::New(env, *text) });
            delete text;
        });
    }
    for (;;) { // what waits for this thread waits for ever; JavaScript ends the process
        std::this_thread::sleep_for(std::chrono::hours(1));
    }
}
