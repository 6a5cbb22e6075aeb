// Scores of the cells, f(m) = q' . k'(m), pooled over the proximity: what is read is k' once, what is written n numbers.

#include "esa.cuh"
#include "esa-mma.cuh"

#include <algorithm>
#include <cfloat>

static constexpr int SCORE_THREADS = 512;
static constexpr int SCORE_WARPS   = SCORE_THREADS/WARP_SIZE;
static constexpr int UNIT          = 16; // rows that a warp multiplies at a time
static constexpr int HALO          = ESA_MAX_PROXIMITY;

// 16 rows from `row` on, four with each instruction
static __device__ __forceinline__ void load_unit(uint4 (&r)[4], const half * kc, int row, int n_kv, int lane) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int m = min(max(row + 4*i + lane/8, 0), n_kv - 1);
        r[i] = esa::load_stream((const uint4 *) (kc + (int64_t) m*ESA_WIDTH) + lane % 8);
    }
}

// Products straight from 16-byte loads. Four lanes hold half a row, which is one row of the tensor core's A with its
// reduction dimension permuted. Columns 0 and 1 of B are the high and the low part of the query's first half, columns 2 and 3
// those of its second half; even quads take the former, odd ones the latter. Lane 8 i has the scores of rows i, 4 + i, 8 + i, 12 + i.
static __device__ __forceinline__ void multiply_unit(float (&f)[4], const uint4 (&r)[4], const uint32_t (&b)[4]) {
#pragma unroll
    for (int u = 0; u < 2; ++u) {
        float c[4];
        esa::mma(c, r[2*u].x, r[2*u + 1].x, r[2*u].y, r[2*u + 1].y, b[0], b[1], 0.0f, 0.0f, 0.0f, 0.0f);
        esa::mma(c, r[2*u].z, r[2*u + 1].z, r[2*u].w, r[2*u + 1].w, b[2], b[3], c[0], c[1], c[2], c[3]);
        f[2*u]     = c[0] + c[1];
        f[2*u + 1] = c[2] + c[3];
        f[2*u]     += __shfl_down_sync(0xffffffff, f[2*u],     5);
        f[2*u + 1] += __shfl_down_sync(0xffffffff, f[2*u + 1], 5);
    }
}

// The query as two halves of 22 bits together, scaled into their range; returns what undoes the scale.
static __device__ __forceinline__ float split_query(uint32_t (&b)[4], const float * q, int lane) {
    const float most = warp_reduce_max(fmaxf(fabsf(q[lane]), fabsf(q[lane + 32])));
    const int   e    = esa::exponent_to(most, 10);
    const int   col  = lane/4;
    const int   t    = lane % 4;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
        const int i = (col/2 & 1)*32 + 8*t + 2*j;
        float x = ldexpf(q[i],     e);
        float y = ldexpf(q[i + 1], e);
        const float x_high = __half2float(__float2half(x));
        const float y_high = __half2float(__float2half(y));
        x = col & 1 ? x - x_high : x_high;
        y = col & 1 ? y - y_high : y_high;
        b[j] = col < 4 ? esa::pack(x, y) : 0;
    }
    return ldexpf(1.0f, -e);
}

// F(m) = max of f within the proximity, inside M; -inf outside of it. Inside every score is finite, so that it can be selected.
// Behind them the sample.
static __device__ __forceinline__ void write_pooled(float * F, const float * f, int begin, int len, int m0, int m1, int proximity,
        int n_kv, int stride) {
    for (int i = threadIdx.x; i < len; i += SCORE_THREADS) {
        const int m = begin + i;
        float x = fmaxf(f[i], -FLT_MAX);
        for (int d = 1; d <= proximity; ++d) {
            if (m - d >= m0) {
                x = fmaxf(x, f[i - d]);
            }
            if (m + d < m1) {
                x = fmaxf(x, f[i + d]);
            }
        }
        x = m >= m0 && m < m1 ? x + 0.0f : -INFINITY;
        F[m] = x;
        if ((m & (stride - 1)) == stride/2) {
            F[n_kv + m/stride] = x;
        }
    }
}

