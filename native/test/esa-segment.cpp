// Segments: what was read in one context continues in another as if it had been read there; nothing else is taken.
//   esa-segment [model.gguf ...]

#include "support/files.h"
#include "support/selection.h"

namespace {

constexpr int N_CTX   = 1024;
constexpr int N_CHUNK = 64;
const std::vector<int> CONTINUATION = { 1, 37, 1, 64, 1 };


// A copy: the text itself stands only until the next call.
static std::string last_error() {
    return llama_esa_last_error();
}

// the tokens [prefix | a], [prefix | b] and files with their rows
struct reading {
    llama_model *    model;
    llama_esa_params p;
    std::string      dir;
    tokens           prefix, a, b, tail;

    reading(llama_model * model, const llama_esa_params & p, const scratch_dir & scratch) :
        model(model), p(p), dir(scratch / ""), prefix(random_tokens(model, 40, 1)), a(random_tokens(model, 310, 2)),
        b(random_tokens(model, 205, 3)), tail(random_tokens(model, 256, 4)) {}

    session open() const { return session(model, N_CTX, N_CHUNK, &p); }

    std::string file(const char * name) const { return dir + name; }

    // reads behind the prefix, in a context that is used for one after the other
    void write() const {
        session s = open();
        read(s, prefix);
        save(s, "prefix", 0, prefix);
        for (const auto & [name, t] : { std::pair("a", &a), std::pair("b", &b) }) {
            read(s, *t);
            save(s, name, (int) prefix.size(), *t);
            llama_esa_remove(s.ctx.get(), (int) prefix.size(), -1);
        }
    }

    static void read(session & s, const tokens & t) {
        for (size_t i = 0; i < t.size(); i += N_CHUNK) {
            s.decode(t.data() + i, (int) std::min<size_t>(N_CHUNK, t.size() - i));
        }
    }

    void save(session & s, const char * name, int from, const tokens & t) const {
        if (llama_esa_segment_save(s.ctx.get(), file(name).c_str(), "key", from, t.data(), t.size()) != LLAMA_ESA_OK) {
            tap::bail("save: %s", llama_esa_last_error());
        }
    }

    bool load(session & s, const char * name, const tokens & want) const {
        const int n = s.n();
        tokens got(N_CTX);
        size_t count = got.size();
        const auto status = llama_esa_segment_load(s.ctx.get(), file(name).c_str(), "key", got.data(), &count);
        got.resize(status == LLAMA_ESA_OK ? count : 0);
        return got == want && s.n() == n + (int) want.size() && llama_esa_n_tokens(s.ctx.get()) == s.n();
    }

    session assemble() const {
        session s = open();
        if (!load(s, "prefix", prefix) || !load(s, "a", a) || !load(s, "b", b)) {
            tap::bail("load: %s", llama_esa_last_error());
        }
        return s;
    }

    // logits and selections of what follows; the cache is as before afterwards
    struct result {
        std::vector<logits> l;
        std::vector<std::vector<int32_t>> traces;
        bool operator==(const result & o) const {
            return std::equal(l.begin(), l.end(), o.l.begin(), o.l.end(), same_bits) && traces == o.traces;
        }
    };
    result go_on(session & s) const {
        const int n = s.n();
        int at = 0;
        result res;
        for (int count : CONTINUATION) {
            res.l.push_back(s.decode(tail.data() + at, count));
            at += count;
            for (int il = 0; il < llama_model_n_layer(model); ++il) {
                std::vector<int32_t> t(p.n_init + p.n_top);
                t.resize(llama_esa_trace(s.ctx.get(), il, t.data(), (int32_t) t.size()));
                res.traces.push_back(t);
            }
        }
        llama_esa_remove(s.ctx.get(), n, -1);
        return res;
    }
};

} // namespace

static llama_esa_params small_params() {
    auto p = llama_esa_default_params();
    p.n_init  = 16;
    p.n_local = 128;
    p.n_top   = 64;
    return p;
}

static bool finite(const reading::result & r) {
    return std::all_of(r.l.begin(), r.l.end(), [](const logits & l) { return finite(l); });
}

