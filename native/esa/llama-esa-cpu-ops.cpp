#include "llama-esa-cpu-ops.h"
#include "llama-esa-cpu-middle.h"
#include "llama-esa-kernels.h"

#include <algorithm>
#include <cmath>
#include <vector>

// The CPU backend runs no more threads than this. Behind the scores there is a row for each, and one that says how many
// there were.
static constexpr int64_t MAX_TASKS  = GGML_MAX_N_THREADS;
static constexpr int64_t EXTRA_ROWS = MAX_TASKS + 1;

// rows of keys that are converted at a time stay in the first-level cache
static constexpr int64_t BLOCK_FLOATS = 8192;

static int64_t score_width(int64_t n_q) {
    return n_q == 1 ? 1 : (n_q + ESA_PANEL - 1)/ESA_PANEL*ESA_PANEL;
}

static void load_key(const llama_esa_kernels & k, const ggml_tensor * keys, int64_t cell, float * out) {
    const char * row = (const char *) keys->data + cell*keys->nb[1];
    if (keys->type == GGML_TYPE_F16) {
        k.f16_to_f32((const uint16_t *) row, out, keys->ne[0]);
    } else {
        ggml_get_type_traits(keys->type)->to_float(row, out, keys->ne[0]);
    }
}

// query c, queries of heads that share a key summed: [D]
static void load_query(const ggml_tensor * q, int64_t c, int64_t D, float * out) {
    const int64_t d     = q->ne[0];
    const int64_t n_gqa = d*q->ne[1]/D;
    std::fill_n(out, D, 0.0f);
    for (int64_t h = 0; h < q->ne[1]; ++h) {
        const float * row = (const float *) ((const char *) q->data + c*q->nb[2] + h*q->nb[1]);
        float * to = out + h/n_gqa*d;
        for (int64_t i = 0; i < d; ++i) {
            to[i] += row[i];
        }
    }
}

static void score_one_query(const llama_esa_kernels & k, const llama_esa_middle & m, const ggml_tensor * keys, const float * q,
        float * out, int64_t t0, int64_t t1) {
    const int64_t n = keys->ne[0];
    thread_local std::vector<float> row;
    row.resize(n);

    const bool in_place = keys->type == GGML_TYPE_F16 && n % 16 == 0;
    for (int64_t t = t0; t < t1;) {
        const uint16_t * rows[64];
        int64_t count = 0;
        while (in_place && t + count < t1 && count < 64 && m.cell(t + count) >= 0) {
            rows[count] = (const uint16_t *) ((const char *) keys->data + m.cell(t + count)*keys->nb[1]);
            count++;
        }
        if (count > 0) {
            k.dots(rows, count, n, q, 1, 1.0f, out + t, 0);
            t += count;
            continue;
        }
        const int64_t cell = m.cell(t);
        out[t] = -INFINITY;
        if (cell >= 0) {
            load_key(k, keys, cell, row.data());
            out[t] = k.dot(row.data(), q, n);
        }
        t++;
    }
}

