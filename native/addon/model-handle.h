#pragma once

// The llama_model inside node-llama-cpp's model. Everything that relies on its internals is in model-handle.cpp.

#include <memory>

#include "llama.h"
#include "napi.h"

// Keeps a model of node-llama-cpp loaded while it exists. Made and destroyed on the JavaScript thread.
class ModelHandle {
public:
    // `value` is a LlamaModel. Throws NativeError BAD_MODEL when it is something else, or disposed.
    static std::shared_ptr<ModelHandle> take(const Napi::Value & value);

    // Without keeping it: valid until control returns to JavaScript.
    static llama_model * peek(const Napi::Value & value);

    ~ModelHandle();

    ModelHandle(const ModelHandle &) = delete;
    ModelHandle & operator=(const ModelHandle &) = delete;

    llama_model * model() const { return model_; }

private:
    ModelHandle() = default;

    llama_model *     model_ = nullptr;
    Napi::ObjectReference owner;   // LlamaModel: keeps the C++ object from the garbage collector
    Napi::ObjectReference holding; // node-llama-cpp's handle that makes dispose() wait
};
