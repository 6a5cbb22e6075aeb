#include "llama-esa-input.h"

#include "llama-esa-impl.h"

#include "llama-kv-cache.h"
#include "llama-kv-cache-iswa.h"

#include <algorithm>
#include <cmath>
#include <numeric>

// Small enough to lose against every score, large enough that adding to it stays finite.
static constexpr float SCORE_NONE = -1e20f;
static constexpr float SCORE_INIT =  1e30f;
static constexpr float SCORE_MUST =  1e29f;

llm_graph_input_esa::llm_graph_input_esa(llama_esa & esa, const llama_esa_plan & plan, ggml_context * ctx, const ggml_tensor * k_idxs) :
    esa(esa), plan(plan), k_idxs(k_idxs) {
    auto input = [&](ggml_type type, int64_t ne0, int64_t ne1, const char * name) {
        ggml_tensor * t = ggml_new_tensor_2d(ctx, type, ne0, ne1);
        ggml_set_input(t);
        ggml_set_name(t, name);
        return t;
    };

    // inputs that no layer uses take no memory, but those with an entry for every cell would be filled
    const bool portable = std::any_of(esa.layers.begin(), esa.layers.end(), [&](const auto & l) {
        return l.enabled() && !l.own_ops && !l.device_select(plan);
    });
    const bool device_mask = plan.complete && std::all_of(esa.layers.begin(), esa.layers.end(), [](const auto & l) {
        return !l.enabled() || l.device.mask;
    });

    ring_idx = input(GGML_TYPE_I64, plan.n_tokens, 1, "esa_ring_idx");
    range    = input(GGML_TYPE_I32, LLAMA_ESA_STEP_SIZE + plan.n_tokens, 1, "esa_range");
    far_dist = input(GGML_TYPE_I32, plan.n_tokens, 1, "esa_far_dist");

    const int64_t n_slots = GGML_PAD(plan.n_far, 256);
    kq_mask = device_mask ?
        llama_esa_new_mask(ctx, range, plan.n_ring, n_slots, plan.n_tokens, (int32_t) esa.n_ring) :
        input(GGML_TYPE_F16, plan.n_ring + n_slots, plan.n_tokens, "esa_kq_mask");

    if (plan.n_far > 0) {
        switch (esa.params.positions) {
            case LLAMA_ESA_POSITIONS_FAR:
                far_pos = input(GGML_TYPE_I32, 1, 1, "esa_far_pos");
                break;
            case LLAMA_ESA_POSITIONS_ORDERED:
                far_pos = input(GGML_TYPE_I32, plan.n_far, 1, "esa_far_pos");
                break;
            case LLAMA_ESA_POSITIONS_TRUE:
                far_pos = plan.select ? nullptr : input(GGML_TYPE_I32, plan.n_far, 1, "esa_far_pos");
                break;
        }
    }
    if (plan.n_far > 0 && !plan.select) {
        far_cells = input(GGML_TYPE_I32, plan.n_far, 1, "esa_far_cells");
    }
    if (plan.select) {
        if (portable) {
            m_cell  = input(GGML_TYPE_F32, plan.n_kv,    1, "esa_m_cell");
            m_token = input(GGML_TYPE_F32, plan.n_order, 1, "esa_m_token");
        }
        const bool device_select = std::any_of(esa.layers.begin(), esa.layers.end(), [&](const auto & l) {
            return l.enabled() && !l.own_ops && l.device_select(plan);
        });
        if (plan.must && device_select) {
            must = input(GGML_TYPE_F32, plan.n_kv + LLAMA_ESA_N_SAMPLES, 1, "esa_must");
        }
        if (plan.order) {
            order = input(GGML_TYPE_I32, plan.n_order, 1, "esa_order");
        }
    }
    if (plan.n_refill > 0) {
        refill_cell = input(GGML_TYPE_I32, plan.n_refill, 1, "esa_refill_cell");
        refill_pos  = input(GGML_TYPE_I32, plan.n_refill, 1, "esa_refill_pos");
        refill_slot = input(GGML_TYPE_I64, plan.n_refill, 1, "esa_refill_slot");
    }
}

bool llm_graph_input_esa::can_reuse(const llm_graph_params & params) {
    if (params.cparams.esa != &esa) {
        return false;
    }
    const auto * mctx = esa.kv_swa ?
        static_cast<const llama_kv_cache_iswa_context *>(params.mctx)->get_base() :
        static_cast<const llama_kv_cache_context      *>(params.mctx);

    return plan == llama_esa_plan::make(esa, params.ubatch.pos[0], params.ubatch.n_tokens, mctx->get_n_kv());
}

