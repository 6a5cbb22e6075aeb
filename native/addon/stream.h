#pragma once

// Values that a pool thread sends to a JavaScript callback while it works. The sender never waits; what has gathered until
// the JavaScript thread gets to it arrives in one call.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "napi.h"

template <typename T> class Stream : public std::enable_shared_from_this<Stream<T>> {
public:
    using Deliver = std::function<void(Napi::Env env, const Napi::Function & callback, std::vector<T> & values)>;

    // On the JavaScript thread. When `callback` throws, `on_error` is called and `finish` throws it again.
    static std::shared_ptr<Stream> create(Napi::Env env, const Napi::Function & callback, Deliver deliver, std::function<void()> on_error) {
        std::shared_ptr<Stream> stream(new Stream());
        stream->callback  = Napi::Persistent(callback);
        stream->deliver   = std::move(deliver);
        stream->on_error  = std::move(on_error);
        stream->function  = Napi::ThreadSafeFunction::New(env, callback, "longsight stream", 0, 1);
        return stream;
    }

    ~Stream() { function.Release(); }

    // From any thread.
    void push(T value) {
        {
            const std::lock_guard<std::mutex> lock(mutex);
            values.push_back(std::move(value));
            if (values.size() > 1) {
                return; // a call that will take it along is on its way
            }
        }
        const std::weak_ptr<Stream> weak = this->weak_from_this();
        function.NonBlockingCall([weak](Napi::Env, Napi::Function) {
            if (const std::shared_ptr<Stream> stream = weak.lock()) {
                stream->drain();
            }
        });
    }

    // On the JavaScript thread, when nothing is pushed any more: delivers the rest.
    void finish() {
        drain();
        if (error) {
            throw *error;
        }
    }

private:
    Stream() = default;

    void drain() {
        std::vector<T> ready;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            ready.swap(values);
        }
        if (ready.empty() || error) {
            return;
        }
        const Napi::Env         env = callback.Env();
        const Napi::HandleScope scope(env);
        try {
            deliver(env, callback.Value(), ready);
        } catch (const Napi::Error & thrown) {
            error = thrown;
            on_error();
        }
    }

    Napi::ThreadSafeFunction   function;
    Napi::FunctionReference    callback;
    Deliver                    deliver;
    std::function<void()>      on_error;
    std::mutex                 mutex;
    std::vector<T>             values;
    std::optional<Napi::Error> error;
};
