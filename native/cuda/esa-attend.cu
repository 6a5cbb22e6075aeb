// Attention of one token over [I, M_k, L] in place: far rows from the un-rotated cache meet the query rotated to their distance,
// local rows from the ring meet the query at its position.
//
// A block is one head of the cache and a share of the rows. Its warps take tiles of 16 rows, two in flight each, so that
// normally every load of the kernel is on its way at once; rows that were there before are requested while the kernel before still
// runs. The heads of a group are the columns of the products, so that rows are read once for all of them. The last block of a head
// to finish puts the shares together.

#include "esa.cuh"
#include "esa-mma.cuh"
#include "esa-rope.cuh"

#include <algorithm>

static constexpr int MAX_WARPS  = 13;
static constexpr int MAX_SPLITS = WARP_SIZE; // their weights are combined by one warp
static constexpr int TILE       = 16;
static constexpr int STAGES     = 2;

template <int D> static constexpr int STAGE_HALVES = 2*TILE*D; // K and V of a tile
template <int D> static constexpr int WARP_BYTES   = STAGES*STAGE_HALVES<D>*(int) sizeof(half);
template <int D> static constexpr int OUT_STRIDE   = D + 4;    // floats between the heads of a warp's result

namespace {

// which rows may be requested before the kernel before has finished
enum early_rows {
    EARLY_NONE,
    EARLY_LOCAL, // those of the ring: everything was stored before the kernel that selects the others began
    EARLY_OLD,   // all but the newest token's
};

struct attend_args {
    const float   * q;   // [n_head][D], not rotated
    const int32_t * far;
    int32_t       * step;
    const half * k_cache;
    const half * v_cache;
    const half * k_ring;
    const half * v_ring;
    float * part;        // [n_head_kv*splits][ESA_MAX_GROUP][D] sums, then as many pairs of maximum and weight
    float * dst;         // [n_head][D]
    int64_t k_cache_stride, v_cache_stride, k_ring_stride, v_ring_stride; // halves
    int   n_far;         // rows that `far` has
    int   n_ring;
    int   group;         // heads that share a head of the cache
    float scale;
    early_rows early;
    esa_rope   rope;
};

template <int D>
struct attend_shared {
    __align__(16) half q[2][ESA_MAX_GROUP][D + 8]; // far, local
    float max   [MAX_WARPS][ESA_MAX_GROUP];
    float weight[MAX_WARPS][ESA_MAX_GROUP];
    int last;
};

// which rows a tile has: local ones first
struct row_source {
    const attend_args & a;
    int n_far, n_local, oldest, t_local, t_all;

    __device__ explicit row_source(const attend_args & a) : a(a) {
        const int begin = a.step[LLAMA_ESA_STEP_M_END];
        n_far   = a.far ? min(a.step[LLAMA_ESA_STEP_N_FAR], a.n_far) : 0;
        n_local = min(a.step[LLAMA_ESA_STEP_POS] - begin + 1, a.n_ring);
        oldest  = begin % a.n_ring;
        t_local = (n_local + TILE - 1)/TILE;
        t_all   = t_local + (n_far + TILE - 1)/TILE;
    }

    __device__ bool is_far(int tile) const { return tile >= t_local; }

    __device__ bool is_early(int tile) const {
        return a.early == EARLY_LOCAL ? tile < t_local : a.early == EARLY_OLD && tile < t_local - 1;
    }

    // -1: none
    __device__ int row(int tile, int i) const {
        if (is_far(tile)) {
            const int x = (tile - t_local)*TILE + i;
            return x < n_far ? a.far[x] : -1;
        }
        const int x = tile*TILE + i;
        if (x >= n_local) {
            return -1;
        }
        return oldest + x < a.n_ring ? oldest + x : oldest + x - a.n_ring;
    }
};

} // namespace

