// Parameters, projection files, snapshots and segments that chance has damaged: each is taken and computes, or is refused with a reason.
// See support/options.h for how to run longer, or one case again.

#include "support/files.h"
#include "support/options.h"
#include "support/session.h"

#include "llama-esa-file.h"

#include <functional>

namespace {

constexpr int N_CTX = 512;

struct fuzz {
    std::mt19937_64 rng;
    scratch_dir     dir;
    tiny_model      tiny;
    model_ptr       model;
    tokens          t;
    std::string     projections, snapshot, segment;
    bytes           good_projections, good_snapshot, good_segment;

    std::string doing; // said when it went wrong

    uint64_t below(uint64_t n) { return rng() % n; }
    bool one_in(int n) { return below(n) == 0; }

    // numbers that are wrong in an interesting way more often than not
    uint64_t odd_number() {
        static const uint64_t some[] = { 0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 511, 512, 513, 4095, 4097,
            (1ull << 20) - 1, 1ull << 20, (1ull << 20) + 1, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32, 1ull << 40,
            0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff };
        return one_in(4) ? rng() : some[below(std::size(some))];
    }
};

} // namespace

static llama_esa_params small_params() {
    auto p = llama_esa_default_params();
    p.n_init  = 8;
    p.n_local = 32;
    p.n_top   = 24;
    return p;
}

// makes the hash at the end fit: what chance cannot do, but someone could
static void seal(bytes & x) {
    if (x.size() >= 8) {
        xxh64 hash;
        hash.add(x.data(), x.size() - 8);
        const uint64_t digest = hash.digest();
        memcpy(x.data() + x.size() - 8, &digest, 8);
    }
}

// One to four changes of a valid file, most of them where its structure is.
static bytes damage(fuzz & f, const bytes & good, size_t n_header) {
    bytes x = good;
    for (uint64_t i = 1 + f.below(4); i > 0 && !x.empty(); --i) {
        const size_t at = f.below(f.one_in(3) ? x.size() : std::min(x.size(), n_header));
        const size_t n  = std::min<size_t>(f.one_in(2) ? 4 : 8, x.size() - at);
        switch (f.below(7)) {
            case 0: x[at] ^= (char) (1 << f.below(8)); break;
            case 1: x[at]  = (char) f.rng(); break;
            case 2: { const uint64_t v = f.odd_number(); memcpy(x.data() + at, &v, n); } break;
            case 3: x.resize(at); break;
            case 4: x.insert(x.end(), f.below(100), (char) f.rng()); break;
            case 5: { // two fields change places
                const size_t b = f.below(std::min(x.size(), n_header));
                for (size_t j = 0; j < n && b + j < x.size(); ++j) {
                    std::swap(x[at + j], x[b + j]);
                }
            } break;
            case 6: x.erase(x.begin() + at, x.begin() + at + n); break;
        }
    }
    return x;
}

static context_ptr make_context(fuzz & f, const llama_esa_params & p, uint32_t n_ctx = N_CTX, uint32_t n_ubatch = 32) {
    auto cp = llama_context_default_params();
    cp.n_ctx     = n_ctx;
    cp.n_batch   = n_ctx;
    cp.n_ubatch  = n_ubatch;
    cp.n_threads = cp.n_threads_batch = 1;
    cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    cp.esa       = &p;
    llama_esa_remove(nullptr, 0, 0); // leaves an error that is known
    const std::string before = llama_esa_last_error();
    context_ptr ctx(llama_init_from_model(f.model.get(), cp));
    if (!ctx && (before == llama_esa_last_error() || !*llama_esa_last_error())) {
        tap::bail("%s: refused without a reason", f.doing.c_str());
    }
    return ctx;
}

static bool read_some(fuzz & f, session & s, int n, int chunk, bool want_finite) {
    while (s.n() < n) {
        const int at = s.n();
        const logits l = s.decode(f.t.data() + at, std::min(chunk, n - at));
        if (want_finite && !finite(l)) {
            return false;
        }
    }
    return true;
}

static session adopt(fuzz & f, context_ptr ctx) {
    session s;
    s.ctx     = std::move(ctx);
    s.n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(f.model.get()));
    return s;
}

