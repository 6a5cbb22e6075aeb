#include "session.h"

#include <algorithm>

#include "abort-guard.h"
#include "errors.h"
#include "llama-esa-bench.h"
#include "llama-esa.h"
#include "llama-ext.h"
#include "memory.h"
#include "trace-codec.h"

// llama.cpp returns no reason; without ESA it is an allocation that failed.
static NativeError creation_failure(const ContextOptions & options, uint64_t needed) {
    const std::string reason = options.esa ? llama_esa_last_error() : "failed to allocate";
    const auto says = [&](const char * word) { return reason.find(word) != std::string::npos; };
    if (says("allocate") || says("no memory")) {
        return NativeError::no_memory(needed, free_host_memory());
    }
    return NativeError(says("projections") ? "BAD_FILE" : "BAD_ARGUMENT", "the context could not be created: " + reason);
}

Session::Session(llama_model * model, const ContextOptions & options) {
    const llama_vocab * vocab = llama_model_get_vocab(model);
    n_layers = llama_model_n_layer(model);
    n_vocab  = llama_vocab_n_tokens(vocab);

    if (options.esa) {
        if (const char * reason = llama_esa_unsupported_reason(model)) {
            throw NativeError("UNSUPPORTED", reason);
        }
    }
    const uint64_t needed = check_memory(model, options);

    llama_context_params params = llama_context_default_params();
    params.n_ctx               = options.context_size;
    params.n_batch             = std::min(options.batch_size, options.context_size);
    params.n_ubatch            = params.n_batch; // one chunk is one step: that is what an abort waits for
    params.n_outputs_max       = 1;
    params.n_threads           = options.threads;
    params.n_threads_batch     = options.threads;
    params.type_k              = options.kv_type;
    params.type_v              = options.kv_type;
    params.offload_kqv         = options.offload_kv;
    params.flash_attn_type     = options.flash_attention ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.abort_callback_data = this;
    params.abort_callback      = [](void * data) { return static_cast<Session *>(data)->should_stop(); };

    llama_esa_params esa = {};
    if (options.esa) {
        esa = options.esa->params;
        esa.projections = options.esa->projections ? options.esa->projections->c_str() : nullptr;
        params.esa = &esa;
        n_trace    = int32_t(esa.n_init + esa.n_top);
        is_traced  = esa.trace;
    }

    context.reset(llama_init_from_model(model, params));
    if (!context) {
        throw creation_failure(options, needed);
    }
    n_ctx   = llama_n_ctx(context.get());
    n_chunk = llama_n_ubatch(context.get());
    is_esa  = llama_esa_enabled(context.get());
    has_segments = llama_esa_supports_segments(context.get());
    batch   = llama_batch_init(int32_t(n_chunk), 0, 1);
    if (batch.token == nullptr) {
        throw std::bad_alloc();
    }
}

Session::~Session() {
    close();
    llama_batch_free(batch);
}

void Session::close() {
    closing = true;
    const std::lock_guard<std::mutex> lock(mutex);
    context.reset();
}

std::unique_lock<std::mutex> Session::lock_open() {
    std::unique_lock<std::mutex> lock(mutex);
    if (!context) {
        throw NativeError("DISPOSED", "the context was disposed");
    }
    return lock;
}

void Session::check_tokens(const std::vector<llama_token> & tokens) const {
    for (const llama_token token : tokens) {
        if (token < 0 || token >= n_vocab) {
            throw NativeError("BAD_ARGUMENT", "token " + std::to_string(token) + " is not in the model's vocabulary");
        }
    }
}

void Session::require_logits() const {
    if (!has_logits) {
        throw NativeError("NO_LOGITS", "prefill at least one token first");
    }
}

Session::Step Session::decode(const llama_token * tokens, int32_t count, bool want_logits) {
    const int32_t start = n_tokens;
    batch.n_tokens = count;
    for (int32_t i = 0; i < count; i++) {
        batch.token[i]     = tokens[i];
        batch.pos[i]       = start + i;
        batch.n_seq_id[i]  = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i]    = want_logits && i == count - 1;
    }
    has_logits = false;
    const AbortForReal for_real;
    const int32_t status = llama_decode(context.get(), batch);
    llama_synchronize(context.get());
    if (status == 0) {
        n_tokens   = start + count;
        has_logits = want_logits;
        return Step::done;
    }
    if (status != 1 && status != -1) { // those two leave the cache alone
        remove_locked(start, start + count);
        n_tokens = start;
    }
    switch (status) {
        case 2:  return Step::aborted;
        case 1:  throw NativeError("FULL", "the context has no room for " + std::to_string(count) + " more tokens");
        case -2: throw NativeError::no_memory(0, 0);
        default: throw NativeError("FAILED", "llama.cpp could not compute the tokens (status " + std::to_string(status) + ")");
    }
}

