// Calibration: ordinary text through the model, moments of every layer's queries and keys, projections in closed form.

#include "llama-esa-impl.h"
#include "llama-esa-projections.h"
#include "llama-esa-statistics.h"

#include "llama-context.h"
#include "llama-model.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>

static constexpr uint32_t N_UBATCH   = 256;
static constexpr int64_t  MIN_TOKENS = 64; // fewer do not determine anything

struct llama_esa_calibration {
    llama_model * model;

    uint32_t            n_proj;
    enum llama_esa_vote vote;
    int32_t             n_threads;

    enum llama_esa_scoring scoring;
    uint32_t               n_local;

    std::unique_ptr<llama_context, void (*)(llama_context *)> ctx { nullptr, llama_free };

    std::vector<std::unique_ptr<llama_esa_statistics>> layers; // by layer of the model; none where attention is windowed
};

// Calls task(i) for i in [0, n) on several threads; after each task of the calling thread, `keep_going` is asked.
static bool parallel_for(int32_t n, int32_t n_threads, const std::function<void(int32_t)> & task, const std::function<bool(int32_t)> & keep_going) {
    std::atomic<int32_t> next(0), done(0);
    std::atomic<bool> stop(false);
    auto work = [&](bool caller) {
        for (int32_t i = next++; i < n && !stop; i = next++) {
            task(i);
            done++;
            if (caller && !keep_going(done)) {
                stop = true;
            }
        }
    };
    std::vector<std::thread> threads;
    for (int32_t i = 1; i < std::min(n, n_threads); ++i) {
        threads.emplace_back(work, false);
    }
    work(true);
    for (auto & t : threads) {
        t.join();
    }
    return !stop;
}

static llama_context * make_context(const llama_esa_calibration & cal, size_t n_tokens) {
    llama_esa_params esa = llama_esa_default_params();
    esa.n_init  = 0;
    esa.n_local = (uint32_t) n_tokens; // everything is local: the statistics are those of stock attention
    esa.n_top   = 1;
    esa.trace   = false;
    esa.scoring = cal.scoring;

    llama_context_params cp = llama_context_default_params();
    cp.n_ctx     = (uint32_t) n_tokens;
    cp.n_batch   = N_UBATCH;
    cp.n_ubatch  = N_UBATCH;
    cp.n_threads = cp.n_threads_batch = cal.n_threads;
    cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    cp.esa = &esa;
    llama_context * ctx = llama_init_from_model(cal.model, cp);
    if (ctx) {
        ctx->get_cparams().esa->distance = cal.n_local;
        ctx->get_cparams().esa->enable_capture();
    }
    return ctx;
}

static void add_captured(llama_esa_calibration & cal, int64_t n_tokens) {
    const llama_esa * esa = cal.ctx->get_cparams().esa;
    parallel_for((int32_t) cal.layers.size(), cal.n_threads, [&](int32_t il) {
        if (cal.layers[il]) {
            const auto & l = esa->layers[il];
            std::vector<float> q(l.cap_q->ne[0]*n_tokens), k(l.cap_k->ne[0]*n_tokens);
            ggml_backend_tensor_get(l.cap_q, q.data(), 0, q.size()*sizeof(float));
            ggml_backend_tensor_get(l.cap_k, k.data(), 0, k.size()*sizeof(float));
            cal.layers[il]->add(q.data(), k.data(), n_tokens);
        }
    }, [](int32_t) { return true; });
}

struct llama_esa_calibration * llama_esa_calibration_init(
        struct llama_model * model, uint32_t n_proj, enum llama_esa_vote vote, enum llama_esa_scoring scoring, uint32_t n_local,
        int32_t n_threads) {
    if (const char * reason = llama_esa_unsupported_reason(model)) {
        llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "calibration: the model %s", reason);
        return nullptr;
    }
    if (n_proj < 1 || n_proj > 1024 || n_threads < 1 || n_threads > 512 || (vote != LLAMA_ESA_VOTE_SUM && vote != LLAMA_ESA_VOTE_NORM) ||
            (scoring != LLAMA_ESA_SCORING_CONTENT && scoring != LLAMA_ESA_SCORING_FAR) || n_local < 1 || n_local > 1u << 20) {
        llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "calibration: the projected width must be 1 to 1024, threads 1 to 512, n_local 1 to 1048576, "
                "vote and scoring known");
        return nullptr;
    }
    auto cal = std::make_unique<llama_esa_calibration>();
    cal->model     = model;
    cal->n_proj    = n_proj;
    cal->vote      = vote;
    cal->n_threads = n_threads;
    cal->scoring   = scoring;
    cal->n_local   = n_local;

    const auto & hp = model->hparams;
    cal->layers.resize(hp.n_layer());
    for (uint32_t il = 0; il < hp.n_layer(); ++il) {
        if (!hp.is_swa(il)) {
            cal->layers[il] = std::make_unique<llama_esa_statistics>(hp.n_embd_head_k(il), hp.n_head(il), hp.n_head_kv(il), vote == LLAMA_ESA_VOTE_NORM);
            if (n_proj > hp.n_embd_k_gqa(il)) {
                llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "calibration: a projected width of %u does not compress keys of width %u",
                        n_proj, hp.n_embd_k_gqa(il));
                return nullptr;
            }
        }
    }
    return cal.release();
}