// whatever the parameters are; sizes that would be granted stay small enough to be granted
static std::string fuzz_parameters(fuzz & f) {
    auto size = [&](uint32_t most) {
        const uint64_t x = f.odd_number();
        return (uint32_t) (x > most && x <= 1u << 20 ? x % most : x);
    };
    auto p = small_params();
    p.n_init    = f.one_in(2) ? p.n_init  : size(2000);
    p.n_local   = f.one_in(2) ? p.n_local : size(2000);
    p.n_top     = f.one_in(2) ? p.n_top   : size(2000);
    p.proximity = f.one_in(2) ? p.proximity : (uint32_t) f.odd_number();
    p.portable  = f.one_in(2);
    p.trace     = f.one_in(2);
    const uint32_t raw[] = { (uint32_t) f.below(4), (uint32_t) f.below(3), (uint32_t) f.odd_number() };
    memcpy(&p.positions, &raw[f.one_in(10) ? 2 : 0], sizeof(p.positions));
    memcpy(&p.scoring,   &raw[f.one_in(10) ? 2 : 1], sizeof(p.scoring));
    p.type_kc     = f.one_in(4) ? (ggml_type) f.below(GGML_TYPE_COUNT) : GGML_TYPE_F16;
    p.projections = f.one_in(2) ? f.projections.c_str() : nullptr;

    auto s = adopt(f, make_context(f, p, 1 + f.below(900), 1 + f.below(200)));
    if (!s.ctx) {
        return "";
    }
    const int n_ctx = (int) llama_n_ctx(s.ctx.get());
    for (int i = 0; i < 6; ++i) {
        const int n = s.n();
        if (!read_some(f, s, std::min(n_ctx, n + 1 + (int) f.below(150)), 1 + (int) f.below(std::min(120u, llama_n_batch(s.ctx.get()))), true)) {
            return "a logit is not a number";
        }
        const auto p0 = (llama_pos) (f.one_in(4) ? f.odd_number() : f.below(s.n() + 2));
        const auto p1 = (llama_pos) (f.one_in(4) ? f.odd_number() : f.below(s.n() + 2));
        const int  before = s.n();
        const auto status = llama_esa_remove(s.ctx.get(), p0, p1);
        const int  end    = p1 < 0 ? before : p1;
        if (status == LLAMA_ESA_OK ? s.n() != before - (end - p0) : s.n() != before || !*llama_esa_last_error()) {
            return "remove [" + std::to_string(p0) + ", " + std::to_string(p1) + ") of " + std::to_string(before) + " leaves " + std::to_string(s.n());
        }
        std::vector<int32_t> sel(f.below(100));
        llama_esa_trace(s.ctx.get(), (int32_t) f.odd_number(), sel.data(), (int32_t) sel.size());
        llama_esa_trace(s.ctx.get(), (int32_t) f.below(3),     sel.data(), (int32_t) sel.size());
    }
    return "";
}

static std::string fuzz_projections(fuzz & f) {
    const std::string path = f.dir / "damaged.gguf";
    bytes x = damage(f, f.good_projections, 1500);
    const bool sealed = f.one_in(2);
    if (sealed) {
        seal(x);
    }
    write_file(path, x);
    auto p = small_params();
    p.projections = path.c_str();
    auto s = adopt(f, make_context(f, p));
    if (!s.ctx) {
        return x == f.good_projections ? "the good file is refused" : "";
    }
    if (!sealed && x != f.good_projections) {
        return "a damaged file is taken";
    }
    // sealed by hand the numbers may be anything, but they must not lead out of bounds
    read_some(f, s, 200, 32, false);
    read_some(f, s, 210, 1, false);
    return "";
}

static std::string fuzz_snapshot(fuzz & f) {
    const std::string path = f.dir / "damaged";
    bytes x = damage(f, f.good_snapshot, 700);
    const bool sealed = f.one_in(2);
    if (sealed) {
        seal(x);
    }
    write_file(path, x);

    tokens out(N_CTX + f.below(2)*1000);
    size_t n = out.size();
    const auto peeked = llama_esa_snapshot_peek(path.c_str(), "key", out.data(), &n);
    if (peeked != LLAMA_ESA_OK && !*llama_esa_last_error()) {
        return "peek: refused without a reason";
    }
    const auto p = small_params();
    session s(f.model.get(), N_CTX, 32, &p);
    read_some(f, s, (int) f.below(100), 32, true);
    n = f.one_in(8) ? f.below(300) : out.size();
    const auto status = llama_esa_snapshot_load(s.ctx.get(), path.c_str(), "key", out.data(), &n);
    if (status != LLAMA_ESA_OK) {
        if (!*llama_esa_last_error() || s.n() != 0) {
            return "load: refused without a reason, or not empty";
        }
        return read_some(f, s, 100, 32, true) ? "" : "what a refused file left is not a number";
    }
    if (!sealed && x != f.good_snapshot) {
        return "a damaged file is taken";
    }
    if ((size_t) s.n() != n || n > N_CTX) {
        return "load: " + std::to_string(n) + " tokens in the file, " + std::to_string(s.n()) + " in the cache";
    }
    read_some(f, s, std::min<int>(N_CTX, (int) n + 70), 32, false);
    read_some(f, s, std::min<int>(N_CTX, (int) n + 75), 1, false);
    return "";
}

