#pragma once

// One llama_context and everything that is done with it; knows nothing of JavaScript. Calls that compute take a lock and may
// come from any thread; `request_abort` and `length` may be called at any time.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "llama.h"
#include "options.h"
#include "sampler.h"

struct ContextDeleter {
    void operator()(llama_context * context) const { llama_free(context); }
};

struct PrefillOutcome {
    int32_t              done    = 0;
    bool                 aborted = false;
    std::vector<std::vector<uint8_t>> traces; // of each chunk that was asked for; dense: none
};

// whose selection prefill collects
enum class Chunks { none, last, all };

enum class Finish { end, stop, length, full, abort };

struct GenerateOutcome {
    Finish      finish    = Finish::length;
    llama_token end_token = LLAMA_TOKEN_NULL;
};

struct SessionMemory {
    uint64_t cache     = 0;
    uint64_t selection = 0;
    uint64_t compute   = 0;
};

class Session {
public:
    using Progress = std::function<void(int32_t done, int32_t total)>;
    using Emit     = std::function<void(llama_token token, std::vector<uint8_t> trace)>;

    // Throws NativeError: NO_MEMORY, UNSUPPORTED, BAD_FILE, BAD_ARGUMENT, FAILED.
    Session(llama_model * model, const ContextOptions & options);
    ~Session();

    int32_t  length() const { return n_tokens; }
    uint32_t context_size() const { return n_ctx; }
    bool     esa_enabled() const { return is_esa; }
    int32_t  n_layer() const { return n_layers; }

    // Appends tokens chunk by chunk; an aborted chunk leaves nothing behind. Throws FULL before anything is appended.
    PrefillOutcome prefill(const std::vector<llama_token> & tokens, Chunks traced, const Progress & progress);

    // Samples and appends until something ends it; the last token that was emitted is not appended.
    GenerateOutcome generate(const SamplingOptions & options, const Emit & emit);

    // Removes tokens [from, to) and closes the gap.
    void remove(int32_t from, int32_t to);

    // Token indices that a layer selected in the last step, ascending.
    std::vector<int32_t> trace(int32_t layer);

    std::vector<float> logits();
    SessionMemory      memory();

    void                     snapshot_save(const std::string & path, const std::string & key, const std::vector<llama_token> & tokens);
    std::vector<llama_token> snapshot_load(const std::string & path, const std::string & key);

    // Whether rows of this context can be appended to another one.
    bool segments() const { return has_segments; }

    // Tokens from `from` on, to a file. Throws BAD_ARGUMENT, BAD_FILE, UNSUPPORTED.
    void segment_save(const std::string & path, const std::string & key, int32_t from, const std::vector<llama_token> & tokens);

    // Appends a segment and returns its tokens. Throws BAD_FILE, FULL, UNSUPPORTED; the context is as before then.
    std::vector<llama_token> segment_load(const std::string & path, const std::string & key);

    // Appends tokens [from, from + count) of another session. Throws BAD_ARGUMENT, FULL, UNSUPPORTED.
    void segment_copy(Session & source, int32_t from, int32_t count);

    // Tokens of these [from, to) are always attended, until set again. Throws BAD_ARGUMENT. Dense contexts attend to all.
    void set_must(const std::vector<int32_t> & ranges);

    // Fills the cache with arbitrary keys and values instead of computing them.
    void bench_fill(int32_t count);

    // The running call, or the next one when none runs, ends after at most one step.
    void request_abort() { abort_requested = true; }
    void clear_abort() { abort_requested = false; }

    // Ends a running call, waits for it and frees the context; every later call throws DISPOSED. May be called again.
    void close();

private:
    std::unique_lock<std::mutex> lock_open();

    enum class Step { done, aborted };

    // Computes tokens that follow the cache; asks for logits of the last one when `want_logits`. On anything but `done`
    // the cache is as before.
    Step decode(const llama_token * tokens, int32_t count, bool want_logits);

    void remove_locked(int32_t from, int32_t to);
    void check_tokens(const std::vector<llama_token> & tokens) const;
    void require_logits() const;

    std::vector<uint8_t> encode_trace();
    std::vector<int32_t> layer_trace(int32_t layer) const;

    bool should_stop() const { return abort_requested || closing; }

    std::mutex        mutex; // held while the context is used
    std::atomic<bool> abort_requested{ false };
    std::atomic<bool> closing{ false };

    std::unique_ptr<llama_context, ContextDeleter> context;
    llama_batch                                    batch = {};

    std::atomic<int32_t> n_tokens{ 0 };
    uint32_t             n_ctx      = 0;
    uint32_t             n_chunk    = 0;
    int32_t              n_layers   = 0;
    int32_t              n_vocab    = 0;
    int32_t              n_trace    = 0; // most tokens that a layer selects
    bool                 is_esa     = false;
    bool                 is_traced  = false;
    bool                 has_segments = false;
    bool                 has_logits = false;
};
