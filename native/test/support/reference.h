#pragma once

// What docs/esa.md defines, in double precision and in the plainest way: no code is shared with the implementation.

#include <algorithm>
#include <cstdint>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace reference {

using row  = std::vector<double>;
using rows = std::vector<row>;

struct selection {
    std::vector<int> tokens; // ascending, I included
    row    score;            // after reduction and proximity; -inf outside of M
    double threshold = 0.0;  // score of the last token that was selected
    int    n_must    = 0;    // tokens of M that had to be selected
    double magnitude = 0.0;  // root mean square of the plain scores
};

inline double dot(const row & a, const row & b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// keys of all tokens before the chunk, queries of the chunk, which starts at token keys.size()
inline selection select(const rows & keys, const rows & queries, int n_init, int n_local, int n_top, int proximity,
        const std::vector<std::pair<int, int>> & must = {}) {
    const int n    = (int) keys.size();
    const int end  = std::max(0, n - n_local);
    const int from = std::min(n_init, end);
    const double none = -std::numeric_limits<double>::infinity();

    row reduced(n, none);
    double squares = 0.0;
    for (const row & q : queries) {
        row f(n, none);
        double best = none;
        for (int m = from; m < end; ++m) {
            f[m] = dot(q, keys[m]);
            best = std::max(best, f[m]);
            squares += f[m]*f[m];
        }
        for (int m = from; m < end; ++m) {
            // for one query the subtraction shifts all alike
            reduced[m] = std::max(reduced[m], f[m] - best);
        }
    }

    selection res;
    res.score.assign(n, none);
    for (int j = from; j < end; ++j) {
        for (int w = std::max(from, j - proximity); w <= std::min(end - 1, j + proximity); ++w) {
            res.score[j] = std::max(res.score[j], reduced[w]);
        }
    }
    std::vector<int> order;
    for (int m = from; m < end; ++m) {
        order.push_back(m);
    }
    auto is_must = [&](int m) {
        return std::any_of(must.begin(), must.end(), [&](const auto & r) { return m >= r.first && m < r.second; });
    };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return res.score[a] > res.score[b]; });
    std::stable_partition(order.begin(), order.end(), is_must);
    res.n_must = (int) std::count_if(order.begin(), order.end(), is_must);
    order.resize(std::min<size_t>(order.size(), n_top));

    res.threshold = order.empty() ? none : res.score[order.back()];
    res.magnitude = std::sqrt(squares/std::max<double>(1.0, (double) queries.size()*(end - from)));
    for (int i = 0; i < from; ++i) {
        res.tokens.push_back(i);
    }
    res.tokens.insert(res.tokens.end(), order.begin(), order.end());
    std::sort(res.tokens.begin(), res.tokens.end());
    return res;
}

// How many of the tokens that only one of the two selected are further from the threshold than rounding explains.
inline int n_wrong(const selection & want, const std::vector<int> & got, double tolerance, int & n_different) {
    std::vector<int> different;
    std::set_symmetric_difference(want.tokens.begin(), want.tokens.end(), got.begin(), got.end(), std::back_inserter(different));
    n_different = (int) different.size();
    int res = want.tokens.size() != got.size();
    for (int t : different) {
        const bool in_range = t >= 0 && t < (int) want.score.size();
        res += !in_range || !(std::fabs(want.score[t] - want.threshold) <= tolerance*want.magnitude);
    }
    return res;
}

} // namespace reference