static void check_segments(llama_model * model, const std::string & name, const llama_esa_params & p, const scratch_dir & dir) {
    const reading r(model, p, dir);
    r.write();
    const int n_prefix = (int) r.prefix.size(), n_a = (int) r.a.size(), n_b = (int) r.b.size();

    tokens peeked(N_CTX);
    size_t n = peeked.size();
    tap::ok(llama_esa_segment_peek(r.file("a").c_str(), "key", peeked.data(), &n) == LLAMA_ESA_OK && n == r.a.size() &&
            std::equal(r.a.begin(), r.a.end(), peeked.begin()), "%s: tokens can be read without loading", name.c_str());

    // one segment behind a prefix that was read: nothing tells it from having been read there
    session was_read = r.open(), appended = r.open();
    r.read(was_read, r.prefix);
    r.read(was_read, r.a);
    r.read(appended, r.prefix);
    const bool loaded = r.load(appended, "a", r.a);
    const auto want = r.go_on(was_read);
    tap::ok(loaded && finite(want) && r.go_on(appended) == want, "%s: a loaded segment continues as the one that was read", name.c_str());

    session s = r.assemble();
    const auto whole = r.go_on(s);
    const auto trace = whole.traces[0];
    tap::ok(finite(whole) && trace.size() == p.n_init + p.n_top && trace.back() < n_prefix + n_a + n_b - (int) p.n_local,
            "%s: tokens of loaded segments are selected", name.c_str());

    // the rows are the same wherever they stand
    r.save(s, "a again", n_prefix, r.a);
    r.save(s, "b again", n_prefix + n_a, r.b);
    tap::ok(read_file(r.file("a again")) == read_file(r.file("a")) && read_file(r.file("b again")) == read_file(r.file("b")),
            "%s: saved again from another place they are the same bytes", name.c_str());

    llama_esa_remove(s.ctx.get(), n_prefix + n_a, -1);
    tap::ok(r.load(s, "b", r.b) && r.go_on(s) == whole, "%s: the last one removed and loaded again", name.c_str());

    // the same number of tokens, but others
    llama_esa_remove(s.ctx.get(), n_prefix + n_a, -1);
    tokens other(r.b.rbegin(), r.b.rend());
    {
        session scratch = r.open();
        r.read(scratch, r.prefix);
        r.read(scratch, other);
        r.save(scratch, "other", n_prefix, other);
    }
    tap::ok(r.load(s, "other", other) && !(r.go_on(s) == whole), "%s: another one of the same length in its place is noticed", name.c_str());

    // in the end [prefix | a | b], over cells in another order: b takes the cells that the first b leaves in the middle
    session mixed = r.open();
    const bool ok = r.load(mixed, "prefix", r.prefix) && r.load(mixed, "b", r.b) && r.load(mixed, "a", r.a) &&
        llama_esa_remove(mixed.ctx.get(), n_prefix, n_prefix + n_b) == LLAMA_ESA_OK && r.load(mixed, "b", r.b);
    tap::ok(ok && r.go_on(mixed) == whole, "%s: assembled in another order it is the same", name.c_str());
    r.save(mixed, "b again", n_prefix + n_a, r.b);
    tap::ok(read_file(r.file("b again")) == read_file(r.file("b")), "%s: saved from cells in disorder it is the same bytes", name.c_str());

    // without files
    session scratch = r.open(), copied = r.open();
    r.read(scratch, r.prefix);
    r.read(scratch, r.a);
    bool copies = llama_esa_segment_copy(copied.ctx.get(), scratch.ctx.get(), 0, n_prefix + n_a) == LLAMA_ESA_OK;
    copies = copies && llama_esa_segment_copy(copied.ctx.get(), mixed.ctx.get(), n_prefix + n_a, n_b) == LLAMA_ESA_OK;
    tap::ok(copies && r.go_on(copied) == whole, "%s: copied from two other contexts it is the same", name.c_str());
}

