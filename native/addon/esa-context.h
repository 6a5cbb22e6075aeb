#pragma once

// EsaContext: what JavaScript holds of a Session. Allows one long call at a time.

#include <memory>

#include "job.h"
#include "model-handle.h"
#include "session.h"

class EsaContext : public Napi::ObjectWrap<EsaContext> {
public:
    // Defines the class; it is not exported, `createContext` makes instances.
    static Napi::FunctionReference define(Napi::Env env);

    // createContext(model, options): Promise<EsaContext>
    static Napi::Value create(const Napi::CallbackInfo & info);

    explicit EsaContext(const Napi::CallbackInfo & info);
    ~EsaContext() override;

private:
    struct Call;

    Napi::Value get_length(const Napi::CallbackInfo & info);
    Napi::Value get_context_size(const Napi::CallbackInfo & info);
    Napi::Value get_esa_enabled(const Napi::CallbackInfo & info);
    Napi::Value get_layers(const Napi::CallbackInfo & info);
    Napi::Value get_supports_segments(const Napi::CallbackInfo & info);

    Napi::Value memory(const Napi::CallbackInfo & info);
    Napi::Value trace(const Napi::CallbackInfo & info);
    Napi::Value logits(const Napi::CallbackInfo & info);
    Napi::Value abort(const Napi::CallbackInfo & info);

    Napi::Value prefill(const Napi::CallbackInfo & info);
    Napi::Value generate(const Napi::CallbackInfo & info);
    Napi::Value remove(const Napi::CallbackInfo & info);
    Napi::Value snapshot_save(const Napi::CallbackInfo & info);
    Napi::Value snapshot_load(const Napi::CallbackInfo & info);
    Napi::Value set_must(const Napi::CallbackInfo & info);
    Napi::Value segment_save(const Napi::CallbackInfo & info);
    Napi::Value segment_load(const Napi::CallbackInfo & info);
    Napi::Value segment_copy(const Napi::CallbackInfo & info);
    Napi::Value bench_fill(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);

    // Throws DISPOSED.
    Session & open() const;
    // Throws DISPOSED, or BUSY while a long call runs.
    Session & idle() const;
    // The same, and marks a long call as running until the result is released.
    std::shared_ptr<Call> begin();

    static void on_shutdown(void * session);
    void        forget_shutdown(Napi::Env env);

    std::shared_ptr<Session>     session; // null: disposed
    std::shared_ptr<ModelHandle> model;
    Session *                    hooked = nullptr; // as the environment's clean-up hook knows it
    bool                         busy   = false;
};
