// Item 7 of docs/esa.md: a snapshot continues bit for bit; what is not a snapshot of this context is refused.
//   esa-snapshot [model.gguf ...]

#include "support/files.h"
#include "support/session.h"

static llama_esa_params small_params() {
    auto p = llama_esa_default_params();
    p.n_init  = 16;
    p.n_local = 128;
    p.n_top   = 64;
    return p;
}

static bool continues_alike(session & a, session & b, const tokens & t) {
    bool same = true;
    for (int n : { 1, 1, 37, 1 }) {
        const int at = a.n();
        same = same && b.n() == at && same_bits(a.decode(t.data() + at, n), b.decode(t.data() + at, n));
    }
    return same;
}

static void check_continuation(llama_model * model, const std::string & name, const scratch_dir & dir) {
    const auto p = small_params();
    const tokens t = random_tokens(model, 1024);
    const std::string path = dir / "snapshot";

    session a(model, 1024, 64, &p);
    a.feed(t, 700, 64);
    tokens there(t.begin(), t.begin() + 700);
    tap::ok(llama_esa_snapshot_save(a.ctx.get(), path.c_str(), "key", there.data(), there.size()) == LLAMA_ESA_OK,
            "%s: snapshot of 700 tokens is written", name.c_str());

    tokens peeked(1024);
    size_t n = peeked.size();
    tap::ok(llama_esa_snapshot_peek(path.c_str(), "key", peeked.data(), &n) == LLAMA_ESA_OK && n == 700 &&
            std::equal(there.begin(), there.end(), peeked.begin()), "%s: its tokens can be read without loading", name.c_str());

    session b(model, 1024, 64, &p);
    b.feed(t, 90, 45); // there is something else before
    n = peeked.size();
    tap::ok(llama_esa_snapshot_load(b.ctx.get(), path.c_str(), "key", peeked.data(), &n) == LLAMA_ESA_OK && b.n() == 700,
            "%s: it is loaded into a context that was in use", name.c_str());
    tap::ok(continues_alike(a, b, t), "%s: the continuation is the same bit for bit", name.c_str());

    // after an edit the cells are out of order; the snapshot puts them in order again
    llama_esa_remove(a.ctx.get(), 200, 300);
    a.feed(t, a.n() + 150, 64);
    there = random_tokens(model, a.n());
    llama_esa_snapshot_save(a.ctx.get(), path.c_str(), "key", there.data(), there.size());
    n = peeked.size();
    const bool loaded = llama_esa_snapshot_load(b.ctx.get(), path.c_str(), "key", peeked.data(), &n) == LLAMA_ESA_OK;
    tap::ok(loaded && continues_alike(a, b, t), "%s: the same after an edit", name.c_str());
}

static void check_refusals(llama_model * model, llama_model * other, const scratch_dir & dir) {
    const auto p = small_params();
    const tokens t = random_tokens(model, 512);
    const std::string path = dir / "snapshot", bad = dir / "bad";

    session a(model, 512, 64, &p);
    a.feed(t, 300, 64);
    llama_esa_snapshot_save(a.ctx.get(), path.c_str(), "key", t.data(), 300);
    const auto good = read_file(path);
    const logits want = a.decode(t.data() + 300, 1);

    session b(model, 512, 64, &p);
    auto refuses = [&](const std::string & file, const char * key, const char * what) {
        b.feed(t, std::min(100, b.n() + 50), 50);
        tokens out(512);
        size_t n = out.size();
        const auto status = llama_esa_snapshot_load(b.ctx.get(), file.c_str(), key, out.data(), &n);
        tap::ok(status == LLAMA_ESA_BAD_FILE && b.n() == 0, "%s is refused, the context is empty (%s)", what, llama_esa_last_error());
    };
    refuses(dir / "nothing", "key", "a missing file");
    refuses(path, "other key", "another key");
    write_file(bad, {});
    refuses(bad, "key", "an empty file");
    for (size_t size : { (size_t) 20, good.size()/2, good.size() - 1 }) {
        write_file(bad, std::vector<char>(good.begin(), good.begin() + size));
        refuses(bad, "key", ("a file cut to " + std::to_string(size) + " bytes").c_str());
    }
    auto longer = good;
    longer.push_back(0);
    write_file(bad, longer);
    refuses(bad, "key", "a file that is too long");

    int n_missed = 0;
    std::mt19937_64 rng(3);
    for (int i = 0; i < 60; ++i) {
        auto altered = good;
        const size_t at = i < 20 ? (size_t) i*4 : rng() % good.size();
        altered[at] ^= 1 << (rng() % 8);
        write_file(bad, altered);
        tokens out(512);
        size_t n = out.size();
        const auto status = llama_esa_snapshot_load(b.ctx.get(), bad.c_str(), "key", out.data(), &n);
        n_missed += !(status == LLAMA_ESA_BAD_FILE && b.n() == 0);
    }
    tap::ok(n_missed == 0, "60 files with one bit altered are refused (%d were not)", n_missed);

    session foreign(other, 512, 64, &p);
    foreign.feed(random_tokens(other, 300), 300, 64);
    llama_esa_snapshot_save(foreign.ctx.get(), bad.c_str(), "key", t.data(), 300);
    refuses(bad, "key", "a snapshot of another model");

    session small(model, 256, 64, &p);
    tokens out(512);
    size_t n = out.size();
    const auto too_small = llama_esa_snapshot_load(small.ctx.get(), path.c_str(), "key", out.data(), &n);
    tap::ok(too_small == LLAMA_ESA_NO_MEMORY && small.n() == 0, "a context that is too small says so (%s)", llama_esa_last_error());

    n = out.size();
    const bool loaded = llama_esa_snapshot_load(b.ctx.get(), path.c_str(), "key", out.data(), &n) == LLAMA_ESA_OK;
    tap::ok(loaded && same_bits(b.decode(t.data() + 300, 1), want), "after all of that the good one still loads");

    const auto nowhere = llama_esa_snapshot_save(a.ctx.get(), (dir / "no/such/folder").c_str(), "key", t.data(), 301);
    tap::ok(nowhere == LLAMA_ESA_BAD_FILE, "a place that cannot be written is an error (%s)", llama_esa_last_error());
    tap::ok(llama_esa_snapshot_save(a.ctx.get(), path.c_str(), "key", t.data(), 12) == LLAMA_ESA_BAD_ARGUMENT && read_file(path) == good,
            "a wrong number of tokens is an error and the old file stays");
}

int main(int argc, char ** argv) {
    init_backends(argv[0]);
    const scratch_dir dir;
    for (const char * arch : { "llama", "qwen3", "gemma3", "smollm3", "gpt-oss", "cohere2" }) {
        const tiny_model tiny = tiny_architecture(arch);
        if (is_short() && tiny.arch != "llama" && tiny.arch != "gpt-oss") {
            continue;
        }
        check_continuation(make_model(tiny).get(), tiny.name(), dir);
    }
    {
        tiny_model tiny, other;
        other.n_layer = 3;
        const model_ptr model = make_model(tiny);
        check_refusals(model.get(), make_model(other).get(), dir);
    }
    for (int i = 1; i < argc; ++i) {
        check_continuation(load_model(argv[i]).get(), std::filesystem::path(argv[i]).filename().string(), dir);
    }
    return tap::done();
}