// Requests a tile's rows of K and of V; returns which of them there are.
template <int D>
static __device__ __forceinline__ uint32_t load_tile(const row_source & rows, int tile, int head, uint32_t shared) {
    constexpr int CH       = D/8;          // pieces of 16 bytes in a row
    constexpr int AT_ONCE  = WARP_SIZE/CH; // rows an instruction
    const attend_args & a = rows.a;
    const int  lane = threadIdx.x % WARP_SIZE;
    const bool far  = rows.is_far(tile);
    const int  own  = rows.row(tile, lane % TILE);
    const uint32_t valid = __ballot_sync(0xffffffff, own >= 0);
    const int ch = lane % CH;
    auto request = [&](const half * base, int64_t stride, uint32_t to) {
        if (valid) {
            const half * from = base + head*D + ch*8;
#pragma unroll
            for (int i = 0; i < TILE/AT_ONCE; ++i) {
                const int r   = i*AT_ONCE + lane/CH;
                const int row = max(__shfl_sync(0xffffffff, own, r), 0);
                esa::copy_async(to + r*D*2 + ((ch ^ (r & 7))*16), from + row*stride);
            }
        }
        esa::copy_commit();
    };
    request(far ? a.k_cache : a.k_ring, far ? a.k_cache_stride : a.k_ring_stride, shared);
    request(far ? a.v_cache : a.v_ring, far ? a.v_cache_stride : a.v_ring_stride, shared + TILE*D*2);
    return valid;
}

// Both rotations of the group's queries. The angles are made early; the queries are requested before the late rows: behind those
// they would arrive last.
template <int D>
struct query_loader {
    static constexpr int UNITS = D/4;                 // of a head, two pairs each
    static constexpr int N     = ESA_MAX_GROUP*UNITS; // some of them of heads that the group lacks
    static constexpr int HELD  = 2;

    float2 far[HELD][2], local[HELD][2]; // cosine and sine
    float2 x0[HELD], x1[HELD];

    static __device__ void angles(const attend_args & a, int i, float2 (&far)[2], float2 (&local)[2]) {
        a.rope.angles(far,   a.step[LLAMA_ESA_STEP_DISTANCE], i % UNITS);
        a.rope.angles(local, a.step[LLAMA_ESA_STEP_POS],      i % UNITS);
    }
    static __device__ void read(const attend_args & a, int head, int i, float2 & x0, float2 & x1) {
        x0 = x1 = { 0.0f, 0.0f };
        if (i < a.group*UNITS) {
            const float * q = a.q + (int64_t) (head*a.group + i/UNITS)*D;
            x0 = *(const float2 *) (q + a.rope.first (i % UNITS));
            x1 = *(const float2 *) (q + a.rope.second(i % UNITS));
        }
    }
    static __device__ void write(const attend_args & a, half * to, int i, float2 x0, float2 x1, const float2 (&cs)[2]) {
        a.rope.turn(x0, x1, cs);
        *(half2 *) (to + a.rope.first (i % UNITS)) = __floats2half2_rn(x0.x*a.scale, x0.y*a.scale);
        *(half2 *) (to + a.rope.second(i % UNITS)) = __floats2half2_rn(x1.x*a.scale, x1.y*a.scale);
    }
    static __device__ void write(const attend_args & a, attend_shared<D> & s, int i, float2 x0, float2 x1, const float2 (&far)[2], const float2 (&local)[2]) {
        write(a, s.q[0][i/UNITS], i, x0, x1, far);
        write(a, s.q[1][i/UNITS], i, x0, x1, local);
    }

    __device__ void prepare(const attend_args & a) {
#pragma unroll
        for (int u = 0; u < HELD; ++u) {
            angles(a, threadIdx.x + u*blockDim.x, far[u], local[u]);
        }
    }
    __device__ void request(const attend_args & a, int head) {
#pragma unroll
        for (int u = 0; u < HELD; ++u) {
            read(a, head, threadIdx.x + u*blockDim.x, x0[u], x1[u]);
        }
    }
    __device__ void finish(const attend_args & a, int head, attend_shared<D> & s) const {
#pragma unroll
        for (int u = 0; u < HELD; ++u) {
            const int i = threadIdx.x + u*blockDim.x;
            if (i < N) {
                write(a, s, i, x0[u], x1[u], far[u], local[u]);
            }
        }
        for (int i = threadIdx.x + HELD*blockDim.x; i < N; i += blockDim.x) {
            float2 f[2], l[2], y0, y1;
            angles(a, i, f, l);
            read(a, head, i, y0, y1);
            write(a, s, i, y0, y1, f, l);
        }
    }
};

