// One layer's attention: store, select, gather, attend (arXiv 2502.14477, section 3).

#include "llama-esa-impl.h"
#include "llama-esa-cpu-chunk.h"
#include "llama-esa-graph.h"
#include "llama-esa-input.h"

#include "llama-impl.h"
#include "llama-kv-cache.h"

#include <algorithm>
#include <cmath>
#include <cstring>

ggml_tensor * llama_esa_rope_like(ggml_context * ctx, const ggml_tensor * rope, ggml_tensor * x, ggml_tensor * pos) {
    if (!rope) {
        return x;
    }
    ggml_tensor * res = ggml_rope_ext(ctx, x, pos, rope->src[2], (int) x->ne[0], 0, 0, 10000.0f, 1.0f, 0.0f, 1.0f, 0.0f, 0.0f);
    memcpy(res->op_params, rope->op_params, sizeof(res->op_params));
    return res;
}

ggml_tensor * llama_esa_flat(ggml_context * ctx, ggml_tensor * x) {
    return ggml_view_2d(ctx, x, x->ne[0]*x->ne[1], x->ne[2], x->nb[2], 0);
}

// Heads of a token lie one after the other, so that a token is one row.
static bool is_flat(const ggml_tensor * x) {
    return x->nb[0] == ggml_type_size(x->type) && x->nb[1] == ggml_row_size(x->type, x->ne[0]);
}

// Whether there is a rotation between x and the product with its weights.
static bool is_rotated(const ggml_tensor * x) {
    if (!x || x->op == GGML_OP_NONE || x->op == GGML_OP_MUL_MAT || x->op == GGML_OP_MUL_MAT_ID || x->op == GGML_OP_GET_ROWS) {
        return false;
    }
    return x->op == GGML_OP_ROPE || std::any_of(x->src, x->src + GGML_MAX_SRC, is_rotated);
}

namespace {

// Queries or keys of a layer and what the model did to them last: a rotation, a scale (gemma, phi), a temperature for each token
// (mistral 3).
struct peeled {
    ggml_tensor * raw;
    const ggml_tensor * rope = nullptr; // nullptr: the layer has no positions
    float scale       = 1.0f;
    bool  temperature = false;

    explicit peeled(ggml_tensor * x) : raw(x) {
        if (raw->op == GGML_OP_MUL && raw->src[1]->ne[0] == 1 && raw->src[1]->ne[1] == 1) {
            temperature = true;
            raw = raw->src[0];
        }
        if (raw->op == GGML_OP_SCALE && ((const float *) raw->op_params)[1] == 0.0f) {
            memcpy(&scale, raw->op_params, sizeof(float));
            raw = raw->src[0];
        }
        if (raw->op == GGML_OP_ROPE) {
            rope = raw;
            raw  = raw->src[0];
        }
    }

    bool ok() const { return is_flat(raw) && !is_rotated(raw); }

    // what the rotation multiplies lengths by (YaRN); 0: not all alike
    float magnitude() const {
        float freq_scale = 1.0f, ext_factor = 0.0f, res = 1.0f;
        if (rope) {
            memcpy(&freq_scale, rope->op_params + 6, sizeof(float));
            memcpy(&ext_factor, rope->op_params + 7, sizeof(float));
            memcpy(&res,        rope->op_params + 8, sizeof(float));
        }
        if (ext_factor != 0.0f) {
            res *= 1.0f + 0.1f*logf(1.0f/freq_scale);
        }
        return res == 1.0f || rope->op_params[1] == rope->ne[0] ? res : 0.0f;
    }
};

} // namespace

// F16 rows as rows of I32 and back: moving rows must not change a bit, and GET_ROWS of I32 is exact on every backend.
static ggml_tensor * rows_as(ggml_context * ctx, ggml_tensor * x, ggml_type type, int64_t ne0, int64_t ne1) {
    GGML_ASSERT(ggml_row_size(type, ne0)*ne1 == ggml_row_size(x->type, x->ne[0])*x->ne[1]);
    ggml_tensor * res = ggml_view_2d(ctx, x, x->ne[0], x->ne[1], x->nb[1], 0);
    res->type  = type;
    res->ne[0] = ne0;
    res->ne[1] = ne1;
    res->nb[0] = ggml_type_size(type);
    res->nb[1] = ggml_row_size(type, ne0);
    res->nb[2] = res->nb[3] = res->nb[1]*ne1;
    return res;
}