PrefillOutcome Session::prefill(const std::vector<llama_token> & tokens, Chunks traced, const Progress & progress) {
    const auto lock = lock_open();
    check_tokens(tokens);
    const int32_t total = int32_t(tokens.size());
    if (uint64_t(n_tokens) + tokens.size() > n_ctx) {
        throw NativeError("FULL", std::to_string(total) + " tokens do not fit: " + std::to_string(n_tokens) + " of " +
            std::to_string(n_ctx) + " are in use");
    }

    PrefillOutcome outcome;
    while (outcome.done < total && !outcome.aborted) {
        const int32_t count = std::min(int32_t(n_chunk), total - outcome.done);
        if (should_stop() || decode(tokens.data() + outcome.done, count, outcome.done + count == total) == Step::aborted) {
            outcome.aborted = true;
        } else {
            outcome.done += count;
            if (is_esa && is_traced && (traced == Chunks::all || (traced == Chunks::last && outcome.done == total))) {
                outcome.traces.push_back(encode_trace());
            }
            progress(outcome.done, total);
        }
    }
    return outcome;
}

GenerateOutcome Session::generate(const SamplingOptions & options, const Emit & emit) {
    const auto lock = lock_open();
    require_logits();
    const llama_vocab * vocab   = llama_model_get_vocab(llama_get_model(context.get()));
    const SamplerPtr    sampler = make_sampler(options);

    GenerateOutcome outcome;
    for (int32_t n = 1; ; n++) {
        if (should_stop()) {
            outcome.finish = Finish::abort;
            break;
        }
        const llama_token token = llama_sampler_sample(sampler.get(), context.get(), -1);
        const auto & stops   = options.stop_tokens;
        const bool   is_stop = std::find(stops.begin(), stops.end(), token) != stops.end();
        if (is_stop || llama_vocab_is_eog(vocab, token)) {
            outcome.finish    = is_stop ? Finish::stop : Finish::end;
            outcome.end_token = token;
            break;
        }
        emit(token, options.trace ? encode_trace() : std::vector<uint8_t>());
        if (n >= options.max_tokens) {
            outcome.finish = Finish::length;
            break;
        }
        if (uint32_t(n_tokens) >= n_ctx) {
            outcome.finish = Finish::full;
            break;
        }
        if (decode(&token, 1, true) == Step::aborted) {
            outcome.finish = Finish::abort;
            break;
        }
    }
    has_logits = false; // the last token is not in the cache: sampling on from here would draw it once more
    return outcome;
}

void Session::remove(int32_t from, int32_t to) {
    const auto lock = lock_open();
    if (from < 0 || from > to || to > n_tokens) {
        throw NativeError("BAD_ARGUMENT", "cannot remove tokens " + std::to_string(from) + " to " + std::to_string(to) +
            " of " + std::to_string(n_tokens));
    }
    if (from == to) {
        return;
    }
    has_logits = false;
    remove_locked(from, to);
    n_tokens = n_tokens - (to - from);
}

void Session::remove_locked(int32_t from, int32_t to) {
    const bool is_tail = to >= n_tokens;
    if (is_esa) {
        if (llama_esa_n_tokens(context.get()) > from) {
            check_status(llama_esa_remove(context.get(), from, is_tail ? -1 : to));
        }
        return;
    }
    llama_memory_t cache = llama_get_memory(context.get());
    if (!is_tail && !llama_memory_can_shift(cache)) {
        throw NativeError("UNSUPPORTED", "this model's cache cannot close a gap");
    }
    if (!llama_memory_seq_rm(cache, 0, from, is_tail ? -1 : to)) {
        throw NativeError("UNSUPPORTED", "this model's cache cannot give up a part of its tokens");
    }
    if (!is_tail) {
        llama_memory_seq_add(cache, 0, to, -1, from - to);
    }
}