// The cells are shared out by n_kv, not by M: loads begin before the bounds of M have arrived, and before the kernel that makes the
// query has finished. Compressed keys of M are older than that.
static __global__ void __launch_bounds__(SCORE_THREADS, 2) esa_score_token(const half * kc, const float * q, const int32_t * step,
        float * F, int proximity, int n_kv, int per, int stride) {
    extern __shared__ float f[]; // [HALO | rows of the block | HALO]
    const int warp = threadIdx.x/WARP_SIZE;
    const int lane = threadIdx.x % WARP_SIZE;
    const int begin = blockIdx.x*per;
    const int len   = min(per, n_kv - begin);
    const int n_units = (len + UNIT - 1)/UNIT;

    uint4 r0[4], r1[4];
    auto load = [&](uint4 (&r)[4], int unit) {
        if (unit < n_units) {
            load_unit(r, kc, begin + unit*UNIT, n_kv, lane);
        }
    };
    load(r0, warp);
    load(r1, warp + SCORE_WARPS);
    const int m0 = step[LLAMA_ESA_STEP_M_BEGIN];
    const int m1 = step[LLAMA_ESA_STEP_M_END];
    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();
    uint32_t b[4];
    const float undo = split_query(b, q, lane);

    auto multiply = [&](const uint4 (&r)[4], int unit) {
        float x[4];
        multiply_unit(x, r, b);
        if (lane % 8 == 0) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                f[HALO + unit*UNIT + 4*i + lane/8] = x[i]*undo;
            }
        }
    };
    for (int unit = warp; unit < n_units; unit += 2*SCORE_WARPS) {
        multiply(r0, unit);
        load(r0, unit + 2*SCORE_WARPS);
        if (unit + SCORE_WARPS < n_units) {
            multiply(r1, unit + SCORE_WARPS);
            load(r1, unit + 3*SCORE_WARPS);
        }
    }
    if (warp == SCORE_WARPS - 1) { // neighbours in other blocks: 8 rows before and 8 behind
        load_unit(r0, kc, begin - HALO, n_kv, lane);
        load_unit(r1, kc, begin + len,  n_kv, lane);
        r0[2] = r1[0];
        r0[3] = r1[1];
        float x[4];
        multiply_unit(x, r0, b);
        if (lane % 8 == 0) {
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                f[4*i + lane/8]              = x[i]*undo;
                f[HALO + len + 4*i + lane/8] = x[2 + i]*undo;
            }
        }
    }
    __syncthreads();
    write_pooled(F, f + HALO, begin, len, m0, m1, proximity, n_kv, stride);
}

static __global__ void __launch_bounds__(SCORE_THREADS, 2) esa_score_pool(const float * raw, const int32_t * step, float * F,
        int proximity, int n_kv, int per, int stride) {
    extern __shared__ float f[];
    const int begin = blockIdx.x*per;
    const int len   = min(per, n_kv - begin);
    for (int i = threadIdx.x; i < len + 2*HALO; i += SCORE_THREADS) {
        f[i] = raw[min(max(begin - HALO + i, 0), n_kv - 1)];
    }
    __syncthreads();
    write_pooled(F, f + HALO, begin, len, step[LLAMA_ESA_STEP_M_BEGIN], step[LLAMA_ESA_STEP_M_END], proximity, n_kv, stride);
}

void ggml_cuda_esa_score(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    const ggml_tensor * kc = dst->src[0];
    const ggml_tensor * q  = dst->src[1];
    const int32_t * step = (const int32_t *) dst->src[2]->data;
    float * F = (float *) dst->data;
    const int proximity = dst->op_params[0];

    const int n_kv  = (int) kc->ne[1];
    const int n_sm  = ggml_cuda_info().devices[ctx.device].nsm;
    // two blocks for every multiprocessor, as far as their rows fit
    const int per   = std::min(8192, std::max(128, ((n_kv + 2*n_sm - 1)/(2*n_sm) + 31)/32*32));
    const int grid  = (n_kv + per - 1)/per;
    const size_t shared = (per + 2*HALO)*sizeof(float);
    const int stride = esa_sample_stride(n_kv);

    if (q->ne[1] == 1) {
        ggml_cuda_kernel_launch(esa_score_token, ggml_cuda_kernel_launch_params(grid, SCORE_THREADS, shared, ctx.stream()),
                (const half *) kc->data, (const float *) q->data, step, F, proximity, n_kv, per, stride);
        return;
    }
    ggml_cuda_pool_alloc<float> raw(ctx.pool(), n_kv);
    ggml_cuda_esa_score_chunk(ctx, kc, q, step, raw.get());
    esa_score_pool<<<grid, SCORE_THREADS, shared, ctx.stream()>>>(raw.get(), step, F, proximity, n_kv, per, stride);
}