static ggml_tensor * gather_f16(ggml_context * ctx, ggml_tensor * x, ggml_tensor * cells) {
    ggml_tensor * rows = ggml_get_rows(ctx, rows_as(ctx, x, GGML_TYPE_I32, x->ne[0]/2, x->ne[1]), cells);
    return rows_as(ctx, rows, GGML_TYPE_F16, x->ne[0], cells->ne[0]);
}

namespace {

// what the parts of one layer share
struct layer_builder {
    const llm_graph_context   & g;
    const llama_esa           & esa;
    const llama_esa_layer     & l;
    const llm_graph_input_esa & in;

    const ggml_tensor * rope_k; // the rotation of the model's keys, if the layer has one
    const llama_esa_rope rope;  // the same, for the device's own operations

    ggml_tensor * k_cache; // F16 [n_embd_k, n_kv]
    ggml_tensor * v_cache; // F16 [n_embd_v, n_kv]

    int64_t d;
    int64_t n_head_kv;

    int il;

    void expand(ggml_tensor * t, const char * name) const {
        g.cb(t, name, il);
        ggml_build_forward_expand(g.gf, t);
    }

    // rotate rows [d*n_head_kv, n], one position each
    ggml_tensor * rotate(ggml_tensor * rows, ggml_tensor * pos) const {
        if (!rope_k) {
            return rows;
        }
        ggml_tensor * x = ggml_reshape_3d(g.ctx0, rows, d, n_head_kv, rows->ne[1]);
        return ggml_reshape_2d(g.ctx0, llama_esa_rope_like(g.ctx0, rope_k, x, pos), rows->ne[0], rows->ne[1]);
    }

    // to where the tokens of the ubatch are
    ggml_tensor * rotate_here(ggml_tensor * rows) const {
        return rope_k ? rotate(rows, rope_k->src[1]) : rows;
    }

    // one position for all: presented as the heads of one token, sine and cosine are computed once
    ggml_tensor * rotate_to_one(ggml_tensor * rows, ggml_tensor * pos) const {
        if (!rope_k) {
            return rows;
        }
        ggml_tensor * x = ggml_reshape_3d(g.ctx0, rows, d, n_head_kv*rows->ne[1], 1);
        return ggml_reshape_2d(g.ctx0, llama_esa_rope_like(g.ctx0, rope_k, x, pos), rows->ne[0], rows->ne[1]);
    }

    // cache, ring and compressed keys with one operation of ours
    void store(ggml_tensor * k, ggml_tensor * v_cur, ggml_tensor * k_idxs, ggml_tensor * v_idxs) const {
        expand(llama_esa_op_store(g.ctx0, k, rotate_here(k), llama_esa_flat(g.ctx0, v_cur), k_idxs, v_idxs,
                in.ring_idx, const_cast<llama_esa_layer *>(&l)), "esa_kc");
    }

    // the same with one operation of the device; with q, returns the compressed query
    ggml_tensor * store_on_device(ggml_tensor * k_raw, ggml_tensor * v_cur, ggml_tensor * q_raw) const {
        ggml_tensor * k   = llama_esa_flat(g.ctx0, k_raw);
        ggml_tensor * q   = q_raw ? llama_esa_flat(g.ctx0, q_raw) : nullptr;
        g.cb(k, "esa_k", il);
        ggml_tensor * res = llama_esa_new_store(g.ctx0, k, llama_esa_flat(g.ctx0, v_cur), q,
                esa.params.scoring == LLAMA_ESA_SCORING_FAR, in.range, rope, rope_k->src[2], l.rows(), (int32_t) esa.n_ring);
        expand(res, q ? "esa_q" : "esa_store");
        if (l.kc) { // all compressed keys there are: to be looked at
            expand(ggml_view_2d(g.ctx0, l.kc, l.kc->ne[0], in.plan.n_kv, l.kc->nb[1], 0), "esa_keys");
        }
        return q ? res : nullptr;
    }

