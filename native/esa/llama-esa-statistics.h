#pragma once

#include "llama-esa-projections.h"

#include <cstdint>
#include <vector>

// Second moments of the queries and keys of one layer, and the projections that follow from them.
//
// With queries summed over the heads of a group, each times its weight, q has the width D of a key, and under
// independence the best approximation of (q, k - mean k) by d' products is the truncated singular value decomposition of
// C_q^1/2 C_k^1/2. With Cholesky factors C = L L^T and L_q^T L_k = U S V^T it is P_q = L_k V, P_k = L_q U S^-1,
// scaled here so that every component of a compressed key has unit variance.
class llama_esa_statistics {
public:
    llama_esa_statistics(int64_t d, int64_t n_head, int64_t n_head_kv, bool normalize_votes);

    // n rows of queries [n_head*d] and keys [n_head_kv*d]; the first call decides the weights of the heads
    void add(const float * q, const float * k, int64_t n);

    int64_t count() const { return n_tokens; }

    int64_t width() const { return D; }

    // what the queries of each head are multiplied with
    const std::vector<float> & head_weights() const { return weight; }

    llama_esa_projection solve(int64_t n_proj) const;

private:
    void set_weights(const float * q, const float * k, int64_t n);

    int64_t d;
    int64_t n_head;
    int64_t n_head_kv;
    int64_t D;
    bool    normalize_votes;

    int64_t n_tokens = 0;

    std::vector<float>  weight;  // [n_head]
    std::vector<float>  shift_k; // [D] mean of the first batch
    std::vector<float>  shift_q;
    std::vector<double> sum_k;   // [D] of what the shift leaves
    std::vector<double> sum_q;
    std::vector<double> kk;      // [D][D] sums of products of what the shift leaves
    std::vector<double> qq;
};
