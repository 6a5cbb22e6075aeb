#include "calibrate.h"

#include <atomic>
#include <memory>

#include "abort-guard.h"
#include "addon-state.h"
#include "errors.h"
#include "job.h"
#include "llama-esa.h"
#include "model-handle.h"
#include "options.h"
#include "stream.h"

namespace {

struct Progress {
    const char * stage;
    int32_t      done;
    int32_t      total;
};

using ProgressStream = Stream<Progress>;

struct CalibrationDeleter {
    void operator()(llama_esa_calibration * calibration) const { llama_esa_calibration_free(calibration); }
};

// What the solver's callback needs.
struct Watch {
    const std::atomic<bool> & abort;
    ProgressStream &          stream;
};

void run(llama_model * model, const CalibrationOptions & options, const std::atomic<bool> & abort, ProgressStream & stream) {
    const std::unique_ptr<llama_esa_calibration, CalibrationDeleter> calibration(
        llama_esa_calibration_init(model, options.n_proj, options.vote, options.scoring, options.n_local, options.threads));
    if (!calibration) {
        throw NativeError(llama_esa_unsupported_reason(model) ? "UNSUPPORTED" : "BAD_ARGUMENT", llama_esa_last_error());
    }
    const auto is_aborted = [](void * data) { return static_cast<const std::atomic<bool> *>(data)->load(); };
    const auto total      = int32_t(options.texts.size());
    const AbortForReal for_real;
    for (int32_t i = 0; i < total; i++) {
        const auto & tokens = options.texts[size_t(i)];
        check_status(llama_esa_calibration_add(calibration.get(), tokens.data(), tokens.size(), is_aborted,
            const_cast<std::atomic<bool> *>(&abort)));
        stream.push({ "read", i + 1, total });
    }
    Watch watch{ abort, stream };
    const auto report = [](int32_t done, int32_t total, void * data) {
        const Watch & it = *static_cast<Watch *>(data);
        it.stream.push({ "solve", done, total });
        return !it.abort;
    };
    check_status(llama_esa_calibration_save(calibration.get(), options.path.c_str(), report, &watch));
}

} // namespace

Napi::Value calibrate(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        const auto handle  = ModelHandle::take(info[0]);
        const auto options = read_calibration_options(info[1]);
        const auto notify  = read_function(info[2], "onProgress");
        const auto n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(handle->model()));
        for (const auto & text : options.texts) {
            for (const llama_token token : text) {
                if (token < 0 || token >= n_vocab) {
                    throw NativeError("BAD_ARGUMENT", "token " + std::to_string(token) + " is not in the model's vocabulary");
                }
            }
        }
        const auto abort = std::make_shared<std::atomic<bool>>(false);
        AddonState::of(env).calibrations.add(abort);
        const auto stream = ProgressStream::create(env, notify,
            [](Napi::Env env, const Napi::Function & callback, std::vector<Progress> & steps) {
                const Progress & step = steps.back();
                callback.Call({ Napi::String::New(env, step.stage), Napi::Number::New(env, step.done), Napi::Number::New(env, step.total) });
            },
            [abort] { *abort = true; });

        Napi::Object running = Napi::Object::New(env);
        running.Set("done", Job::start(
            env, "calibrate",
            [=] { run(handle->model(), options, *abort, *stream); },
            [=](Napi::Env env) -> Napi::Value {
                stream->finish();
                return env.Undefined();
            },
            handle));
        running.Set("abort", Napi::Function::New(env, [abort](const Napi::CallbackInfo &) { *abort = true; }));
        return running;
    });
}
