// Scores of the middle tokens and the selection of the best (arXiv 2502.14477, section 3.2), for one layer.

#include "llama-esa-cpu-ops.h"
#include "llama-esa-graph.h"
#include "llama-esa-impl.h"
#include "llama-esa-input.h"

#include "llama-graph.h"

#include <algorithm>

// Scores of a chunk take n_kv times this many queries at once: the size of the buffer is bounded at any depth.
static int64_t queries_at_once(int64_t n_kv, int64_t n_tokens) {
    const int64_t budget = 16*1024*1024; // floats
    return std::min(n_tokens, std::max<int64_t>(16, budget/n_kv/16*16));
}

// q' = P_q^T q, [d', n_tokens]
static ggml_tensor * build_projected_query(ggml_context * ctx, const llama_esa_layer & l, ggml_tensor * q_raw) {
    ggml_tensor * q = ggml_mul_mat(ctx, l.pq, llama_esa_flat(ctx, q_raw));
    ggml_prec_set_acc(q, GGML_PREC_F32);
    return q;
}

// the sum of the queries of each group, which gives the same scores against whole keys, [n_embd_k, n_tokens]
static ggml_tensor * build_summed_query(ggml_context * ctx, ggml_tensor * q_raw, int64_t n_embd_k) {
    const int64_t d         = q_raw->ne[0];
    const int64_t n_head_kv = n_embd_k/d;
    const int64_t n_gqa     = q_raw->ne[1]/n_head_kv;
    const int64_t n_tokens  = q_raw->ne[2];
    ggml_tensor * q = ggml_cont(ctx, q_raw);
    if (n_gqa > 1) {
        q = ggml_reshape_4d(ctx, q, d, n_gqa, n_head_kv, n_tokens);
        q = ggml_sum_rows(ctx, ggml_cont(ctx, ggml_permute(ctx, q, 1, 0, 2, 3)));
    }
    return ggml_reshape_2d(ctx, q, n_embd_k, n_tokens);
}

// F(m) = max_c (f(m; c) - max_m' f(m'; c)) with stock operations; returns F32 [n_kv], in the order of the cells
static ggml_tensor * build_scores_portable(ggml_context * ctx, ggml_tensor * keys, ggml_tensor * q, ggml_tensor * m_cell) {
    const int64_t n_kv = keys->ne[1];
    const int64_t step = queries_at_once(n_kv, q->ne[1]);

    auto pool = [&](ggml_tensor * x, int64_t k0, int64_t k1) {
        return ggml_pool_2d(ctx, x, GGML_OP_POOL_MAX, (int) k0, (int) k1, (int) k0, (int) k1, 0, 0);
    };

    std::vector<ggml_tensor *> parts;
    for (int64_t i = 0; i < q->ne[1]; i += step) {
        const int64_t n = std::min(step, q->ne[1] - i);
        ggml_tensor * s = ggml_mul_mat(ctx, keys, ggml_view_2d(ctx, q, q->ne[0], n, q->nb[1], i*q->nb[1]));
        ggml_prec_set_acc(s, GGML_PREC_F32);
        s = ggml_add(ctx, s, m_cell);
        if (q->ne[1] > 1) { // one query: a constant shift changes no ranking
            ggml_tensor * best = pool(s, 256, 1); // n_kv is a multiple
            best = pool(best, best->ne[0], 1);
            s = ggml_sub(ctx, s, best);
            s = pool(s, 1, n);
        }
        parts.push_back(s);
    }
    while (parts.size() > 1) {
        std::vector<ggml_tensor *> merged;
        for (size_t i = 0; i + 1 < parts.size(); i += 2) {
            merged.push_back(ggml_concat(ctx, parts[i], parts[i + 1], 1));
        }
        if (parts.size() % 2) {
            merged.push_back(parts.back());
        }
        parts = merged;
    }
    return parts[0]->ne[1] > 1 ? pool(parts[0], 1, parts[0]->ne[1]) : parts[0];
}

// ascending order of I32 indices below 2^24
static ggml_tensor * build_sorted(ggml_context * ctx, ggml_tensor * idx) {
    ggml_tensor * perm = ggml_argsort(ctx, ggml_cast(ctx, idx, GGML_TYPE_F32), GGML_SORT_ORDER_ASC);
    ggml_tensor * rows = ggml_get_rows(ctx, ggml_reshape_2d(ctx, idx, 1, idx->ne[0]), perm);
    return ggml_reshape_1d(ctx, rows, idx->ne[0]);
}