static void check_refusals(llama_model * model, llama_model * other, bool portable, const scratch_dir & dir) {
    auto p = small_params();
    p.portable = portable;
    const reading r(model, p, dir);
    r.write();
    const std::string what = portable ? "stock operations" : "own operations";

    session s = r.open();
    r.load(s, "prefix", r.prefix);
    r.load(s, "a", r.a);
    const auto want = r.go_on(s);
    const int n = s.n();
    auto status_of = [&](const char * name, const char * key) {
        tokens out(N_CTX);
        size_t count = out.size();
        return llama_esa_segment_load(s.ctx.get(), r.file(name).c_str(), key, out.data(), &count);
    };
    auto unharmed = [&] { return s.n() == n && r.go_on(s) == want; };

    auto refused = [&](const char * name, const char * key, const char * title) {
        const bool bad = status_of(name, key) == LLAMA_ESA_BAD_FILE;
        const std::string reason = last_error();
        tap::ok(bad && unharmed(), "%s: %s (%s)", what.c_str(), title, reason.c_str());
    };
    refused("nothing", "key", "a missing file");
    refused("b", "other key", "another key");

    const bytes good = read_file(r.file("b"));
    const bytes garbage(good.size()/2, (char) 0xff); // of rows; not numbers
    int n_missed = 0;
    std::mt19937_64 rng(3);
    for (int i = 0; i < 40; ++i) {
        bytes bad = good;
        const size_t at = i < 20 ? (size_t) i*4 : rng() % good.size();
        switch (i % 4) {
            case 0: bad.resize(at); break;
            case 1: std::copy(garbage.begin(), garbage.end(), bad.end() - (ptrdiff_t) garbage.size()); break;
            case 2: bad.push_back(0); break;
            case 3: bad[at] ^= (char) (1 << (rng() % 8)); break;
        }
        write_file(r.file("bad"), bad);
        n_missed += status_of("bad", "key") != LLAMA_ESA_BAD_FILE || s.n() != n;
    }
    tap::ok(n_missed == 0 && unharmed(), "%s: 40 damaged files are refused (%d were not), the context is as before", what.c_str(), n_missed);

    llama_esa_snapshot_save(s.ctx.get(), r.file("snapshot").c_str(), "key", random_tokens(model, n).data(), n);
    tap::ok(status_of("snapshot", "key") == LLAMA_ESA_BAD_FILE && unharmed(), "%s: a snapshot is no segment (%s)", what.c_str(), last_error().c_str());

    {
        reading foreign(other, p, dir);
        session o = foreign.open();
        foreign.read(o, foreign.b);
        foreign.save(o, "foreign", 0, foreign.b);
        tap::ok(status_of("foreign", "key") == LLAMA_ESA_BAD_FILE && unharmed(), "%s: of another model (%s)", what.c_str(), last_error().c_str());
        tap::ok(llama_esa_segment_copy(s.ctx.get(), o.ctx.get(), 0, 10) == LLAMA_ESA_BAD_ARGUMENT && unharmed(), "%s: copied from another model (%s)",
                what.c_str(), last_error().c_str());
    }
    while (s.n() + (int) r.b.size() <= N_CTX) {
        r.load(s, "b", r.b);
    }
    const int full = s.n();
    tap::ok(status_of("b", "key") == LLAMA_ESA_FULL && s.n() == full, "%s: a full context says so (%s)", what.c_str(), last_error().c_str());
    session source = r.open();
    r.load(source, "b", r.b);
    tap::ok(llama_esa_segment_copy(s.ctx.get(), source.ctx.get(), 0, r.b.size()) == LLAMA_ESA_FULL && s.n() == full,
            "%s: and for a copy (%s)", what.c_str(), last_error().c_str());
    llama_esa_remove(s.ctx.get(), n, -1);
    tap::ok(unharmed(), "%s: after all of that it goes on as before", what.c_str());

    for (const auto & [from, count] : { std::pair(-1, 1), std::pair(0, n + 1), std::pair(n, 1), std::pair(n + 1, 0) }) {
        const tokens t(count);
        const auto saved  = llama_esa_segment_save(s.ctx.get(), r.file("wrong").c_str(), "key", from, t.data(), t.size());
        const auto copied = llama_esa_segment_copy(source.ctx.get(), s.ctx.get(), from, t.size());
        tap::ok(saved == LLAMA_ESA_BAD_ARGUMENT && copied == LLAMA_ESA_BAD_ARGUMENT && !std::filesystem::exists(r.file("wrong")),
                "%s: %d tokens from %d on are not there (%s)", what.c_str(), count, from, last_error().c_str());
    }
    const auto nowhere = llama_esa_segment_save(s.ctx.get(), (r.dir + "no/such/folder").c_str(), "key", 0, r.a.data(), 4);
    tap::ok(nowhere == LLAMA_ESA_BAD_FILE, "%s: a place that cannot be written (%s)", what.c_str(), last_error().c_str());
    tap::ok(llama_esa_segment_copy(s.ctx.get(), s.ctx.get(), 0, 4) == LLAMA_ESA_BAD_ARGUMENT, "%s: a context into itself (%s)", what.c_str(),
            last_error().c_str());
}

