#include "esa-context.h"

#include "addon-state.h"
#include "errors.h"
#include "stream.h"

// A running long call: keeps the context object alive and busy. Made and destroyed on the JavaScript thread.
struct EsaContext::Call {
    explicit Call(EsaContext & context) : context(context), owner(Napi::Persistent(context.Value())) { context.busy = true; }
    ~Call() { context.busy = false; }

    EsaContext &          context;
    Napi::ObjectReference owner;
};

// Memory that V8 may move or that Electron's V8 owns: always a copy.
static Napi::Value copy_bytes(Napi::Env env, const std::vector<uint8_t> & bytes) {
    if (bytes.empty()) {
        return env.Null();
    }
    Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
    std::copy(bytes.begin(), bytes.end(), array.Data());
    return array;
}

static Napi::Value copy_tokens(Napi::Env env, const std::vector<int32_t> & tokens) {
    Napi::Int32Array array = Napi::Int32Array::New(env, tokens.size());
    std::copy(tokens.begin(), tokens.end(), array.Data());
    return array;
}

static Napi::Value undefined(Napi::Env env) {
    return env.Undefined();
}

Napi::FunctionReference EsaContext::define(Napi::Env env) {
    return Napi::Persistent(DefineClass(env, "EsaContext", {
        InstanceAccessor<&EsaContext::get_length>("length"),
        InstanceAccessor<&EsaContext::get_context_size>("contextSize"),
        InstanceAccessor<&EsaContext::get_esa_enabled>("esaEnabled"),
        InstanceAccessor<&EsaContext::get_layers>("layers"),
        InstanceAccessor<&EsaContext::get_supports_segments>("supportsSegments"),
        InstanceMethod<&EsaContext::memory>("memory"),
        InstanceMethod<&EsaContext::trace>("trace"),
        InstanceMethod<&EsaContext::logits>("logits"),
        InstanceMethod<&EsaContext::abort>("abort"),
        InstanceMethod<&EsaContext::prefill>("prefill"),
        InstanceMethod<&EsaContext::generate>("generate"),
        InstanceMethod<&EsaContext::remove>("remove"),
        InstanceMethod<&EsaContext::snapshot_save>("snapshotSave"),
        InstanceMethod<&EsaContext::snapshot_load>("snapshotLoad"),
        InstanceMethod<&EsaContext::set_must>("setMust"),
        InstanceMethod<&EsaContext::segment_save>("segmentSave"),
        InstanceMethod<&EsaContext::segment_load>("segmentLoad"),
        InstanceMethod<&EsaContext::segment_copy>("segmentCopy"),
        InstanceMethod<&EsaContext::bench_fill>("benchFill"),
        InstanceMethod<&EsaContext::dispose>("dispose"),
    }));
}

Napi::Value EsaContext::create(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        const auto handle  = ModelHandle::take(info[0]);
        const auto options = read_context_options(info[1]);
        const auto made    = std::make_shared<std::shared_ptr<Session>>();
        return Job::start(
            env, "createContext",
            [made, model = handle->model(), options] { *made = std::make_shared<Session>(model, options); },
            [made, handle](Napi::Env env) -> Napi::Value {
                const Napi::Object  object  = AddonState::of(env).context_class.New({});
                EsaContext * const  context = Unwrap(object);
                context->session = *made;
                context->model   = handle;
                context->hooked  = made->get();
                AddonState::of(env).sessions.add(*made);
                // models are freed by hooks of node-llama-cpp's addon; those added later, as this one, run before them
                napi_add_env_cleanup_hook(env, on_shutdown, context->hooked);
                return object;
            },
            handle);
    });
}

EsaContext::EsaContext(const Napi::CallbackInfo & info) : Napi::ObjectWrap<EsaContext>(info) {}

EsaContext::~EsaContext() {
    if (session) {
        forget_shutdown(Env());
        session->close();
    }
}

void EsaContext::on_shutdown(void * session) {
    static_cast<Session *>(session)->close();
}

void EsaContext::forget_shutdown(Napi::Env env) {
    if (hooked != nullptr) {
        napi_remove_env_cleanup_hook(env, on_shutdown, hooked);
        hooked = nullptr;
    }
}

Session & EsaContext::open() const {
    if (!session) {
        throw NativeError("DISPOSED", "the context was disposed");
    }
    return *session;
}

Session & EsaContext::idle() const {
    Session & it = open();
    if (busy) {
        throw NativeError("BUSY", "another call on this context is running");
    }
    return it;
}

std::shared_ptr<EsaContext::Call> EsaContext::begin() {
    idle().clear_abort();
    return std::make_shared<Call>(*this);
}

