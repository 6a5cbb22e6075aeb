#pragma once

// The rotation of a model's queries and keys (ggml_rope_ext over whole heads), for kernels that rotate what they read. Written
// out in single operations: a key that is rotated again, by another kernel, has the same bits.

#include "common.cuh"

#include "llama-esa-ops.h"

struct esa_rope {
    int   half;        // pairs in a head
    bool  neox;        // pairs are (i, i + half), otherwise neighbours
    float theta_scale, freq_scale, ext_factor, attn_factor;
    float corr[2];
    const float * freq; // factors of the frequencies, nullptr: 1

    // cosine and sine of one pair at a position
    __device__ __forceinline__ float2 angle(int pos, int pair) const {
        const float theta = pos*powf(theta_scale, (float) pair)/(freq ? freq[pair] : 1.0f);
        float x     = freq_scale*theta;
        float scale = attn_factor;
        if (ext_factor != 0.0f) { // YaRN
            const float ramp = 1.0f - fminf(1.0f, fmaxf(0.0f, (pair - corr[0])/fmaxf(0.001f, corr[1] - corr[0])));
            x = __fmaf_rn(theta - x, ramp*ext_factor, x);
            scale *= 1.0f + 0.1f*logf(1.0f/freq_scale);
        }
        return { cosf(x)*scale, sinf(x)*scale };
    }

    // Where two neighbouring pairs 2 j and 2 j + 1 of a head have their components: two from first(j), two from second(j).
    __device__ __forceinline__ int first (int j) const { return neox ? 2*j : 4*j; }
    __device__ __forceinline__ int second(int j) const { return neox ? 2*j + half : 4*j + 2; }

    // what is at first(j) and second(j) as pairs, and back: the same exchange
    __device__ __forceinline__ void exchange(float2 & a, float2 & b) const {
        if (neox) {
            const float x = a.y;
            a.y = b.x;
            b.x = x;
        }
    }

    static __device__ __forceinline__ float2 turn(float2 x, float2 cs) {
        return { __fmaf_rn(x.x, cs.x, -__fmul_rn(x.y, cs.y)), __fmaf_rn(x.x, cs.y, __fmul_rn(x.y, cs.x)) };
    }

    // both pairs, as they lie in memory
    __device__ __forceinline__ void turn(float2 & a, float2 & b, const float2 (&cs)[2]) const {
        exchange(a, b);
        a = turn(a, cs[0]);
        b = turn(b, cs[1]);
        exchange(a, b);
    }
    __device__ __forceinline__ void angles(float2 (&cs)[2], int pos, int j) const {
        cs[0] = angle(pos, 2*j);
        cs[1] = angle(pos, 2*j + 1);
    }
};

static inline esa_rope make_esa_rope(const ggml_tensor * op, const ggml_tensor * freq) {
    const llama_esa_rope & p = *(const llama_esa_rope *) op->op_params;
    esa_rope res;
    res.half        = p.n_dims/2;
    res.neox        = p.mode == GGML_ROPE_TYPE_NEOX;
    res.theta_scale = powf(p.freq_base, -2.0f/p.n_dims);
    res.freq_scale  = p.freq_scale;
    res.ext_factor  = p.ext_factor;
    res.attn_factor = p.attn_factor;
    res.freq        = freq ? (const float *) freq->data : nullptr;
    ggml_rope_yarn_corr_dims(p.n_dims, p.n_ctx_orig, p.freq_base, p.beta_fast, p.beta_slow, res.corr);
    return res;
}
