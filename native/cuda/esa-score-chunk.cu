// Scores of a chunk in two passes over k': first the maximum of every query over M, then the scores again, reduced to
// max_c (f(m; c) - maximum of c). Nothing of size n x chunk exists.

#include "esa.cuh"
#include "esa-mma.cuh"

#include <algorithm>

static constexpr int CHUNK_THREADS = 256;
static constexpr int CHUNK_WARPS   = CHUNK_THREADS/WARP_SIZE;
static constexpr int CHUNK_QUERIES = 512;                       // that a block holds in registers, 64 a warp
static constexpr int CHUNK_COLS    = CHUNK_QUERIES/CHUNK_WARPS/8; // tiles of 8 queries a warp
static constexpr int CHUNK_ROWS    = 128;                       // rows of k' in a stage
static constexpr int CHUNK_STAGES  = 4;
static constexpr int ROW_BYTES     = ESA_WIDTH*sizeof(half);

size_t ggml_cuda_esa_chunk_shared() {
    return CHUNK_STAGES*CHUNK_ROWS*ROW_BYTES + 2*CHUNK_WARPS*CHUNK_ROWS*sizeof(float) + 1024;
}

namespace {

struct chunk_args {
    const half    * kc;
    const float   * q;      // [n_q][ESA_WIDTH]
    const int32_t * step;
    uint32_t      * best;   // [n_q] keys of the maxima, zero before the first pass
    float         * raw;    // [n_kv]
    int n_q;
    int n_kv;
    bool accumulate;        // raw has the result of other queries
};

// M in tiles of rows
struct row_tiles {
    int m0, m1, base, n;

    __device__ explicit row_tiles(const int32_t * step) :
        m0(step[LLAMA_ESA_STEP_M_BEGIN]), m1(step[LLAMA_ESA_STEP_M_END]), base(m0 & ~15), n((m1 - base + CHUNK_ROWS - 1)/CHUNK_ROWS) {}

    __device__ int  first(int tile)  const { return base + tile*CHUNK_ROWS; }
    __device__ bool full(int tile)   const { return first(tile) >= m0 && first(tile) + CHUNK_ROWS <= m1; }
    __device__ bool inside(int row)  const { return row >= m0 && row < m1; }
};

} // namespace

static __device__ __forceinline__ void load_stage(const chunk_args & a, const row_tiles & rows, int tile, uint32_t shared) {
    if (tile < rows.n) {
#pragma unroll
        for (int i = 0; i < CHUNK_ROWS*8/CHUNK_THREADS; ++i) {
            const int x   = threadIdx.x + i*CHUNK_THREADS;
            const int r   = x/8;
            const int ch  = x % 8;
            const int row = min(rows.first(tile) + r, a.n_kv - 1);
            esa::copy_async(shared + r*ROW_BYTES + ((ch ^ (r & 7))*16), a.kc + (int64_t) row*ESA_WIDTH + ch*8);
        }
    }
    esa::copy_commit();
}

// All queries are scaled by one power of two so that F16 holds them; the products are undone at the end.
static __device__ __forceinline__ int query_exponent(const chunk_args & a, float * scratch) {
    float most = 0.0f;
    for (int i = threadIdx.x; i < a.n_q*ESA_WIDTH; i += CHUNK_THREADS) {
        most = fmaxf(most, fabsf(a.q[i]));
    }
    most = warp_reduce_max(most);
    if (threadIdx.x % WARP_SIZE == 0) {
        scratch[threadIdx.x/WARP_SIZE] = most;
    }
    __syncthreads();
    most = scratch[0];
    for (int i = 1; i < CHUNK_WARPS; ++i) {
        most = fmaxf(most, scratch[i]);
    }
    __syncthreads();
    return esa::exponent_to(most, 14);
}

