// What docs/esa.md promises, on shapes and parameters that chance has chosen. Every case is made from one number, which a
// failure names; see support/options.h for how to run it again, or longer.

#include "support/options.h"
#include "support/selection.h"

#include "llama-esa-kernels.h"

namespace {

struct chance {
    std::mt19937 rng;

    int  between(int a, int b) { return a + (int) (rng() % (unsigned) (b - a + 1)); }
    bool one_in(int n) { return between(1, n) == 1; }
    int  of(std::initializer_list<int> x) { return x.begin()[between(0, (int) x.size() - 1)]; }
};

} // namespace

static tiny_model random_model(chance & c) {
    const char * archs[] = { "llama", "llama", "qwen2", "qwen2", "qwen3", "qwen3", "gemma3" }; // the last takes the longest
    tiny_model m = tiny_architecture(archs[c.between(0, 6)]);
    m.n_layer   = m.arch == "gemma3" ? 6 : c.between(1, 3);
    m.d         = c.of({ 8, 16, 20, 32, 34, 48, 64, 80, 96, 128 });
    m.n_head_kv = c.between(1, 4);
    m.n_head    = m.n_head_kv*c.between(1, std::max(1, std::min(8, 384/(m.n_head_kv*m.d))));
    m.n_ff      = 32*c.between(1, 3);
    m.n_vocab   = c.between(40, 300);
    m.type      = c.one_in(2) ? GGML_TYPE_F16 : GGML_TYPE_F32;
    m.seed      = c.rng();
    return m;
}

// reads and removals that stay inside the context
static std::vector<selection_step> random_steps(chance & c, int n_ctx, int n_ubatch) {
    std::vector<selection_step> res;
    const bool edits = c.one_in(2);
    int n = 0;
    for (int i = 0; i < 40; ++i) {
        selection_step s = { c.one_in(3) ? 1 : c.between(1, n_ubatch) };
        if (edits && n > 40 && c.one_in(4)) {
            s.n_removed = c.between(1, n/3);
            s.remove_at = c.one_in(4) ? n - s.n_removed : c.between(0, n - s.n_removed);
            if (s.remove_at == 0 && s.n_removed == n) {
                s.n_removed--;
            }
        }
        if (n - s.n_removed + s.n_tokens > n_ctx) {
            break;
        }
        n += s.n_tokens - s.n_removed;
        res.push_back(s);
    }
    return res;
}

static selection_case random_case(chance & c) {
    selection_case res;
    res.tiny       = random_model(c);
    res.n_ctx      = 256*c.of({ 1, 1, 1, 2, 3 });
    res.n_ubatch   = c.of({ 1, 7, 16, 31, 32, 33, 64, 65, 100 });
    res.n_init     = c.of({ 0, 0, 1, 4, 16, 33 });
    res.n_local    = c.of({ 1, 2, 17, 32, 64, 100 });
    res.n_top      = c.of({ 1, 2, 7, 16, 48, 100 });
    res.proximity  = c.of({ 0, 1, 1, 2, 5, 64 });
    res.portable   = c.one_in(3);
    res.scoring    = c.one_in(3) ? LLAMA_ESA_SCORING_CONTENT : LLAMA_ESA_SCORING_FAR;
    res.n_threads  = c.one_in(8) ? c.between(2, 3) : 1;
    res.steps      = random_steps(c, res.n_ctx, res.n_ubatch);
    res.compressed = c.one_in(2);
    for (int i = c.one_in(3) ? c.between(1, 5) : 0; i > 0; --i) {
        const int from = c.between(0, res.n_ctx);
        res.must.push_back({ from, from + c.of({ 0, 1, 3, 20, 200 }) });
    }
    if (res.compressed) {
        const int width = res.tiny.n_head_kv*res.tiny.d;
        res.n_proj  = c.between(1, std::min(width, 96));
        if (res.n_proj >= 32 && c.one_in(3)) {
            res.n_proj -= res.n_proj % 32;
            res.type_kc = GGML_TYPE_Q8_0;
        }
    }
    return res;
}

static std::string describe(const selection_case & c, const char * kernels) {
    return c.name() + ", local " + std::to_string(c.n_local) + ", top " + std::to_string(c.n_top) + ", ubatch " + std::to_string(c.n_ubatch) +
        (c.compressed ? ", width " + std::to_string(c.n_proj) : "") + ", " + kernels;
}

