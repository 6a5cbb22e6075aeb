#include "llama-esa-kernels.h"

#include "ggml.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#    define ESA_X86 1
#    include <immintrin.h>
#endif

#if defined(__GNUC__)
#    define ESA_INLINE static inline __attribute__((always_inline))
#else
#    define ESA_INLINE static inline
#endif

#define ESA_STRING_(x) #x
#define ESA_STRING(x)  ESA_STRING_(x)

// the loops are written for vectors of 16 floats, which the compiler makes of what the instruction set has
static constexpr int64_t LANES = 16;

#if defined(__GNUC__)
typedef float   lanes         __attribute__((vector_size(LANES*sizeof(float)), may_alias));
typedef float   half_lanes    __attribute__((vector_size(8*sizeof(float))));
typedef float   quarter_lanes __attribute__((vector_size(4*sizeof(float))));
typedef int32_t int_lanes     __attribute__((vector_size(LANES*sizeof(int32_t))));
#else
struct lanes { float v[LANES]; };
#endif

#define ESA_ISA    base
#define ESA_TARGET
#define ESA_I8     for (int64_t i = 0; i < LANES; ++i) y[i] = x[i];
#if defined(__aarch64__) && defined(__GNUC__)
typedef __fp16 f16_lanes __attribute__((vector_size(LANES*sizeof(__fp16))));
#    define ESA_WIDE 0
#    define ESA_F16                                        \
        f16_lanes h;                                       \
        memcpy(&h, x, sizeof(h));                          \
        const lanes v = __builtin_convertvector(h, lanes); \
        memcpy(y, &v, sizeof(v));
#else
#    define ESA_WIDE 0
#    define ESA_F16 ggml_fp16_to_fp32_row((const ggml_fp16_t *) x, y, LANES);
#endif
#include "llama-esa-kernels-body.h"

#if defined(ESA_X86)

#define ESA_ISA    avx2
#define ESA_TARGET __attribute__((target("avx2,fma,f16c")))
#define ESA_WIDE   0
#define ESA_I8                                                                                                   \
    _mm256_storeu_ps(y,     _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *) x))));      \
    _mm256_storeu_ps(y + 8, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *) (x + 8)))));
#define ESA_F16                                                                              \
    _mm256_storeu_ps(y,     _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) x)));          \
    _mm256_storeu_ps(y + 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (x + 8))));
#include "llama-esa-kernels-body.h"

#define ESA_ISA    avx512
#define ESA_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#define ESA_WIDE   1
#define ESA_I8     _mm512_storeu_ps(y, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *) x))));
#define ESA_F16    _mm512_storeu_ps(y, _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256((const __m256i *) x)));
#include "llama-esa-kernels-body.h"

#endif

// what this processor can run, best first
static std::vector<const llama_esa_kernels *> find_kernels() {
    std::vector<const llama_esa_kernels *> res;
#if defined(ESA_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        res.push_back(&avx512::kernels);
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) { // every processor with both converts F16 as well
        res.push_back(&avx2::kernels);
    }
#endif
    res.push_back(&base::kernels);
    return res;
}

static const llama_esa_kernels * kernels_in_use = find_kernels()[0];

const llama_esa_kernels & llama_esa_get_kernels() {
    return *kernels_in_use;
}

std::vector<const llama_esa_kernels *> llama_esa_all_kernels() {
    return find_kernels();
}

void llama_esa_use_kernels(const llama_esa_kernels * kernels) {
    kernels_in_use = kernels;
}