Napi::Value EsaContext::get_length(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), open().length()); });
}

Napi::Value EsaContext::get_context_size(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), open().context_size()); });
}

Napi::Value EsaContext::get_esa_enabled(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] { return Napi::Boolean::New(info.Env(), open().esa_enabled()); });
}

Napi::Value EsaContext::get_layers(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), open().n_layer()); });
}

Napi::Value EsaContext::get_supports_segments(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] { return Napi::Boolean::New(info.Env(), open().segments()); });
}

Napi::Value EsaContext::memory(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&] {
        const SessionMemory memory = idle().memory();
        Napi::Object object = Napi::Object::New(env);
        object.Set("cache", double(memory.cache));
        object.Set("selection", double(memory.selection));
        object.Set("compute", double(memory.compute));
        object.Set("total", double(memory.cache + memory.selection + memory.compute));
        return object;
    });
}

Napi::Value EsaContext::trace(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        Session & it = idle();
        return copy_tokens(info.Env(), it.trace(int32_t(read_integer(info[0], "layer", 0, it.n_layer() - 1))));
    });
}

Napi::Value EsaContext::logits(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        const std::vector<float> values = idle().logits();
        Napi::Float32Array array = Napi::Float32Array::New(info.Env(), values.size());
        std::copy(values.begin(), values.end(), array.Data());
        return array;
    });
}

Napi::Value EsaContext::abort(const Napi::CallbackInfo & info) {
    if (session && busy) {
        session->request_abort();
    }
    return info.Env().Undefined();
}

Napi::Value EsaContext::prefill(const Napi::CallbackInfo & info) {
    using Counts = std::pair<int32_t, int32_t>;
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        const auto tokens  = read_tokens(info[0], "tokens");
        const bool last    = read_bool(info[1], "trace");
        const auto traced  = read_bool(info[2], "traces") ? Chunks::all : last ? Chunks::last : Chunks::none;
        const auto notify  = read_function(info[3], "onProgress");
        const auto call    = begin();
        const auto it      = session;
        const auto outcome = std::make_shared<PrefillOutcome>();
        const auto stream  = Stream<Counts>::create(env, notify,
            [](Napi::Env env, const Napi::Function & callback, std::vector<Counts> & counts) {
                const auto [done, total] = counts.back();
                callback.Call({ Napi::Number::New(env, done), Napi::Number::New(env, total) });
            },
            [it] { it->request_abort(); });
        return Job::start(
            env, "prefill",
            [=] { *outcome = it->prefill(tokens, traced, [&](int32_t done, int32_t total) { stream->push({ done, total }); }); },
            [=](Napi::Env env) -> Napi::Value {
                stream->finish();
                Napi::Object object = Napi::Object::New(env);
                object.Set("done", outcome->done);
                object.Set("aborted", outcome->aborted);
                Napi::Array traces = Napi::Array::New(env, outcome->traces.size());
                for (size_t i = 0; i < outcome->traces.size(); i++) {
                    traces.Set(uint32_t(i), copy_bytes(env, outcome->traces[i]));
                }
                object.Set("traces", traces);
                return object;
            },
            call);
    });
}

static const char * finish_name(Finish finish) {
    switch (finish) {
        case Finish::end:    return "end";
        case Finish::stop:   return "stop";
        case Finish::length: return "length";
        case Finish::full:   return "full";
        case Finish::abort:  break;
    }
    return "abort";
}

Napi::Value EsaContext::generate(const Napi::CallbackInfo & info) {
    using Token = std::pair<llama_token, std::vector<uint8_t>>;
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        const auto options = read_sampling_options(info[0]);
        const auto notify  = read_function(info[1], "onTokens");
        const auto call    = begin();
        const auto it      = session;
        const auto outcome = std::make_shared<GenerateOutcome>();
        const auto stream  = Stream<Token>::create(env, notify,
            [](Napi::Env env, const Napi::Function & callback, std::vector<Token> & batch) {
                Napi::Int32Array tokens = Napi::Int32Array::New(env, batch.size());
                Napi::Array      traces = Napi::Array::New(env, batch.size());
                for (size_t i = 0; i < batch.size(); i++) {
                    tokens[i] = batch[i].first;
                    traces.Set(uint32_t(i), copy_bytes(env, batch[i].second));
                }
                callback.Call({ tokens, traces });
            },
            [it] { it->request_abort(); });
        return Job::start(
            env, "generate",
            [=] {
                *outcome = it->generate(options, [&](llama_token token, std::vector<uint8_t> trace) {
                    stream->push({ token, std::move(trace) });
                });
            },
            [=](Napi::Env env) -> Napi::Value {
                stream->finish();
                Napi::Object object = Napi::Object::New(env);
                object.Set("finish", finish_name(outcome->finish));
                object.Set("endToken", outcome->end_token == LLAMA_TOKEN_NULL ? env.Null() : Napi::Number::New(env, outcome->end_token));
                return object;
            },
            call);
    });
}

