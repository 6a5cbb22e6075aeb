// Stores of a batch: un-rotated K and V to the cache, rotated K and V to the ring, compressed keys to their cells. For a single
// token also its compressed query.

#include "esa.cuh"
#include "esa-rope.cuh"

namespace {

struct store_args {
    const float   * k;       // rows k_stride floats apart
    const float   * v;
    const float   * q;       // of one token; nullptr: no compressed query is wanted
    const int32_t * step;    // cells behind
    half  * k_cache;
    half  * v_cache;
    half  * k_ring;
    half  * v_ring;
    half  * kc;              // [n_cells][ESA_WIDTH], nullptr: none
    float * qc;              // [ESA_WIDTH]
    const float * pk;        // [ESA_WIDTH][nk]
    const float * pq;        // [ESA_WIDTH][nq]
    const float * bias;      // [ESA_WIDTH]
    int  nk, nv, nq, n_ring;
    bool far;                // the query is rotated to its distance from I and M
    int64_t k_stride, v_stride, k_cache_stride, v_cache_stride;
    esa_rope rope;

    __device__ int64_t cell(int token) const { return step[LLAMA_ESA_STEP_SIZE + token]; }
};

} // namespace

static constexpr int STORE_THREADS = 256;
static constexpr int STORE_WARPS   = STORE_THREADS/WARP_SIZE;
static constexpr int HELD          = 4; // pieces of 16 bytes of a projection's row that a thread requests before the token is there

// the key as the cache holds it
static __device__ __forceinline__ float rounded(float x) {
    return __half2float(__float2half(x));
}

static __device__ __forceinline__ void store_rows(const store_args & a, int token, int lane, int n_lanes) {
    const esa_rope & rope = a.rope;
    const int pos = a.step[LLAMA_ESA_STEP_POS] + token;
    const int units = rope.half/2; // of a head, two pairs each
    float2 cs[2];
    rope.angles(cs, pos, lane % units);
    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();

    const int64_t cell = a.cell(token);
    const int64_t slot = pos % a.n_ring;
    const float * k = a.k + token*a.k_stride;
    half * k_cache  = a.k_cache + cell*a.k_cache_stride;
    half * k_ring   = a.k_ring  + slot*a.nk;
    for (int i = lane; i < a.nk/4; i += n_lanes) {
        const int base = i/units*2*rope.half;
        const int at0  = base + rope.first (i % units);
        const int at1  = base + rope.second(i % units);
        const half2 h0 = __float22half2_rn(*(const float2 *) (k + at0));
        const half2 h1 = __float22half2_rn(*(const float2 *) (k + at1));
        *(half2 *) (k_cache + at0) = h0;
        *(half2 *) (k_cache + at1) = h1;
        float2 x0 = __half22float2(h0);
        float2 x1 = __half22float2(h1);
        if (i != lane && n_lanes % units != 0) {
            rope.angles(cs, pos, i % units);
        }
        rope.turn(x0, x1, cs);
        *(half2 *) (k_ring + at0) = __float22half2_rn(x0);
        *(half2 *) (k_ring + at1) = __float22half2_rn(x1);
    }
    const float * v = a.v + token*a.v_stride;
    for (int i = 2*lane; i < a.nv; i += 2*n_lanes) {
        const half2 h = __float22half2_rn(*(const float2 *) (v + i));
        *(half2 *) (a.v_cache + cell*a.v_cache_stride + i) = h;
        *(half2 *) (a.v_ring  + slot*a.nv             + i) = h;
    }
}

