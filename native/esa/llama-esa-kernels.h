#pragma once

#include <cstdint>

// Inner loops of our CPU operations. libllama is compiled for the baseline of the architecture, so the instruction set is
// chosen at run time.

// queries are handled in panels of this many
constexpr int64_t ESA_PANEL = 32;

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

    // f[r] = max(f[r], max_q (s[r*width + q] - best[q])), width a multiple of 32
    void (*reduce)(const float * s, int64_t n_rows, int64_t width, const float * best, float * f);
};

const llama_esa_kernels & llama_esa_get_kernels();
