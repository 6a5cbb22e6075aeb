// Stores of a batch: un-rotated K and V to the cache, rotated K and V to the ring, compressed keys to their cells. And the mask
// of a chunk, made here rather than sent: it has megabytes.

#include "esa.cuh"

namespace {

struct store_args {
    const half  * k;      // [n_tokens][nk]
    const half  * k_rot;
    const float * v;      // rows v_stride floats apart
    const int64_t * cells;
    const int64_t * slots;
    half * k_cache;
    half * v_cache;
    half * k_ring;
    half * v_ring;
    half * kc;            // [n_cells][ESA_WIDTH], nullptr: none
    const float * proj;   // [ESA_WIDTH][nk], then the constants
    int nk, nv;
    int64_t v_stride, k_cache_stride, v_cache_stride, k_ring_stride, v_ring_stride;
};

} // namespace

static constexpr int STORE_THREADS = 256;

static __device__ __forceinline__ void store_rows(const store_args & a, int64_t token, int lane, int n_lanes) {
    const int64_t cell = a.cells[token];
    const int64_t slot = a.slots[token];
    for (int i = 8*lane; i < a.nk; i += 8*n_lanes) {
        *(uint4 *) (a.k_cache + cell*a.k_cache_stride + i) = *(const uint4 *) (a.k     + token*a.nk + i);
        *(uint4 *) (a.k_ring  + slot*a.k_ring_stride  + i) = *(const uint4 *) (a.k_rot + token*a.nk + i);
    }
    for (int i = 2*lane; i < a.nv; i += 2*n_lanes) {
        const float * v = a.v + token*a.v_stride + i;
        const half2 h = __floats2half2_rn(v[0], v[1]);
        *(half2 *) (a.v_cache + cell*a.v_cache_stride + i) = h;
        *(half2 *) (a.v_ring  + slot*a.v_ring_stride  + i) = h;
    }
}

// One token: a block for each component of the compressed key, and one for the rows.
static __global__ void __launch_bounds__(STORE_THREADS) esa_store_token(const store_args a) {
    const int o = blockIdx.x;
    const int tid = threadIdx.x;
    if (o == (int) gridDim.x - 1) {
        store_rows(a, 0, tid, STORE_THREADS);
        return;
    }
    const float * w = a.proj + (int64_t) o*a.nk;
    float sum = 0.0f;
    for (int i = 4*tid; i < a.nk; i += 4*STORE_THREADS) {
        const float4 x  = *(const float4 *) (w + i);
        const float2 k0 = __half22float2(*(const half2 *) (a.k + i));
        const float2 k1 = __half22float2(*(const half2 *) (a.k + i + 2));
        sum += x.x*k0.x + x.y*k0.y + x.z*k1.x + x.w*k1.y;
    }
    __shared__ float part[STORE_THREADS/WARP_SIZE];
    sum = warp_reduce_sum(sum);
    if (tid % WARP_SIZE == 0) {
        part[tid/WARP_SIZE] = sum;
    }
    __syncthreads();
    if (tid == 0) {
        sum = a.proj[(int64_t) ESA_WIDTH*a.nk + o];
        for (int i = 0; i < STORE_THREADS/WARP_SIZE; ++i) {
            sum += part[i];
        }
        a.kc[a.cells[0]*ESA_WIDTH + o] = __float2half(sum);
    }
}

