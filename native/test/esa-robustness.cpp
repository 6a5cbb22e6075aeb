// Item 8 of docs/esa.md: limits and wrong input give a status, never a crash, a leak or a NaN.

#include "support/files.h"
#include "support/session.h"

static llama_esa_params small_params() {
    auto p = llama_esa_default_params();
    p.n_init  = 16;
    p.n_local = 64;
    p.n_top   = 32;
    return p;
}

static void expect(const char * what, llama_esa_status got, llama_esa_status want) {
    tap::ok(got == want, "%s: %s", what, got == LLAMA_ESA_OK ? "fine" : llama_esa_last_error());
}

static llama_context * try_context(llama_model * model, const llama_esa_params & p, void (*change)(llama_context_params &) = nullptr) {
    auto cp = llama_context_default_params();
    cp.n_ctx = 512;
    cp.n_batch = cp.n_ubatch = 64;
    cp.n_threads = cp.n_threads_batch = 1;
    cp.esa = &p;
    if (change) {
        change(cp);
    }
    return llama_init_from_model(model, cp);
}

static void check_refused(llama_model * model, const char * what, const llama_esa_params & p, void (*change)(llama_context_params &) = nullptr) {
    context_ptr ctx(try_context(model, p, change));
    tap::ok(!ctx && *llama_esa_last_error(), "%s is refused: %s", what, llama_esa_last_error());
}

static void check_parameters(llama_model * model) {
    auto p = small_params();
    p.n_local = 0;
    check_refused(model, "n_local 0", p);
    p = small_params();
    p.n_top = 0;
    check_refused(model, "n_top 0", p);
    p = small_params();
    p.n_local = 1u << 31;
    check_refused(model, "n_local beyond reason", p);
    p = small_params();
    p.proximity = 1000;
    check_refused(model, "a huge proximity", p);
    p = small_params();
    p.type_kc = GGML_TYPE_Q4_K;
    check_refused(model, "another type of compressed keys", p);
    p = small_params();
    p.positions = (llama_esa_positions) 3;
    check_refused(model, "unknown positions", p);
    p = small_params();
    p.n_init = p.n_local = p.n_top = 1u << 20;
    const context_ptr large(try_context(model, p));
    tap::ok(large && llama_esa_memory_size(large.get()) < 4*1024*1024, "sizes beyond the context take no memory (%zu bytes)",
            large ? llama_esa_memory_size(large.get()) : 0);
    p = small_params();
    check_refused(model, "two sequences",     p, [](llama_context_params & cp) { cp.n_seq_max = 2; });
    check_refused(model, "quantised keys",    p, [](llama_context_params & cp) { cp.type_k = GGML_TYPE_Q8_0; });
    check_refused(model, "no flash attention", p, [](llama_context_params & cp) { cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED; });
}

