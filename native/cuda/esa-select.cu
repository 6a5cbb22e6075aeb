// Exact selection of the k best scores, ascending, ties to the lower cell, in two launches.
//
// The first samples the scores, takes a cut a few deviations below the sampled k-th value, and lists what lies above it in the
// order of the cells, a few thousand candidates. The second is one block that selects from the list. When the sample misled (fewer
// than k candidates, or far too many) that block goes through all scores instead: slower, never wrong.

#include "esa.cuh"
#include "esa-mma.cuh"

#include <algorithm>
#include <cmath>

static constexpr int FILTER_THREADS = 512;
static constexpr int FILTER_WARPS   = FILTER_THREADS/WARP_SIZE;
static constexpr int SELECT_THREADS = 1024;
static constexpr int SELECT_WARPS   = SELECT_THREADS/WARP_SIZE;
static constexpr int PER_WARP       = 4;                     // segments of the list that a warp of the second launch takes over
static constexpr int N_SEGMENTS     = PER_WARP*SELECT_WARPS; // of the cells; each has its part of the list
static constexpr int MAX_SAMPLES    = LLAMA_ESA_N_SAMPLES/FILTER_THREADS; // of a thread
static constexpr int CUT_BINS       = 4*FILTER_THREADS;
static constexpr int N_BINS         = 8192;                  // 32 for each octave of the distance from the cut
static constexpr int MAX_PER_THREAD = 16;                    // candidates
static constexpr int TIED_MAX       = 2048;                  // candidates at the threshold
static constexpr int TIED_FEW       = 256;                   // of these every one is compared with every other

// candidates are a sortable score and a cell
using candidate = uint2;

// the list of candidates, how many each segment has, and the cut
struct candidate_list {
    candidate * at;
    int       * n;
    float     * cut;
    int         per; // cells of a segment
};

// how many candidates a block can hold
static int held_candidates(size_t shared) {
    const int64_t room = (int64_t) shared - N_BINS*sizeof(uint32_t) - 12*1024;
    return (int) std::max<int64_t>(0, std::min<int64_t>(MAX_PER_THREAD, room/(int64_t) (sizeof(candidate)*SELECT_THREADS)))*SELECT_THREADS;
}

bool ggml_cuda_esa_select_fits(int k, size_t shared) {
    return 2*k <= held_candidates(shared);
}

// What the threads of a warp have before this one, and all of them.
static __device__ __forceinline__ int scan_warp(int v, int & total) {
    const int lane = threadIdx.x % WARP_SIZE;
    int x = v;
#pragma unroll
    for (int d = 1; d < WARP_SIZE; d <<= 1) {
        const int y = __shfl_up_sync(0xffffffff, x, d);
        x += lane >= d ? y : 0;
    }
    total = __shfl_sync(0xffffffff, x, WARP_SIZE - 1);
    return x - v;
}

// The same of the warps of a block of n_warps, given each warp's total. The scratch must not be in use any more.
template <int n_warps>
static __device__ __forceinline__ int scan_warps(int own, int * scratch, int & total) {
    const int lane = threadIdx.x % WARP_SIZE;
    const int warp = threadIdx.x/WARP_SIZE;
    if (lane == 0) {
        scratch[warp] = own;
    }
    __syncthreads();
    const int x = lane < n_warps ? scratch[lane] : 0;
    total = __reduce_add_sync(0xffffffff, x);
    return __reduce_add_sync(0xffffffff, lane < warp ? x : 0);
}

namespace {

// how a block of the first launch finds the cut
struct sample_shared {
    int bins[CUT_BINS]; // zero before
    int scan[3][FILTER_WARPS];
    float inside[FILTER_THREADS]; // samples in the bin of the cut
    int   n_inside;     // 0 before
    int   bin;          // -1 before
    int   above;
    float cut;
};

} // namespace

