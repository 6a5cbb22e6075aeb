// Exact selection of the k best scores, ascending, ties to the lower cell, in two launches.
//
// The first samples the scores, takes a cut a few deviations below the sampled k-th value, and lists what lies above it, a
// few thousand candidates. The second is one block that selects from the list. When the sample misled (fewer than k
// candidates, or far too many) that block goes through all scores instead: slower, never wrong.

#include "esa.cuh"
#include "esa-mma.cuh"

#include <algorithm>
#include <cmath>

static constexpr int FILTER_THREADS = 512;
static constexpr int SELECT_THREADS = 1024;
static constexpr int N_SAMPLES      = 1024;
static constexpr int LIST_MAX       = 65536; // candidates in all
static constexpr int LOCAL_MAX      = 2048;  // candidates of one block; candidates at the threshold
static constexpr int N_BINS         = 8192;  // 32 for each octave of the distance from the cut
static constexpr int HELD           = 8;     // candidates that a thread keeps in registers
static constexpr int HELD_EARLY     = 3;     // of these, requested before their number is known

// candidates are a sortable score and a cell
using candidate = uint2;

static int bitmap_shift(int64_t n_kv) {
    int shift = 0;
    while (((int64_t) 32*SELECT_THREADS << shift) < n_kv) {
        ++shift;
    }
    return shift;
}

static size_t dynamic_shared(int64_t n_kv) {
    return ((size_t) SELECT_THREADS*sizeof(uint32_t) << bitmap_shift(n_kv)) + N_BINS*sizeof(uint32_t);
}

size_t ggml_cuda_esa_select_shared(int64_t n_kv) {
    return dynamic_shared(n_kv) + LOCAL_MAX*sizeof(candidate) + 1024;
}

// The rank-th largest sample, rounded down to its upper 16 bits, by one warp; two bits a round.
static __device__ __forceinline__ uint32_t sampled_cut(const float * F, int n_kv, int rank, int lane) {
    uint32_t key[N_SAMPLES/WARP_SIZE];
#pragma unroll
    for (int j = 0; j < N_SAMPLES/WARP_SIZE; ++j) {
        const float f = F[(int) (((int64_t) (j*WARP_SIZE + lane)*n_kv + n_kv/2)/N_SAMPLES)];
        key[j] = f > -INFINITY ? esa::to_key(f) : 0;
    }
    uint32_t cut = 0;
#pragma unroll 1
    for (int bit = 30; bit >= 16; bit -= 2) {
        const uint32_t c1 = cut | 1u << bit;
        const uint32_t c2 = cut | 2u << bit;
        const uint32_t c3 = cut | 3u << bit;
        int n12 = 0;
        int n3  = 0;
#pragma unroll
        for (int j = 0; j < N_SAMPLES/WARP_SIZE; ++j) {
            n12 += (key[j] >= c1) + (key[j] >= c2 ? 65536 : 0);
            n3  += key[j] >= c3;
        }
        n12 = __reduce_add_sync(0xffffffff, n12);
        n3  = __reduce_add_sync(0xffffffff, n3);
        cut = n3 >= rank ? c3 : (n12 >> 16) >= rank ? c2 : (n12 & 65535) >= rank ? c1 : cut;
    }
    return cut;
}