// what a warp knows so far: two columns of maxima and weights, sums of all columns in the layout of the products
template <int D>
struct running {
    float max[2]    = { -INFINITY, -INFINITY };
    float weight[2] = { 0.0f, 0.0f };
    float sum[D/16][4] = {};

    // the rows of K, then those of V, of a tile in shared memory
    __device__ void add_tile(const half (*q)[D + 8], uint32_t shared, uint32_t valid) {
        const int lane = threadIdx.x % WARP_SIZE;
        const int g    = lane/4;
        const int t    = lane % 4;

        float s[4] = { 0.0f, 0.0f, 0.0f, 0.0f };
        esa::copy_wait<3>();
        __syncwarp();
#pragma unroll
        for (int j = 0; j < D/16; ++j) {
            uint32_t k[4];
            const int r = lane & 15;
            esa::load_matrix(k, shared + r*D*2 + (((2*j + lane/16) ^ (r & 7))*16));
            esa::mma(s, k[0], k[1], k[2], k[3], *(const uint32_t *) &q[g][j*16 + 2*t], *(const uint32_t *) &q[g][j*16 + 8 + 2*t],
                    s[0], s[1], s[2], s[3]);
        }
        constexpr float LOG2E = 1.4426950408889634f;
        const bool in0 = valid >> g & 1;
        const bool in1 = valid >> (g + 8) & 1;
        float f[2];
#pragma unroll
        for (int c = 0; c < 2; ++c) {
            s[c]     = in0 ? s[c]*LOG2E     : -INFINITY;
            s[c + 2] = in1 ? s[c + 2]*LOG2E : -INFINITY;
            float top = fmaxf(s[c], s[c + 2]);
#pragma unroll
            for (int d = 4; d < WARP_SIZE; d <<= 1) {
                top = fmaxf(top, __shfl_xor_sync(0xffffffff, top, d));
            }
            top = fmaxf(fmaxf(max[c], top), -1e30f);
            f[c] = exp2f(max[c] - top);
            max[c] = top;
            s[c]     = exp2f(s[c] - top);
            s[c + 2] = exp2f(s[c + 2] - top);
            weight[c] = weight[c]*f[c] + s[c] + s[c + 2];
        }
        const uint32_t p0 = esa::transpose(esa::pack(s[0], s[1]));
        const uint32_t p1 = esa::transpose(esa::pack(s[2], s[3]));
        esa::copy_wait<2>();
        __syncwarp();
#pragma unroll
        for (int i = 0; i < D/16; ++i) {
            uint32_t v[4];
            const int r = (lane & 7) + lane/16*8;
            esa::load_matrix_transposed(v, shared + TILE*D*2 + r*D*2 + (((2*i + (lane/8 & 1)) ^ (r & 7))*16));
            esa::mma(sum[i], v[0], v[1], v[2], v[3], p0, p1, sum[i][0]*f[0], sum[i][1]*f[1], sum[i][2]*f[0], sum[i][3]*f[1]);
        }
        __syncwarp();
    }

    // [ESA_MAX_GROUP][OUT_STRIDE] in the warp's own shared memory
    __device__ void write(float * out, float * s_max, float * s_weight) {
        const int lane = threadIdx.x % WARP_SIZE;
        const int g    = lane/4;
        const int t    = lane % 4;
#pragma unroll
        for (int c = 0; c < 2; ++c) {
#pragma unroll
            for (int d = 4; d < WARP_SIZE; d <<= 1) {
                weight[c] += __shfl_xor_sync(0xffffffff, weight[c], d);
            }
            if (g == 0) {
                s_max[2*t + c]    = max[c];
                s_weight[2*t + c] = weight[c];
            }
#pragma unroll
            for (int i = 0; i < D/16; ++i) {
                out[(2*t + c)*OUT_STRIDE<D> + i*16 + g]     = sum[i][c];
                out[(2*t + c)*OUT_STRIDE<D> + i*16 + g + 8] = sum[i][c + 2];
            }
        }
    }
};

