#include "llama-esa-kernels.h"

#include "ggml.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#    define ESA_X86 1
#    include <immintrin.h>
#endif

#if defined(__GNUC__)
#    define ESA_INLINE static inline __attribute__((always_inline))
#else
#    define ESA_INLINE static inline
#endif

//
// loops that the compiler turns into vectors of whatever the enclosing function is compiled for
//

static constexpr int64_t LANES = 16;

#if defined(__GNUC__)
typedef float lanes __attribute__((vector_size(LANES*sizeof(float)), aligned(sizeof(float)), may_alias));

ESA_INLINE void lanes_load (lanes * x, const float * p) { *x = *(const lanes *) p; }
ESA_INLINE void lanes_store(const lanes * x, float * p) { *(lanes *) p = *x; }
ESA_INLINE void lanes_fma  (lanes * a, float k, const lanes * x) { *a += k**x; }
ESA_INLINE void lanes_fma2 (lanes * a, const lanes * x, const lanes * y) { *a += *x**y; }
ESA_INLINE void lanes_add  (lanes * a, const lanes * x) { *a += *x; }
ESA_INLINE void lanes_sub  (lanes * a, const lanes * x) { *a -= *x; }
ESA_INLINE void lanes_max  (lanes * a, const lanes * x) { *a = *a > *x ? *a : *x; }

typedef float   half_lanes    __attribute__((vector_size(8*sizeof(float))));
typedef float   quarter_lanes __attribute__((vector_size(4*sizeof(float))));
typedef int32_t int_lanes     __attribute__((vector_size(LANES*sizeof(int32_t))));

ESA_INLINE float lanes_sum(const lanes * x) {
    const half_lanes    h = __builtin_shufflevector(*x, *x, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(*x, *x, 8, 9, 10, 11, 12, 13, 14, 15);
    const quarter_lanes q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    return (q[0] + q[1]) + (q[2] + q[3]);
}

// exp for x <= 0: 2^n times a polynomial in the rest; relative error below 2e-7
ESA_INLINE void lanes_exp(lanes * x) {
    const lanes zero  = {};
    const lanes lo    = zero - 87.0f;       // below, the result is not told from zero
    const lanes magic = zero + 12582912.0f; // 1.5*2^23: adding it rounds to an integer
    const lanes c = *x > lo ? *x : lo;
    const lanes n = (c*1.44269504f + magic) - magic;
    const lanes r  = (c - n*0.693359375f) + n*2.12194440e-4f;
    lanes p = r*1.9875691500e-4f + 1.3981999507e-3f;
    p = p*r + 8.3334519073e-3f;
    p = p*r + 4.1665795894e-2f;
    p = p*r + 1.6666665459e-1f;
    p = p*r + 5.0000001201e-1f;
    p = p*r*r + r + 1.0f;
    const int_lanes e = (__builtin_convertvector(n, int_lanes) + 127) << 23;
    lanes scale;
    memcpy(&scale, &e, sizeof(scale));
    *x = p*scale;
}
#else
struct lanes { float v[LANES]; };

ESA_INLINE void lanes_load (lanes * x, const float * p) { memcpy(x, p, sizeof(*x)); }
ESA_INLINE void lanes_store(const lanes * x, float * p) { memcpy(p, x, sizeof(*x)); }
ESA_INLINE void lanes_fma  (lanes * a, float k, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] += k*x->v[i]; }
ESA_INLINE void lanes_fma2 (lanes * a, const lanes * x, const lanes * y) { for (int i = 0; i < LANES; ++i) a->v[i] += x->v[i]*y->v[i]; }
ESA_INLINE void lanes_add  (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] += x->v[i]; }
ESA_INLINE void lanes_sub  (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] -= x->v[i]; }
ESA_INLINE void lanes_max  (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] = a->v[i] > x->v[i] ? a->v[i] : x->v[i]; }

ESA_INLINE float lanes_sum(const lanes * x) { float res = 0.0f; for (int i = 0; i < LANES; ++i) res += x->v[i]; return res; }
ESA_INLINE void  lanes_exp(lanes * x) { for (int i = 0; i < LANES; ++i) x->v[i] = expf(x->v[i]); }
#endif

ESA_INLINE float dot_body(const float * x, const float * y, int64_t n) {
    lanes acc[2] = {};
    int64_t i = 0;
    for (; i + 2*LANES <= n; i += 2*LANES) {
        for (int j = 0; j < 2; ++j) {
            lanes a, b;
            lanes_load(&a, x + i + j*LANES);
            lanes_load(&b, y + i + j*LANES);
            lanes_fma2(&acc[j], &a, &b);
        }
    }
    float res = lanes_sum(&acc[0]) + lanes_sum(&acc[1]);
    for (; i < n; ++i) {
        res += x[i]*y[i];
    }
    return res;
}

