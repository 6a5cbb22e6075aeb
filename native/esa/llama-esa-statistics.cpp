#include "llama-esa-statistics.h"
#include "llama-esa-kernels.h"
#include "llama-esa-linalg.h"

#include <algorithm>
#include <cmath>

llama_esa_statistics::llama_esa_statistics(int64_t d, int64_t n_head, int64_t n_head_kv, bool normalize_votes) :
    d(d), n_head(n_head), n_head_kv(n_head_kv), D(d*n_head_kv), normalize_votes(normalize_votes),
    sum_k(D, 0.0), sum_q(D, 0.0), kk(D*D, 0.0), qq(D*D, 0.0) {
}

// rows [n, n_cols] of a batch with components first, so that sums over the batch are dot products
static llama_esa_matrix by_component(const float * x, int64_t n, int64_t n_cols) {
    llama_esa_matrix m(n, n_cols);
    std::copy_n(x, n*n_cols, m.data.begin());
    return m.transposed();
}

// Subtracts `shift` (set from the first batch) and adds up what is left: second moments around a point near the mean lose
// nothing to cancellation, however large the mean is.
static void shift_and_add(std::vector<float> & x, std::vector<float> & shift, std::vector<double> & sum, int64_t n, int64_t n_cols) {
    if (shift.empty()) {
        shift.assign(n_cols, 0.0f);
        for (int64_t t = 0; t < n; ++t) {
            for (int64_t i = 0; i < n_cols; ++i) {
                shift[i] += x[t*n_cols + i]/n;
            }
        }
    }
    for (int64_t t = 0; t < n; ++t) {
        for (int64_t i = 0; i < n_cols; ++i) {
            x[t*n_cols + i] -= shift[i];
            sum[i] += x[t*n_cols + i];
        }
    }
}

static void add_products(std::vector<double> & to, const llama_esa_matrix & x) {
    const auto & k = llama_esa_get_kernels();
    for (int64_t i = 0; i < x.n_rows; ++i) {
        for (int64_t j = 0; j <= i; ++j) {
            const double p = k.dot(x.row(i), x.row(j), x.n_cols);
            to[i*x.n_rows + j] += p;
            if (j < i) {
                to[j*x.n_rows + i] += p;
            }
        }
    }
}

// 1 / standard deviation of a head's score over keys: E_q[q^T Cov(k) q] is its variance
void llama_esa_statistics::set_weights(const float * q, const float * k, int64_t n) {
    weight.assign(n_head, 1.0f);
    if (!normalize_votes) {
        return;
    }
    const auto & kernels = llama_esa_get_kernels();

    llama_esa_matrix kt = by_component(k, n, D);
    for (int64_t i = 0; i < D; ++i) {
        double mean = 0.0;
        for (int64_t t = 0; t < n; ++t) {
            mean += kt.row(i)[t];
        }
        mean /= n;
        for (int64_t t = 0; t < n; ++t) {
            kt.row(i)[t] -= (float) mean;
        }
    }

    double total = 0.0;
    for (int64_t h = 0; h < n_head; ++h) {
        const int64_t first = h/(n_head/n_head_kv)*d; // component of the head's group
        llama_esa_matrix part(d, n);
        std::copy_n(kt.row(first), d*n, part.data.begin());
        const llama_esa_matrix cov = llama_esa_mul_abt(part, part);

        double variance = 0.0;
        for (int64_t t = 0; t < n; ++t) {
            const float * qh = q + t*n_head*d + h*d;
            for (int64_t i = 0; i < d; ++i) {
                variance += qh[i]*kernels.dot(cov.row(i), qh, d);
            }
        }
        weight[h] = (float) (1.0/std::sqrt(std::max(variance/n/n, 1e-12)));
        total += weight[h];
    }
    for (auto & w : weight) {
        w *= (float) (n_head/total); // only the proportions matter
    }
}

void llama_esa_statistics::add(const float * q, const float * k, int64_t n) {
    if (weight.empty()) {
        set_weights(q, k, n);
    }
    const int64_t n_gqa = n_head/n_head_kv;

    std::vector<float> q_sum(n*D, 0.0f);
    for (int64_t t = 0; t < n; ++t) {
        for (int64_t h = 0; h < n_head; ++h) {
            const float * from = q + t*n_head*d + h*d;
            float * to = q_sum.data() + t*D + h/n_gqa*d;
            for (int64_t i = 0; i < d; ++i) {
                to[i] += weight[h]*from[i];
            }
        }
    }
    std::vector<float> keys(k, k + n*D);
    shift_and_add(q_sum, shift_q, sum_q, n, D);
    shift_and_add(keys,  shift_k, sum_k, n, D);
    add_products(qq, by_component(q_sum.data(), n, D));
    add_products(kk, by_component(keys.data(),  n, D));
    n_tokens += n;
}

llama_esa_projection llama_esa_statistics::solve(int64_t n_proj) const {
    constexpr double RIDGE = 1e-4;

    llama_esa_projection res;
    res.mean.resize(D);
    std::vector<double> c_q(D*D), c_k(D*D);
    std::vector<double> mean_q(D), off_k(D), off_q(D);
    for (int64_t i = 0; i < D; ++i) {
        off_k[i]    = sum_k[i]/n_tokens;
        off_q[i]    = sum_q[i]/n_tokens;
        mean_q[i]   = shift_q[i] + off_q[i];
        res.mean[i] = (float) (shift_k[i] + off_k[i]);
    }
    // keys around their mean; queries around zero, as a covariance and the square of their mean
    for (int64_t i = 0; i < D; ++i) {
        for (int64_t j = 0; j < D; ++j) {
            c_q[i*D + j] = qq[i*D + j]/n_tokens - off_q[i]*off_q[j] + mean_q[i]*mean_q[j];
            c_k[i*D + j] = kk[i*D + j]/n_tokens - off_k[i]*off_k[j];
        }
    }
    const llama_esa_matrix l_q  = llama_esa_cholesky(c_q, D, RIDGE);
    const llama_esa_matrix l_k  = llama_esa_cholesky(c_k, D, RIDGE);
    const llama_esa_svd    svd  = llama_esa_truncated_svd(llama_esa_mul_abt(l_q.transposed(), l_k.transposed()), n_proj);
    const llama_esa_matrix p_q  = llama_esa_mul_abt(svd.v, l_k); // [d'][D]
    const llama_esa_matrix p_k  = llama_esa_mul_abt(svd.u, l_q);

    const int64_t n_gqa = n_head/n_head_kv;
    res.pq.resize(n_proj*n_head*d);
    res.pk.resize(n_proj*D);
    for (int64_t j = 0; j < n_proj; ++j) {
        const float scale = svd.s[j] > 1e-6f*svd.s[0] ? 1.0f/svd.s[j] : 0.0f;
        for (int64_t i = 0; i < D; ++i) {
            res.pk[j*D + i] = p_k.row(j)[i]*scale;
        }
        for (int64_t h = 0; h < n_head; ++h) {
            for (int64_t i = 0; i < d; ++i) {
                res.pq[(j*n_head + h)*d + i] = weight[h]*p_q.row(j)[h/n_gqa*d + i];
            }
        }
    }
    return res;
}