enum llama_esa_status llama_esa_calibration_add(
        struct llama_esa_calibration * cal, const llama_token * tokens, size_t n_tokens,
        bool (*abort_cb)(void * data), void * abort_data) {
    if (!cal || !tokens || n_tokens == 0 || n_tokens > cal->model->hparams.n_ctx_train) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "calibration: give 1 to %u tokens at a time, the trained context of the model",
                cal ? cal->model->hparams.n_ctx_train : 0);
    }
    for (size_t i = 0; i < n_tokens; ++i) {
        if (tokens[i] < 0 || tokens[i] >= (llama_token) cal->model->vocab.n_tokens()) {
            return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "calibration: token %d is not in the vocabulary", tokens[i]);
        }
    }
    if (!cal->ctx || cal->ctx->n_ctx() < n_tokens) {
        cal->ctx.reset();
        cal->ctx.reset(make_context(*cal, n_tokens));
        if (!cal->ctx) {
            return LLAMA_ESA_NO_MEMORY; // the error is set
        }
    }
    llama_set_abort_callback(cal->ctx.get(), abort_cb, abort_data);
    llama_memory_clear(llama_get_memory(cal->ctx.get()), false);

    std::vector<llama_token> chunk;
    for (size_t i = 0; i < n_tokens; i += N_UBATCH) {
        chunk.assign(tokens + i, tokens + std::min(n_tokens, i + N_UBATCH));
        const bool aborted = abort_cb && abort_cb(abort_data);
        const int  res     = aborted ? 2 : llama_decode(cal->ctx.get(), llama_batch_get_one(chunk.data(), (int32_t) chunk.size()));
        if (res == 2) {
            return llama_esa_fail(LLAMA_ESA_ABORTED, "calibration: aborted");
        }
        if (res != 0) {
            return llama_esa_fail(LLAMA_ESA_COMPUTE_FAILED, "calibration: the model failed on the text (%d)", res);
        }
        llama_synchronize(cal->ctx.get());
        add_captured(*cal, (int64_t) chunk.size());
    }
    return LLAMA_ESA_OK;
}

enum llama_esa_status llama_esa_calibration_save(
        struct llama_esa_calibration * cal, const char * path,
        bool (*progress)(int32_t done, int32_t total, void * data), void * progress_data) {
    if (!cal || !path) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "calibration: a calibration and a path must be given");
    }
    llama_esa_projections res;
    res.n_proj  = cal->n_proj;
    res.vote    = cal->vote;
    res.scoring = cal->scoring;
    res.n_local = cal->n_local;
    res.layers.resize(cal->layers.size());

    for (const auto & l : cal->layers) {
        if (l && l->count() < MIN_TOKENS) {
            return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "calibration: %lld tokens are too few, give at least %lld and better thousands",
                    (long long) l->count(), (long long) MIN_TOKENS);
        }
    }

    const int32_t n_layer = (int32_t) cal->layers.size();
    const bool finished = parallel_for(n_layer, cal->n_threads, [&](int32_t il) {
        if (cal->layers[il]) {
            res.layers[il] = cal->layers[il]->solve(res.n_proj);
        }
    }, [&](int32_t done) { return !progress || progress(done, n_layer, progress_data); });
    if (!finished) {
        return llama_esa_fail(LLAMA_ESA_ABORTED, "calibration: aborted");
    }

    try {
        res.save(path, *cal->model);
    } catch (const std::exception & err) {
        return llama_esa_fail(LLAMA_ESA_BAD_FILE, "%s", err.what());
    }
    return LLAMA_ESA_OK;
}

void llama_esa_calibration_free(struct llama_esa_calibration * cal) {
    delete cal;
}
