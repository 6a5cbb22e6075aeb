// Item 3 of docs/esa.md: the tokens that every layer selects equal those of a float64 reference.

#include "support/reference.h"
#include "support/session.h"

namespace {

struct selection_case {
    tiny_model tiny;
    uint32_t n_init = 16, n_local = 96, n_top = 48, proximity = 1;
    bool portable = false;
    bool compressed = false;
    bool edit = false;      // something is removed from the middle on the way
    int  n_threads = 1;
    int  n_proj = 32;       // width of compressed keys
    int  alphabet = 0;      // so few different tokens that scores tie; 0: all
    ggml_type type_kc = GGML_TYPE_F16;
    llama_esa_scoring scoring = LLAMA_ESA_SCORING_FAR;

    std::string name() const {
        return tiny.name() + ", eps " + std::to_string(proximity) + ", n_init " + std::to_string(n_init) +
            (compressed ? std::string(", compressed ") + ggml_type_name(type_kc) : ", full width") +
            (portable ? ", stock operations" : ", own operations") + (edit ? ", after an edit" : "") +
            (n_threads > 1 ? ", " + std::to_string(n_threads) + " threads" : "") + (alphabet ? ", ties" : "") + (scoring == LLAMA_ESA_SCORING_FAR ? "" : ", by content");
    }
};

} // namespace

// as the cache stores them
static reference::row stored(const float * x, int64_t n, ggml_type type) {
    std::vector<char> bytes(ggml_row_size(type, n));
    std::vector<float> back(n);
    ggml_quantize_chunk(type, x, bytes.data(), 0, 1, n, nullptr);
    ggml_get_type_traits(type)->to_float(bytes.data(), back.data(), n);
    return reference::row(back.begin(), back.end());
}

static reference::rows rows_of(const probe::value & x) {
    reference::rows res;
    for (int64_t i = 0; i < x.ne[1]; ++i) {
        res.emplace_back(x.data.begin() + i*x.ne[0], x.data.begin() + (i + 1)*x.ne[0]);
    }
    return res;
}

// [d, n_head, n_tokens]: the heads of a group summed
static reference::rows summed(const probe::value & x, const tiny_model & m) {
    reference::rows res(x.ne[2], reference::row(m.n_head_kv*m.d, 0.0));
    for (size_t i = 0; i < x.data.size(); ++i) {
        const int64_t head = (int64_t) i/m.d % m.n_head;
        res[i/(m.d*m.n_head)][head/(m.n_head/m.n_head_kv)*m.d + i % m.d] += x.data[i];
    }
    return res;
}

static std::string calibrate(llama_model * model, const scratch_dir & dir, const selection_case & c) {
    const std::string path = dir / "projections.gguf";
    const tokens t = random_tokens(model, 1024, 99);
    llama_esa_calibration * cal = llama_esa_calibration_init(model, c.n_proj, LLAMA_ESA_VOTE_NORM, c.scoring, c.n_local, 1);
    if (!cal || llama_esa_calibration_add(cal, t.data(), t.size(), nullptr, nullptr) != LLAMA_ESA_OK ||
            llama_esa_calibration_save(cal, path.c_str(), nullptr, nullptr) != LLAMA_ESA_OK) {
        tap::bail("calibration: %s", llama_esa_last_error());
    }
    llama_esa_calibration_free(cal);
    return path;
}

// relative to the size of the scores: our own operations use F32 products, and equal keys give equal scores; stock
// operations round the query to F16, or to 8 bits where the keys have 8 bits
static double tolerance(const selection_case & c) {
    if (c.portable || !on_cpu()) {
        return c.type_kc == GGML_TYPE_F16 ? 5e-3 : 5e-2;
    }
    return c.alphabet ? 0.0 : 1e-5;
}

