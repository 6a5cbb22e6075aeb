#pragma once

// Instructions that CUDA C++ has no names for (compute capability 8.0 and later).

#include <cuda_fp16.h>

#include <cstdint>

namespace esa {

// d = a b + c, tiles of 16 x 16 and 16 x 8, F32 sums
static __device__ __forceinline__ void mma(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1,
        float c0, float c1, float c2, float c3) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%10,%11,%12,%13};"
        : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1), "f"(c0), "f"(c1), "f"(c2), "f"(c3));
}

static __device__ __forceinline__ void load_matrix(uint32_t (&r)[4], uint32_t shared) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared));
}

static __device__ __forceinline__ void load_matrix_transposed(uint32_t (&r)[4], uint32_t shared) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared));
}

// an 8 x 8 tile that a warp holds, transposed
static __device__ __forceinline__ uint32_t transpose(uint32_t a) {
    uint32_t r;
    asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(r) : "r"(a));
    return r;
}

// 16 bytes that are read once
static __device__ __forceinline__ uint4 load_stream(const void * p) {
    uint4 r;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(r.x), "=r"(r.y), "=r"(r.z), "=r"(r.w) : "l"(p));
    return r;
}

static __device__ __forceinline__ void copy_async(uint32_t shared, const void * global) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(shared), "l"(global) : "memory");
}
static __device__ __forceinline__ void copy_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int n_pending>
static __device__ __forceinline__ void copy_wait() {
    asm volatile("cp.async.wait_group %0;" :: "n"(n_pending) : "memory");
}

static __device__ __forceinline__ uint32_t shared_address(const void * p) {
    return (uint32_t) __cvta_generic_to_shared(p);
}

static __device__ __forceinline__ uint32_t pack(float a, float b) {
    const __half2 h = __floats2half2_rn(a, b);
    return *(const uint32_t *) &h;
}

// Bits that sort like the number and back. Negative zero sorts below zero; scores are made positive zero before.
static __device__ __forceinline__ uint32_t to_key(float f) {
    const uint32_t u = __float_as_uint(f);
    return u ^ (u >> 31 ? 0xffffffffu : 0x80000000u);
}
static __device__ __forceinline__ float from_key(uint32_t u) {
    return __uint_as_float(u ^ (u >> 31 ? 0x80000000u : 0xffffffffu));
}

// bins of scores above a cut, logarithmic in the distance from it
static __device__ __forceinline__ int bin_of(uint32_t key, float cut) {
    return (int) (__float_as_uint(cut == -INFINITY ? __uint_as_float(key >> 1) : from_key(key) - cut) >> 18);
}

// the power of two that brings x to [2^(to - 1), 2^to]
static __device__ __forceinline__ int exponent_to(float x, int to) {
    return x > 0.0f && x <= 3.4028235e38f ? to - 1 - ilogbf(x) : 0;
}

} // namespace esa