// The rank-th largest sample, by a histogram between the least and the largest; about, if very many share its bin.
static __device__ __forceinline__ float sampled_cut(const float * sample, int n_samples, int rank, sample_shared & s) {
    const int tid  = threadIdx.x;
    const int lane = tid % WARP_SIZE;
    float f[MAX_SAMPLES];
    uint32_t k_low = ~0u, k_high = 0;
#pragma unroll
    for (int j = 0; j < MAX_SAMPLES; ++j) {
        const int i = j*FILTER_THREADS + tid;
        f[j] = i < n_samples ? sample[i] : -INFINITY;
    }
#pragma unroll
    for (int j = 0; j < MAX_SAMPLES; ++j) {
        if (f[j] > -INFINITY) {
            const uint32_t key = esa::to_key(f[j]);
            k_low  = min(k_low,  key);
            k_high = max(k_high, key);
        }
    }
    k_low  = __reduce_min_sync(0xffffffff, k_low);
    k_high = __reduce_max_sync(0xffffffff, k_high);
    if (lane == 0) {
        s.scan[0][tid/WARP_SIZE] = (int) k_low;
        s.scan[1][tid/WARP_SIZE] = (int) k_high;
    }
    __syncthreads();
    k_low  = __reduce_min_sync(0xffffffff, (uint32_t) s.scan[0][lane % FILTER_WARPS]);
    k_high = __reduce_max_sync(0xffffffff, (uint32_t) s.scan[1][lane % FILTER_WARPS]);
    if (k_high == 0) {
        return -INFINITY;
    }
    const float low   = esa::from_key(k_low);
    const float width = (esa::from_key(k_high) - low)/(CUT_BINS - 1);
    const float scale = width > 0.0f ? 1.0f/width : 0.0f;
    auto bin_of = [&](float x) { return min(CUT_BINS - 1, (int) ((x - low)*scale)); };
#pragma unroll
    for (int j = 0; j < MAX_SAMPLES; ++j) {
        if (f[j] > -INFINITY) {
            atomicAdd(&s.bins[bin_of(f[j])], 1);
        }
    }
    __syncthreads();
    const int4 h4 = *(const int4 *) &s.bins[CUT_BINS - 4 - 4*tid]; // four bins a thread, from the top
    const int  h[4] = { h4.w, h4.z, h4.y, h4.x };
    int total;
    int above = scan_warp(h[0] + h[1] + h[2] + h[3], total);
    above += scan_warps<FILTER_WARPS>(total, s.scan[2], total);
#pragma unroll
    for (int j = 0; j < 4; ++j) {
        if (above < rank && above + h[j] >= rank) {
            s.bin   = CUT_BINS - 1 - 4*tid - j;
            s.above = above;
        }
        above += h[j];
    }
    __syncthreads();
    const int bin = s.bin;
    if (bin < 0) {
        return -INFINITY;
    }
#pragma unroll
    for (int j = 0; j < MAX_SAMPLES; ++j) {
        if (f[j] > -INFINITY && bin_of(f[j]) == bin) {
            const int at = atomicAdd(&s.n_inside, 1);
            if (at < FILTER_THREADS) {
                s.inside[at] = f[j];
            }
        }
    }
    __syncthreads();
    const int n = s.n_inside;
    if (n > FILTER_THREADS) {
        return low + bin*width;
    }
    if (tid < n) {
        const float own = s.inside[tid];
        int more = s.above;
        int same = 0;
        for (int i = 0; i < n; ++i) {
            more += s.inside[i] >  own;
            same += s.inside[i] == own;
        }
        if (more < rank && more + same >= rank) {
            s.cut = own;
        }
    }
    __syncthreads();
    return s.cut;
}

