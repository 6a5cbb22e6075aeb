#pragma once

// A model, contexts on it, and the few things every test does with them.

#include "architectures.h"
#include "tap.h"

#include "llama-esa.h"
#include "llama.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

struct model_deleter   { void operator()(llama_model   * p) const { llama_model_free(p); } };
struct context_deleter { void operator()(llama_context * p) const { llama_free(p); } };

using model_ptr   = std::unique_ptr<llama_model,   model_deleter>;
using context_ptr = std::unique_ptr<llama_context, context_deleter>;

using tokens = std::vector<llama_token>;
using logits = std::vector<float>;

// a folder of this process that goes away with it
class scratch_dir {
public:
    scratch_dir() {
        std::random_device rd;
        path = std::filesystem::temp_directory_path() / ("esa-test-" + std::to_string(rd()));
        std::filesystem::create_directories(path);
    }
    ~scratch_dir() { std::filesystem::remove_all(path); }

    std::string operator/(const std::string & name) const { return (path / name).string(); }

private:
    std::filesystem::path path;
};

// ESA_TEST_RPC=host:port,...: the same checks with the layers on these servers
inline void add_rpc_servers(const std::string & servers) {
    ggml_backend_reg_t rpc = ggml_backend_reg_by_name("RPC");
    if (!rpc) {
        tap::bail("no RPC backend");
    }
    auto add = (ggml_backend_reg_t (*)(const char *)) ggml_backend_reg_get_proc_address(rpc, "ggml_backend_rpc_add_server");
    std::istringstream list(servers);
    for (std::string server; std::getline(list, server, ',');) {
        ggml_backend_register(add(server.c_str()));
    }
}

inline void init_backends(const char * argv0) {
    llama_log_set([](ggml_log_level level, const char * text, void *) {
        if (getenv("ESA_TEST_LOG") || level == GGML_LOG_LEVEL_ERROR) {
            fputs(text, stderr);
        }
    }, nullptr);
    // backends that are modules lie one folder up, where the libraries are, or beside it once they are installed
    const auto dir = std::filesystem::absolute(argv0).parent_path().parent_path();
    ggml_backend_load_all_from_path(dir.string().c_str());
    for (const char * part : { "gpu", "rpc" }) {
        if (std::filesystem::exists(dir / part)) {
            ggml_backend_load_all_from_path((dir / part).string().c_str());
        }
    }
    ggml_backend_load_all();
    if (const char * servers = getenv("ESA_TEST_RPC")) {
        add_rpc_servers(servers);
    }
    llama_backend_init();
}

// ESA_TEST_GPU: the same checks on whatever device there is
inline bool on_cpu() {
    return !getenv("ESA_TEST_GPU") && !getenv("ESA_TEST_RPC");
}

// ESA_TEST_SHORT: a sample of every kind, for devices that are emulated
inline bool is_short() {
    return getenv("ESA_TEST_SHORT");
}

inline llama_model_params model_params() {
    static ggml_backend_dev_t none[] = { nullptr };
    auto params = llama_model_default_params();
    if (on_cpu()) {
        params.devices = none; // or large batches would visit another device
    }
    return params;
}

inline model_ptr load_model(const std::string & path) {
    model_ptr model(llama_model_load_from_file(path.c_str(), model_params()));
    if (!model) {
        tap::bail("cannot load %s", path.c_str());
    }
    return model;
}

inline model_ptr make_model(const tiny_model & tiny) {
    model_ptr model(tiny.make(model_params()));
    if (!model) {
        tap::bail("llama.cpp makes no model of %s", tiny.name().c_str());
    }
    return model;
}

inline tokens random_tokens(const llama_model * model, int n, unsigned seed = 7) {
    std::mt19937 rng(seed);
    const int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    tokens res(n);
    for (auto & t : res) {
        t = (llama_token) (rng() % n_vocab);
    }
    return res;
}

inline tokens tokenize(const llama_model * model, const std::string & text) {
    const llama_vocab * vocab = llama_model_get_vocab(model);
    tokens res(text.size() + 8);
    res.resize(std::max(0, llama_tokenize(vocab, text.data(), (int) text.size(), res.data(), (int) res.size(), true, false)));
    return res;
}

