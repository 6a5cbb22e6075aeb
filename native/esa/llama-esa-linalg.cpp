#include "llama-esa-linalg.h"
#include "llama-esa-kernels.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

llama_esa_matrix llama_esa_matrix::transposed() const {
    llama_esa_matrix res(n_cols, n_rows);
    for (int64_t i = 0; i < n_rows; ++i) {
        for (int64_t j = 0; j < n_cols; ++j) {
            res.data[j*n_rows + i] = data[i*n_cols + j];
        }
    }
    return res;
}

llama_esa_matrix llama_esa_mul_abt(const llama_esa_matrix & a, const llama_esa_matrix & b) {
    const auto & k = llama_esa_get_kernels();
    llama_esa_matrix res(a.n_rows, b.n_rows);
    constexpr int64_t block = 32; // rows of b that stay in the cache
    for (int64_t j0 = 0; j0 < b.n_rows; j0 += block) {
        for (int64_t i = 0; i < a.n_rows; ++i) {
            for (int64_t j = j0; j < std::min(b.n_rows, j0 + block); ++j) {
                res.row(i)[j] = k.dot(a.row(i), b.row(j), a.n_cols);
            }
        }
    }
    return res;
}

llama_esa_matrix llama_esa_cholesky(const std::vector<double> & c, int64_t n, double relative) {
    double trace = 0.0;
    for (int64_t i = 0; i < n; ++i) {
        trace += c[i*n + i];
    }
    const double ridge = std::max(relative*trace/n, 1e-30);

    const double pivot_min = std::sqrt(ridge)*(1.0 + 1e-9);

    std::vector<double> l(n*n, 0.0);
    for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j <= i; ++j) {
            double sum = c[i*n + j] + (i == j ? ridge : 0.0);
            for (int64_t m = 0; m < j; ++m) {
                sum -= l[i*n + m]*l[j*n + m];
            }
            if (i == j) {
                l[i*n + i] = std::sqrt(std::max(sum, ridge));
            } else {
                // a pivot that rounding has used up says nothing about the rows below: dividing by it would blow up
                l[i*n + j] = l[j*n + j] > pivot_min ? sum/l[j*n + j] : 0.0;
            }
        }
    }
    llama_esa_matrix res(n, n);
    std::copy(l.begin(), l.end(), res.data.begin());
    return res;
}

// Rows become orthonormal (Gram-Schmidt, twice, which is enough); a row that is in the span of the others becomes zero.
static void orthonormalize(llama_esa_matrix & x) {
    const auto & k = llama_esa_get_kernels();
    for (int64_t i = 0; i < x.n_rows; ++i) {
        float * xi = x.row(i);
        const float before = std::sqrt(k.dot(xi, xi, x.n_cols));
        for (int pass = 0; pass < 2; ++pass) {
            for (int64_t j = 0; j < i; ++j) {
                const float * xj = x.row(j);
                const float c = k.dot(xi, xj, x.n_cols);
                for (int64_t m = 0; m < x.n_cols; ++m) {
                    xi[m] -= c*xj[m];
                }
            }
        }
        const float after = std::sqrt(k.dot(xi, xi, x.n_cols));
        const float scale = after > 1e-6f*before && after > 0.0f ? 1.0f/after : 0.0f;
        for (int64_t m = 0; m < x.n_cols; ++m) {
            xi[m] *= scale;
        }
    }
}