std::vector<int32_t> Session::layer_trace(int32_t layer) const {
    std::vector<int32_t> tokens(static_cast<size_t>(n_trace));
    const int32_t count = is_esa && is_traced ? llama_esa_trace(context.get(), layer, tokens.data(), n_trace) : 0;
    tokens.resize(size_t(std::clamp(count, 0, n_trace)));
    return tokens;
}

std::vector<uint8_t> Session::encode_trace() {
    if (!is_esa || !is_traced) {
        return {};
    }
    TraceEncoder encoder;
    for (int32_t layer = 0; layer < n_layers; layer++) {
        const std::vector<int32_t> tokens = layer_trace(layer);
        encoder.add_layer(tokens.data(), int32_t(tokens.size()));
    }
    return encoder.take();
}

std::vector<int32_t> Session::trace(int32_t layer) {
    const auto lock = lock_open();
    return layer_trace(layer);
}

std::vector<float> Session::logits() {
    const auto lock = lock_open();
    require_logits();
    const float * values = llama_get_logits_ith(context.get(), -1);
    if (values == nullptr) {
        throw NativeError("NO_LOGITS", "llama.cpp holds no logits");
    }
    return std::vector<float>(values, values + n_vocab);
}

SessionMemory Session::memory() {
    const auto lock = lock_open();
    SessionMemory memory;
    for (const auto & [type, bytes] : llama_get_memory_breakdown(context.get())) {
        memory.cache += bytes.context;
        memory.compute += bytes.compute;
    }
    memory.selection = llama_esa_memory_size(context.get());
    return memory;
}

void Session::snapshot_save(const std::string & path, const std::string & key, const std::vector<llama_token> & tokens) {
    const auto lock = lock_open();
    check_tokens(tokens);
    if (int32_t(tokens.size()) != n_tokens) {
        throw NativeError("BAD_ARGUMENT", std::to_string(tokens.size()) + " tokens named, " + std::to_string(n_tokens) + " are in the cache");
    }
    check_status(llama_esa_snapshot_save(context.get(), path.c_str(), key.c_str(), tokens.data(), tokens.size()));
}

std::vector<llama_token> Session::snapshot_load(const std::string & path, const std::string & key) {
    const auto lock = lock_open();
    has_logits = false;
    n_tokens   = 0; // whatever happens, the old contents are gone
    std::vector<llama_token> tokens(n_ctx);
    size_t count = tokens.size();
    check_status(llama_esa_snapshot_load(context.get(), path.c_str(), key.c_str(), tokens.data(), &count));
    tokens.resize(count);
    n_tokens = int32_t(count);
    return tokens;
}

void Session::segment_save(const std::string & path, const std::string & key, int32_t from, const std::vector<llama_token> & tokens) {
    const auto lock = lock_open();
    check_tokens(tokens);
    check_status(llama_esa_segment_save(context.get(), path.c_str(), key.c_str(), from, tokens.data(), tokens.size()));
}

std::vector<llama_token> Session::segment_load(const std::string & path, const std::string & key) {
    const auto lock = lock_open();
    const std::unique_ptr<llama_token[]> tokens(new llama_token[n_ctx]); // not touched beyond what is there
    size_t count = n_ctx;
    check_status(llama_esa_segment_load(context.get(), path.c_str(), key.c_str(), tokens.get(), &count));
    has_logits = has_logits && count == 0;
    n_tokens   = n_tokens + int32_t(count);
    return std::vector<llama_token>(tokens.get(), tokens.get() + count);
}

void Session::segment_copy(Session & source, int32_t from, int32_t count) {
    const std::scoped_lock locks(mutex, source.mutex);
    if (!context || !source.context) {
        throw NativeError("DISPOSED", "the context was disposed");
    }
    check_status(llama_esa_segment_copy(context.get(), source.context.get(), from, size_t(count)));
    has_logits = has_logits && count == 0;
    n_tokens   = n_tokens + count;
}

void Session::set_must(const std::vector<int32_t> & ranges) {
    const auto lock = lock_open();
    if (is_esa) {
        check_status(llama_esa_set_must(context.get(), ranges.data(), ranges.size()/2));
    }
}

void Session::bench_fill(int32_t count) {
    const auto lock = lock_open();
    if (count < 0 || uint32_t(count) > n_ctx) {
        throw NativeError("BAD_ARGUMENT", "cannot fill " + std::to_string(count) + " of " + std::to_string(n_ctx) + " tokens");
    }
    has_logits = false;
    check_status(llama_esa_bench_fill(context.get(), count));
    n_tokens = count;
}
