#pragma once

// Efficient Selective Attention: the state that a llama_context owns. What each part does is said where it is defined:
//   llama-esa-params.cpp    who may use it, errors        llama-esa-graph.cpp    one layer's attention
//   llama-esa-state.cpp     tensors, life cycle           llama-esa-select.cpp   scores and selection of one layer
//   llama-esa-layout.cpp    token index <-> cache cell    llama-esa-input.cpp    what changes from batch to batch
//   llama-esa-device.cpp    what the layer's device has of our own operations
//   llama-esa-placement.cpp where K and V lie

#include "llama-esa.h"
#include "llama-esa-cpu-decode.h"
#include "llama-esa-cpu-pick.h"
#include "llama-esa-cpu-sketch.h"
#include "llama-esa-layout.h"
#include "llama-esa-ops.h"
#include "llama-esa-plan.h"

#include "llama-hparams.h"

#include "ggml-cpp.h"

#include <memory>
#include <string>
#include <vector>

class llama_kv_cache;
class llama_kv_cache_context;
class llm_graph_input_esa;

struct llama_context_params;
struct llama_cparams;
struct llama_esa_projections;
struct llama_memory_i;
struct llama_model;
struct llm_graph_context;

void llama_esa_set_error(const char * message);

// sets the error of this thread and returns the status, so that a failure is one line
enum llama_esa_status llama_esa_fail(enum llama_esa_status status, const char * format, ...);

// Where the cache made with these hparams puts K and V of a layer that is on `dev`.
ggml_backend_buffer_type_t llama_esa_kv_buft(const llama_hparams & hparams, int32_t il, ggml_backend_dev_t dev);

// Which operations of llama-esa-ops.h the device of a layer does, for the shapes of that layer. Stock operations do the rest.
struct llama_esa_device_ops {
    bool store  = false;
    bool select = false; // score and select
    bool attend = false;
    bool gather = false;
    bool mask   = false;
};

// ESA tensors of one layer, next to the layer's part of the KV cache
struct llama_esa_layer {
    ggml_tensor * kc    = nullptr; // F16 or Q8_0 [d', kv_size]  compressed keys, same cells as K and V
    ggml_tensor * ws    = nullptr; // F16                        the next two in one
    ggml_tensor * ws_k  = nullptr; // F16 [n_embd_k, n_ws]       ring of rotated local keys | slots of I and M_k
    ggml_tensor * ws_v  = nullptr; // F16 [n_embd_v, n_ws]
    ggml_tensor * proj  = nullptr; // F32                        the next three in one
    ggml_tensor * bias  = nullptr; // F32 [d']                   what centres the compressed keys
    ggml_tensor * sketch = nullptr; // I8, see llama-esa-cpu-sketch.h
    ggml_tensor * pk    = nullptr; // F32 [n_embd_k, d']
    ggml_tensor * pq    = nullptr; // F32 [n_head*d, d']
    ggml_tensor * trace = nullptr; // I32 [n_sel]                token indices selected by the last ubatch
    ggml_tensor * cap_q = nullptr; // F32 [n_head*d, n_ubatch]   calibration only: queries as scoring sees them
    ggml_tensor * cap_k = nullptr; // F32 [n_embd_k, n_ubatch]   calibration only: un-rotated keys

    ggml_tensor * k_store = nullptr; // the whole K and V of the layer in the cache
    ggml_tensor * v_store = nullptr;

    int64_t n_sketched = 0; // tokens that the sketch holds

    bool own_ops = false; // on the CPU and not `portable`

    llama_esa_device_ops device; // elsewhere

    llama_esa_attend attend; // what the attention of a single token reads

    bool enabled() const { return ws_k != nullptr; }

    // the tokens of M are scored and selected by the device's own operations
    bool device_select(const llama_esa_plan & plan) const { return device.select && !plan.order; }

    llama_esa_store_dst rows() const { return { k_store, v_store, ws, kc, proj }; }
};

struct llama_esa {
    // throws std::runtime_error with the reason when the model or the parameters do not allow it
    static std::shared_ptr<llama_esa> create(const llama_model & model, llama_context_params & cparams);

    llama_esa(const llama_model & model, const llama_esa_params & params);
    ~llama_esa();

    // allocates the tensors; throws std::runtime_error
    void attach(llama_memory_i * memory, const llama_cparams & cparams);

    // K and V of layers with ESA will be in host memory; throws std::runtime_error when their devices cannot read it
    void keep_kv_on_host();

    // throws if a layer could not be built when the worst-case graphs were
    void check_graph() const;

    // called before every batch: notices edits of the cache
    void update();

    // nullptr: the layer is built the stock way
    ggml_tensor * build_attn(const llm_graph_context & g, const llama_kv_cache_context * mctx,
            ggml_tensor * k_idxs, ggml_tensor * v_idxs,
            ggml_tensor * q_cur, ggml_tensor * k_cur, ggml_tensor * v_cur,
            ggml_tensor * sinks, float kq_scale, int il);

    // the layers of the model that this is for
    bool has_layer(int32_t il) const { return !hparams_kv.is_swa(il) && il >= (int32_t) params.n_dense; }

    // the layer whose selection this one uses, maybe its own
    int32_t leader_of(int32_t il) const;

    uint32_t max_nodes() const;

    // queries as scoring sees them and un-rotated keys of every ubatch are kept readable (calibration)
    void enable_capture();

    size_t memory_size() const;

    const llama_model & model;

    llama_esa_params params;      // params.projections is not kept
    llama_hparams    hparams_kv;  // hparams of the model, layers with ESA marked as having no RoPE in the cache

    llama_kv_cache * kv     = nullptr; // cache of the layers with ESA
    llama_kv_cache * kv_swa = nullptr; // cache of the sliding-window layers, if any

    uint32_t n_ubatch = 0;
    uint32_t n_ring   = 0; // slots of rotated local keys
    uint32_t n_sel    = 0; // n_init + n_top
    uint32_t n_ws     = 0; // n_ring + slots for n_sel

    std::vector<llama_esa_layer> layers; // by layer of the model

    int64_t distance = 0; // from the first token of a ubatch to where it sees I and M: n_local, except while calibrating

    llama_esa_layout layout;

    std::string about_rows; // see llama_esa_about_rows

    // what the last ubatch attended to, for the trace
    int64_t n_far_last  = 0; // tokens of I and M
    bool    select_last = false;

    bool capture = false;

    std::vector<llama_esa_token_range> must; // tokens that are always attended; ascending and apart

    llama_esa_pick_params pick_params; // of the CPU's selection

private:
    struct selection {
        ggml_tensor * tokens; // I32 [n_sel]
        ggml_tensor * cells;  // I32 [n_sel]
    };

    bool can_sketch(int64_t n_proj, int64_t n_cells) const;

    // q_small: the compressed query, if there is one already
    selection build_select(const llm_graph_context & g, const llm_graph_input_esa & in,
            ggml_tensor * q_score, ggml_tensor * q_small, ggml_tensor * k_cache, int il);

    llama_esa_device_ops find_device_ops(int32_t il, ggml_backend_dev_t dev) const;

    std::unique_ptr<llama_esa_projections> projections; // until attach()

    std::string graph_error;

    std::vector<std::pair<ggml_context_ptr, ggml_backend_buffer_ptr>> ctxs_bufs;
};
