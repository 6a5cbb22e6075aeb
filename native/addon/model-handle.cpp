#include "model-handle.h"

#include "AddonModel.h" // node-llama-cpp's own class: same build, same headers
#include "errors.h"

// LlamaModel._model, ._backendModelDisposeGuard: private names of the pinned node-llama-cpp 3.22.1.
static AddonModel * unwrap(const Napi::Value & value) {
    const NativeError not_a_model("BAD_MODEL", "not a loaded model of node-llama-cpp");
    if (!value.IsObject()) {
        throw not_a_model;
    }
    const Napi::Value inner = value.As<Napi::Object>().Get("_model");
    if (!inner.IsObject()) {
        throw not_a_model;
    }
    // node-llama-cpp tags its objects with nothing but their class
    const Napi::Value constructor = inner.As<Napi::Object>().Get("constructor");
    if (!constructor.IsFunction() || constructor.As<Napi::Object>().Get("name").ToString().Utf8Value() != "AddonModel") {
        throw not_a_model;
    }
    void * pointer = nullptr;
    if (napi_unwrap(value.Env(), inner, &pointer) != napi_ok || pointer == nullptr) {
        throw not_a_model;
    }
    auto * addon_model = static_cast<AddonModel *>(pointer);
    if (addon_model->disposed || addon_model->memoryDisposed) {
        throw NativeError("BAD_MODEL", "the model was disposed");
    }
    if (!addon_model->modelLoaded || addon_model->model == nullptr) {
        throw NativeError("BAD_MODEL", "the model is not loaded");
    }
    return addon_model;
}

llama_model * ModelHandle::peek(const Napi::Value & value) {
    return unwrap(value)->model;
}

std::shared_ptr<ModelHandle> ModelHandle::take(const Napi::Value & value) {
    llama_model * model = unwrap(value)->model;

    const Napi::Object owner = value.As<Napi::Object>();
    const Napi::Value  guard = owner.Get("_backendModelDisposeGuard");
    if (!guard.IsObject()) {
        throw NativeError("BAD_MODEL", "this version of node-llama-cpp is not the pinned one");
    }
    Napi::Value holding;
    try {
        const auto create = guard.As<Napi::Object>().Get("createPreventDisposalHandle").As<Napi::Function>();
        holding = create.Call(guard, {});
    } catch (const Napi::Error &) {
        throw NativeError("BAD_MODEL", "the model was disposed");
    }

    std::shared_ptr<ModelHandle> handle(new ModelHandle());
    handle->model_  = model;
    handle->owner   = Napi::Persistent(owner);
    handle->holding = Napi::Persistent(holding.As<Napi::Object>());
    return handle;
}

ModelHandle::~ModelHandle() {
    if (holding.IsEmpty()) {
        return;
    }
    try {
        const Napi::HandleScope scope(holding.Env());
        const Napi::Object      object = holding.Value();
        object.Get("dispose").As<Napi::Function>().Call(object, {});
    } catch (const Napi::Error &) {
        // the environment is shutting down and runs no more JavaScript: nobody waits for the model any more
    }
}
