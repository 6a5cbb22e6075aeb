#pragma once

// One model, its parameters, and the tokens it reads; the selection of every layer and step against the reference.

#include "reference.h"
#include "session.h"

struct selection_step {
    int n_tokens;      // read, after
    int remove_at = 0; // these were removed
    int n_removed = 0;
};

struct selection_case {
    tiny_model tiny;
    uint32_t n_init = 16, n_local = 96, n_top = 48, proximity = 1;
    bool portable = false;
    bool compressed = false;
    std::vector<std::pair<int, int>> must; // ranges that are always selected
    bool edit = false;      // something is removed from the middle on the way
    std::vector<selection_step> steps; // what is read; empty: the usual chunks
    int  n_ctx = 1024, n_ubatch = 64;
    int  n_threads = 1;
    int  n_proj = 32;       // width of compressed keys
    uint32_t n_sketch = 0;  // M of this size is looked at in two steps
    int  alphabet = 0;      // so few different tokens that scores tie; 0: all
    ggml_type type_kc = GGML_TYPE_F16;
    llama_esa_scoring scoring = LLAMA_ESA_SCORING_FAR;

    llama_esa_params params(const std::string & projections_path) const {
        auto p = llama_esa_default_params();
        p.n_init      = n_init;
        p.n_local     = n_local;
        p.n_top       = n_top;
        p.proximity   = proximity;
        p.type_kc     = type_kc;
        p.portable    = portable;
        p.scoring     = scoring;
        p.n_sketch    = n_sketch;
        p.projections = compressed ? projections_path.c_str() : nullptr;
        return p;
    }

    std::string name() const {
        return tiny.name() + ", eps " + std::to_string(proximity) + ", n_init " + std::to_string(n_init) +
            (compressed ? std::string(", compressed ") + ggml_type_name(type_kc) : ", full width") +
            (portable ? ", stock operations" : ", own operations") + (edit ? ", after an edit" : "") + (must.empty() ? "" : ", some must be in") +
            (n_threads > 1 ? ", " + std::to_string(n_threads) + " threads" : "") + (alphabet ? ", ties" : "") +
            (n_sketch ? ", in two steps" : "") + (scoring == LLAMA_ESA_SCORING_FAR ? "" : ", by content");
    }
};

// as the cache stores them
inline reference::row stored(const float * x, int64_t n, ggml_type type) {
    std::vector<char> bytes(ggml_row_size(type, n));
    std::vector<float> back(n);
    ggml_quantize_chunk(type, x, bytes.data(), 0, 1, n, nullptr);
    ggml_get_type_traits(type)->to_float(bytes.data(), back.data(), n);
    return reference::row(back.begin(), back.end());
}

inline reference::rows rows_of(const probe::value & x) {
    reference::rows res;
    for (int64_t i = 0; i < x.ne[1]; ++i) {
        res.emplace_back(x.data.begin() + i*x.ne[0], x.data.begin() + (i + 1)*x.ne[0]);
    }
    return res;
}

// [d, n_head, n_tokens]: the heads of a group summed
inline reference::rows summed(const probe::value & x, const tiny_model & m) {
    reference::rows res(x.ne[2], reference::row(m.n_head_kv*m.d, 0.0));
    for (size_t i = 0; i < x.data.size(); ++i) {
        const int64_t head = (int64_t) i/m.d % m.n_head;
        res[i/(m.d*m.n_head)][head/(m.n_head/m.n_head_kv)*m.d + i % m.d] += x.data[i];
    }
    return res;
}