// Lists the candidates of a segment in order.
static __global__ void __launch_bounds__(FILTER_THREADS, 2) esa_filter(const float * F, const candidate_list list, int n_kv, int n_samples, int rank) {
    __shared__ __align__(16) sample_shared s;
    __shared__ int counts[2][FILTER_WARPS];

    const int tid   = threadIdx.x;
    const int lane  = tid % WARP_SIZE;
    const int begin = blockIdx.x*list.per;
    const int end   = min(begin + list.per, n_kv);

    *(int4 *) &s.bins[4*tid] = make_int4(0, 0, 0, 0);
    if (tid == 0) {
        s.bin      = -1;
        s.n_inside = 0;
    }
    ggml_cuda_pdl_sync();
    ggml_cuda_pdl_lc();
    auto load = [&](int cell) {
        return cell < end ? *(const float4 *) (F + cell) : make_float4(-INFINITY, -INFINITY, -INFINITY, -INFINITY);
    };
    int cell = begin + 4*tid;
    float4 next = load(cell); // in flight while the cut is found

    const float cut = sampled_cut(F + n_kv, n_samples, rank, s);
    if (blockIdx.x == 0 && tid == 0) {
        *list.cut = cut;
    }
    int n = 0;
    for (int round = 0, first = begin; first < end; ++round, first += 4*FILTER_THREADS) {
        const float f[4] = { next.x, next.y, next.z, next.w };
        const int own = cell;
        cell += 4*FILTER_THREADS;
        next = load(cell);

        bool in[4];
        int  before = 0, total = 0;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            in[j] = f[j] >= cut && f[j] > -INFINITY;
            const uint32_t all = __ballot_sync(0xffffffff, in[j]);
            before += __popc(all & ((1u << lane) - 1));
            total  += __popc(all);
        }
        int block;
        int at = n + before + scan_warps<FILTER_WARPS>(total, counts[round & 1], block);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            if (in[j]) {
                list.at[begin + at++] = { esa::to_key(f[j]), (uint32_t) (own + j) };
            }
        }
        n += block;
    }
    if (tid == 0) {
        list.n[blockIdx.x] = n;
    }
}

namespace {

// what the threads of the block tell each other
struct select_shared {
    int tied[TIED_MAX]; // at the threshold
    uint32_t chosen[MAX_PER_THREAD*SELECT_THREADS/32]; // of the tied, a bit for each candidate
    int scan[4][SELECT_WARPS];
    int n_tied, bin, above, more;
};

} // namespace

// The best of many at the threshold, bit by bit of the value that they share.
static __device__ void choose_many(const candidate * held, int n_tied, int need, select_shared & s) {
    uint64_t own[TIED_MAX/SELECT_THREADS]; // the score, then the lower cell: all different
#pragma unroll
    for (int u = 0; u < TIED_MAX/SELECT_THREADS; ++u) {
        const int t = u*SELECT_THREADS + threadIdx.x;
        own[u] = t < n_tied ? (uint64_t) held[s.tied[t]].x << 16 | (0xffff - s.tied[t]) : 0;
    }
    uint64_t least = 0;
    for (int bit = 47; bit >= 0; --bit) {
        const uint64_t x = least | (uint64_t) 1 << bit;
        int n = 0;
#pragma unroll
        for (int u = 0; u < TIED_MAX/SELECT_THREADS; ++u) {
            n += __syncthreads_count(own[u] >= x);
        }
        least = n >= need ? x : least;
    }
#pragma unroll
    for (int u = 0; u < TIED_MAX/SELECT_THREADS; ++u) {
        if (own[u] >= least && own[u] > 0) {
            const int i = 0xffff - (int) (own[u] & 0xffff);
            atomicOr(&s.chosen[i/32], 1u << i % 32);
        }
    }
}