static void score(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor * keys = dst->src[0];
    const ggml_tensor * q    = dst->src[1];
    const llama_esa_middle m(dst->src[2], dst->src[3]);
    const auto & k = llama_esa_get_kernels();

    const int64_t n       = keys->ne[0];
    const int64_t n_q     = q->ne[2];
    const int64_t width   = dst->ne[0];
    const int64_t n_order = dst->ne[1] - EXTRA_ROWS;

    float * out  = (float *) dst->data;
    float * best = out + (n_order + ith)*width;

    if (ith == 0) {
        out[(n_order + MAX_TASKS)*width] = (float) nth;
    }

    int64_t t0, t1;
    m.split(ith, nth, t0, t1);

    thread_local std::vector<float> query;
    query.resize(n);
    if (width == 1) {
        load_query(q, 0, n, query.data());
        score_one_query(k, m, keys, query.data(), out, t0, t1);
        best[0] = t0 < t1 ? *std::max_element(out + t0, out + t1) : -INFINITY;
        return;
    }

    // queries in panels of 32: [panel][i][lane]
    thread_local std::vector<float> panels;
    panels.assign(width*n, 0.0f);
    for (int64_t c = 0; c < n_q; ++c) {
        load_query(q, c, n, query.data());
        float * to = panels.data() + c/ESA_PANEL*ESA_PANEL*n + c%ESA_PANEL;
        for (int64_t i = 0; i < n; ++i) {
            to[i*ESA_PANEL] = query[i];
        }
    }

    std::fill_n(best, width, -INFINITY);

    const int64_t n_rows = std::max<int64_t>(4, BLOCK_FLOATS/n);
    thread_local std::vector<float> rows;
    rows.resize(n_rows*n);
    for (int64_t t = t0; t < t1;) {
        int64_t count = 0;
        while (t + count < t1 && count < n_rows && m.cell(t + count) >= 0) {
            load_key(k, keys, m.cell(t + count), rows.data() + count*n);
            count++;
        }
        if (count == 0) {
            std::fill_n(out + t*width, width, -INFINITY);
            t++;
            continue;
        }
        k.scores(rows.data(), count, n, panels.data(), width/ESA_PANEL, out + t*width, best);
        t += count;
    }
}

static void reduce(ggml_tensor * dst, int ith, int nth, void * n_q_as_pointer) {
    const ggml_tensor * s    = dst->src[0];
    const llama_esa_middle m(dst->src[1], dst->src[2]);
    const ggml_tensor * prev = dst->src[3];
    const auto & k = llama_esa_get_kernels();

    const int64_t n_q   = (int64_t) (intptr_t) n_q_as_pointer;
    const int64_t width = s->ne[0];

    // maximum of every query over all tasks of the score; lanes without a query never win
    thread_local std::vector<float> best;
    const float * part = (const float *) s->data + (s->ne[1] - EXTRA_ROWS)*width;
    best.assign(part, part + width);
    for (int i = 1; i < (int) part[MAX_TASKS*width]; ++i) {
        for (int64_t q = 0; q < width; ++q) {
            best[q] = std::max(best[q], part[i*width + q]);
        }
    }
    std::fill(best.begin() + n_q, best.end(), INFINITY);

    int64_t t0, t1;
    m.split(ith, nth, t0, t1);

    float * f = (float *) dst->data;
    if (prev) {
        std::copy((const float *) prev->data + t0, (const float *) prev->data + t1, f + t0);
    } else {
        std::fill(f + t0, f + t1, -INFINITY);
    }
    if (width == 1) {
        const float * row = (const float *) s->data;
        for (int64_t t = t0; t < t1; ++t) {
            f[t] = std::max(f[t], row[t] - best[0]);
        }
    } else {
        k.reduce((const float *) s->data + t0*width, t1 - t0, width, best.data(), f + t0);
    }
}

ggml_tensor * llama_esa_op_score(ggml_context * ctx, ggml_tensor * keys, ggml_tensor * q, ggml_tensor * range, ggml_tensor * order,
        int64_t n_order) {
    ggml_tensor * args[] = { keys, q, range, order };
    return ggml_custom_4d(ctx, GGML_TYPE_F32, score_width(q->ne[2]), n_order + EXTRA_ROWS, 1, 1, args, order ? 4 : 3,
            score, GGML_N_TASKS_MAX, nullptr);
}

ggml_tensor * llama_esa_op_reduce(ggml_context * ctx, ggml_tensor * s, int64_t n_q, ggml_tensor * range, ggml_tensor * order,
        ggml_tensor * prev, int64_t n_order) {
    ggml_tensor * args[] = { s, range, order, prev }; // order and prev may be missing
    return ggml_custom_4d(ctx, GGML_TYPE_F32, n_order, 1, 1, 1, args, 4, reduce, GGML_N_TASKS_MAX, (void *) (intptr_t) n_q);
}