// What one warp's lanes hold as (maximum, weight): the factor of each, and both over all of them.
static __device__ __forceinline__ float combine(float & max, float & weight) {
    const float own = max;
    max = warp_reduce_max(max);
    const float f = own == -INFINITY ? 0.0f : exp2f(own - max);
    weight = warp_reduce_sum(f*weight);
    return f;
}

static __device__ __forceinline__ void add_scaled(float4 & x, const float4 & y, float w) {
    x.x += w*y.x;
    x.y += w*y.y;
    x.z += w*y.z;
    x.w += w*y.w;
}

// The shares of a head, put together by the last of its blocks.
template <int D>
static __device__ void merge_splits(const attend_args & a, int head, float2 * part_max, float4 * scratch) {
    const int tid  = threadIdx.x;
    const int lane = tid % WARP_SIZE;
    const int warp = tid/WARP_SIZE;
    const int n    = gridDim.x;
    const int cols = a.group*D/4;
    const int width = min(cols, (int) blockDim.x);
    const int n_sum = blockDim.x/width; // threads that share a column
    const int first = tid/width;

    const float4 * part = (const float4 *) a.part + (int64_t) head*n*ESA_MAX_GROUP*D/4;
    constexpr int HELD = 16; // requested at once, the first before the weights are known
    float4 held[HELD];
    auto request = [&](int base, int col) {
#pragma unroll
        for (int j = 0; j < HELD; ++j) {
            const int split = base + first + j*n_sum;
            if (first < n_sum && split < n) {
                held[j] = __ldcg(part + (int64_t) split*ESA_MAX_GROUP*D/4 + col);
            }
        }
    };
    float * factor = (float *) scratch; // [group][WARP_SIZE]
    const int own = lane < n && warp < a.group ? warp : 0;
    float2 x_max = __ldcg(&part_max[(head*n + min(lane, n - 1))*ESA_MAX_GROUP + own]);
    request(0, tid % width);
    for (int h = warp; h < a.group; h += blockDim.x/WARP_SIZE) {
        if (h != warp) {
            x_max = __ldcg(&part_max[(head*n + min(lane, n - 1))*ESA_MAX_GROUP + h]);
        }
        if (lane >= n) {
            x_max = make_float2(-INFINITY, 0.0f);
        }
        const float f = combine(x_max.x, x_max.y);
        factor[h*WARP_SIZE + lane] = f/x_max.y;
    }
    __syncthreads();

    float4 * sums = scratch + ESA_MAX_GROUP*WARP_SIZE/4;
    for (int col = tid % width; first < n_sum && col < cols; col += width) {
        const float * f = factor + col*4/D*WARP_SIZE;
        float4 x = { 0.0f, 0.0f, 0.0f, 0.0f };
        for (int base = 0; base < n; base += HELD*n_sum) {
            if (base > 0 || col >= width) {
                request(base, col);
            }
#pragma unroll
            for (int j = 0; j < HELD; ++j) {
                const int split = base + first + j*n_sum;
                if (split < n) {
                    add_scaled(x, held[j], f[split]);
                }
            }
        }
        sums[first*cols + col] = x;
    }
    __syncthreads();
    for (int col = tid; col < cols; col += blockDim.x) {
        float4 x = sums[col];
        for (int i = 1; i < n_sum; ++i) {
            add_scaled(x, sums[i*cols + col], 1.0f);
        }
        ((float4 *) (a.dst + (int64_t) head*a.group*D))[col] = x;
    }
}