// tensors of the graph, kept by name after every evaluation
struct probe {
    struct value {
        std::vector<float> data; // integers as well
        int64_t ne[4] = {};
    };

    std::vector<std::string> names;
    std::map<std::string, value> values;

    static bool callback(ggml_tensor * t, bool ask, void * user) {
        auto & p = *(probe *) user;
        for (const auto & name : p.names) {
            if (name == t->name) {
                if (!ask) {
                    p.keep(t);
                }
                return true;
            }
        }
        return false;
    }

private:
    void keep(ggml_tensor * t) {
        value & v = values[t->name];
        std::copy_n(t->ne, 4, v.ne);
        std::vector<char> bytes(ggml_nbytes(t));
        ggml_backend_tensor_get(t, bytes.data(), 0, bytes.size());
        v.data.resize(ggml_nelements(t));
        for (size_t i = 0; i < v.data.size(); ++i) {
            if (t->type == GGML_TYPE_I32) {
                v.data[i] = (float) ((const int32_t *) bytes.data())[i];
            } else if (t->type == GGML_TYPE_F16) {
                v.data[i] = ggml_fp16_to_fp32(((const ggml_fp16_t *) bytes.data())[i]);
            } else {
                v.data[i] = ((const float *) bytes.data())[i];
            }
        }
    }
};

struct session {
    context_ptr ctx;
    int n_vocab = 0;

    session() = default;

    // params NULL: stock
    session(llama_model * model, int n_ctx, int n_ubatch, const llama_esa_params * esa, probe * pr = nullptr, int n_threads = 1) {
        auto cp = llama_context_default_params();
        cp.n_ctx     = n_ctx;
        cp.n_batch   = n_ctx;
        cp.n_ubatch  = n_ubatch;
        cp.n_threads = cp.n_threads_batch = n_threads;
        cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
        cp.swa_full  = true;
        cp.esa       = esa;
        if (pr) {
            cp.cb_eval = probe::callback;
            cp.cb_eval_user_data = pr;
        }
        ctx.reset(llama_init_from_model(model, cp));
        if (!ctx) {
            tap::bail("no context: %s", llama_esa_last_error());
        }
        n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    }

    int n() const { return llama_memory_seq_pos_max(llama_get_memory(ctx.get()), 0) + 1; }

    // some layers see a window only
    bool has_window() const { return llama_model_n_swa(llama_get_model(ctx.get())) > 0; }

    int try_decode(const llama_token * t, int n_tokens) {
        llama_batch b = llama_batch_init(n_tokens, 0, 1);
        b.n_tokens = n_tokens;
        for (int i = 0; i < n_tokens; ++i) {
            b.token[i] = t[i];
            b.pos[i] = n() + i;
            b.n_seq_id[i] = 1;
            b.seq_id[i][0] = 0;
            b.logits[i] = i == n_tokens - 1;
        }
        const int res = llama_decode(ctx.get(), b);
        llama_batch_free(b);
        llama_synchronize(ctx.get());
        return res;
    }

    // logits of the last token
    logits decode(const llama_token * t, int n_tokens) {
        if (try_decode(t, n_tokens) != 0) {
            tap::bail("decode of %d tokens at %d failed", n_tokens, n());
        }
        const float * l = llama_get_logits_ith(ctx.get(), -1);
        return logits(l, l + n_vocab);
    }

    // continue with t from where the context is, in chunks
    logits feed(const tokens & t, int end, int chunk) {
        logits res;
        while (n() < end) {
            res = decode(t.data() + n(), std::min(chunk, end - n()));
        }
        return res;
    }
};

inline bool finite(const logits & x) {
    for (float v : x) {
        if (!std::isfinite(v)) {
            return false;
        }
    }
    return !x.empty();
}

// distance over norm
inline double relative_error(const logits & a, const logits & b) {
    double diff = 0.0, norm = 0.0;
    for (size_t i = 0; i < a.size(); ++i) {
        diff += ((double) a[i] - b[i])*((double) a[i] - b[i]);
        norm += (double) b[i]*b[i];
    }
    return a.size() == b.size() && finite(a) && finite(b) ? std::sqrt(diff/norm) : INFINITY;
}

inline bool same_bits(const logits & a, const logits & b) {
    return a.size() == b.size() && memcmp(a.data(), b.data(), a.size()*sizeof(float)) == 0;
}
