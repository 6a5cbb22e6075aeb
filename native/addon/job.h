#pragma once

// A long call: work on a thread of the pool, a promise for its end.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "errors.h"

class Job : public Napi::AsyncWorker {
public:
    using Work   = std::function<void()>;
    using Result = std::function<Napi::Value(Napi::Env)>;

    // Runs `work` on a pool thread. The promise resolves with what `result` makes, on the JavaScript thread, or rejects
    // with the error that either of them threw. `keep` is held until then.
    static Napi::Promise start(Napi::Env env, const char * name, Work work, Result result, std::shared_ptr<void> keep = nullptr) {
        auto * job = new Job(env, name, std::move(work), std::move(result), std::move(keep));
        Napi::Promise promise = job->deferred.Promise();
        job->Queue(); // deletes itself when done
        return promise;
    }

protected:
    void Execute() override {
        try {
            work();
        } catch (const NativeError & error) {
            failure = error;
        } catch (const std::bad_alloc &) {
            failure = NativeError::no_memory(0, 0);
        } catch (const std::exception & error) {
            failure.emplace("FAILED", error.what());
        } catch (...) {
            failure.emplace("FAILED", "unknown error");
        }
    }

    void OnOK() override {
        const Napi::Env env = Env();
        work = nullptr;
        if (!failure) {
            try {
                const Napi::Value value = guarded(env, [&] { return result(env); });
                keep.reset();
                deferred.Resolve(value);
                return;
            } catch (const Napi::Error & error) {
                keep.reset();
                deferred.Reject(error.Value());
                return;
            }
        }
        keep.reset();
        deferred.Reject(failure->to_js(env).Value());
    }

private:
    Job(Napi::Env env, const char * name, Work work, Result result, std::shared_ptr<void> keep) :
        Napi::AsyncWorker(env, name),
        deferred(Napi::Promise::Deferred::New(env)),
        work(std::move(work)),
        result(std::move(result)),
        keep(std::move(keep)) {}

    Napi::Promise::Deferred    deferred;
    Work                       work;
    Result                     result;
    std::shared_ptr<void>      keep;
    std::optional<NativeError> failure;
};
