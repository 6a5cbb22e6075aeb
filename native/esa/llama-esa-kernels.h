#pragma once

#include "llama.h"

#include <cstdint>
#include <vector>

// Inner loops of our CPU operations. libllama is compiled for the baseline of the architecture, so the instruction set is
// chosen at run time.

// queries are handled in panels of this many
constexpr int64_t ESA_PANEL = 32;

// in attention, of this many
constexpr int64_t ESA_QUERIES = 64;

// attention of a panel of queries, not yet finished; queries are the fastest dimension everywhere
struct llama_esa_panel {
    int64_t d;
    int64_t d_v;

    float * out;   // [d_v][ESA_QUERIES] weighted sums of values
    float * max;   // [ESA_QUERIES]      best score so far, which the weights are relative to
    float * total; // [ESA_QUERIES]      sum of weights

    float * scores; // scratch [n_rows][ESA_QUERIES]
    float * rows;   // scratch [n_rows][max(d, d_v)]
};

struct llama_esa_kernels {
    const char * name;

    // y[i] = x[i], x F16
    void (*f16_to_f32)(const uint16_t * x, float * y, int64_t n);

    float (*dot)(const float * x, const float * y, int64_t n);

    // s[r*n_panels*32 + q] = sum_i k[r*n + i]*q[panel][i][lane] for n_rows rows; best[q] = max(best[q], every s of q)
    void (*scores)(const float * k, int64_t n_rows, int64_t n, const float * q, int64_t n_panels, float * s, float * best);

    // the same for few queries, one after the other, and rows of F16 wherever they are: s[h*stride + r] = scale * k_r . q_h,
    // n a multiple of 16
    void (*dots)(const uint16_t * const * rows, int64_t n_rows, int64_t n, const float * q, int64_t n_heads, float scale,
            float * s, int64_t stride);

    // x[i] = exp(x[i] - max), and the sum of that
    float (*exp_sum)(float * x, int64_t n, float max);

    // acc[h*n + i] += sum_r w[h*stride + r]*rows[r][i], rows of F16, n a multiple of 16
    void (*accumulate)(const uint16_t * const * rows, int64_t n_rows, int64_t n, const float * w, int64_t stride, int64_t n_heads,
            float * acc);

    // Goes on with a panel over n_rows keys and values, rows of F16 wherever they are, d and d_v multiples of 16. q F32
    // [d][ESA_QUERIES], scaled. n_visible [ESA_QUERIES]: how many of the rows each query sees, NULL: all.
    void (*attend)(const llama_esa_panel & p, const float * q, const uint16_t * const * k_rows, const uint16_t * const * v_rows,
            int64_t n_rows, const int32_t * n_visible);

    // s[b*16 + t] = sum_j q[j]*blocks[b][j][t], blocks of 16 tokens and n components
    void (*sketch)(const int8_t * blocks, int64_t n_blocks, int64_t n, const float * q, float * s);

    // f[r] = max(f[r], max_q (s[r*width + q] - best[q])), width a multiple of 32
    void (*reduce)(const float * s, int64_t n_rows, int64_t width, const float * best, float * f);
};

// those in use: the best that this processor can run
const llama_esa_kernels & llama_esa_get_kernels();

// For tests: all that this processor can run, best first, and which are used from now on, by all threads.
LLAMA_API std::vector<const llama_esa_kernels *> llama_esa_all_kernels();
LLAMA_API void llama_esa_use_kernels(const llama_esa_kernels * kernels);