    // rotated keys and values of the ubatch -> ring
    void store_ring(ggml_tensor * k_raw, ggml_tensor * v_cur) const {
        ggml_tensor * k = rotate_here(k_raw);
        expand(ggml_set_rows(g.ctx0, l.ws_k, k, in.ring_idx), "esa_ring_k");
        expand(ggml_set_rows(g.ctx0, l.ws_v, llama_esa_flat(g.ctx0, v_cur), in.ring_idx), "esa_ring_v");
    }

    // after an edit: the ring again from the cache, by the operations that filled it
    void refill_ring() const {
        if (l.device.gather) {
            expand(llama_esa_new_gather(g.ctx0, in.refill_cell, in.refill_pos, in.refill_slot, rope, rope_k->src[2], l.rows(), 0), "esa_refill");
            return;
        }
        ggml_tensor * k = rotate(ggml_get_rows(g.ctx0, k_cache, in.refill_cell), in.refill_pos);
        expand(ggml_set_rows(g.ctx0, l.ws_k, k, in.refill_slot), "esa_refill_k");
        expand(ggml_set_rows(g.ctx0, l.ws_v, ggml_get_rows(g.ctx0, v_cache, in.refill_cell), in.refill_slot), "esa_refill_v");
    }

    void store_compressed(ggml_tensor * k_raw, ggml_tensor * k_idxs) const {
        ggml_tensor * kc = ggml_mul_mat(g.ctx0, l.pk, k_raw);
        ggml_prec_set_acc(kc, GGML_PREC_F32);
        kc = ggml_add(g.ctx0, kc, l.bias);
        g.cb(kc, "esa_kc", il);
        expand(ggml_set_rows(g.ctx0, l.kc, kc, k_idxs), "esa_store_kc");
    }

    void capture(ggml_tensor * q_raw, ggml_tensor * k_raw) const {
        const int64_t n = in.plan.n_tokens;
        ggml_tensor * q = llama_esa_flat(g.ctx0, q_raw);
        expand(ggml_cpy(g.ctx0, q,     ggml_view_2d(g.ctx0, l.cap_q, q->ne[0],     n, l.cap_q->nb[1], 0)), "esa_cap_q");
        expand(ggml_cpy(g.ctx0, k_raw, ggml_view_2d(g.ctx0, l.cap_k, k_raw->ne[0], n, l.cap_k->nb[1], 0)), "esa_cap_k");
    }

    // rows of I and M_k, rotated to where they are seen -> slots behind the ring
    void gather_far(ggml_tensor * cells, ggml_tensor * tokens) const {
        const bool one = esa.params.positions == LLAMA_ESA_POSITIONS_FAR;

        if (l.device.gather) {
            expand(llama_esa_new_gather(g.ctx0, cells, in.far_pos ? in.far_pos : tokens, nullptr, rope, rope_k->src[2], l.rows(), (int32_t) esa.n_ring),
                    "esa_far");
            return;
        }
        ggml_tensor * k = gather_f16(g.ctx0, k_cache, cells);
        ggml_tensor * v = gather_f16(g.ctx0, v_cache, cells);
        k = one ? rotate_to_one(k, in.far_pos) : rotate(k, in.far_pos ? in.far_pos : tokens);

        auto slots = [&](ggml_tensor * ws) {
            return ggml_view_2d(g.ctx0, ws, ws->ne[0], cells->ne[0], ws->nb[1], esa.n_ring*ws->nb[1]);
        };
        expand(ggml_cpy(g.ctx0, k, slots(l.ws_k)), "esa_far_k");
        expand(ggml_cpy(g.ctx0, v, slots(l.ws_v)), "esa_far_v");
    }