llama_esa::selection llama_esa::build_select(const llm_graph_context & g, const llm_graph_input_esa & in,
        ggml_tensor * q_score, ggml_tensor * q_small, ggml_tensor * k_cache, int il) {
    ggml_context * ctx = g.ctx0;
    const auto & l = layers[il];

    ggml_tensor * keys = l.kc ? ggml_view_2d(ctx, l.kc, l.kc->ne[0], in.plan.n_kv, l.kc->nb[1], 0) : k_cache;

    selection res;
    if (l.own_ops) {
        ggml_tensor * q = q_score;
        if (l.pq) {
            q = build_projected_query(ctx, l, q_score);
            g.cb(q, "esa_q", il);
            q = ggml_reshape_3d(ctx, q, q->ne[0], 1, q->ne[1]);
        }
        const int64_t n_q  = q->ne[2];
        const int64_t step = queries_at_once(in.plan.n_kv, n_q);
        const bool  sketch = in.plan.sketch && l.sketch;

        ggml_tensor * f = nullptr;
        if (sketch) {
            auto * layer = const_cast<llama_esa_layer *>(&l);
            f = llama_esa_op_score_sketch(ctx, llama_esa_op_sketch(ctx, keys, in.range, in.order, layer), q, in.range, in.plan.n_order, layer);
        }
        for (int64_t i = 0; i < n_q && !sketch; i += step) {
            const int64_t n = std::min(step, n_q - i);
            ggml_tensor * part = ggml_view_3d(ctx, q, q->ne[0], q->ne[1], n, q->nb[1], q->nb[2], i*q->nb[2]);
            ggml_tensor * s    = llama_esa_op_score(ctx, keys, part, in.range, in.order, in.plan.n_order);
            g.cb(s, "esa_score", il);
            f = n_q > 1 ? llama_esa_op_reduce(ctx, s, n, in.range, in.order, f, in.plan.n_order) : s;
            ggml_build_forward_expand(g.gf, f);
        }
        g.cb(f, "esa_f", il);

        pick_params.proximity = params.proximity;
        ggml_tensor * list = sketch ?
            llama_esa_op_list(ctx, f, in.range, in.order, keys, q, llama_esa_sketch_candidates(in.plan.n_order, params.n_top), &pick_params) :
            llama_esa_op_list(ctx, f, in.range, in.order, nullptr, nullptr, params.n_top, &pick_params);
        ggml_tensor * both = llama_esa_op_pick(ctx, list, f, in.range, in.order, l.trace, n_sel, &pick_params);
        g.cb(both, "esa_pick", il);
        res.tokens = ggml_view_1d(ctx, both, n_sel, 0);
        res.cells  = ggml_view_1d(ctx, both, n_sel, both->nb[1]);
    } else if (l.device_select(in.plan)) {
        ggml_tensor * q = q_small ? q_small : build_projected_query(ctx, l, q_score);
        g.cb(q, "esa_q", il);
        ggml_tensor * f = llama_esa_new_score(ctx, keys, q, in.range, params.proximity);
        if (in.must) {
            f = ggml_add(ctx, f, in.must);
        }
        g.cb(f, "esa_f", il);
        res.tokens = llama_esa_new_select(ctx, f, in.range, l.trace, params.n_init, params.n_top);
        g.cb(res.tokens, "esa_pick", il);
        res.cells = res.tokens;
    } else {
        ggml_tensor * q = l.pq ? build_projected_query(ctx, l, q_score) : build_summed_query(ctx, q_score, k_cache->ne[0]);
        g.cb(q, "esa_q", il);
        ggml_tensor * f = build_scores_portable(ctx, keys, q, in.m_cell);
        if (in.order) {
            f = ggml_reshape_1d(ctx, ggml_get_rows(ctx, ggml_reshape_2d(ctx, f, 1, f->ne[0]), in.order), in.plan.n_order);
        }
        if (params.proximity > 0) {
            const int k0 = 2*params.proximity + 1;
            f = ggml_pool_2d(ctx, f, GGML_OP_POOL_MAX, k0, 1, 1, 1, params.proximity, 0);
        }
        f = ggml_add(ctx, f, in.m_token); // after pooling: what is outside of M must not come in through a neighbour
        g.cb(f, "esa_f", il);

        res.tokens = ggml_top_k(ctx, ggml_reshape_1d(ctx, f, in.plan.n_order), (int) n_sel);
        if (params.positions == LLAMA_ESA_POSITIONS_ORDERED) {
            res.tokens = build_sorted(ctx, res.tokens);
        }
        g.cb(res.tokens, "esa_pick", il);
        res.cells = res.tokens;
        if (in.order) {
            res.cells = ggml_reshape_1d(ctx, ggml_get_rows(ctx, ggml_reshape_2d(ctx, in.order, 1, in.plan.n_order), res.tokens), n_sel);
        }
        if (l.trace) {
            ggml_build_forward_expand(g.gf, ggml_cpy(ctx, res.tokens, l.trace));
        }
    }
    return res;
}