template <int D>
static __global__ void __launch_bounds__(MAX_WARPS*WARP_SIZE, 1) esa_attend(const attend_args a) {
    extern __shared__ __align__(128) half tiles[]; // [warps][STAGES][K | V]
    __shared__ attend_shared<D> s;

    const int tid     = threadIdx.x;
    const int warp    = tid/WARP_SIZE;
    const int lane    = tid % WARP_SIZE;
    const int n_warps = blockDim.x/WARP_SIZE;
    const int split   = blockIdx.x;
    const int head    = blockIdx.y;

    const row_source rows(a);
    const int stride = n_warps*gridDim.x;
    half * own = tiles + warp*STAGES*STAGE_HALVES<D>;
    const uint32_t shared = esa::shared_address(own);
    auto stage = [&](int i) { return shared + i*STAGE_HALVES<D>*(int) sizeof(half); };

    int tile = warp*gridDim.x + split; // neighbours in different blocks: the last round, which is not full, is spread
    uint32_t valid[STAGES];
    const bool early[STAGES] = { rows.is_early(tile), rows.is_early(tile + stride) }; // the second only if the first
#pragma unroll
    for (int i = 0; i < STAGES; ++i) {
        if (early[i]) {
            valid[i] = load_tile<D>(rows, tile + i*stride, head, stage(i));
        }
    }
    query_loader<D> query;
    query.prepare(a);
    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();
    query.request(a, head);
#pragma unroll
    for (int i = 0; i < STAGES; ++i) {
        if (!early[i]) {
            valid[i] = load_tile<D>(rows, tile + i*stride, head, stage(i));
        }
    }
    query.finish(a, head, s);
    __syncthreads();

    running<D> r;
    for (int i = 0; tile < rows.t_all; tile += stride, i ^= 1) {
        const uint32_t v = i ? valid[1] : valid[0];
        if (v) {
            r.add_tile(s.q[rows.is_far(tile) ? 0 : 1], stage(i), v);
        }
        const uint32_t next = load_tile<D>(rows, tile + 2*stride, head, stage(i));
        (i ? valid[1] : valid[0]) = next;
    }
    esa::copy_wait<0>();
    __syncwarp();
    r.write((float *) own, s.max[warp], s.weight[warp]);
    __syncthreads();

    // the warps of this block
    const int n_blocks = gridDim.x*gridDim.y;
    const int block    = head*gridDim.x + split;
    float2 * part_max = (float2 *) (a.part + (int64_t) n_blocks*ESA_MAX_GROUP*D);
    for (int h = warp; h < a.group; h += n_warps) {
        float max    = lane < n_warps ? s.max[lane][h]    : -INFINITY;
        float weight = lane < n_warps ? s.weight[lane][h] : 0.0f;
        const float f = combine(max, weight);
        if (lane < n_warps) {
            s.weight[lane][h] = f;
        }
        if (lane == 0) {
            part_max[block*ESA_MAX_GROUP + h] = make_float2(max, weight);
        }
    }
    __syncthreads();
    for (int i = tid; i < a.group*D/4; i += blockDim.x) {
        const int h = i/(D/4);
        float4 x = { 0.0f, 0.0f, 0.0f, 0.0f };
#pragma unroll
        for (int w = 0; w < MAX_WARPS; ++w) {
            if (w < n_warps) {
                const float * out = (const float *) (tiles + w*STAGES*STAGE_HALVES<D>);
                add_scaled(x, *(const float4 *) (out + h*OUT_STRIDE<D> + i % (D/4)*4), s.weight[w][h]);
            }
        }
        ((float4 *) a.part)[(int64_t) block*ESA_MAX_GROUP*D/4 + i] = x;
    }

    int32_t * ticket = a.step + LLAMA_ESA_STEP_TICKETS + head;
    __threadfence();
    __syncthreads();
    if (tid == 0) {
        s.last = atomicAdd(ticket, 1) == (int) gridDim.x - 1;
    }
    __syncthreads();
    if (s.last) {
        merge_splits<D>(a, head, part_max, (float4 *) tiles);
        if (tid == 0) {
            *ticket = 0;
        }
    }
}

