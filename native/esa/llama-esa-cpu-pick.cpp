#include "llama-esa-cpu-pick.h"
#include "llama-esa-cpu-middle.h"
#include "llama-esa-kernels.h"

#include <cmath>
#include <cstring>
#include <functional>

using candidate = llama_esa_pick_params::candidate;

// Order-preserving bits of a score; both zeros are one, and what is not a number comes last.
static uint32_t sortable(float x) {
    if (!(x > -INFINITY)) {
        return 0;
    }
    x += 0.0f;
    uint32_t u;
    memcpy(&u, &x, sizeof(u));
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

static float from_sortable(uint32_t u) {
    u = u & 0x80000000u ? u & 0x7fffffffu : ~u;
    float x;
    memcpy(&x, &u, sizeof(x));
    return x;
}

namespace {

// how many scores there are in each of 4096 intervals, finer where they are smaller
class histogram {
public:
    static constexpr int SHIFT = 20;

    void add(float x) { count[sortable(x) >> SHIFT]++; }

    // the highest interval at which there are n scores in it and above; `above`: how many are above it
    uint32_t interval_of(int64_t n, int64_t & above) const {
        uint32_t i = SIZE - 1;
        for (above = 0; i > 0 && above + count[i] < n; --i) {
            above += count[i];
        }
        return i;
    }

private:
    static constexpr uint32_t SIZE = 1u << (32 - SHIFT);

    int32_t count[SIZE] = {};
};

} // namespace

// A score that most likely n_want of the scores reach, and not many more; -INFINITY: take all. Every score of a sample stands
// for `step`: four standard deviations are added to what is looked for in it.
static float sampled_cut(const float * f, int64_t n, int64_t n_want) {
    constexpr int64_t N_SAMPLES = 2048;
    const int64_t step = (n/N_SAMPLES) | 1; // odd: text has periods, mostly even ones

    histogram h;
    int64_t n_sampled = 0;
    for (int64_t i = 0; i < n; i += step, ++n_sampled) {
        h.add(f[i]);
    }
    const double  expected = (double) n_want/step;
    const int64_t rank     = (int64_t) (expected + 4.0*std::sqrt(expected)) + 4;
    if (rank >= n_sampled) {
        return -INFINITY;
    }
    int64_t above;
    const uint32_t interval = h.interval_of(rank, above);
    return interval == 0 ? -INFINITY : from_sortable(interval << histogram::SHIFT);
}

// list[i].score = keys . q for every token of the list
static void score_list(std::vector<candidate> & list, const llama_esa_middle & m, const ggml_tensor * keys, const float * q) {
    constexpr int64_t N = 64;
    const auto & k = llama_esa_get_kernels();
    for (size_t i = 0; i < list.size(); i += N) {
        const uint16_t * rows[N];
        float scores[N];
        const int64_t n = std::min<int64_t>(N, list.size() - i);
        for (int64_t j = 0; j < n; ++j) {
            rows[j] = (const uint16_t *) ((const char *) keys->data + m.cell(m.first + list[i + j].token)*keys->nb[1]);
        }
        k.dots(rows, n, keys->ne[0], q, 1, 1.0f, scores, 0);
        for (int64_t j = 0; j < n; ++j) {
            list[i + j].score = scores[j];
        }
    }
}

// dst I32 [n_want], not written
static void list(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const llama_esa_middle m(dst->src[1], dst->src[2]);
    auto & mine = ((llama_esa_pick_params *) userdata)->tasks[ith];

    int64_t t0, t1;
    m.split(ith, nth, t0, t1);
    const float * f = (const float *) dst->src[0]->data + m.first;
    const float cut = sampled_cut(f, m.size(), dst->ne[0]);

    const auto & must = ((llama_esa_pick_params *) userdata)->must;
    const int64_t eps = ((llama_esa_pick_params *) userdata)->proximity;

    mine.list.clear();
    if ((int64_t) mine.above.size() < t1 - t0) {
        mine.above.resize(t1 - t0);
    }
    int64_t n = 0;
    if (must.empty()) {
        for (int64_t i = t0 - m.first; i < t1 - m.first; ++i) {
            mine.above[n] = (int32_t) i;
            n += f[i] >= cut;
        }
        mine.n_above = n;
    } else {
        // with the neighbours of what must be in, so that its pooled scores are known
        mine.n_above = 0;
        size_t r = 0;
        for (int64_t i = t0 - m.first; i < t1 - m.first; ++i) {
            while (r < must.size() && must[r].to + eps <= m.first + i) {
                r++;
            }
            const bool near = r < must.size() && m.first + i >= must[r].from - eps;
            mine.above[n] = (int32_t) i;
            n += near || f[i] >= cut;
            mine.n_above += f[i] >= cut;
        }
    }
    for (int64_t i = 0; i < n; ++i) {
        mine.list.push_back({ mine.above[i], f[mine.above[i]] });
    }
    for (int i = nth; ith == 0 && i < GGML_MAX_N_THREADS; ++i) {
        auto & earlier = ((llama_esa_pick_params *) userdata)->tasks[i]; // of a graph with more threads
        earlier.list.clear();
        earlier.n_above = 0;
    }
    if (dst->src[3]) {
        score_list(mine.list, m, dst->src[3], (const float *) dst->src[4]->data);
    }
}

// s'_j = max over |w - j| <= eps, inside M, for every j near a candidate; what is not listed is lower than all that is
static void pool(const std::vector<candidate> & in, int32_t n, int32_t eps, std::vector<candidate> & out) {
    out.clear();
    size_t first = 0, last = 0; // candidates that reach j
    for (size_t i = 0; i < in.size(); ++i) {
        const int32_t from = out.empty() ? std::max(0, in[i].token - eps) : std::max(out.back().token + 1, in[i].token - eps);
        for (int32_t j = from; j <= std::min(n - 1, in[i].token + eps); ++j) {
            while (in[first].token < j - eps) {
                first++;
            }
            last = std::max(last, first);
            while (last < in.size() && in[last].token <= j + eps) {
                last++;
            }
            candidate best = { j, in[first].score };
            for (size_t w = first + 1; w < last; ++w) {
                best.score = std::max(best.score, in[w].score);
            }
            out.push_back(best);
        }
    }
}

// The k best in ascending order: all above one interval of the histogram, and of that one the best by score, then by index.
template <typename F>
static void take_best(const std::vector<candidate> & list, int64_t k, std::vector<uint64_t> & tied, F && take) {
    histogram h;
    for (const candidate & c : list) {
        h.add(c.score);
    }
    int64_t above;
    const uint32_t interval = h.interval_of(k, above);

    // score in the high half, inverted index in the low one: the largest are the best
    auto key = [](const candidate & c) { return (uint64_t) sortable(c.score) << 32 | (uint32_t) ~(uint32_t) c.token; };
    tied.clear();
    for (const candidate & c : list) {
        if (sortable(c.score) >> histogram::SHIFT == interval) {
            tied.push_back(key(c));
        }
    }
    uint64_t least = UINT64_MAX;
    if (k > above) {
        std::nth_element(tied.begin(), tied.begin() + (k - above - 1), tied.end(), std::greater<uint64_t>());
        least = tied[k - above - 1];
    }
    for (const candidate & c : list) {
        const uint32_t at = sortable(c.score) >> histogram::SHIFT;
        if (at > interval || (at == interval && key(c) >= least)) {
            take(c.token);
        }
    }
}

// Keeps what can be among the k best: after scoring again, or when the cut was low, there is much more.
static void drop_below_best(std::vector<candidate> & list, int64_t k) {
    if ((int64_t) list.size() < 2*k) {
        return;
    }
    histogram h;
    for (const candidate & c : list) {
        h.add(c.score);
    }
    int64_t above;
    const uint32_t interval = h.interval_of(k, above);
    list.erase(std::remove_if(list.begin(), list.end(), [&](const candidate & c) {
        return sortable(c.score) >> histogram::SHIFT < interval;
    }), list.end());
}

// The same, but first of all what must be in; -> params.taken
static void take_required(const std::vector<candidate> & list, int64_t k, const llama_esa_middle & m, llama_esa_pick_params & params) {
    params.required.clear();
    params.others.clear();
    size_t r = 0;
    for (const candidate & c : list) {
        const int64_t t = m.first + c.token;
        while (r < params.must.size() && params.must[r].to <= t) {
            r++;
        }
        const bool required = r < params.must.size() && t >= params.must[r].from && m.cell(t) >= 0;
        (required ? params.required : params.others).push_back(c);
    }
    const int64_t n_required = std::min<int64_t>(k, params.required.size());
    params.taken.clear();
    auto take = [&](int32_t token) { params.taken.push_back(token); };
    take_best(params.required, n_required, params.tied, take);
    const auto middle = params.taken.size();
    take_best(params.others, k - n_required, params.tied, take);
    std::inplace_merge(params.taken.begin(), params.taken.begin() + (ptrdiff_t) middle, params.taken.end());
}

static void pick(ggml_tensor * dst, int ith, int /*nth*/, void * userdata) {
    if (ith != 0) {
        return;
    }
    auto & params = *(llama_esa_pick_params *) userdata;
    const llama_esa_middle m(dst->src[2], dst->src[3]);

    const int64_t n_sel = dst->ne[0];
    int32_t * tokens = (int32_t *) dst->data;
    int32_t * cells  = tokens + n_sel;

    int64_t n_out = 0;
    auto emit = [&](int64_t token) {
        tokens[n_out] = (int32_t) token;
        cells [n_out] = (int32_t) std::max<int64_t>(0, m.cell(token));
        n_out++;
    };
    for (int64_t t = 0; t < m.first && n_out < n_sel; ++t) {
        if (m.cell(t) >= 0) {
            emit(t);
        }
    }

    const int64_t k = std::min(m.size(), n_sel - n_out);
    params.merged.clear();
    int64_t n_above = 0;
    for (const auto & task : params.tasks) {
        n_above += task.n_above;
        params.merged.insert(params.merged.end(), task.list.begin(), task.list.end());
    }
    if (n_above < k) {
        const float * f = (const float *) dst->src[1]->data + m.first;
        params.merged.clear();
        for (int32_t i = 0; i < (int32_t) m.size(); ++i) {
            params.merged.push_back({ i, f[i] });
        }
    }
    if (params.must.empty()) {
        drop_below_best(params.merged, k);
    }
    const auto * list = &params.merged;
    if (params.proximity > 0) {
        pool(params.merged, (int32_t) m.size(), params.proximity, params.pooled);
        list = &params.pooled;
    }
    if (params.must.empty()) {
        take_best(*list, k, params.tied, [&](int32_t token) { emit(m.first + token); });
    } else {
        take_required(*list, k, m, params);
        for (int32_t token : params.taken) {
            emit(m.first + token);
        }
    }

    while (n_out < n_sel) { // not reached: the plan selects only when there is enough
        emit(0);
    }
    if (dst->src[4]) {
        memcpy(dst->src[4]->data, tokens, n_sel*sizeof(int32_t));
    }
}

ggml_tensor * llama_esa_op_list(ggml_context * ctx, ggml_tensor * f, ggml_tensor * range, ggml_tensor * order,
        ggml_tensor * keys, ggml_tensor * q, int64_t n_want, llama_esa_pick_params * params) {
    ggml_tensor * args[] = { f, range, order, keys, q }; // those after range may be missing
    return ggml_custom_4d(ctx, GGML_TYPE_I32, n_want, 1, 1, 1, args, 5, list, GGML_N_TASKS_MAX, params);
}

ggml_tensor * llama_esa_op_pick(ggml_context * ctx, ggml_tensor * list, ggml_tensor * f, ggml_tensor * range, ggml_tensor * order,
        ggml_tensor * trace, int64_t n_sel, llama_esa_pick_params * params) {
    ggml_tensor * args[] = { list, f, range, order, trace };
    return ggml_custom_4d(ctx, GGML_TYPE_I32, n_sel, 2, 1, 1, args, 5, pick, 1, params);
}