static void check_projections(llama_model * model, const tiny_model & tiny, const scratch_dir & dir) {
    const std::string path = dir / "projections.gguf";
    const tokens t = random_tokens(model, 512);
    auto * cal = llama_esa_calibration_init(model, 32, LLAMA_ESA_VOTE_SUM, LLAMA_ESA_SCORING_FAR, small_params().n_local, 2);
    expect("calibration without text", llama_esa_calibration_save(cal, path.c_str(), nullptr, nullptr), LLAMA_ESA_BAD_ARGUMENT);
    expect("too much text", llama_esa_calibration_add(cal, t.data(), 1 << 20, nullptr, nullptr), LLAMA_ESA_BAD_ARGUMENT);
    const llama_token wrong[] = { 5, 1 << 30 };
    expect("text that is none", llama_esa_calibration_add(cal, wrong, 2, nullptr, nullptr), LLAMA_ESA_BAD_ARGUMENT);
    auto stop = [](void *) { return true; };
    expect("calibration stops when asked", llama_esa_calibration_add(cal, t.data(), t.size(), stop, nullptr), LLAMA_ESA_ABORTED);
    expect("and goes on after that", llama_esa_calibration_add(cal, t.data(), t.size(), nullptr, nullptr), LLAMA_ESA_OK);
    expect("solving stops when asked", llama_esa_calibration_save(cal, path.c_str(), [](int32_t, int32_t, void *) { return false; }, nullptr),
            LLAMA_ESA_ABORTED);
    tap::ok(!std::filesystem::exists(path), "and leaves no file");
    expect("no place to write", llama_esa_calibration_save(cal, (dir / "no/folder").c_str(), nullptr, nullptr), LLAMA_ESA_BAD_FILE);
    expect("projections are written", llama_esa_calibration_save(cal, path.c_str(), nullptr, nullptr), LLAMA_ESA_OK);
    llama_esa_calibration_free(cal);
    llama_esa_calibration_free(nullptr);

    auto p = small_params();
    const std::string nothing = dir / "nothing.gguf";
    p.projections = nothing.c_str();
    check_refused(model, "missing projections", p);

    const std::string cut = dir / "cut.gguf";
    std::filesystem::copy_file(path, cut, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(cut, std::filesystem::file_size(cut)/2);
    p.projections = cut.c_str();
    check_refused(model, "truncated projections", p);

    const bytes good = read_file(path);
    int n_missed = 0;
    for (size_t at = 0; at < good.size(); at += 1 + good.size()/97) {
        bytes altered = good;
        altered[at] ^= 1;
        write_file(cut, altered);
        n_missed += context_ptr(try_context(model, p)) != nullptr;
    }
    tap::ok(n_missed == 0, "projections with one bit altered are refused (%d were not): %s", n_missed, llama_esa_last_error());

    tap::ok(!llama_esa_calibration_init(model, tiny.n_head_kv*tiny.d + 1, LLAMA_ESA_VOTE_SUM, LLAMA_ESA_SCORING_FAR, 64, 1),
            "a projected width beyond that of a key is refused: %s", llama_esa_last_error());

    tiny_model other = tiny;
    other.n_layer = 3;
    p.projections = path.c_str();
    const model_ptr foreign = make_model(other);
    check_refused(foreign.get(), "projections of another model", p);

    p.scoring = LLAMA_ESA_SCORING_CONTENT;
    check_refused(model, "projections of another scoring", p);
    p = small_params();
    p.projections = path.c_str();
    p.n_local++;
    check_refused(model, "projections for another n_local", p);
    p.n_local--;
    memset(&p.scoring, 0x7f, sizeof(p.scoring));
    check_refused(model, "unknown scoring", p);
    p.scoring = LLAMA_ESA_SCORING_FAR;

    p.type_kc = GGML_TYPE_Q8_0;
    context_ptr ctx(try_context(model, p));
    tap::ok(ctx != nullptr, "the whole ones are taken");
}

static void check_limits(llama_model * model, bool portable) {
    const char * ops = portable ? "stock operations" : "own operations";
    const tokens t = random_tokens(model, 600);
    auto p = small_params();
    p.portable = portable;

    bool all_finite = true;
    for (const uint32_t n_init : { 0u, 1u, 16u }) {
        for (const uint32_t n_top : { 1u, 32u, 4096u }) {
            for (const uint32_t n_local : { 1u, 64u, 600u }) {
                p.n_init  = n_init;
                p.n_top   = n_top;
                p.n_local = n_local;
                session s(model, 512, 64, &p);
                for (const int end : { 1, 2, 63, 64, 65, 66, 97, 112, 113, 114, 200, 256, 257, 300 }) {
                    all_finite = all_finite && finite(s.decode(t.data() + s.n(), end - s.n()));
                }
            }
        }
    }
    tap::ok(all_finite, "%s: empty M, M smaller than k, chunks of one token: every logit is a number", ops);

    p = small_params();
    p.portable = portable;
    session s(model, 512, 64, &p);
    s.feed(t, 512, 64);
    tap::ok(s.n() == 512, "%s: the cache can be filled to the last cell", ops);
    tap::ok(s.try_decode(t.data(), 1) == 1, "%s: one more is refused", ops);
    tap::ok(llama_esa_remove(s.ctx.get(), 100, 101) == LLAMA_ESA_OK && s.try_decode(t.data(), 1) == 0 && s.n() == 512,
            "%s: after a removal there is room for one", ops);
    tap::ok(s.try_decode(t.data(), 1) == 1, "%s: and no more", ops);
    llama_memory_clear(llama_get_memory(s.ctx.get()), true);
    tap::ok(finite(s.feed(t, 300, 50)), "%s: cleared and filled again", ops);
    llama_memory_seq_rm(llama_get_memory(s.ctx.get()), 0, 150, -1);
    tap::ok(finite(s.feed(t, 320, 50)), "%s: cut and continued without llama_esa_remove", ops);
    llama_memory_seq_rm(llama_get_memory(s.ctx.get()), 0, 150, 200);
    tap::ok(s.try_decode(t.data(), 1) == 0 && finite(logits(llama_get_logits_ith(s.ctx.get(), -1), llama_get_logits_ith(s.ctx.get(), -1) + s.n_vocab)),
            "%s: a gap that llama_memory_seq_rm left does no harm", ops);
}

static void check_abort(llama_model * model) {
    const auto p = small_params();
    const tokens t = random_tokens(model, 512);
    session a(model, 512, 64, &p), b(model, 512, 64, &p);
    a.feed(t, 300, 64);
    b.feed(t, 300, 64);

    static int countdown;
    bool same = true;
    for (int after : { 0, 3, 40, 90 }) {
        countdown = after;
        llama_set_abort_callback(a.ctx.get(), [](void *) { return countdown-- <= 0; }, nullptr);
        const int res = a.try_decode(t.data() + 300, 64);
        llama_set_abort_callback(a.ctx.get(), nullptr, nullptr);
        same = same && (res == 2 || res == 0);
        llama_esa_remove(a.ctx.get(), 300, -1);
        same = same && a.n() == 300;
    }
    same = same && relative_error(a.decode(t.data() + 300, 1), b.decode(t.data() + 300, 1)) < 1e-5;
    tap::ok(same, "aborted batches leave the state of before");
}

static void check_arguments(llama_model * model) {
    const auto p = small_params();
    session s(model, 512, 64, &p), stock(model, 512, 64, nullptr);
    s.feed(random_tokens(model, 300), 300, 64);
    expect("a range that begins before the start", llama_esa_remove(s.ctx.get(), -1, 5), LLAMA_ESA_BAD_ARGUMENT);
    expect("a range that ends before it begins", llama_esa_remove(s.ctx.get(), 10, 5), LLAMA_ESA_BAD_ARGUMENT);
    expect("a range beyond the end", llama_esa_remove(s.ctx.get(), 10, 301), LLAMA_ESA_BAD_ARGUMENT);
    expect("an edit of a stock context", llama_esa_remove(stock.ctx.get(), 0, 1), LLAMA_ESA_UNSUPPORTED);
    tap::ok(s.n() == 300, "none of that changed anything");
    tap::ok(!llama_esa_enabled(stock.ctx.get()) && llama_esa_enabled(s.ctx.get()) && !llama_esa_enabled(nullptr), "contexts know whether they run ESA");
    int32_t one[1];
    tap::ok(llama_esa_trace(s.ctx.get(), 99, one, 1) == 0 && llama_esa_trace(s.ctx.get(), -1, one, 1) == 0 &&
            llama_esa_trace(stock.ctx.get(), 0, one, 1) == 0 && llama_esa_trace(s.ctx.get(), 0, one, 1) == 48, "trace of layers that exist or not");
    tap::ok(llama_esa_memory_size(s.ctx.get()) > 0 && llama_esa_memory_size(stock.ctx.get()) == 0, "memory is known: %zu bytes", llama_esa_memory_size(s.ctx.get()));

    llama_batch b = llama_batch_init(1, 0, 1);
    b.n_tokens = 1;
    b.token[0] = 1;
    b.n_seq_id[0] = 1;
    b.logits[0] = 1;
    b.pos[0] = 400;
    b.seq_id[0][0] = 0;
    const int gap = llama_decode(s.ctx.get(), b);
    b.pos[0] = 300;
    b.seq_id[0][0] = 1;
    const int other = llama_decode(s.ctx.get(), b);
    llama_batch_free(b);
    tap::ok(gap == -1 && other == -1 && s.n() == 300, "a gap in the positions and another sequence are refused");
}

int main(int, char ** argv) {
    init_backends(argv[0]);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr); // refusals are logged as errors
    const scratch_dir dir;

    const tiny_model tiny;
    const model_ptr model = make_model(tiny);
    tap::ok(llama_esa_unsupported_reason(nullptr) && !llama_esa_unsupported_reason(model.get()), "what runs and what does not is known");
    check_parameters(model.get());
    check_projections(model.get(), tiny, dir);
    for (const bool portable : { false, true }) {
        check_limits(model.get(), portable);
    }
    check_abort(model.get());
    check_arguments(model.get());
    return tap::done();
}