// layers whose keys are rotated to where they stand
static void check_unsupported(llama_model * model, const std::string & name, const llama_esa_params * p, const scratch_dir & dir) {
    session s(model, N_CTX, N_CHUNK, p), t(model, N_CTX, N_CHUNK, p);
    const tokens some = random_tokens(model, 50);
    s.feed(some, 50, 50);
    tokens out(N_CTX);
    size_t n = out.size();
    const bool refused = !llama_esa_supports_segments(s.ctx.get()) &&
        llama_esa_segment_save(s.ctx.get(), (dir / "x").c_str(), "key", 0, some.data(), 50) == LLAMA_ESA_UNSUPPORTED &&
        llama_esa_segment_load(s.ctx.get(), (dir / "x").c_str(), "key", out.data(), &n) == LLAMA_ESA_UNSUPPORTED &&
        llama_esa_segment_copy(t.ctx.get(), s.ctx.get(), 0, 50) == LLAMA_ESA_UNSUPPORTED;
    tap::ok(refused, "%s: no segments (%s)", name.c_str(), last_error().c_str());
}

int main(int argc, char ** argv) {
    init_backends(argv[0]);
    const scratch_dir dir;
    const auto p = small_params();
    for (const tiny_model & tiny : verified_architectures()) {
        if (is_short() && tiny.arch != "llama") {
            continue;
        }
        const model_ptr model = make_model(tiny);
        if (tiny.u32.count("attention.sliding_window")) {
            check_unsupported(model.get(), tiny.name(), &p, dir);
        } else {
            check_segments(model.get(), tiny.name(), p, dir);
        }
    }

    selection_case c;
    c.n_local = p.n_local;
    const model_ptr model = make_model(c.tiny);
    const std::string projections = calibrate(model.get(), dir, c);
    for (const auto type : { GGML_TYPE_F16, GGML_TYPE_Q8_0 }) {
        for (const bool portable : { false, true }) {
            auto q = p;
            q.type_kc     = type;
            q.portable    = portable;
            q.projections = projections.c_str();
            check_segments(model.get(), std::string("compressed ") + ggml_type_name(type) + (portable ? ", stock operations" : ""), q, dir);
        }
    }
    {
        auto q = p;
        q.projections = projections.c_str();
        q.n_sketch    = 64;
        check_segments(model.get(), "in two steps", q, dir);
        q = p;
        q.n_dense = 1;
        check_unsupported(model.get(), "n_dense", &q, dir);
        check_unsupported(model.get(), "dense", nullptr, dir);
    }
    tiny_model other;
    other.n_layer = 3;
    const model_ptr foreign = make_model(other);
    check_refusals(model.get(), foreign.get(), false, dir);
    check_refusals(model.get(), foreign.get(), true,  dir);

    for (int i = 1; i < argc; ++i) {
        check_segments(load_model(argv[i]).get(), std::filesystem::path(argv[i]).filename().string(), p, dir);
    }
    return tap::done();
}