template <bool second>
static __global__ void __launch_bounds__(CHUNK_THREADS, 1) esa_score_chunk(const chunk_args a) {
    extern __shared__ __align__(128) half stages[]; // [CHUNK_STAGES][CHUNK_ROWS][ESA_WIDTH]
    __shared__ float part[2][CHUNK_WARPS][CHUNK_ROWS];

    const int tid  = threadIdx.x;
    const int warp = tid/WARP_SIZE;
    const int lane = tid % WARP_SIZE;
    const int g    = lane/4;
    const int t    = lane % 4;
    const row_tiles rows(a.step);
    const uint32_t shared = esa::shared_address(stages);
    auto stage = [&](int i) { return shared + i % CHUNK_STAGES*CHUNK_ROWS*ROW_BYTES; };

#pragma unroll
    for (int s = 0; s < CHUNK_STAGES - 1; ++s) {
        load_stage(a, rows, blockIdx.x + s*gridDim.x, stage(s));
    }

    const int   e  = query_exponent(a, part[0][0]);
    const float up = ldexpf(1.0f, e);

    uint32_t b[CHUNK_COLS][ESA_WIDTH/16][2];
#pragma unroll
    for (int i = 0; i < CHUNK_COLS; ++i) {
        const int c = warp*CHUNK_COLS*8 + i*8 + g;
#pragma unroll
        for (int j = 0; j < ESA_WIDTH/16; ++j) {
            float2 x = { 0.0f, 0.0f };
            float2 y = { 0.0f, 0.0f };
            if (c < a.n_q) {
                x = *(const float2 *) (a.q + c*ESA_WIDTH + j*16 + 2*t);
                y = *(const float2 *) (a.q + c*ESA_WIDTH + j*16 + 8 + 2*t);
            }
            b[i][j][0] = esa::pack(x.x*up, x.y*up);
            b[i][j][1] = esa::pack(y.x*up, y.y*up);
        }
    }

    // first pass: maximum so far; second: what is subtracted, as the C operand of the first product
    float top[CHUNK_COLS][2];
#pragma unroll
    for (int i = 0; i < CHUNK_COLS; ++i) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
            const int c = warp*CHUNK_COLS*8 + i*8 + 2*t + j;
            top[i][j] = !second || c >= a.n_q ? -INFINITY : -esa::from_key(a.best[c]);
        }
    }

    auto write = [&](int tile, int buffer) {
        const int m = rows.first(tile) + tid;
        if (tid < CHUNK_ROWS && rows.inside(m)) {
            float x = part[buffer][0][tid];
#pragma unroll
            for (int w = 1; w < CHUNK_WARPS; ++w) {
                x = fmaxf(x, part[buffer][w][tid]);
            }
            x = ldexpf(x, -e);
            a.raw[m] = a.accumulate ? fmaxf(a.raw[m], x) : x;
        }
    };

    int it   = 0;
    int done = -1; // tile whose results wait to be written
    for (int tile = blockIdx.x; tile < rows.n; tile += gridDim.x, ++it) {
        esa::copy_wait<CHUNK_STAGES - 2>();
        __syncthreads();
        load_stage(a, rows, tile + (CHUNK_STAGES - 1)*gridDim.x, stage(it + CHUNK_STAGES - 1));
        if (second && done >= 0) {
            write(done, (it - 1) & 1);
        }
        done = tile;

        const bool full = rows.full(tile);
#pragma unroll 2
        for (int r0 = 0; r0 < CHUNK_ROWS; r0 += 16) {
            uint32_t k[ESA_WIDTH/16][4];
#pragma unroll
            for (int j = 0; j < ESA_WIDTH/16; ++j) {
                const int r = r0 + (lane & 15);
                esa::load_matrix(k[j], stage(it) + r*ROW_BYTES + (((2*j + lane/16) ^ (r & 7))*16));
            }
            const bool in0 = full || rows.inside(rows.first(tile) + r0 + g);
            const bool in1 = full || rows.inside(rows.first(tile) + r0 + g + 8);
            float x0 = -INFINITY;
            float x1 = -INFINITY;
#pragma unroll
            for (int i = 0; i < CHUNK_COLS; ++i) {
                const float c0 = second ? top[i][0] : 0.0f;
                const float c1 = second ? top[i][1] : 0.0f;
                float f[4];
                esa::mma(f, k[0][0], k[0][1], k[0][2], k[0][3], b[i][0][0], b[i][0][1], c0, c1, c0, c1);
#pragma unroll
                for (int j = 1; j < ESA_WIDTH/16; ++j) {
                    esa::mma(f, k[j][0], k[j][1], k[j][2], k[j][3], b[i][j][0], b[i][j][1], f[0], f[1], f[2], f[3]);
                }
                if (second) {
                    x0 = fmaxf(x0, fmaxf(f[0], f[1]));
                    x1 = fmaxf(x1, fmaxf(f[2], f[3]));
                } else {
                    top[i][0] = fmaxf(top[i][0], fmaxf(in0 ? f[0] : -INFINITY, in1 ? f[2] : -INFINITY));
                    top[i][1] = fmaxf(top[i][1], fmaxf(in0 ? f[1] : -INFINITY, in1 ? f[3] : -INFINITY));
                }
            }
            if (second) {
#pragma unroll
                for (int d = 1; d < 4; d <<= 1) {
                    x0 = fmaxf(x0, __shfl_xor_sync(0xffffffff, x0, d));
                    x1 = fmaxf(x1, __shfl_xor_sync(0xffffffff, x1, d));
                }
                if (t == 0) {
                    part[it & 1][warp][r0 + g]     = x0;
                    part[it & 1][warp][r0 + g + 8] = x1;
                }
            }
        }
    }
    if constexpr (second) {
        __syncthreads();
        if (done >= 0) {
            write(done, (it - 1) & 1);
        }
    } else {
#pragma unroll
        for (int i = 0; i < CHUNK_COLS; ++i) {
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                float x = top[i][j];
#pragma unroll
                for (int d = 4; d < WARP_SIZE; d <<= 1) {
                    x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, d));
                }
                const int c = warp*CHUNK_COLS*8 + i*8 + 2*t + j;
                if (g == 0 && c < a.n_q && x > -INFINITY) {
                    atomicMax(&a.best[c], esa::to_key(x));
                }
            }
        }
    }
}

void ggml_cuda_esa_score_chunk(ggml_backend_cuda_context & ctx, const ggml_tensor * kc, const ggml_tensor * q, const int32_t * step, float * raw) {
    const int    n_q    = (int) q->ne[1];
    const int    n_sm   = ggml_cuda_info().devices[ctx.device].nsm;
    const size_t shared = CHUNK_STAGES*CHUNK_ROWS*ROW_BYTES;
    CUDA_SET_SHARED_MEMORY_LIMIT(esa_score_chunk<false>, shared);
    CUDA_SET_SHARED_MEMORY_LIMIT(esa_score_chunk<true>,  shared);

    ggml_cuda_pool_alloc<uint32_t> best(ctx.pool(), n_q);
    CUDA_CHECK(cudaMemsetAsync(best.get(), 0, n_q*sizeof(uint32_t), ctx.stream()));
    for (int c = 0; c < n_q; c += CHUNK_QUERIES) {
        const chunk_args a = {
            (const half *) kc->data, (const float *) q->data + (int64_t) c*ESA_WIDTH, step, best.get() + c, raw,
            std::min(CHUNK_QUERIES, n_q - c), (int) kc->ne[1], c > 0,
        };
        esa_score_chunk<false><<<n_sm, CHUNK_THREADS, shared, ctx.stream()>>>(a);
        esa_score_chunk<true> <<<n_sm, CHUNK_THREADS, shared, ctx.stream()>>>(a);
    }
}