// A histogram of the candidates, logarithmic in the distance from the cut; the bin of the threshold is ranked exactly.
// False: too many candidates share that bin.
static __device__ bool select_from_list(const candidate * held, int n, float cut, int k, const uint32_t * hist, int32_t * out, select_shared & s) {
    const int tid = threadIdx.x;

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
    int above = scan_warp(sum, total);
    above += scan_warps<SELECT_WARPS>(total, s.scan[1], total);
#pragma unroll
    for (int j = 0; j < 8; ++j) {
        if (above < k && above + h[j] >= k) {
            s.bin   = N_BINS - 1 - 8*tid - j;
            s.above = above;
        }
        above += h[j];
    }
    __syncthreads();

    // consecutive candidates for each thread
    const int threshold = s.bin;
    const int need      = k - s.above;
    const int per   = (n + SELECT_THREADS - 1)/SELECT_THREADS;
    const int first = tid*per;
    uint32_t mask = 0;
    for (int j = 0; j < per; ++j) {
        const int i = first + j;
        const int bin = i < n ? esa::bin_of(held[i].x, cut) : -1;
        mask |= (uint32_t) (bin > threshold) << j;
        if (bin == threshold) {
            const int at = atomicAdd(&s.n_tied, 1);
            if (at < TIED_MAX) {
                s.tied[at] = i;
            }
        }
    }
    __syncthreads();
    const int n_tied = s.n_tied;
    if (n_tied > TIED_MAX) {
        return false;
    }

    if (n_tied > TIED_FEW) {
        choose_many(held, n_tied, need, s);
    }
    // eight threads count what is better than a candidate; candidates are in the order of their cells
    const int part = tid % 8;
    for (int t = n_tied > TIED_FEW ? n_tied : 0; t < n_tied; t += SELECT_THREADS/8) {
        const int own = s.tied[min(t + tid/8, n_tied - 1)];
        const uint32_t key = held[own].x;
        int better = 0;
        for (int j = part; j < n_tied; j += 8) {
            const int other = s.tied[j];
            const uint32_t x = held[other].x;
            better += x > key || (x == key && other < own);
        }
        better += __shfl_xor_sync(0xffffffff, better, 1);
        better += __shfl_xor_sync(0xffffffff, better, 2);
        better += __shfl_xor_sync(0xffffffff, better, 4);
        if (part == 0 && t + tid/8 < n_tied && better < need) {
            atomicOr(&s.chosen[own/32], 1u << own % 32);
        }
    }
    __syncthreads();
    for (int j = 0; j < per; ++j) {
        const int i = first + j;
        mask |= (i < n ? s.chosen[i/32] >> i % 32 & 1 : 0) << j;
    }
    int at = scan_warp(__popc(mask), total);
    at += scan_warps<SELECT_WARPS>(total, s.scan[2], total);
    for (; mask != 0; mask &= mask - 1) {
        out[at++] = (int32_t) held[first + __ffs(mask) - 1].y;
    }
    return true;
}

// Everything finite in order of (score, lower cell), 8 bits of that at a time; then those that are good enough, in order.
static __device__ void select_by_digits(const float * F, int n_kv, int k, uint32_t * hist, int32_t * out, select_shared & s) {
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
            int total;
            int above = scan_warp(sum, total);
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
    int done = 0;
    for (int first = 0, round = 0; first < n_kv; first += SELECT_THREADS, ++round) {
        const int   m = first + tid;
        const float f = m < n_kv ? F[m] : -INFINITY;
        const bool in = f > -INFINITY && order_of(m, f) >= prefix;
        const uint32_t all = __ballot_sync(0xffffffff, in);
        int total;
        const int at = done + scan_warps<SELECT_WARPS>(__popc(all), s.scan[round & 1], total) + __popc(all & ((1u << tid % WARP_SIZE) - 1));
        if (in) {
            out[at] = m;
        }
        done += total;
    }
    for (int j = done + tid; j < k; j += SELECT_THREADS) {
        out[j] = -1;
    }
}