Napi::Value EsaContext::remove(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto from = int32_t(read_integer(info[0], "from", 0, INT32_MAX));
        const auto to   = int32_t(read_integer(info[1], "to", 0, INT32_MAX));
        const auto call = begin();
        return Job::start(info.Env(), "remove", [it = session, from, to] { it->remove(from, to); }, undefined, call);
    });
}

Napi::Value EsaContext::snapshot_save(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto path   = read_string(info[0], "path");
        const auto key    = read_string(info[1], "key");
        const auto tokens = read_tokens(info[2], "tokens");
        const auto call   = begin();
        return Job::start(info.Env(), "snapshotSave", [=, it = session] { it->snapshot_save(path, key, tokens); }, undefined, call);
    });
}

Napi::Value EsaContext::snapshot_load(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto path   = read_string(info[0], "path");
        const auto key    = read_string(info[1], "key");
        const auto call   = begin();
        const auto tokens = std::make_shared<std::vector<llama_token>>();
        return Job::start(
            info.Env(), "snapshotLoad",
            [=, it = session] { *tokens = it->snapshot_load(path, key); },
            [tokens](Napi::Env env) { return copy_tokens(env, *tokens); },
            call);
    });
}

// setMust(ranges: Int32Array): first and end of each, one after the other
Napi::Value EsaContext::set_must(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto ranges = read_tokens(info[0], "ranges");
        if (ranges.size() % 2 != 0) {
            throw NativeError("BAD_ARGUMENT", "ranges: two numbers for each");
        }
        idle().set_must(ranges);
        return info.Env().Undefined();
    });
}

Napi::Value EsaContext::segment_save(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto path   = read_string(info[0], "path");
        const auto key    = read_string(info[1], "key");
        const auto from   = int32_t(read_integer(info[2], "from", 0, INT32_MAX));
        const auto tokens = read_tokens(info[3], "tokens");
        const auto call   = begin();
        return Job::start(info.Env(), "segmentSave", [=, it = session] { it->segment_save(path, key, from, tokens); }, undefined, call);
    });
}

Napi::Value EsaContext::segment_load(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto path   = read_string(info[0], "path");
        const auto key    = read_string(info[1], "key");
        const auto call   = begin();
        const auto tokens = std::make_shared<std::vector<llama_token>>();
        return Job::start(
            info.Env(), "segmentLoad",
            [=, it = session] { *tokens = it->segment_load(path, key); },
            [tokens](Napi::Env env) { return copy_tokens(env, *tokens); },
            call);
    });
}

Napi::Value EsaContext::segment_copy(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        const auto & type = AddonState::of(env).context_class;
        if (!info[0].IsObject() || !info[0].As<Napi::Object>().InstanceOf(type.Value())) {
            throw NativeError("BAD_ARGUMENT", "source: a context");
        }
        EsaContext * const source = Unwrap(info[0].As<Napi::Object>());
        if (source == this) {
            throw NativeError("BAD_ARGUMENT", "source: another context");
        }
        const auto from  = int32_t(read_integer(info[1], "from", 0, INT32_MAX));
        const auto count = int32_t(read_integer(info[2], "count", 0, INT32_MAX));
        source->idle();
        const auto calls = std::make_shared<std::pair<std::shared_ptr<Call>, std::shared_ptr<Call>>>(begin(), source->begin());
        return Job::start(
            env, "segmentCopy",
            [=, it = session, other = source->session] { it->segment_copy(*other, from, count); }, undefined, calls);
    });
}

Napi::Value EsaContext::bench_fill(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto count = int32_t(read_integer(info[0], "count", 0, INT32_MAX));
        const auto call  = begin();
        return Job::start(info.Env(), "benchFill", [it = session, count] { it->bench_fill(count); }, undefined, call);
    });
}

Napi::Value EsaContext::dispose(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        if (!session) {
            const auto done = Napi::Promise::Deferred::New(env);
            done.Resolve(env.Undefined());
            return done.Promise();
        }
        const auto it = std::move(session);
        forget_shutdown(env);
        it->request_abort();
        // the model is let go of only after the context is freed
        return Job::start(env, "dispose", [it] { it->close(); }, undefined, std::move(model));
    });
}
