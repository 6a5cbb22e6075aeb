#pragma once

#include <cstdint>
#include <vector>

// Dense linear algebra for the calibration: a few hundred rows, row-major, no dependency.

struct llama_esa_matrix {
    int64_t n_rows = 0;
    int64_t n_cols = 0;
    std::vector<float> data;

    llama_esa_matrix() = default;
    llama_esa_matrix(int64_t n_rows, int64_t n_cols) : n_rows(n_rows), n_cols(n_cols), data(n_rows*n_cols) {}

    float       * row(int64_t i)       { return data.data() + i*n_cols; }
    const float * row(int64_t i) const { return data.data() + i*n_cols; }

    llama_esa_matrix transposed() const;
};

// a*b^T
llama_esa_matrix llama_esa_mul_abt(const llama_esa_matrix & a, const llama_esa_matrix & b);

// lower triangular L with L*L^T = c + ridge*I, the ridge being `relative` of the mean diagonal; c symmetric, n x n
llama_esa_matrix llama_esa_cholesky(const std::vector<double> & c, int64_t n, double relative);

// The largest `rank` singular triplets of a square matrix: a ~ u^T diag(s) v, vectors in rows, s descending.
struct llama_esa_svd {
    llama_esa_matrix u;
    llama_esa_matrix v;
    std::vector<float> s;
};

llama_esa_svd llama_esa_truncated_svd(const llama_esa_matrix & a, int64_t rank);