static void check(const selection_case & c, const scratch_dir & dir) {
    const model_ptr model = make_model(c.tiny);
    const std::string projections = c.compressed ? calibrate(model.get(), dir, c) : "";

    auto p = llama_esa_default_params();
    p.n_init      = c.n_init;
    p.n_local     = c.n_local;
    p.n_top       = c.n_top;
    p.proximity   = c.proximity;
    p.type_kc     = c.type_kc;
    p.portable    = c.portable;
    p.scoring     = c.scoring;
    p.projections = c.compressed ? projections.c_str() : nullptr;

    std::vector<int> layers;
    probe pr;
    for (int il = 0; il < c.tiny.n_layer; ++il) {
        if (c.tiny.is_global(il)) {
            layers.push_back(il);
            for (const char * name : { "esa_q-", "esa_q_score-", "esa_k-", "esa_kc-", "esa_store-" }) {
                pr.names.push_back(name + std::to_string(il));
            }
        }
    }

    session s(model.get(), 1024, 64, &p, &pr, c.n_threads);
    tokens t = random_tokens(model.get(), 1024);
    for (auto & x : t) {
        x = c.alphabet ? x % c.alphabet : x;
    }

    std::map<int, reference::rows> keys; // by layer, as they are in the cache
    int n_checked = 0, n_wrong = 0, n_different = 0;
    int step = 0;
    const int chunks[] = { 64, 64, 64, 64, 64, 31, 1, 1, 2, 64, 64, 1, 1, 17, 33, 1, 64, 1 };
    for (int chunk : chunks) {
        if (c.edit && ++step % 6 == 0) {
            llama_esa_remove(s.ctx.get(), 40, 40 + 23*(step/6));
            for (auto & [il, k] : keys) {
                k.erase(k.begin() + 40, k.begin() + 40 + 23*(step/6));
            }
        }
        const int n = s.n();
        s.decode(t.data() + n, chunk);
        for (int il : layers) {
            const std::string suffix = std::to_string(il);
            if ((int) n > (int) (c.n_local + c.n_init + c.n_top)) {
                const auto queries = c.compressed ? rows_of(pr.values["esa_q-" + suffix]) : summed(pr.values["esa_q_score-" + suffix], c.tiny);
                const auto want = reference::select(keys[il], queries, c.n_init, c.n_local, c.n_top, c.proximity);
                std::vector<int> got(c.n_init + c.n_top + 8);
                got.resize(llama_esa_trace(s.ctx.get(), il, got.data(), (int) got.size()));

                int different = 0;
                n_wrong += reference::n_wrong(want, got, tolerance(c), different);
                n_different += different;
                n_checked += (int) got.size();
            }
            // the device's own store shows all compressed keys there are, the others those of this step
            const bool all = c.compressed && pr.values.count("esa_store-" + suffix) && pr.values["esa_store-" + suffix].ne[0] == c.n_proj;
            const auto & k = pr.values[(all ? "esa_store-" : c.compressed ? "esa_kc-" : "esa_k-") + suffix];
            for (int i = all ? n : 0; i < (all ? n : 0) + chunk; ++i) {
                keys[il].push_back(stored(k.data.data() + i*k.ne[0], k.ne[0], c.compressed ? c.type_kc : GGML_TYPE_F16));
            }
        }
    }
    tap::ok(n_checked > 0 && n_wrong == 0, "%s: %d indices, %d within rounding of the threshold, %d wrong",
            c.name().c_str(), n_checked, n_different/2, n_wrong);
}

int main(int, char ** argv) {
    init_backends(argv[0]);
    const scratch_dir dir;

    std::vector<selection_case> cases;
    for (const char * arch : { "llama", "qwen2", "qwen3", "gemma3" }) {
        for (const int n_head_kv : { 4, 1 }) {
            for (const bool portable : { false, true }) {
                selection_case c;
                c.tiny           = tiny_architecture(arch);
                c.tiny.n_head_kv = n_head_kv;
                c.portable       = portable;
                cases.push_back(c);
                c.compressed = true;
                cases.push_back(c);
            }
        }
    }
    for (const char * arch : { "phi2", "phi3", "smollm3", "gpt-oss", "cohere2" }) { // partial, fused, none; with sinks; none but in windows
        for (const bool compressed : { false, true }) {
            selection_case c;
            c.tiny       = tiny_architecture(arch);
            c.compressed = compressed;
            cases.push_back(c);
        }
    }
    for (const bool portable : { false, true }) {
        for (const bool compressed : { false, true }) {
            selection_case c;
            c.portable   = portable;
            c.compressed = compressed;
            c.edit       = true;
            cases.push_back(c);
        }
        for (const uint32_t eps : { 0, 3 }) {
            selection_case c;
            c.portable  = portable;
            c.proximity = eps;
            cases.push_back(c);
        }
        selection_case c;
        c.portable = portable;
        c.n_init   = 0;
        cases.push_back(c);
        c.n_init   = 16;
        c.scoring  = LLAMA_ESA_SCORING_CONTENT;
        cases.push_back(c);
        c.compressed = true;
        cases.push_back(c);
    }
    for (const bool edit : { false, true }) {
        selection_case c;
        c.tiny.n_layer = 1; // in the first layer equal tokens have equal keys
        c.alphabet     = 24;
        c.edit         = edit;
        cases.push_back(c);
        c.proximity = 0;
        cases.push_back(c);
    }
    {
        selection_case c;
        c.compressed = true;
        c.type_kc    = GGML_TYPE_Q8_0;
        cases.push_back(c);
        c.type_kc    = GGML_TYPE_F16;
        for (const int n_threads : { 2, 3 }) {
            c.n_threads = n_threads;
            cases.push_back(c);
        }
    }
    // shapes that CUDA has operations of its own for
    for (const int d : { 64, 128 }) {
        for (const int n_head_kv : { 4, 2, 1 }) {
            for (const bool portable : { false, true }) {
                selection_case c;
                c.tiny.d         = d;
                c.tiny.n_head_kv = n_head_kv;
                c.compressed     = true;
                c.n_proj         = 64;
                c.portable       = portable;
                c.proximity      = n_head_kv == 2 ? 2 : 1;
                if (on_cpu() && (portable || n_head_kv != 2)) {
                    continue; // nothing new there
                }
                cases.push_back(c);
            }
        }
    }
    for (size_t i = 0; i < cases.size(); i += is_short() ? 7 : 1) {
        check(cases[i], dir);
    }
    return tap::done();
}