static __global__ void __launch_bounds__(FILTER_THREADS, 2) esa_filter(const float * F, int32_t * step, candidate * list, int n_kv, int rank) {
    __shared__ candidate local[LOCAL_MAX];
    __shared__ uint32_t s_cut;
    __shared__ int n_local, base;

    const int tid    = threadIdx.x;
    const int n4     = n_kv/4;
    const int stride = gridDim.x*FILTER_THREADS;
    uint32_t * n_list = (uint32_t *) step + LLAMA_ESA_STEP_N_CAND;

    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();
    int i = blockIdx.x*FILTER_THREADS + tid;
    float4 next = make_float4(-INFINITY, -INFINITY, -INFINITY, -INFINITY);
    if (i < n4) {
        next = ((const float4 *) F)[i]; // in flight while the cut is found
    }
    if (tid < WARP_SIZE) {
        const uint32_t key = sampled_cut(F, n_kv, rank, tid);
        if (tid == 0) {
            s_cut   = key;
            n_local = 0;
        }
    }
    __syncthreads();
    const float cut = s_cut == 0 ? -INFINITY : esa::from_key(s_cut);
    if (blockIdx.x == 0 && tid == 0) {
        step[LLAMA_ESA_STEP_CUT] = __float_as_int(cut);
    }
    while (i < n4) {
        const float f[4] = { next.x, next.y, next.z, next.w };
        const int cell = 4*i;
        i += stride;
        if (i < n4) {
            next = ((const float4 *) F)[i];
        }
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            if (f[j] >= cut && f[j] > -INFINITY) {
                const candidate c = { esa::to_key(f[j]), (uint32_t) (cell + j) };
                const int at = atomicAdd(&n_local, 1);
                if (at < LOCAL_MAX) {
                    local[at] = c;
                } else {
                    const uint32_t x = atomicAdd(n_list, 1u);
                    if (x < LIST_MAX) {
                        list[x] = c;
                    }
                }
            }
        }
    }
    __syncthreads();
    const int n = min(n_local, LOCAL_MAX);
    if (tid == 0) {
        base = n > 0 ? (int) atomicAdd(n_list, (uint32_t) n) : 0;
    }
    __syncthreads();
    for (int j = tid; j < n; j += FILTER_THREADS) {
        if (base + j < LIST_MAX) {
            list[base + j] = local[j];
        }
    }
}

// sum of the values of the threads before; total of all
static __device__ __forceinline__ int scan_exclusive(int v, int * scratch, int & total) {
    const int lane = threadIdx.x % WARP_SIZE;
    const int warp = threadIdx.x/WARP_SIZE;
    int x = v;
#pragma unroll
    for (int d = 1; d < WARP_SIZE; d <<= 1) {
        const int y = __shfl_up_sync(0xffffffff, x, d);
        x += lane >= d ? y : 0;
    }
    __syncthreads();
    if (lane == WARP_SIZE - 1) {
        scratch[warp] = x;
    }
    __syncthreads();
    const int w = scratch[lane];
    int z = w;
#pragma unroll
    for (int d = 1; d < WARP_SIZE; d <<= 1) {
        const int y = __shfl_up_sync(0xffffffff, z, d);
        z += lane >= d ? y : 0;
    }
    total = __shfl_sync(0xffffffff, z, WARP_SIZE - 1);
    return x - v + __shfl_sync(0xffffffff, z - w, warp);
}

namespace {

// One bit a cell. Word w is at (w % words)*SELECT_THREADS + w/words: a thread owns consecutive cells, without bank conflicts.
struct bitmap {
    uint32_t * bits;
    int shift;

    __device__ int words() const { return 1 << shift; }

    __device__ void clear() {
        for (int j = 0; j < words(); ++j) {
            bits[j*SELECT_THREADS + threadIdx.x] = 0;
        }
    }
    __device__ void set(uint32_t cell) {
        const uint32_t w = cell/32;
        atomicOr(&bits[(w & (words() - 1))*SELECT_THREADS + (w >> shift)], 1u << cell % 32);
    }
    __device__ uint32_t own(int j) const { return bits[j*SELECT_THREADS + threadIdx.x]; }
};

// what the threads of the block tell each other
struct select_shared {
    candidate tied[LOCAL_MAX]; // at the threshold
    int scan[WARP_SIZE];
    int n_tied, bin, above, more;
};

} // namespace