static __global__ void __launch_bounds__(SELECT_THREADS, 1) esa_select(const float * F, const candidate_list list, int32_t * out,
        int k, int n_init, int n_kv, int most) {
    extern __shared__ __align__(16) uint32_t hist[]; // [N_BINS], candidates behind
    __shared__ select_shared s;
    candidate * held = (candidate *) (hist + N_BINS);

    const int tid  = threadIdx.x;
    const int lane = tid % WARP_SIZE;
    const int warp = tid/WARP_SIZE;
#pragma unroll
    for (int j = 0; j < N_BINS/SELECT_THREADS; ++j) {
        hist[j*SELECT_THREADS + tid] = 0;
    }
    if (tid < MAX_PER_THREAD*SELECT_THREADS/32) {
        s.chosen[tid] = 0;
    }
    if (tid == 0) {
        s.n_tied = 0;
    }
    ggml_cuda_pdl_sync();

    // the first candidates of a segment are requested before their number is known
    const int n_segments = (n_kv + list.per - 1)/list.per;
    candidate early[PER_WARP][2];
    int n_own[PER_WARP];
    int n_warp = 0;
#pragma unroll
    for (int j = 0; j < PER_WARP; ++j) {
        const int segment = warp*PER_WARP + j;
        n_own[j] = segment < n_segments ? __ldcg(&list.n[segment]) : 0;
#pragma unroll
        for (int u = 0; u < 2; ++u) {
            early[j][u] = segment < n_segments ? __ldcg(&list.at[segment*list.per + u*WARP_SIZE + lane]) : make_uint2(0, 0);
        }
    }
    const float cut = __ldcg(list.cut);
#pragma unroll
    for (int j = 0; j < PER_WARP; ++j) {
        n_warp += n_own[j];
    }
    int n;
    int at = scan_warps<SELECT_WARPS>(n_warp, s.scan[0], n);

    bool done = n >= k && n <= most;
    if (done) {
#pragma unroll
        for (int j = 0; j < PER_WARP; ++j) {
            const candidate * from = list.at + (warp*PER_WARP + j)*list.per;
            auto take = [&](int i, const candidate & c) {
                held[at + i] = c;
                atomicAdd(&hist[esa::bin_of(c.x, cut)], 1u);
            };
#pragma unroll
            for (int u = 0; u < 2; ++u) {
                if (u*WARP_SIZE + lane < n_own[j]) {
                    take(u*WARP_SIZE + lane, early[j][u]);
                }
            }
            for (int i = 2*WARP_SIZE + lane; i < n_own[j]; i += WARP_SIZE) {
                take(i, __ldcg(&from[i]));
            }
            at += n_own[j];
        }
        __syncthreads();
        ggml_cuda_pdl_lc(); // not before the list is here: attention fills the memory's queues
        done = select_from_list(held, n, cut, k, hist, out + n_init, s);
    }
    if (!done) {
        ggml_cuda_pdl_lc();
        __syncthreads();
        select_by_digits(F, n_kv, k, hist, out + n_init, s);
    }
    for (int j = tid; j < n_init; j += SELECT_THREADS) {
        out[j] = j;
    }
}

void ggml_cuda_esa_select(ggml_backend_cuda_context & ctx, ggml_tensor * dst) {
    const float * F = (const float *) dst->src[0]->data;
    const int n_kv   = (int) dst->src[0]->ne[0] - LLAMA_ESA_N_SAMPLES;
    const int n_init = dst->op_params[0];
    const int k      = dst->op_params[1];

    const int   n_samples = n_kv/esa_sample_stride(n_kv);
    const float expected  = (float) n_samples*k/n_kv; // samples above the k-th score
    const int   rank      = (int) (expected + 3.0f*sqrtf(expected) + 4.0f);

    const size_t room   = ggml_cuda_info().devices[ctx.device].smpbo;
    const int    most   = held_candidates(room);
    const size_t shared = N_BINS*sizeof(uint32_t) + most*sizeof(candidate);
    CUDA_SET_SHARED_MEMORY_LIMIT(esa_select, shared);

    const int per = ((n_kv + N_SEGMENTS - 1)/N_SEGMENTS + 3)/4*4;
    ggml_cuda_pool_alloc<candidate> at(ctx.pool(), n_kv + 2*WARP_SIZE);
    ggml_cuda_pool_alloc<int>       n (ctx.pool(), N_SEGMENTS + 1);
    const candidate_list list = { at.get(), n.get(), (float *) n.get() + N_SEGMENTS, per };

    const auto on = [&](int blocks, int threads, size_t dynamic) { return ggml_cuda_kernel_launch_params(blocks, threads, dynamic, ctx.stream()); };
    ggml_cuda_kernel_launch(esa_filter, on((n_kv + per - 1)/per, FILTER_THREADS, 0), F, list, n_kv, n_samples, rank);
    ggml_cuda_kernel_launch(esa_select, on(1, SELECT_THREADS, shared), F, list, (int32_t *) dst->data, k, n_init, n_kv, most);
}