// one thread's share of a component of the compressed key
static __device__ float key_share(const store_args & a, int o) {
    const float * row = a.pk + (int64_t) o*a.nk;
    float4 w[HELD];
#pragma unroll
    for (int u = 0; u < HELD; ++u) {
        const int i = 4*(threadIdx.x + u*STORE_THREADS);
        w[u] = i < a.nk ? *(const float4 *) (row + i) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();

    float sum = 0.0f;
    auto add = [&](const float4 & x, int i) {
        const float4 k = *(const float4 *) (a.k + i);
        sum += x.x*rounded(k.x) + x.y*rounded(k.y) + x.z*rounded(k.z) + x.w*rounded(k.w);
    };
#pragma unroll
    for (int u = 0; u < HELD; ++u) {
        const int i = 4*(threadIdx.x + u*STORE_THREADS);
        if (i < a.nk) {
            add(w[u], i);
        }
    }
    for (int i = 4*(threadIdx.x + HELD*STORE_THREADS); i < a.nk; i += 4*STORE_THREADS) {
        add(*(const float4 *) (row + i), i);
    }
    return sum;
}

// One thread's share of a component of the compressed query. Turning the row of the projection back gives the same as turning
// the query, and can be done before the query is there.
static __device__ float query_share(const store_args & a, int o) {
    const esa_rope & rope = a.rope;
    const float * row  = a.pq + (int64_t) o*a.nq;
    const int units    = rope.half/2;
    const int distance = a.far ? a.step[LLAMA_ESA_STEP_DISTANCE] : 0;
    auto at = [&](int i, int & at0, int & at1) {
        const int base = i/units*2*rope.half;
        at0 = base + rope.first (i % units);
        at1 = base + rope.second(i % units);
    };
    auto load = [&](int i, float2 & w0, float2 & w1) {
        int at0, at1;
        at(i, at0, at1);
        w0 = *(const float2 *) (row + at0);
        w1 = *(const float2 *) (row + at1);
        if (a.far) {
            float2 cs[2];
            rope.angles(cs, distance, i % units);
            cs[0].y = -cs[0].y;
            cs[1].y = -cs[1].y;
            rope.turn(w0, w1, cs);
        }
    };
    const int n = a.nq/4;
    float2 w0[HELD], w1[HELD];
#pragma unroll
    for (int u = 0; u < HELD; ++u) {
        const int i = threadIdx.x + u*STORE_THREADS;
        if (i < n) {
            load(i, w0[u], w1[u]);
        }
    }
    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();

    float sum = 0.0f;
    auto add = [&](int i, float2 x0, float2 x1) {
        int at0, at1;
        at(i, at0, at1);
        const float2 q0 = *(const float2 *) (a.q + at0);
        const float2 q1 = *(const float2 *) (a.q + at1);
        sum += x0.x*q0.x + x0.y*q0.y + x1.x*q1.x + x1.y*q1.y;
    };
#pragma unroll
    for (int u = 0; u < HELD; ++u) {
        const int i = threadIdx.x + u*STORE_THREADS;
        if (i < n) {
            add(i, w0[u], w1[u]);
        }
    }
    for (int i = threadIdx.x + HELD*STORE_THREADS; i < n; i += STORE_THREADS) {
        float2 x0, x1;
        load(i, x0, x1);
        add(i, x0, x1);
    }
    return sum;
}

// One token: a block for the rows, one for each component of the compressed key, one for each of the compressed query.
static __global__ void __launch_bounds__(STORE_THREADS) esa_store_token(const store_args a) {
    const int tid = threadIdx.x;
    if (blockIdx.x == 0) {
        store_rows(a, 0, tid, STORE_THREADS);
        return;
    }
    const int  o   = (blockIdx.x - 1) % ESA_WIDTH;
    const bool key = blockIdx.x <= ESA_WIDTH;
    float sum = key ? key_share(a, o) : query_share(a, o);

    __shared__ float part[STORE_WARPS];
    sum = warp_reduce_sum(sum);
    if (tid % WARP_SIZE == 0) {
        part[tid/WARP_SIZE] = sum;
    }
    __syncthreads();
    if (tid == 0) {
        sum = key ? a.bias[o] : 0.0f;
        for (int i = 0; i < STORE_WARPS; ++i) {
            sum += part[i];
        }
        if (key) {
            a.kc[a.cell(0)*ESA_WIDTH + o] = __float2half(sum);
        } else {
            a.qc[o] = sum;
        }
    }
}

// A chunk: two warps for each token, each half of the key; lanes for components. F32 throughout: the keys are not centred before
// the product.
static __global__ void __launch_bounds__(STORE_THREADS) esa_store_chunk(const store_args a, int n_tokens) {
    constexpr int SLICES = 2;
    constexpr int TOKENS = STORE_WARPS/SLICES;
    constexpr int STEP   = 32;
    __shared__ float w[SLICES][ESA_WIDTH][STEP + 1];
    __shared__ float k[SLICES][TOKENS][STEP];

    const int tid   = threadIdx.x;
    const int lane  = tid % WARP_SIZE;
    const int slice = tid/WARP_SIZE % SLICES;
    const int own   = tid/WARP_SIZE/SLICES;
    const int token = blockIdx.x*TOKENS + own;
    if (token < n_tokens) {
        store_rows(a, token, slice*WARP_SIZE + lane, SLICES*WARP_SIZE);
    }
    ggml_cuda_pdl_sync();
    if (!a.kc) {
        return;
    }
    const int n_slice = (a.nk/SLICES + STEP - 1)/STEP*STEP;
    const int end     = min(a.nk, (slice + 1)*n_slice);
    float sum[2] = { 0.0f, 0.0f };
    for (int i0 = 0; i0 < n_slice; i0 += STEP) {
        for (int i = tid; i < SLICES*ESA_WIDTH*STEP; i += STORE_THREADS) {
            const int s = i/(ESA_WIDTH*STEP);
            const int o = i/STEP % ESA_WIDTH;
            const int x = s*n_slice + i0 + i % STEP;
            w[s][o][i % STEP] = x < a.nk ? a.pk[(int64_t) o*a.nk + x] : 0.0f;
        }
        const int x = slice*n_slice + i0 + lane;
        k[slice][own][lane] = token < n_tokens && x < end ? rounded(a.k[token*a.k_stride + x]) : 0.0f;
        __syncthreads();
#pragma unroll
        for (int i = 0; i < STEP; ++i) {
            const float y = k[slice][own][i];
            sum[0] += y*w[slice][lane][i];
            sum[1] += y*w[slice][lane + WARP_SIZE][i];
        }
        __syncthreads();
    }
    float * part = &w[0][0][0]; // [TOKENS][ESA_WIDTH] of the second slice
    for (int j = 0; j < 2 && slice == 1; ++j) {
        part[own*ESA_WIDTH + lane + j*WARP_SIZE] = sum[j];
    }
    __syncthreads();
    if (token < n_tokens && slice == 0) {
        for (int j = 0; j < 2; ++j) {
            const int o = lane + j*WARP_SIZE;
            a.kc[a.cell(token)*ESA_WIDTH + o] = __float2half(sum[j] + part[own*ESA_WIDTH + o] + a.bias[o]);
        }
    }
}

void ggml_cuda_esa_store(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    const auto src = [&](int i) { return dst->src[i]; };
    const ggml_tensor * k  = src(LLAMA_ESA_STORE_K);
    const ggml_tensor * v  = src(LLAMA_ESA_STORE_V);
    const ggml_tensor * q  = src(LLAMA_ESA_STORE_Q);
    const ggml_tensor * kc = src(LLAMA_ESA_STORE_KC);
    const ggml_tensor * kt = src(LLAMA_ESA_STORE_K_CACHE);
    const ggml_tensor * vt = src(LLAMA_ESA_STORE_V_CACHE);
    const llama_esa_workspace ws = llama_esa_workspace_of(src(LLAMA_ESA_STORE_WS), kt, vt);

    store_args a = {};
    a.k       = (const float *) k->data;
    a.v       = (const float *) v->data;
    a.q       = q ? (const float *) q->data : nullptr;
    a.step    = (const int32_t *) src(LLAMA_ESA_STORE_STEP)->data;
    a.k_cache = (half *) kt->data;
    a.v_cache = (half *) vt->data;
    a.k_ring  = (half *) ws.k;
    a.v_ring  = (half *) ws.v;
    a.nk      = (int) kt->ne[0];
    a.nv      = (int) vt->ne[0];
    a.nq      = q ? (int) q->ne[0] : 0;
    a.n_ring  = dst->op_params[LLAMA_ESA_PARAM_N_RING];
    a.far     = dst->op_params[LLAMA_ESA_PARAM_FAR] != 0;
    a.k_stride = k->nb[1]/sizeof(float);
    a.v_stride = v->nb[1]/sizeof(float);
    a.k_cache_stride = kt->nb[1]/sizeof(half);
    a.v_cache_stride = vt->nb[1]/sizeof(half);
    a.rope    = make_esa_rope(dst, src(LLAMA_ESA_STORE_FREQ));
    if (kc) {
        const float * proj = (const float *) src(LLAMA_ESA_STORE_PROJ)->data;
        a.kc   = (half *) kc->data;
        a.qc   = (float *) dst->data;
        a.bias = proj;
        a.pk   = proj + ESA_WIDTH;
        a.pq   = a.pk + (int64_t) ESA_WIDTH*a.nk;
    }
    const int n_tokens = (int) k->ne[1];
    if (n_tokens == 1) {
        const int blocks = 1 + (kc ? ESA_WIDTH : 0) + (q ? ESA_WIDTH : 0);
        ggml_cuda_kernel_launch(esa_store_token, ggml_cuda_kernel_launch_params(blocks, STORE_THREADS, 0, ctx.stream()), a);
    } else {
        const int tokens = STORE_WARPS/2;
        ggml_cuda_kernel_launch(esa_store_chunk, ggml_cuda_kernel_launch_params((n_tokens + tokens - 1)/tokens, STORE_THREADS, 0, ctx.stream()), a, n_tokens);
    }
}