template <int D>
static void launch(ggml_backend_cuda_context & ctx, attend_args a, int n_head_kv, int n_rows) {
    const auto & device = ggml_cuda_info().devices[ctx.device];
    const int room   = (int) ((device.smpbo - sizeof(attend_shared<D>) - 1024)/WARP_BYTES<D>);
    const int splits = std::max(1, std::min(MAX_SPLITS, device.nsm/n_head_kv));
    const int wanted = (n_rows/TILE + 2 + splits - 1)/splits;
    const int warps  = std::min({ MAX_WARPS, room, std::max(wanted, 4) });

    const size_t n_part = (size_t) n_head_kv*splits*ESA_MAX_GROUP;
    ggml_cuda_pool_alloc<float> part(ctx.pool(), n_part*(D + 2));
    a.part = part.get();

    CUDA_SET_SHARED_MEMORY_LIMIT(esa_attend<D>, std::min(MAX_WARPS, room)*WARP_BYTES<D>);
    ggml_cuda_kernel_launch(esa_attend<D>,
            ggml_cuda_kernel_launch_params(dim3(splits, n_head_kv), warps*WARP_SIZE, warps*WARP_BYTES<D>, ctx.stream()), a);
}

size_t ggml_cuda_esa_attend_shared(int64_t d) {
    constexpr int LEAST_WARPS = 4;
    return d == 64 ? LEAST_WARPS*WARP_BYTES<64> + sizeof(attend_shared<64>) + 1024 : LEAST_WARPS*WARP_BYTES<128> + sizeof(attend_shared<128>) + 1024;
}

void ggml_cuda_esa_attend(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    const ggml_tensor * q   = dst->src[LLAMA_ESA_ATTEND_Q];
    const ggml_tensor * far = dst->src[LLAMA_ESA_ATTEND_FAR];
    const ggml_tensor * k   = dst->src[LLAMA_ESA_ATTEND_K_CACHE];
    const ggml_tensor * v   = dst->src[LLAMA_ESA_ATTEND_V_CACHE];
    const llama_esa_workspace ws = llama_esa_workspace_of(dst->src[LLAMA_ESA_ATTEND_WS], k, v);

    attend_args a = {};
    a.q       = (const float *) q->data;
    a.far     = far ? (const int32_t *) far->data : nullptr;
    a.n_far   = far ? (int) far->ne[0] : 0;
    a.step    = (int32_t *) dst->src[LLAMA_ESA_ATTEND_STEP]->data;
    a.k_cache = (const half *) k->data;
    a.v_cache = (const half *) v->data;
    a.k_ring  = (const half *) ws.k;
    a.v_ring  = (const half *) ws.v;
    a.dst     = (float *) dst->data;
    a.k_cache_stride = k->nb[1]/sizeof(half);
    a.v_cache_stride = v->nb[1]/sizeof(half);
    a.k_ring_stride  = k->ne[0];
    a.v_ring_stride  = v->ne[0];
    a.n_ring = dst->op_params[LLAMA_ESA_PARAM_N_RING];
    memcpy(&a.scale, &dst->op_params[LLAMA_ESA_PARAM_SCALE], sizeof(float));
    // The selection depends on the scores and those on the store, and each of them lets the next begin only after the one before
    // it has finished: when this kernel begins, the store has.
    const bool selected = far && far->op == GGML_OP_ESA_SELECT;
    a.early = selected ? EARLY_LOCAL : dst->op_params[LLAMA_ESA_PARAM_EARLY] ? EARLY_OLD : EARLY_NONE;
    a.rope  = make_esa_rope(dst, dst->src[LLAMA_ESA_ATTEND_FREQ]);

    const int d         = (int) q->ne[0];
    const int n_head_kv = (int) (k->ne[0]/d);
    a.group = (int) (q->ne[1]/n_head_kv);

    const int n_rows = a.n_far + a.n_ring;
    if (d == 64) {
        launch<64>(ctx, a, n_head_kv, n_rows);
    } else {
        launch<128>(ctx, a, n_head_kv, n_rows);
    }
}
