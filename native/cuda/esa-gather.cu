// What stock attention over a chunk reads: rows of the cache, rotated, in slots of the workspace; and the mask, made here rather
// than sent: it has megabytes.

#include "esa.cuh"
#include "esa-rope.cuh"

namespace {

struct gather_args {
    const half    * k_cache;
    const half    * v_cache;
    const int32_t * cells;
    const int32_t * pos;    // one, or one for each row
    const int64_t * slots;  // nullptr: one after the other from `first`
    half * k_slots;
    half * v_slots;
    int  n, nk, nv, first;
    bool one_pos;
    int64_t k_stride, v_stride;
    esa_rope rope;
};

// eight halves
struct piece {
    uint4 bits;

    __device__ float2 pair(int i) const { return __half22float2(((const half2 *) &bits)[i]); }
    __device__ void set(int i, float2 x) { ((half2 *) &bits)[i] = __float22half2_rn(x); }
};

} // namespace

static constexpr int GATHER_THREADS = 256;

// A warp for each row. Rows may be in host memory: all loads of a row are requested before the first is used.
static __global__ void __launch_bounds__(GATHER_THREADS) esa_gather(const gather_args a) {
    constexpr int HELD = 4;
    const int lane = threadIdx.x % WARP_SIZE;
    const int row  = blockIdx.x*(GATHER_THREADS/WARP_SIZE) + threadIdx.x/WARP_SIZE;
    if (row >= a.n) {
        return;
    }
    const int64_t cell = a.cells[row];
    const int64_t slot = a.slots ? a.slots[row] : a.first + row;
    const int     pos  = a.pos[a.one_pos ? 0 : row];
    const half * k = a.k_cache + cell*a.k_stride;
    const half * v = a.v_cache + cell*a.v_stride;
    half * k_to = a.k_slots + slot*a.nk;
    half * v_to = a.v_slots + slot*a.nv;

    const esa_rope & rope = a.rope;
    const int units = rope.half/8; // of a head, eight pairs in two pieces each; a divisor of WARP_SIZE
    const int u     = lane % units;
    const int first = rope.neox ? 8*u : 16*u;
    const int apart = rope.neox ? rope.half : 8;

    for (int i0 = 0; i0 < a.nk/16 || i0 < a.nv/16; i0 += HELD*WARP_SIZE/2) {
        piece k0[HELD/2], k1[HELD/2], v0[HELD];
#pragma unroll
        for (int j = 0; j < HELD/2; ++j) {
            const int i  = i0 + j*WARP_SIZE + lane;
            const int at = i/units*2*rope.half + first;
            if (i < a.nk/16) {
                k0[j].bits = *(const uint4 *) (k + at);
                k1[j].bits = *(const uint4 *) (k + at + apart);
            }
        }
#pragma unroll
        for (int j = 0; j < HELD; ++j) {
            const int i = 2*i0 + j*WARP_SIZE + lane;
            if (i < a.nv/8) {
                v0[j].bits = *(const uint4 *) (v + 8*i);
            }
        }
#pragma unroll
        for (int p = 0; p < 8; p += 2) {
            const float2 cs[2] = { rope.angle(pos, 8*u + p), rope.angle(pos, 8*u + p + 1) };
#pragma unroll
            for (int j = 0; j < HELD/2; ++j) {
                // neox: pairs are across the two pieces; otherwise four of them in each
                piece & x = rope.neox || p < 4 ? k0[j] : k1[j];
                piece & y = rope.neox ? k1[j] : x;
                const int ix = rope.neox ? p/2 : p % 4;
                const int iy = rope.neox ? p/2 : p % 4 + 1;
                float2 s = x.pair(ix);
                float2 t = y.pair(iy);
                rope.turn(s, t, cs);
                x.set(ix, s);
                y.set(iy, t);
            }
        }
#pragma unroll
        for (int j = 0; j < HELD/2; ++j) {
            const int i  = i0 + j*WARP_SIZE + lane;
            const int at = i/units*2*rope.half + first;
            if (i < a.nk/16) {
                *(uint4 *) (k_to + at)         = k0[j].bits;
                *(uint4 *) (k_to + at + apart) = k1[j].bits;
            }
        }
#pragma unroll
        for (int j = 0; j < HELD; ++j) {
            const int i = 2*i0 + j*WARP_SIZE + lane;
            if (i < a.nv/8) {
                *(uint4 *) (v_to + 8*i) = v0[j].bits;
            }
        }
    }
}

void ggml_cuda_esa_gather(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    const ggml_tensor * k     = dst->src[LLAMA_ESA_GATHER_K_CACHE];
    const ggml_tensor * v     = dst->src[LLAMA_ESA_GATHER_V_CACHE];
    const ggml_tensor * cells = dst->src[LLAMA_ESA_GATHER_CELLS];
    const ggml_tensor * pos   = dst->src[LLAMA_ESA_GATHER_POS];
    const ggml_tensor * slots = dst->src[LLAMA_ESA_GATHER_SLOTS];
    const llama_esa_workspace ws = llama_esa_workspace_of(dst->src[LLAMA_ESA_GATHER_WS], k, v);

    gather_args a = {};
    a.k_cache = (const half *) k->data;
    a.v_cache = (const half *) v->data;
    a.cells   = (const int32_t *) cells->data;
    a.pos     = (const int32_t *) pos->data;
    a.slots   = slots ? (const int64_t *) slots->data : nullptr;
    a.k_slots = (half *) ws.k;
    a.v_slots = (half *) ws.v;
    a.n       = (int) cells->ne[0];
    a.nk      = (int) k->ne[0];
    a.nv      = (int) v->ne[0];
    a.first   = dst->op_params[LLAMA_ESA_PARAM_N_RING];
    a.one_pos = pos->ne[0] == 1;
    a.k_stride = k->nb[1]/sizeof(half);
    a.v_stride = v->nb[1]/sizeof(half);
    a.rope    = make_esa_rope(dst, dst->src[LLAMA_ESA_GATHER_FREQ]);

    const int rows = GATHER_THREADS/WARP_SIZE;
    esa_gather<<<(a.n + rows - 1)/rows, GATHER_THREADS, 0, ctx.stream()>>>(a);
}

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