template <typename T>
static void set_tensor(ggml_tensor * t, const std::vector<T> & data) {
    // tensors that no layer uses are not allocated
    if (t && t->buffer) {
        GGML_ASSERT(ggml_nbytes(t) == data.size()*sizeof(T));
        ggml_backend_tensor_set(t, data.data(), 0, ggml_nbytes(t));
    }
}

void llm_graph_input_esa::set_input(const llama_ubatch * ubatch) {
    const int64_t p0          = ubatch->pos[0];
    const int64_t first_local = std::max<int64_t>(0, p0 - esa.params.n_local);
    const int64_t n_far       = esa.layout.n_present(std::min(first_local, esa.layout.n_tokens()));

    esa.layout.append(p0, (const int64_t *) k_idxs->data, plan.n_tokens);
    const int64_t n_same = esa.layout.take_changed();
    for (auto & l : esa.layers) {
        l.n_sketched = std::min(l.n_sketched, n_same);
    }

    esa.n_far_last  = n_far;
    esa.select_last = plan.select;

    std::vector<int64_t> slots(plan.n_tokens);
    for (int64_t i = 0; i < plan.n_tokens; ++i) {
        slots[i] = (p0 + i) % esa.n_ring;
    }
    set_tensor(ring_idx, slots);

    set_range(p0, first_local, plan.select ? plan.n_far : n_far);
    if (kq_mask->op == GGML_OP_NONE && kq_mask->buffer) {
        set_mask(p0, plan.select ? plan.n_far : n_far);
    }
    if (plan.n_far > 0) {
        set_far(p0, first_local);
    }
    if (plan.select) {
        set_select(first_local);
    }
    if (plan.n_refill > 0) {
        set_refill(p0, first_local);
    }
}

void llm_graph_input_esa::set_range(int64_t p0, int64_t first_local, int64_t n_far) {
    const int64_t first_m = std::min<int64_t>(esa.params.n_init, first_local);
    std::vector<int32_t> step(LLAMA_ESA_STEP_SIZE + plan.n_tokens, 0);
    step[LLAMA_ESA_STEP_M_BEGIN] = (int32_t) first_m;
    step[LLAMA_ESA_STEP_M_END]   = (int32_t) first_local;
    step[LLAMA_ESA_STEP_POS]     = (int32_t) p0;
    step[LLAMA_ESA_STEP_N_FAR]   = (int32_t) n_far;
    step[LLAMA_ESA_STEP_DISTANCE] = (int32_t) esa.distance;
    std::copy_n((const int64_t *) k_idxs->data, plan.n_tokens, step.begin() + LLAMA_ESA_STEP_SIZE);
    set_tensor(range, step);

    std::vector<int32_t> dist(plan.n_tokens);
    std::iota(dist.begin(), dist.end(), (int32_t) esa.distance);
    set_tensor(far_dist, dist);
}

// Queries see L, the chunk up to themselves, and the used slots of I and M.
void llm_graph_input_esa::set_mask(int64_t p0, int64_t n_far) {
    const ggml_fp16_t none = ggml_fp32_to_fp16(-INFINITY);

    const int64_t ne0   = kq_mask->ne[0];
    const int64_t first = std::max<int64_t>(0, p0 - esa.params.n_local);

    std::vector<ggml_fp16_t> mask(ne0*plan.n_tokens, none);

    // the first row token by token, since a token may be missing; the others see one more each
    for (int64_t pos = first; pos <= p0; ++pos) {
        if (esa.layout.cell_of(pos) >= 0) {
            mask[pos % esa.n_ring] = 0;
        }
    }
    std::fill_n(mask.begin() + plan.n_ring, n_far, 0);
    for (int64_t i = 1; i < plan.n_tokens; ++i) {
        std::copy_n(mask.begin() + (i - 1)*ne0, ne0, mask.begin() + i*ne0);
        mask[i*ne0 + (p0 + i) % esa.n_ring] = 0;
    }
    set_tensor(kq_mask, mask);
}

