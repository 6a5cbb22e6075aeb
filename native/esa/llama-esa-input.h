#pragma once

#include "llama-esa-plan.h"

#include "llama-graph.h"

struct llama_esa;

// Input tensors that all ESA layers of a graph share; filled anew for every ubatch.
class llm_graph_input_esa : public llm_graph_input_i {
public:
    llm_graph_input_esa(llama_esa & esa, const llama_esa_plan & plan, ggml_context * ctx, const ggml_tensor * k_idxs);

    void set_input(const llama_ubatch * ubatch) override;
    bool can_reuse(const llm_graph_params & params) override;

    llama_esa & esa;

    const llama_esa_plan plan;

    const ggml_tensor * k_idxs; // I64 [n_tokens]  cells of the ubatch, set by the cache's own input

    ggml_tensor * ring_idx  = nullptr; // I64 [n_tokens]                slots of the ubatch in the ring
    ggml_tensor * kq_mask   = nullptr; // F16 [n_ring + far slots, n_tokens]; made by the device if it can
    ggml_tensor * far_pos   = nullptr; // I32 [1] or [n_far]            where I and M_k are seen; TRUE when selecting: none
    ggml_tensor * far_cells = nullptr; // I32 [n_far]                   all of I and M, when nothing has to be selected

    // own operations
    ggml_tensor * range     = nullptr; // I32 [LLAMA_ESA_STEP_SIZE + n_tokens] enum llama_esa_step, cells
    ggml_tensor * far_dist  = nullptr; // I32 [n_tokens]                from each token to I and M

    // when selecting
    ggml_tensor * order     = nullptr; // I32 [n_order]                 cell of each token, if not the same
    ggml_tensor * m_cell    = nullptr; // F32 [n_kv]                    portable: 0 for cells of M, else very small
    ggml_tensor * m_token   = nullptr; // F32 [n_order]                 portable: 0 for M, very large for I, large for what must be in, else -inf
    ggml_tensor * must      = nullptr; // F32 [n_kv + LLAMA_ESA_N_SAMPLES] the device's own selection: large for what must be in, else 0

    // of the layer that selected last
    struct {
        ggml_tensor * tokens = nullptr; // I32 [n_sel]
        ggml_tensor * cells  = nullptr; // I32 [n_sel]
    } selected;

    // when the ring is filled again
    ggml_tensor * refill_cell = nullptr; // I32 [n_refill]
    ggml_tensor * refill_pos  = nullptr; // I32 [n_refill]
    ggml_tensor * refill_slot = nullptr; // I64 [n_refill]

private:
    void set_range (int64_t p0, int64_t first_local, int64_t n_far);
    void set_mask  (int64_t p0, int64_t n_far);
    void set_far   (int64_t p0, int64_t first_local);
    void set_select(int64_t first_local);
    void set_refill(int64_t p0, int64_t first_local);
};