    // whether attention can read the un-rotated keys where they are: the query is rotated instead
    bool can_attend_in_place(const peeled & q, const ggml_tensor * q_cur, const ggml_tensor * v_cur, const ggml_tensor * sinks) const {
        const bool has_op = l.own_ops || (l.device.attend && in.plan.n_tokens == 1);
        return has_op && esa.params.positions == LLAMA_ESA_POSITIONS_FAR && q.magnitude() != 0.0f && !q.temperature && !sinks && !g.hparams.attn_soft_cap &&
            q_cur->ne[0] % 16 == 0 && v_cur->ne[0] % 16 == 0;
    }

    ggml_tensor * attend_in_place(llama_esa_attend & params, const peeled & q, ggml_tensor * q_cur, ggml_tensor * q_far,
            ggml_tensor * cells, float kq_scale, int64_t d_v) const {
        // far keys are not rotated, so that theirs is the query's to carry
        params = { &l, d, d_v, q_cur->ne[1], n_head_kv, esa.n_ring, kq_scale, q.scale*q.magnitude() };
        q_far = cells ? q_far : nullptr;
        ggml_tensor * res = in.plan.n_tokens == 1 ?
            llama_esa_op_attend      (g.ctx0, q_cur, in.range, q_far, cells, &params) :
            llama_esa_op_attend_chunk(g.ctx0, q_cur, in.range, q_far, cells, &params);
        expand(res, "esa_attend");
        return res;
    }

    // the same with one operation of the device, which rotates the query as well
    ggml_tensor * attend_on_device(const peeled & q, ggml_tensor * cells, float kq_scale) const {
        ggml_tensor * res = llama_esa_new_attend(g.ctx0, q.raw, cells, in.range, rope, rope_k->src[2], l.rows(), (int32_t) esa.n_ring,
                kq_scale*q.scale, in.plan.n_refill == 0);
        expand(res, "esa_attend");
        return res;
    }
};

} // namespace