template <int HEADS>
ESA_INLINE void dots_heads(const float * k, int64_t n_rows, int64_t n, const float * q, float scale, float * s, int64_t stride) {
    for (int64_t r = 0; r < n_rows; ++r) {
        lanes acc[HEADS] = {}, x, y;
        for (int64_t i = 0; i < n; i += LANES) {
            lanes_load(&x, k + r*n + i);
            for (int h = 0; h < HEADS; ++h) {
                lanes_load(&y, q + h*n + i);
                lanes_fma2(&acc[h], &x, &y);
            }
        }
        for (int h = 0; h < HEADS; ++h) {
            s[h*stride + r] = scale*lanes_sum(&acc[h]);
        }
    }
}

ESA_INLINE void dots_body(const float * k, int64_t n_rows, int64_t n, const float * q, int64_t n_heads, float scale, float * s, int64_t stride) {
    int64_t h = 0;
    for (; h + 4 <= n_heads; h += 4) {
        dots_heads<4>(k, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
    for (; h < n_heads; ++h) {
        dots_heads<1>(k, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
}

ESA_INLINE float exp_sum_body(float * x, int64_t n, float max) {
    lanes sum = {}, v;
    for (int64_t i = 0; i < n; i += LANES) {
        float part[LANES]; // the last ones may be fewer: filled up with what exp makes zero
        const int64_t m = n - i < LANES ? n - i : LANES;
        for (int64_t j = 0; j < LANES; ++j) {
            part[j] = j < m ? x[i + j] - max : -INFINITY;
        }
        lanes_load(&v, part);
        lanes_exp(&v);
        lanes_add(&sum, &v);
        lanes_store(&v, part);
        memcpy(x + i, part, m*sizeof(float));
    }
    return lanes_sum(&sum);
}

template <int HEADS>
ESA_INLINE void accumulate_heads(const float * v, int64_t n_rows, int64_t n, const float * w, int64_t stride, float * acc) {
    int64_t i = 0;
    for (; i + 2*LANES <= n; i += 2*LANES) {
        lanes a[HEADS][2], x0, x1;
        for (int h = 0; h < HEADS; ++h) {
            lanes_load(&a[h][0], acc + h*n + i);
            lanes_load(&a[h][1], acc + h*n + i + LANES);
        }
        for (int64_t r = 0; r < n_rows; ++r) {
            lanes_load(&x0, v + r*n + i);
            lanes_load(&x1, v + r*n + i + LANES);
            for (int h = 0; h < HEADS; ++h) {
                lanes_fma(&a[h][0], w[h*stride + r], &x0);
                lanes_fma(&a[h][1], w[h*stride + r], &x1);
            }
        }
        for (int h = 0; h < HEADS; ++h) {
            lanes_store(&a[h][0], acc + h*n + i);
            lanes_store(&a[h][1], acc + h*n + i + LANES);
        }
    }
    for (; i < n; ++i) {
        for (int h = 0; h < HEADS; ++h) {
            for (int64_t r = 0; r < n_rows; ++r) {
                acc[h*n + i] += w[h*stride + r]*v[r*n + i];
            }
        }
    }
}

ESA_INLINE void accumulate_body(const float * v, int64_t n_rows, int64_t n, const float * w, int64_t stride, int64_t n_heads, float * acc) {
    int64_t h = 0;
    for (; h + 4 <= n_heads; h += 4) {
        accumulate_heads<4>(v, n_rows, n, w + h*stride, stride, acc + h*n);
    }
    for (; h < n_heads; ++h) {
        accumulate_heads<1>(v, n_rows, n, w + h*stride, stride, acc + h*n);
    }
}

template <int ROWS>
ESA_INLINE void scores_rows(const float * k, int64_t n, const float * q, float * s, int64_t width, float * best) {
    lanes acc[ROWS][2] = {};
    for (int64_t i = 0; i < n; ++i) {
        lanes x0, x1;
        lanes_load(&x0, q + i*ESA_PANEL);
        lanes_load(&x1, q + i*ESA_PANEL + LANES);
        for (int r = 0; r < ROWS; ++r) {
            lanes_fma(&acc[r][0], k[r*n + i], &x0);
            lanes_fma(&acc[r][1], k[r*n + i], &x1);
        }
    }
    for (int h = 0; h < 2; ++h) {
        lanes m;
        lanes_load(&m, best + h*LANES);
        for (int r = 0; r < ROWS; ++r) {
            lanes_max(&m, &acc[r][h]);
            lanes_store(&acc[r][h], s + r*width + h*LANES);
        }
        lanes_store(&m, best + h*LANES);
    }
}

ESA_INLINE void scores_body(const float * k, int64_t n_rows, int64_t n, const float * q, int64_t n_panels, float * s, float * best) {
    const int64_t width = n_panels*ESA_PANEL;
    for (int64_t p = 0; p < n_panels; ++p) {
        int64_t r = 0;
        for (; r + 4 <= n_rows; r += 4) {
            scores_rows<4>(k + r*n, n, q + p*n*ESA_PANEL, s + r*width + p*ESA_PANEL, width, best + p*ESA_PANEL);
        }
        for (; r < n_rows; ++r) {
            scores_rows<1>(k + r*n, n, q + p*n*ESA_PANEL, s + r*width + p*ESA_PANEL, width, best + p*ESA_PANEL);
        }
    }
}

ESA_INLINE void reduce_body(const float * s, int64_t n_rows, int64_t width, const float * best, float * f) {
    for (int64_t r = 0; r < n_rows; ++r) {
        lanes m, x, b;
        lanes_load(&m, s + r*width);
        lanes_load(&b, best);
        lanes_sub(&m, &b);
        for (int64_t q = LANES; q < width; q += LANES) {
            lanes_load(&x, s + r*width + q);
            lanes_load(&b, best + q);
            lanes_sub(&x, &b);
            lanes_max(&m, &x);
        }
        float part[LANES];
        lanes_store(&m, part);
        float res = f[r];
        for (float v : part) {
            res = v > res ? v : res;
        }
        f[r] = res;
    }
}

//
// one set of functions for each instruction set
//

#define ESA_KERNELS(isa, attributes)                                                                                             \
    attributes static float isa##_dot(const float * x, const float * y, int64_t n) { return dot_body(x, y, n); }                 \
    attributes static void  isa##_scores(const float * k, int64_t n_rows, int64_t n, const float * q, int64_t n_panels,          \
            float * s, float * best) { scores_body(k, n_rows, n, q, n_panels, s, best); }                                        \
    attributes static void  isa##_dots(const float * k, int64_t n_rows, int64_t n, const float * q, int64_t n_heads,             \
            float scale, float * s, int64_t stride) { dots_body(k, n_rows, n, q, n_heads, scale, s, stride); }                   \
    attributes static float isa##_exp_sum(float * x, int64_t n, float max) { return exp_sum_body(x, n, max); }                   \
    attributes static void  isa##_accumulate(const float * v, int64_t n_rows, int64_t n, const float * w, int64_t stride,        \
            int64_t n_heads, float * acc) { accumulate_body(v, n_rows, n, w, stride, n_heads, acc); }                            \
    attributes static void  isa##_reduce(const float * s, int64_t n_rows, int64_t width, const float * best, float * f) {        \
            reduce_body(s, n_rows, width, best, f); }                                                                            \
    static void isa##_f16_to_f32(const uint16_t * x, float * y, int64_t n);                                                      \
    static const llama_esa_kernels isa##_kernels = {                                                                             \
        #isa, isa##_f16_to_f32, isa##_dot, isa##_scores, isa##_dots, isa##_exp_sum, isa##_accumulate, isa##_reduce,              \
    };

