#include "errors.h"

NativeError NativeError::no_memory(uint64_t needed, uint64_t free) {
    NativeError error("NO_MEMORY", "not enough memory");
    error.needed = needed;
    error.free   = free;
    return error;
}

Napi::Error NativeError::to_js(Napi::Env env) const {
    Napi::Error error = Napi::Error::New(env, what());
    error.Set("code", Napi::String::New(env, code));
    if (needed > 0) {
        error.Set("needed", Napi::Number::New(env, double(needed)));
        error.Set("free", Napi::Number::New(env, double(free)));
    }
    return error;
}

void check_status(llama_esa_status status) {
    const char * code = "FAILED";
    switch (status) {
        case LLAMA_ESA_OK:             return;
        case LLAMA_ESA_UNSUPPORTED:    code = "UNSUPPORTED"; break;
        case LLAMA_ESA_BAD_ARGUMENT:   code = "BAD_ARGUMENT"; break;
        case LLAMA_ESA_BAD_FILE:       code = "BAD_FILE"; break;
        case LLAMA_ESA_NO_MEMORY:      code = "NO_MEMORY"; break;
        case LLAMA_ESA_FULL:           code = "FULL"; break;
        case LLAMA_ESA_ABORTED:        code = "ABORTED"; break;
        case LLAMA_ESA_COMPUTE_FAILED: break;
    }
    throw NativeError(code, llama_esa_last_error());
}