ggml_tensor * llama_esa::build_attn(const llm_graph_context & g, const llama_kv_cache_context * mctx,
        ggml_tensor * k_idxs, ggml_tensor * v_idxs,
        ggml_tensor * q_cur, ggml_tensor * k_cur, ggml_tensor * v_cur,
        ggml_tensor * sinks, float kq_scale, int il) {
    if (il < 0 || il >= (int) layers.size() || !layers[il].enabled()) {
        return nullptr;
    }

    const peeled q(q_cur), k(k_cur);
    if (!q.ok() || !k.ok() || !q.rope != !k.rope || k.scale != 1.0f || k.temperature || !is_flat(v_cur)) {
        graph_error = format("layer %d does not end in a rotation of its queries and keys", il);
        return nullptr;
    }
    ggml_tensor * q_raw = q.raw;
    ggml_tensor * k_raw = k.raw;

    llm_graph_input_esa * in = nullptr;
    for (auto & input : g.res->inputs) {
        in = in ? in : dynamic_cast<llm_graph_input_esa *>(input.get());
    }
    if (!in) {
        const auto plan = llama_esa_plan::make(*this, g.ubatch.pos[0], g.ubatch.n_tokens, mctx->get_n_kv());
        in = (llm_graph_input_esa *) g.res->add_input(std::make_unique<llm_graph_input_esa>(*this, plan, g.ctx0, k_idxs));
    }

    const int64_t d  = k_cur->ne[0];
    const int64_t dv = v_cur->ne[0];
    const int64_t n_head_kv = k_cur->ne[1];

    ggml_tensor * kc = mctx->get_k(g.ctx0, il);
    ggml_tensor * vc = mctx->get_v(g.ctx0, il);

    // the device's own operations rotate whole heads by one position, queries and keys alike
    llama_esa_rope rope, rope_of_q;
    const bool plain = llama_esa_rope_of(k.rope, d, rope) && llama_esa_rope_of(q.rope, d, rope_of_q) &&
        memcmp(&rope, &rope_of_q, sizeof(rope)) == 0 && q.rope->src[2] == k.rope->src[2] && q.magnitude() == 1.0f && !q.temperature;
    if (!plain) {
        auto & device = layers[il].device;
        device.store = device.attend = device.gather = false;
    }

    const layer_builder b = {
        g, *this, layers[il], *in, k.rope, rope,
        ggml_view_2d(g.ctx0, kc, d*n_head_kv,  kc->ne[2], kc->nb[2], 0),
        ggml_view_2d(g.ctx0, vc, dv*n_head_kv, vc->ne[2], vc->nb[2], 0),
        d, n_head_kv, il,
    };

    const bool leads     = leader_of(il) == il;
    const bool in_place  = in->plan.complete && b.can_attend_in_place(q, q_cur, v_cur, sinks);
    const bool on_device = in_place && b.l.device.attend;

    g.cb(q_raw, "esa_q_raw", il);
    ggml_build_forward_expand(g.gf, on_device ? q_raw : q_cur);
    ggml_build_forward_expand(g.gf, v_cur);
    ggml_build_forward_expand(g.gf, k_raw);

    // everything is made from the key as the cache will hold it, so that it can be made again from the cache
    ggml_tensor * k16 = ggml_cast(g.ctx0, llama_esa_flat(g.ctx0, k_raw), GGML_TYPE_F16); // part of the graph only when it is used
    g.cb(k16, "esa_k", il);
    if (in->plan.n_refill > 0) {
        b.refill_ring();
    }
    ggml_tensor * q_small = nullptr;
    if (b.l.own_ops) {
        b.store(k16, v_cur, k_idxs, v_idxs);
    } else if (b.l.device.store) {
        const bool fold = in->plan.select && leads && in->plan.n_tokens == 1 && b.l.device_select(in->plan);
        q_small = b.store_on_device(k_raw, v_cur, fold ? q_raw : nullptr);
        // not read, cells and positions being in our input; llama.cpp fills them and expects them to be there
        for (ggml_tensor * t : { k_idxs, v_idxs, k.rope->src[1] }) {
            ggml_build_forward_expand(g.gf, t);
        }
    } else {
        ggml_tensor * k32 = ggml_cast(g.ctx0, k16, GGML_TYPE_F32);
        b.store_ring(k32, v_cur);
        if (b.l.kc) {
            b.store_compressed(k32, k_idxs);
        }
        ggml_build_forward_expand(g.gf, mctx->cpy_k(g.ctx0, ggml_reshape_3d(g.ctx0, k32, d, n_head_kv, k32->ne[1]), k_idxs, il));
        ggml_build_forward_expand(g.gf, mctx->cpy_v(g.ctx0, v_cur, v_idxs, il));
    }
    ggml_tensor * q_far   = llama_esa_rope_like(g.ctx0, q.rope, q_raw, in->far_dist); // part of the graph only when it is used
    ggml_tensor * q_score = params.scoring == LLAMA_ESA_SCORING_FAR ? q_far : q_raw;
    if (in->plan.capture) {
        b.capture(q_score, k16);
    }

    selection sel = { nullptr, in->far_cells };
    if (in->plan.select && leads) {
        g.cb(q_score, "esa_q_score", il);
        sel = build_select(g, *in, q_score, q_small, b.k_cache, il);
        in->selected = { sel.tokens, sel.cells };
    } else if (in->plan.select) {
        sel = { in->selected.tokens, in->selected.cells };
    }
    if (on_device) {
        return b.attend_on_device(q, sel.cells, kq_scale);
    }
    if (in_place) {
        return b.attend_in_place(layers[il].attend, q, q_cur, q_far, sel.cells, kq_scale, dv);
    }
    if (in->plan.n_far > 0) {
        b.gather_far(sel.cells, sel.tokens);
    }

    auto heads = [&](ggml_tensor * ws, int64_t n_embd) {
        return ggml_view_4d(g.ctx0, ws, n_embd, n_head_kv, in->kq_mask->ne[0], 1,
                ggml_row_size(ws->type, n_embd), ws->nb[1], ws->nb[2], 0);
    };
    return g.build_attn_mha(q_cur, heads(b.l.ws_k, d), heads(b.l.ws_v, dv), nullptr, in->kq_mask, sinks, nullptr, 0, kq_scale, il);
}