// Cyclic Jacobi: eigenvectors in the rows of the result, eigenvalues on the diagonal of a.
static std::vector<double> jacobi_eigenvectors(std::vector<double> & a, int64_t n) {
    std::vector<double> v(n*n, 0.0);
    for (int64_t i = 0; i < n; ++i) {
        v[i*n + i] = 1.0;
    }
    for (int sweep = 0; sweep < 30; ++sweep) {
        double off = 0.0, diag = 0.0;
        for (int64_t i = 0; i < n; ++i) {
            diag += a[i*n + i]*a[i*n + i];
            for (int64_t j = 0; j < i; ++j) {
                off += a[i*n + j]*a[i*n + j];
            }
        }
        if (off <= 1e-20*diag) {
            break;
        }
        for (int64_t p = 0; p < n; ++p) {
            for (int64_t q = p + 1; q < n; ++q) {
                const double apq = a[p*n + q];
                if (apq == 0.0) {
                    continue;
                }
                const double theta = (a[q*n + q] - a[p*n + p])/(2.0*apq);
                const double t = (theta >= 0.0 ? 1.0 : -1.0)/(std::fabs(theta) + std::sqrt(theta*theta + 1.0));
                const double c = 1.0/std::sqrt(t*t + 1.0), s = t*c;
                for (int64_t i = 0; i < n; ++i) {
                    const double x = a[i*n + p], y = a[i*n + q];
                    a[i*n + p] = c*x - s*y;
                    a[i*n + q] = s*x + c*y;
                }
                for (int64_t i = 0; i < n; ++i) {
                    const double x = a[p*n + i], y = a[q*n + i];
                    a[p*n + i] = c*x - s*y;
                    a[q*n + i] = s*x + c*y;
                }
                for (int64_t i = 0; i < n; ++i) {
                    const double x = v[p*n + i], y = v[q*n + i];
                    v[p*n + i] = c*x - s*y;
                    v[q*n + i] = s*x + c*y;
                }
            }
        }
    }
    return v;
}

llama_esa_svd llama_esa_truncated_svd(const llama_esa_matrix & a, int64_t rank) {
    const int64_t n = a.n_rows;
    const int64_t p = std::min(n, rank + 16); // a few more make the wanted ones converge faster
    const llama_esa_matrix at = a.transposed();

    // block subspace iteration on a^T a; the subspace matters here, not each vector, so a fixed number will do
    llama_esa_matrix v(p, n);
    std::mt19937 rng(1);
    std::normal_distribution<float> normal;
    std::generate(v.data.begin(), v.data.end(), [&] { return normal(rng); });
    orthonormalize(v);
    for (int i = 0; i < (p < n ? 16 : 0); ++i) {
        v = llama_esa_mul_abt(llama_esa_mul_abt(v, a), at);
        orthonormalize(v);
    }

    // inside the subspace: singular values of b = a v^T from b^T b
    const llama_esa_matrix b = llama_esa_mul_abt(v, a); // row i: a v_i
    const llama_esa_matrix gram = llama_esa_mul_abt(b, b);
    std::vector<double> g(gram.data.begin(), gram.data.end());
    const std::vector<double> w = jacobi_eigenvectors(g, p);

    std::vector<int64_t> by_size(p);
    std::iota(by_size.begin(), by_size.end(), 0);
    std::sort(by_size.begin(), by_size.end(), [&](int64_t x, int64_t y) { return g[x*p + x] > g[y*p + y]; });

    llama_esa_svd res = { llama_esa_matrix(rank, n), llama_esa_matrix(rank, n), std::vector<float>(rank, 0.0f) };
    for (int64_t r = 0; r < std::min(rank, p); ++r) {
        const double * wr = w.data() + by_size[r]*p;
        res.s[r] = (float) std::sqrt(std::max(0.0, g[by_size[r]*p + by_size[r]]));
        const float inverse = res.s[r] > 1e-6f*res.s[0] ? 1.0f/res.s[r] : 0.0f;
        for (int64_t m = 0; m < n; ++m) {
            double vm = 0.0, bm = 0.0;
            for (int64_t i = 0; i < p; ++i) {
                vm += wr[i]*v.row(i)[m];
                bm += wr[i]*b.row(i)[m];
            }
            res.v.row(r)[m] = (float) vm;
            res.u.row(r)[m] = (float) bm*inverse;
        }
    }
    return res;
}