// A histogram of the candidates, logarithmic in the distance from the cut; the bin of the threshold is ranked exactly.
// False: too many candidates share that bin.
static __device__ bool select_from_list(candidate (&held)[HELD], const candidate * list, int n, float cut, int k, uint32_t * hist,
        bitmap & map, select_shared & s) {
    const int tid = threadIdx.x;
    auto bin_of = [&](uint32_t key) {
        const float f = esa::from_key(key);
        return (int) (__float_as_uint(cut == -INFINITY ? __uint_as_float(key >> 1) : f - cut) >> 18);
    };

#pragma unroll
    for (int j = HELD_EARLY; j < HELD; ++j) {
        if (j*SELECT_THREADS + tid < n) {
            held[j] = __ldcg(&list[j*SELECT_THREADS + tid]);
        }
    }
    if (tid == 0) {
        s.n_tied = 0;
    }
    __syncthreads();

    auto for_each = [&](auto && f) {
#pragma unroll
        for (int j = 0; j < HELD; ++j) {
            if (j*SELECT_THREADS + tid < n) {
                f(held[j]);
            }
        }
#pragma unroll 1
        for (int j = HELD*SELECT_THREADS + tid; j < n; j += SELECT_THREADS) {
            f(__ldcg(&list[j]));
        }
    };
    for_each([&](const candidate & c) { atomicAdd(&hist[bin_of(c.x)], 1u); });
    __syncthreads();

    // eight bins a thread, from the top
    const uint4 h0 = *(const uint4 *) &hist[N_BINS - 4 - 8*tid];
    const uint4 h1 = *(const uint4 *) &hist[N_BINS - 8 - 8*tid];
    const int h[8] = { (int) h0.w, (int) h0.z, (int) h0.y, (int) h0.x, (int) h1.w, (int) h1.z, (int) h1.y, (int) h1.x };
    int sum = 0;
#pragma unroll
    for (int j = 0; j < 8; ++j) {
        sum += h[j];
    }
    int total;
    int above = scan_exclusive(sum, s.scan, total);
#pragma unroll
    for (int j = 0; j < 8; ++j) {
        if (above < k && above + h[j] >= k) {
            s.bin   = N_BINS - 1 - 8*tid - j;
            s.above = above;
        }
        above += h[j];
    }
    __syncthreads();

    const int threshold = s.bin;
    const int need      = k - s.above;
    for_each([&](const candidate & c) {
        const int bin = bin_of(c.x);
        if (bin > threshold) {
            map.set(c.y);
        } else if (bin == threshold) {
            const int at = atomicAdd(&s.n_tied, 1);
            if (at < LOCAL_MAX) {
                s.tied[at] = c;
            }
        }
    });
    __syncthreads();
    const int n_tied = s.n_tied;
    if (n_tied > LOCAL_MAX) {
        map.clear();
        return false;
    }

    // eight threads count what is better than a candidate
    const int part = tid % 8;
    for (int first = 0; first < n_tied; first += SELECT_THREADS/8) {
        const int i = first + tid/8;
        const candidate c = s.tied[min(i, n_tied - 1)];
        int better = 0;
        for (int j = part; j < n_tied; j += 8) {
            const candidate o = s.tied[j];
            better += o.x > c.x || (o.x == c.x && o.y < c.y);
        }
        better += __shfl_xor_sync(0xffffffff, better, 1);
        better += __shfl_xor_sync(0xffffffff, better, 2);
        better += __shfl_xor_sync(0xffffffff, better, 4);
        if (part == 0 && i < n_tied && better < need) {
            map.set(c.y);
        }
    }
    return true;
}

// Everything finite in order of (score, lower cell), 8 bits of that at a time.
static __device__ void select_by_digits(const float * F, int n_kv, int k, uint32_t * hist, bitmap & map, select_shared & s) {
    const int tid = threadIdx.x;
    auto order_of = [&](int m, float f) { return (uint64_t) esa::to_key(f) << 32 | (uint32_t) ~m; };

    uint64_t prefix = 0;
    int need = k;
    for (int shift = 56; shift >= 0; shift -= 8) {
        __syncthreads();
        if (tid < 256) {
            hist[tid] = 0;
        }
        if (tid == 0) {
            s.bin   = 0;
            s.above = need;
            s.more  = 1;
        }
        __syncthreads();
        for (int m = tid; m < n_kv; m += SELECT_THREADS) {
            const float f = F[m];
            const uint64_t x = order_of(m, f);
            if (f > -INFINITY && (shift == 56 || (x >> (shift + 8)) == (prefix >> (shift + 8)))) {
                atomicAdd(&hist[(x >> shift) & 255], 1u);
            }
        }
        __syncthreads();
        if (tid < WARP_SIZE) {
            int h[8];
            int sum = 0;
            for (int j = 0; j < 8; ++j) {
                h[j] = (int) hist[255 - (tid*8 + j)];
                sum += h[j];
            }
            int above = sum;
            for (int d = 1; d < WARP_SIZE; d <<= 1) {
                const int y = __shfl_up_sync(0xffffffff, above, d);
                above += tid >= d ? y : 0;
            }
            above -= sum;
            for (int j = 0; j < 8; ++j) {
                if (above < need && above + h[j] >= need) {
                    s.bin   = 255 - (tid*8 + j);
                    s.above = need - above;
                    s.more  = above + h[j] != need;
                }
                above += h[j];
            }
        }
        __syncthreads();
        prefix |= (uint64_t) s.bin << shift;
        need = s.above;
        if (!s.more) {
            break;
        }
    }
    for (int m = tid; m < n_kv; m += SELECT_THREADS) {
        const float f = F[m];
        if (f > -INFINITY && order_of(m, f) >= prefix) {
            map.set(m);
        }
    }
}