// A chunk: a warp for each token, lanes for components. F32 throughout: the keys are not centred before the product.
static __global__ void __launch_bounds__(STORE_THREADS) esa_store_chunk(const store_args a, int n_tokens) {
    constexpr int TOKENS = STORE_THREADS/WARP_SIZE;
    constexpr int STEP   = 32;
    __shared__ float w[ESA_WIDTH][STEP + 1];
    __shared__ float k[TOKENS][STEP];

    const int tid   = threadIdx.x;
    const int lane  = tid % WARP_SIZE;
    const int token = blockIdx.x*TOKENS + tid/WARP_SIZE;
    if (token < n_tokens) {
        store_rows(a, token, lane, WARP_SIZE);
    }
    if (!a.kc) {
        return;
    }
    float sum[2] = { 0.0f, 0.0f };
    for (int i0 = 0; i0 < a.nk; i0 += STEP) {
        for (int i = tid; i < ESA_WIDTH*STEP; i += STORE_THREADS) {
            const int x = i0 + i % STEP;
            w[i/STEP][i % STEP] = x < a.nk ? a.proj[(int64_t) (i/STEP)*a.nk + x] : 0.0f;
        }
        k[tid/WARP_SIZE][lane] = token < n_tokens && i0 + lane < a.nk ? __half2float(a.k[(int64_t) token*a.nk + i0 + lane]) : 0.0f;
        __syncthreads();
#pragma unroll
        for (int i = 0; i < STEP; ++i) {
            const float x = k[tid/WARP_SIZE][i];
            sum[0] += x*w[lane][i];
            sum[1] += x*w[lane + WARP_SIZE][i];
        }
        __syncthreads();
    }
    if (token < n_tokens) {
        for (int j = 0; j < 2; ++j) {
            const int o = lane + j*WARP_SIZE;
            a.kc[a.cells[token]*ESA_WIDTH + o] = __float2half(sum[j] + a.proj[(int64_t) ESA_WIDTH*a.nk + o]);
        }
    }
}

void ggml_cuda_esa_store(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    auto halves = [&](int i) { return (half *) dst->src[i]->data; };
    auto stride = [&](int i) { return (int64_t) (dst->src[i]->nb[1]/ggml_type_size(dst->src[i]->type)); };
    const bool project = dst->src[9] != nullptr;
    const store_args a = {
        halves(0), halves(1), (const float *) dst->src[2]->data, (const int64_t *) dst->src[3]->data, (const int64_t *) dst->src[4]->data,
        halves(5), halves(6), halves(7), halves(8),
        project ? (half *) dst->data : nullptr, project ? (const float *) dst->src[9]->data : nullptr,
        (int) dst->src[0]->ne[0], (int) dst->src[2]->ne[0], stride(2), stride(5), stride(6), stride(7), stride(8),
    };
    const int n_tokens = (int) dst->src[0]->ne[1];
    if (n_tokens == 1) {
        esa_store_token<<<(project ? ESA_WIDTH : 0) + 1, STORE_THREADS, 0, ctx.stream()>>>(a);
    } else {
        const int tokens = STORE_THREADS/WARP_SIZE;
        esa_store_chunk<<<(n_tokens + tokens - 1)/tokens, STORE_THREADS, 0, ctx.stream()>>>(a, n_tokens);
    }
}

//
// mask
//

static __global__ void esa_mask(half2 * mask, const int32_t * step, int n, int n_ring, int wrap) {
    const int i = 2*(blockIdx.x*blockDim.x + threadIdx.x);
    if (i >= n) {
        return;
    }
    const int begin = step[LLAMA_ESA_STEP_M_END];
    const int n_vis = step[LLAMA_ESA_STEP_POS] + (int) blockIdx.y - begin + 1; // from the oldest local token to the query itself
    const int n_far = step[LLAMA_ESA_STEP_N_FAR];
    half out[2];
#pragma unroll
    for (int j = 0; j < 2; ++j) {
        const int slot = i + j;
        const int age  = slot - begin % wrap;
        const bool visible = slot < n_ring ? (age < 0 ? age + wrap : age) < n_vis : slot - n_ring < n_far;
        out[j] = visible ? __float2half(0.0f) : __ushort_as_half(0xfc00); // -inf
    }
    mask[((int64_t) blockIdx.y*n + i)/2] = __halves2half2(out[0], out[1]);
}

void ggml_cuda_esa_mask(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    const int n = (int) dst->ne[0];
    const dim3 grid((n/2 + 255)/256, (unsigned) dst->ne[1]);
    esa_mask<<<grid, 256, 0, ctx.stream()>>>((half2 *) dst->data, (const int32_t *) dst->src[0]->data, n, dst->op_params[0], dst->op_params[1]);
}
