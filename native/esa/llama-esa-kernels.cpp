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
ESA_INLINE void lanes_sub  (lanes * a, const lanes * x) { *a -= *x; }
ESA_INLINE void lanes_max  (lanes * a, const lanes * x) { *a = *a > *x ? *a : *x; }
#else
struct lanes { float v[LANES]; };

ESA_INLINE void lanes_load (lanes * x, const float * p) { memcpy(x, p, sizeof(*x)); }
ESA_INLINE void lanes_store(const lanes * x, float * p) { memcpy(p, x, sizeof(*x)); }
ESA_INLINE void lanes_fma  (lanes * a, float k, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] += k*x->v[i]; }
ESA_INLINE void lanes_fma2 (lanes * a, const lanes * x, const lanes * y) { for (int i = 0; i < LANES; ++i) a->v[i] += x->v[i]*y->v[i]; }
ESA_INLINE void lanes_sub  (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] -= x->v[i]; }
ESA_INLINE void lanes_max  (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] = a->v[i] > x->v[i] ? a->v[i] : x->v[i]; }
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
    float part[2*LANES];
    lanes_store(&acc[0], part);
    lanes_store(&acc[1], part + LANES);
    for (int64_t w = LANES; w > 0; w /= 2) {
        for (int64_t j = 0; j < w; ++j) {
            part[j] += part[j + w];
        }
    }
    for (; i < n; ++i) {
        part[0] += x[i]*y[i];
    }
    return part[0];
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
        lanes m[2], x, b;
        for (int64_t q = 0; q < width; q += 2*LANES) {
            for (int h = 0; h < 2; ++h) {
                lanes_load(&x, s + r*width + q + h*LANES);
                lanes_load(&b, best + q + h*LANES);
                lanes_sub(&x, &b);
                if (q == 0) {
                    m[h] = x;
                } else {
                    lanes_max(&m[h], &x);
                }
            }
        }
        lanes_max(&m[0], &m[1]);
        float part[LANES];
        lanes_store(&m[0], part);
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
    attributes static void  isa##_reduce(const float * s, int64_t n_rows, int64_t width, const float * best, float * f) {        \
            reduce_body(s, n_rows, width, best, f); }

ESA_KERNELS(base, )

static void base_f16_to_f32(const uint16_t * x, float * y, int64_t n) {
    ggml_fp16_to_fp32_row((const ggml_fp16_t *) x, y, n);
}

static const llama_esa_kernels base_kernels = { "base", base_f16_to_f32, base_dot, base_scores, base_reduce };

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

static const llama_esa_kernels avx512_kernels = { "avx512", avx512_f16_to_f32, avx512_dot, avx512_scores, avx512_reduce };
static const llama_esa_kernels avx2_kernels   = { "avx2",   avx2_f16_to_f32,   avx2_dot,   avx2_scores,   avx2_reduce   };

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
