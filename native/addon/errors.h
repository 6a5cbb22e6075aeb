#pragma once

// Failures that JavaScript can tell apart: an Error with a `code`, and for NO_MEMORY the bytes needed and free.

#include <cstdint>
#include <stdexcept>
#include <string>

#include "llama-esa.h"
#include "napi.h"

class NativeError : public std::runtime_error {
public:
    NativeError(const char * code, const std::string & message) : std::runtime_error(message), code(code) {}

    static NativeError no_memory(uint64_t needed, uint64_t free);

    Napi::Error to_js(Napi::Env env) const;

    const char * code;
    uint64_t     needed = 0;
    uint64_t     free   = 0;
};

// Throws unless the status is LLAMA_ESA_OK.
void check_status(llama_esa_status status);

// Runs `call` and turns everything it throws into a JavaScript error; nothing else may leave a function that JavaScript
// calls.
template <typename F> Napi::Value guarded(Napi::Env env, F && call) {
    try {
        return call();
    } catch (const Napi::Error &) {
        throw; // already a JavaScript error
    } catch (const NativeError & error) {
        throw error.to_js(env);
    } catch (const std::bad_alloc &) {
        throw NativeError::no_memory(0, 0).to_js(env);
    } catch (const std::exception & error) {
        throw NativeError("FAILED", error.what()).to_js(env);
    } catch (...) {
        throw NativeError("FAILED", "unknown error").to_js(env);
    }
}