static std::string fuzz_segment(fuzz & f) {
    const std::string path = f.dir / "damaged";
    bytes x = damage(f, f.good_segment, 700);
    const bool sealed = f.one_in(2);
    if (sealed) {
        seal(x);
    }
    write_file(path, x);

    auto p = small_params();
    p.portable = f.one_in(2);
    session s(f.model.get(), N_CTX, 32, &p);
    read_some(f, s, (int) f.below(N_CTX), 32, true);
    const int before = s.n();
    if (f.one_in(2) && before > 40) { // cells in disorder
        llama_esa_remove(s.ctx.get(), 7, 30);
        read_some(f, s, before, 32, true);
    }
    tokens out(N_CTX + f.below(2)*1000);
    size_t n = f.one_in(8) ? f.below(300) : out.size();
    const auto status = llama_esa_segment_load(s.ctx.get(), path.c_str(), "key", out.data(), &n);
    if (status != LLAMA_ESA_OK) {
        if (!*llama_esa_last_error() || s.n() != before) {
            return "load: refused without a reason, or not as before";
        }
        return read_some(f, s, std::min(N_CTX, before + 100), 32, true) ? "" : "what a refused file left is not a number";
    }
    if (!sealed && x != f.good_segment) {
        return "a damaged file is taken";
    }
    if (s.n() != before + (int) n || s.n() > N_CTX) {
        return "load: " + std::to_string(n) + " tokens in the file, " + std::to_string(s.n() - before) + " more in the cache";
    }
    const bool whole = read_some(f, s, std::min(N_CTX, s.n() + 70), 32, !sealed);
    if (!whole || !read_some(f, s, std::min(N_CTX, s.n() + 5), 1, !sealed)) {
        return "a logit is not a number";
    }
    const int from = (int) f.below(s.n());
    const int count = (int) f.below(s.n() - from + 1);
    return llama_esa_segment_save(s.ctx.get(), path.c_str(), "key", from, f.t.data(), count) == LLAMA_ESA_OK ? "" : "a part of the cache cannot be saved";
}

static void prepare(fuzz & f) {
    f.tiny.n_layer = 2;
    f.tiny.d       = 16;
    f.tiny.n_vocab = 64;
    f.model        = make_model(f.tiny);
    f.t            = random_tokens(f.model.get(), 2048);
    f.projections  = f.dir / "projections.gguf";
    f.snapshot     = f.dir / "snapshot";
    f.segment      = f.dir / "segment";

    auto * cal = llama_esa_calibration_init(f.model.get(), 16, LLAMA_ESA_VOTE_SUM, LLAMA_ESA_SCORING_FAR, small_params().n_local, 1);
    const auto p = small_params();
    session s(f.model.get(), N_CTX, 32, &p);
    s.feed(f.t, 200, 32);
    if (llama_esa_calibration_add(cal, f.t.data(), 512, nullptr, nullptr) != LLAMA_ESA_OK ||
            llama_esa_calibration_save(cal, f.projections.c_str(), nullptr, nullptr) != LLAMA_ESA_OK ||
            llama_esa_snapshot_save(s.ctx.get(), f.snapshot.c_str(), "key", f.t.data(), 200) != LLAMA_ESA_OK ||
            llama_esa_segment_save(s.ctx.get(), f.segment.c_str(), "key", 60, f.t.data() + 60, 110) != LLAMA_ESA_OK) {
        tap::bail("%s", llama_esa_last_error());
    }
    llama_esa_calibration_free(cal);
    f.good_projections = read_file(f.projections);
    f.good_snapshot    = read_file(f.snapshot);
    f.good_segment     = read_file(f.segment);
}

int main(int argc, char ** argv) {
    init_backends(argv[0]);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr); // refusals are logged as errors
    const test_options options(argc, argv, 10);
    fuzz f;
    prepare(f);

    const std::pair<const char *, std::function<std::string (fuzz &)>> kinds[] = {
        { "parameters", fuzz_parameters }, { "projections", fuzz_projections }, { "snapshot", fuzz_snapshot },
        { "segment", fuzz_segment },
    };
    int n_cases = 0, n_failed = 0;
    for (; n_cases == 0 || (!options.one && options.time_left() && n_failed < 10); ++n_cases) {
        const unsigned seed = options.seed + (unsigned) n_cases;
        const auto & [what, run] = kinds[seed % std::size(kinds)];
        f.rng.seed(seed);
        f.doing = std::string("seed ") + std::to_string(seed) + ", " + what;
        const std::string wrong = run(f);
        if (!wrong.empty()) {
            n_failed++;
            tap::ok(false, "%s: %s", f.doing.c_str(), wrong.c_str());
        }
    }
    tap::ok(n_failed == 0, "%d damaged parameters and files from seed %u on, %d did harm", n_cases, options.seed, n_failed);
    return tap::done();
}