ESA_KERNELS(base, )

static void base_f16_to_f32(const uint16_t * x, float * y, int64_t n) {
    ggml_fp16_to_fp32_row((const ggml_fp16_t *) x, y, n);
}

#if defined(ESA_X86)

#define ESA_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#define ESA_AVX2   __attribute__((target("avx2,fma,f16c")))

ESA_KERNELS(avx512, ESA_AVX512)
ESA_KERNELS(avx2,   ESA_AVX2)

ESA_AVX512 static void avx512_f16_to_f32(const uint16_t * x, float * y, int64_t n) {
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        _mm512_storeu_ps(y + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) (x + i))));
    }
    base_f16_to_f32(x + i, y + i, n - i);
}

ESA_AVX2 static void avx2_f16_to_f32(const uint16_t * x, float * y, int64_t n) {
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (x + i))));
    }
    base_f16_to_f32(x + i, y + i, n - i);
}

const llama_esa_kernels & llama_esa_get_kernels() {
    static const llama_esa_kernels * const best = [] {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl")) {
            return &avx512_kernels;
        }
        // every processor with AVX2 and FMA converts F16 as well
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &avx2_kernels : &base_kernels;
    }();
    return *best;
}

#else

const llama_esa_kernels & llama_esa_get_kernels() {
    return base_kernels;
}

#endif