// The indices of every layer and step, and that a snapshot of what came out goes on with the same bits.
static std::string check_selection(const selection_case & c, llama_model * model, const llama_esa_params & p, const scratch_dir & dir) {
    probe pr = selection_probe(c);
    session s(model, c.n_ctx, c.n_ubatch, &p, &pr, c.n_threads);
    const auto res = run_selection(c, s, pr);
    if (!res.finite) {
        return "a logit is not a number";
    }
    if (res.n_missed > 0) {
        return std::to_string(res.n_missed) + " of " + std::to_string(res.n_must) + " that must be selected are not";
    }
    if (res.n_wrong > 0) {
        return std::to_string(res.n_wrong) + " of " + std::to_string(res.n_checked) + " indices are wrong";
    }
    if (s.n() >= c.n_ctx || !on_cpu()) {
        return "";
    }
    const std::string path = dir / "snapshot";
    const tokens t = random_tokens(model, c.n_ctx);
    tokens there(c.n_ctx);
    size_t n = there.size();
    session b(model, c.n_ctx, c.n_ubatch, &p, nullptr, c.n_threads);
    if (llama_esa_snapshot_save(s.ctx.get(), path.c_str(), "key", t.data(), s.n()) != LLAMA_ESA_OK ||
            llama_esa_snapshot_load(b.ctx.get(), path.c_str(), "key", there.data(), &n) != LLAMA_ESA_OK) {
        return std::string("snapshot: ") + llama_esa_last_error();
    }
    llama_esa_set_must(s.ctx.get(), nullptr, 0);
    const logits want = s.decode(t.data(), 1), got = b.decode(t.data(), 1);
    // the stock attention of sliding-window layers adds in the order of the cells, which a snapshot puts right after edits
    const bool same = s.has_window() ? relative_error(got, want) < 1e-3 : same_bits(got, want);
    return same ? "" : "a snapshot goes on with an error of " + std::to_string(relative_error(got, want));
}

// Everything selected at true positions, in any chunks, is stock attention but for the rounding of keys before their rotation: up to
// 0.015 where keys are large and attention is sharp.
static std::string check_stock(const selection_case & c, llama_model * model) {
    auto p = c.params("");
    p.projections = nullptr;
    p.n_top       = c.n_ctx;
    p.positions   = LLAMA_ESA_POSITIONS_TRUE;
    session esa(model, c.n_ctx, c.n_ubatch, &p, nullptr, c.n_threads), stock(model, c.n_ctx, c.n_ubatch, nullptr, nullptr, c.n_threads);
    const tokens t = random_tokens(model, c.n_ctx);
    const int n = std::min(c.n_ctx - 1, 200);
    const logits want = stock.feed(t, n, c.n_ubatch);
    const double error = relative_error(esa.feed(t, n, c.n_ubatch), want);
    return error < 5e-2 ? "" : "everything selected differs from stock by " + std::to_string(error);
}

// In a model of one layer a removal leaves what never having read would have.
static std::string check_removal(chance & ch, const selection_case & c, llama_model * model, const llama_esa_params & p) {
    const tokens t = random_tokens(model, c.n_ctx);
    const int n  = ch.between(20, c.n_ctx - 40);
    const int p0 = ch.between(0, n - 2), p1 = ch.between(p0 + 1, n - 1);
    session edited(model, c.n_ctx, c.n_ubatch, &p), fresh(model, c.n_ctx, c.n_ubatch, &p);
    edited.feed(t, n, c.n_ubatch);
    tokens rest(t.begin(), t.begin() + p0);
    rest.insert(rest.end(), t.begin() + p1, t.end());
    if (llama_esa_remove(edited.ctx.get(), p0, p1) != LLAMA_ESA_OK) {
        return std::string("remove: ") + llama_esa_last_error();
    }
    fresh.feed(rest, n - (p1 - p0), c.n_ubatch);
    double worst = 0.0;
    for (int chunk : { 1, c.n_ubatch, 1 }) {
        const int at = edited.n();
        if (at + chunk <= (int) rest.size()) {
            worst = std::max(worst, relative_error(edited.decode(rest.data() + at, chunk), fresh.decode(rest.data() + at, chunk)));
        }
    }
    // a near tie of the portable operations may go either way
    const double bound = p.portable || c.type_kc != GGML_TYPE_F16 || !on_cpu() ? 5e-2 : 1e-5;
    return worst < bound ? "" : "[" + std::to_string(p0) + ", " + std::to_string(p1) + ") of " + std::to_string(n) + " removed leaves an error of " + std::to_string(worst);
}

static bool run_case(unsigned seed, const scratch_dir & dir) {
    chance ch { std::mt19937(seed) };
    const selection_case c = random_case(ch);
    const auto all = llama_esa_all_kernels();
    const auto * kernels = all[ch.between(0, (int) all.size() - 1)];
    llama_esa_use_kernels(kernels);

    const model_ptr model = make_model(c.tiny);
    const std::string projections = c.compressed ? calibrate(model.get(), dir, c) : "";
    const auto p = c.params(projections);
    std::string wrong = check_selection(c, model.get(), p, dir);
    if (wrong.empty() && ch.one_in(3)) {
        wrong = check_stock(c, model.get());
    }
    if (wrong.empty() && c.tiny.n_layer == 1) {
        wrong = check_removal(ch, c, model.get(), p);
    }
    if (!wrong.empty()) {
        tap::ok(false, "seed %u: %s: %s", seed, describe(c, kernels->name).c_str(), wrong.c_str());
    }
    return wrong.empty();
}

int main(int argc, char ** argv) {
    init_backends(argv[0]);
    const test_options options(argc, argv, 20);
    const scratch_dir dir;
    int n_cases = 0, n_failed = 0;
    for (; n_cases == 0 || (!options.one && options.time_left() && n_failed < 10); ++n_cases) {
        n_failed += !run_case(options.seed + (unsigned) n_cases, dir);
    }
    tap::ok(n_failed == 0 && n_cases > 0, "%d random cases from seed %u on, %d failed", n_cases, options.seed, n_failed);
    return tap::done();
}