void llm_graph_input_esa::set_far(int64_t p0, int64_t first_local) {
    std::vector<int32_t> tokens;
    tokens.reserve(plan.n_far);
    if (!plan.select) {
        for (int64_t t = 0; t < first_local; ++t) {
            if (esa.layout.cell_of(t) >= 0) {
                tokens.push_back((int32_t) t);
            }
        }
        std::vector<int32_t> cells;
        for (int32_t t : tokens) {
            cells.push_back(esa.layout.cell_of(t));
        }
        cells.resize(plan.n_far, cells[0]); // masked
        set_tensor(far_cells, cells);
    }

    const int64_t n_far = plan.select ? plan.n_far : (int64_t) tokens.size();

    std::vector<int32_t> pos;
    switch (esa.params.positions) {
        case LLAMA_ESA_POSITIONS_FAR:
            pos.push_back((int32_t) (p0 - esa.params.n_local));
            break;
        case LLAMA_ESA_POSITIONS_ORDERED:
            for (int64_t i = 0; i < n_far; ++i) {
                pos.push_back((int32_t) (first_local - n_far + i));
            }
            pos.resize(plan.n_far, 0);
            break;
        case LLAMA_ESA_POSITIONS_TRUE:
            pos = tokens;
            pos.resize(plan.n_far, 0);
            break;
    }
    set_tensor(far_pos, pos);
}

// What is added to the scores of M [first_m, first_local) so that the tokens that must be in are. As many as are selected, or
// more: the others are not of M.
static void raise_must(const llama_esa & esa, int64_t first_m, int64_t first_local, std::vector<float> & add) {
    std::vector<bool> is_must(first_local, false);
    int64_t n_must = 0;
    for (const auto & r : esa.must) {
        for (int64_t t = std::max<int64_t>(r.from, first_m); t < std::min<int64_t>(r.to, first_local); ++t) {
            is_must[t] = esa.layout.cell_of(t) >= 0;
            n_must += is_must[t];
        }
    }
    const bool only_must = n_must >= (int64_t) esa.params.n_top;
    for (int64_t t = first_m; t < first_local; ++t) {
        add[t] += is_must[t] ? (only_must ? 0.0f : SCORE_MUST) : only_must ? -INFINITY : 0.0f;
    }
}

void llm_graph_input_esa::set_select(int64_t first_local) {
    const int64_t first_m = std::min<int64_t>(esa.params.n_init, first_local);
    const int64_t n       = esa.layout.n_tokens();

    if (order && order->buffer) {
        std::vector<int32_t> cells(plan.n_order, -1);
        for (int64_t t = 0; t < n; ++t) {
            cells[t] = esa.layout.cell_of(t);
        }
        if (m_token) {
            // rows are gathered by it, so it may hold no hole: the newest token is never in M
            std::replace(cells.begin(), cells.end(), -1, esa.layout.cell_of(n - 1));
        }
        set_tensor(order, cells);
    }
    if (must) {
        std::vector<float> by_token(plan.n_kv + LLAMA_ESA_N_SAMPLES, 0.0f);
        raise_must(esa, first_m, first_local, by_token);
        set_tensor(must, by_token);
    }
    if (m_token) {
        std::vector<float> by_cell (plan.n_kv, SCORE_NONE);
        std::vector<float> by_token(plan.n_order, -INFINITY);
        for (int64_t t = 0; t < first_local; ++t) {
            const int32_t cell = esa.layout.cell_of(t);
            if (cell >= 0 && t < first_m) {
                by_token[t] = SCORE_INIT;
            } else if (cell >= 0) {
                by_token[t]   = 0.0f;
                by_cell[cell] = 0.0f;
            }
        }
        if (plan.must) {
            raise_must(esa, first_m, first_local, by_token);
        }
        set_tensor(m_cell,  by_cell);
        set_tensor(m_token, by_token);
    }
}

void llm_graph_input_esa::set_refill(int64_t p0, int64_t first_local) {
    std::vector<int32_t> cell;
    std::vector<int32_t> pos;
    std::vector<int64_t> slot;
    for (int64_t t = first_local; t < p0; ++t) {
        if (esa.layout.cell_of(t) >= 0) {
            cell.push_back(esa.layout.cell_of(t));
            pos .push_back((int32_t) t);
            slot.push_back(t % esa.n_ring);
        }
    }
    if (cell.empty()) { // nothing to fill, but rows there must be: the slot of a masked token
        cell.push_back(0);
        pos .push_back(0);
        slot.push_back((p0 + plan.n_tokens) % esa.n_ring);
    }
    cell.resize(plan.n_refill, cell.back()); // the last row again and again
    pos .resize(plan.n_refill, pos .back());
    slot.resize(plan.n_refill, slot.back());

    set_tensor(refill_cell, cell);
    set_tensor(refill_pos,  pos);
    set_tensor(refill_slot, slot);

    esa.layout.ring_refilled(first_local, p0);
}