inline std::string calibrate(llama_model * model, const scratch_dir & dir, const selection_case & c) {
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
inline double tolerance(const selection_case & c) {
    if (c.portable || !on_cpu()) {
        return c.type_kc == GGML_TYPE_F16 ? 5e-3 : 5e-2;
    }
    return c.alphabet ? 0.0 : 1e-5;
}

inline std::vector<selection_step> usual_steps(bool edit) {
    std::vector<selection_step> res;
    for (int n : { 64, 64, 64, 64, 64, 31, 1, 1, 2, 64, 64, 1, 1, 17, 33, 1, 64, 1 }) {
        const int at = (int) res.size() + 1;
        res.push_back(edit && at % 6 == 0 ? selection_step { n, 40, 23*(at/6) } : selection_step { n });
    }
    return res;
}

struct selection_result {
    int n_checked   = 0; // indices
    int n_different = 0; // on either side, of those within rounding of the threshold
    int n_wrong     = 0;
    int n_must      = 0; // tokens that had to be selected
    int n_missed    = 0; // were not, or others instead of them
    bool finite     = true;
};

// how many of `want` tokens that must be selected of [n_init, n - n_local) are not
inline int missing(const selection_case & c, const std::vector<int> & got, int n, int want) {
    return want - (int) std::count_if(got.begin(), got.end(), [&](int t) {
        return t >= (int) c.n_init && t < n - (int) c.n_local &&
            std::any_of(c.must.begin(), c.must.end(), [&](const auto & r) { return t >= r.first && t < r.second; });
    });
}

// `s` was made with c.params() and with `pr`, which is selection_probe(c)
inline selection_result run_selection(const selection_case & c, session & s, probe & pr) {
    std::map<int, reference::rows> keys; // by layer, as they are in the cache
    for (int il = 0; il < c.tiny.n_layer; ++il) {
        if (c.tiny.is_global(il)) {
            keys[il];
        }
    }
    const llama_model * model = llama_get_model(s.ctx.get());
    tokens t = random_tokens(model, c.n_ctx);
    for (auto & x : t) {
        x = c.alphabet ? x % c.alphabet : x;
    }

    std::vector<llama_pos> must;
    for (const auto & [from, to] : c.must) {
        must.insert(must.end(), { from, to });
    }
    if (llama_esa_set_must(s.ctx.get(), must.data(), c.must.size()) != LLAMA_ESA_OK) {
        tap::bail("must: %s", llama_esa_last_error());
    }

    selection_result res;
    for (const auto & step : c.steps.empty() ? usual_steps(c.edit) : c.steps) {
        const auto removed = step.n_removed == 0 ? LLAMA_ESA_BAD_ARGUMENT :
            llama_esa_remove(s.ctx.get(), step.remove_at, step.remove_at + step.n_removed);
        // a model with sliding windows refuses to go back where it no longer holds the window
        if (step.n_removed > 0 && removed != LLAMA_ESA_OK && !s.has_window()) {
            tap::bail("remove: %s", llama_esa_last_error());
        }
        if (removed == LLAMA_ESA_OK) {
            for (auto & [il, k] : keys) {
                k.erase(k.begin() + step.remove_at, k.begin() + step.remove_at + step.n_removed);
            }
        }
        const int n = s.n();
        const int chunk = step.n_tokens;
        if (n + chunk > c.n_ctx) {
            break;
        }
        res.finite = finite(s.decode(t.data() + n, chunk)) && res.finite;
        for (auto & [il, k] : keys) {
            const std::string suffix = std::to_string(il);
            if (n > (int) (c.n_local + c.n_init + c.n_top)) {
                const auto queries = c.compressed ? rows_of(pr.values["esa_q-" + suffix]) : summed(pr.values["esa_q_score-" + suffix], c.tiny);
                const auto want = reference::select(k, queries, c.n_init, c.n_local, c.n_top, c.proximity, c.must);
                std::vector<int> got(c.n_init + c.n_top + 8);
                got.resize(llama_esa_trace(s.ctx.get(), il, got.data(), (int) got.size()));

                res.n_must += std::min<int>(want.n_must, (int) c.n_top);
                res.n_missed += missing(c, got, n, std::min<int>(want.n_must, (int) c.n_top));
                int different = 0;
                res.n_wrong += reference::n_wrong(want, got, tolerance(c), different);
                res.n_different += different;
                res.n_checked += (int) got.size();
            }
            // the device's own store shows all keys there are, the others those of this step
            const bool all = pr.values.count("esa_keys-" + suffix) > 0;
            const auto & v = pr.values[(all ? "esa_keys-" : c.compressed ? "esa_kc-" : "esa_k-") + suffix];
            for (int i = all ? n : 0; i < (all ? n : 0) + chunk; ++i) {
                k.push_back(stored(v.data.data() + i*v.ne[0], v.ne[0], c.compressed ? c.type_kc : GGML_TYPE_F16));
            }
        }
    }
    return res;
}

inline probe selection_probe(const selection_case & c) {
    probe res;
    for (int il = 0; il < c.tiny.n_layer; ++il) {
        if (c.tiny.is_global(il)) {
            for (const char * name : { "esa_q-", "esa_q_score-", "esa_k-", "esa_kc-", "esa_keys-" }) {
                res.names.push_back(name + std::to_string(il));
            }
        }
    }
    return res;
}
