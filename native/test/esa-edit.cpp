// Items 4 and 6 of docs/esa.md: chunk sizes, removal, and that both leave the state they should.

#include "support/session.h"

static llama_esa_params small_params() {
    auto p = llama_esa_default_params();
    p.n_init  = 16;
    p.n_local = 128;
    p.n_top   = 64;
    return p;
}

static tokens without(const tokens & t, int p0, int p1) {
    tokens res(t.begin(), t.begin() + p0);
    res.insert(res.end(), t.begin() + p1, t.end());
    return res;
}

// Keys and values of the first layer depend on nothing but their own token, so in a model of one layer removing tokens
// leaves exactly the state of never having had them.
static void check_removal(llama_model * model, const std::string & name, bool portable) {
    auto p = small_params();
    p.portable = portable;
    const tokens t = random_tokens(model, 2048);
    const std::string what = name + (portable ? ", stock operations" : ", own operations");

    struct { int n, p0, p1; const char * where; } cases[] = {
        { 700, 200, 350, "from M"              },
        { 700,   0,  40, "from the start"      },
        { 700, 500, 640, "from M and L"        },
        { 700, 650, 690, "from L"              },
        { 700, 600, 700, "from the end"        },
        { 700, 100, 700, "most of it"          },
        { 900,  20, 850, "so that all is local" },
    };
    for (const auto & c : cases) {
        session edited(model, 1024, 64, &p);
        edited.feed(t, c.n, 64);
        const auto status = llama_esa_remove(edited.ctx.get(), c.p0, c.p1);
        const tokens rest = without(t, c.p0, c.p1);

        session fresh(model, 1024, 64, &p);
        const int n = c.n - (c.p1 - c.p0);
        fresh.feed(rest, n, 64);

        double worst = status == LLAMA_ESA_OK && edited.n() == n && llama_esa_n_tokens(edited.ctx.get()) == n ? 0.0 : INFINITY;
        for (int chunk : { 1, 40, 1, 64, 64, 1 }) { // long enough to use the freed cells and to wrap around
            const int at = edited.n();
            worst = std::max(worst, relative_error(edited.decode(rest.data() + at, chunk), fresh.decode(rest.data() + at, chunk)));
        }
        tap::ok(worst < (on_cpu() ? 1e-6 : 2e-3), "%s: [%d, %d) of %d removed, %s: as if never read (relative error %.1e)", what.c_str(), c.p0, c.p1, c.n, c.where, worst);
    }
}

// In deeper models later tokens have read what is removed; appended tokens must not see it.
static void check_deep_removal(llama_model * model, const std::string & name) {
    const auto p = small_params();
    const tokens t = random_tokens(model, 1024);
    session s(model, 1024, 64, &p);
    s.feed(t, 700, 64);
    const logits before = s.decode(t.data() + 700, 1);
    llama_esa_remove(s.ctx.get(), 700, -1);
    tap::ok(same_bits(s.decode(t.data() + 700, 1), before), "%s: the last token removed and read again gives the same bits", name.c_str());

    llama_esa_remove(s.ctx.get(), 6*64, -1); // where a chunk began, so that the same tokens are chunks again
    s.feed(t, 700, 64);
    tap::ok(same_bits(s.decode(t.data() + 700, 1), before), "%s: the last 317 tokens removed and read again give the same bits", name.c_str());

    bool all_finite = true;
    for (int i = 0; i < 12; ++i) {
        const int n = s.n();
        all_finite = all_finite && llama_esa_remove(s.ctx.get(), n/3, n/3 + 37) == LLAMA_ESA_OK;
        all_finite = all_finite && finite(s.decode(t.data() + 100 + i, 37));
    }
    tap::ok(all_finite && s.n() == 701, "%s: twelve edits in the middle, %d tokens stay", name.c_str(), s.n());
}

// The definition reduces over a chunk, so another chunk size may select other tokens; where there is nothing to select,
// or where everything is selected, the result may not depend on it.
static void check_chunks(llama_model * model, const std::string & name) {
    auto p = small_params();
    p.n_top = 900; // all of M
    const tokens t = random_tokens(model, 1024);
    p.positions = LLAMA_ESA_POSITIONS_TRUE; // the far distance is counted from the first token of a chunk
    session a(model, 1024, 64, &p), b(model, 1024, 17, &p);
    const logits want = a.feed(t, 800, 64);
    const double e17 = relative_error(b.feed(t, 800, 17), want);
    tap::ok(e17 < 1e-2, "%s: chunks of 17 and of 64 agree where all is selected (relative error %.1e)", name.c_str(), e17);

    // a chunk of one token and a decoded token are the same thing, whatever was read in which chunks
    p = small_params();
    session c(model, 1024, 64, &p), d(model, 1024, 64, &p);
    c.feed(t, 800, 64);
    d.feed(t, 800, 64);
    tap::ok(same_bits(c.decode(t.data() + 800, 1), d.decode(t.data() + 800, 1)), "%s: two contexts give the same bits", name.c_str());

    const double e = relative_error(c.feed(t, 900, 1), d.feed(t, 900, 100));
    tap::note("%s: 99 tokens one by one and as one chunk differ by %.1e (selection per chunk)", name.c_str(), e);
}

int main(int, char ** argv) {
    init_backends(argv[0]);
    for (const char * arch : { "llama", "qwen2", "qwen3", "phi2", "phi3", "mistral3" }) {
        tiny_model tiny = tiny_architecture(arch, arch == std::string("mistral3") ? "yarn" : "");
        tiny.n_layer = 1;
        const model_ptr model = make_model(tiny);
        for (const bool portable : { false, true }) {
            if (is_short() && (portable || tiny.arch != "phi3")) {
                continue;
            }
            check_removal(model.get(), tiny.name(), portable);
        }
    }
    for (const char * arch : { "llama", "qwen3", "gemma3", "smollm3", "gpt-oss", "cohere2" }) {
        const tiny_model tiny = tiny_architecture(arch);
        if (is_short() && tiny.arch != "gemma3" && tiny.arch != "gpt-oss") {
            continue;
        }
        const model_ptr model = make_model(tiny);
        check_deep_removal(model.get(), tiny.name());
        check_chunks(model.get(), tiny.name());
    }
    return tap::done();
}