static __global__ void __launch_bounds__(SELECT_THREADS, 1) esa_select(const float * F, int32_t * step, const candidate * list, int32_t * out,
        int k, int n_init, int n_kv, int shift) {
    extern __shared__ uint32_t dynamic[]; // bitmap, histogram
    __shared__ select_shared s;

    const int tid = threadIdx.x;
    bitmap map = { dynamic, shift };
    uint32_t * hist = dynamic + map.words()*SELECT_THREADS;
    map.clear();
#pragma unroll
    for (int j = 0; j < N_BINS/SELECT_THREADS; ++j) {
        hist[j*SELECT_THREADS + tid] = 0;
    }
    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();

    candidate held[HELD];
#pragma unroll
    for (int j = 0; j < HELD_EARLY; ++j) {
        held[j] = __ldcg(&list[j*SELECT_THREADS + tid]);
    }
    const int   n   = __ldcg(&step[LLAMA_ESA_STEP_N_CAND]);
    const float cut = __int_as_float(__ldcg(&step[LLAMA_ESA_STEP_CUT]));
    __syncthreads();

    const bool listed = n >= k && n <= LIST_MAX;
    if (!listed || !select_from_list(held, list, n, cut, k, hist, map, s)) {
        __syncthreads();
        select_by_digits(F, n_kv, k, hist, map, s);
    }
    __syncthreads();

    int own = 0;
    for (int j = 0; j < map.words(); ++j) {
        own += __popc(map.own(j));
    }
    int total;
    int at = n_init + scan_exclusive(own, s.scan, total);
    for (int j = 0; j < map.words(); ++j) {
        for (uint32_t w = map.own(j); w != 0; w &= w - 1) {
            out[at++] = (tid*map.words() + j)*32 + __ffs(w) - 1;
        }
    }
    for (int j = tid; j < n_init; j += SELECT_THREADS) {
        out[j] = j;
    }
    for (int j = total + tid; j < k; j += SELECT_THREADS) {
        out[n_init + j] = -1;
    }
    if (tid == 0) {
        step[LLAMA_ESA_STEP_N_CAND] = 0;
    }
}

void ggml_cuda_esa_select(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    const float * F    = (const float *) dst->src[0]->data;
    int32_t *     step = (int32_t *) dst->src[1]->data;
    const int n_kv   = (int) dst->src[0]->ne[0];
    const int n_init = dst->op_params[0];
    const int k      = dst->op_params[1];

    const auto & device = ggml_cuda_info().devices[ctx.device];
    const int grid = std::min(device.nsm, (n_kv/4 + FILTER_THREADS - 1)/FILTER_THREADS);
    const float expected = (float) N_SAMPLES*k/n_kv; // samples above the k-th score
    const int   rank     = (int) (expected + 3.0f*sqrtf(expected) + 4.0f);

    const size_t shared = dynamic_shared(n_kv);
    // as much as the device can ever need, since the limit is set once
    CUDA_SET_SHARED_MEMORY_LIMIT(esa_select, device.smpbo - sizeof(select_shared) - 1024);

    ggml_cuda_pool_alloc<candidate> list(ctx.pool(), LIST_MAX);
    const auto on = [&](int blocks, int threads, size_t dynamic) { return ggml_cuda_kernel_launch_params(blocks, threads, dynamic, ctx.stream()); };
    ggml_cuda_kernel_launch(esa_filter, on(grid, FILTER_THREADS, 0), F, step, list.get(), n_kv, rank);
    ggml_cuda_kernel_launch(esa_select, on(1, SELECT_THREADS, shared), F, step, list.get(), (int32_t *) dst->data, k, n_init, n_kv, bitmap_shift(n_kv));
}
