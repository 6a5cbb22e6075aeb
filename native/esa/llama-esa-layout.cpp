#include "llama-esa-layout.h"

#include "llama-kv-cells.h"

#include <algorithm>

void llama_esa_layout::reset(int64_t n) {
    *this = {};
    n_ring = n;
}

void llama_esa_layout::sync(const llama_kv_cells & cells) {
    const int64_t n = cells.seq_pos_max(0) + 1;

    if (n == n_tokens() && (int64_t) cells.get_used() == n - n_missing) {
        refill_from = -1; // what filled the ring has run: otherwise it would have been taken back
        return;
    }

    if (n <= refill_from) {
        // the ubatch that filled the ring was taken back, maybe before it ran
        ring_begin  = n;
        refill_from = -1;
    }

    changed_from = std::min(changed_from, n);

    ring_begin = std::min(ring_begin, n); // after the end nothing has to be valid

    bool only_tail = n <= n_tokens() && n_missing == 0 && (int64_t) cells.get_used() == n;
    for (int64_t i = 0; i < n && only_tail; ++i) {
        only_tail = !cells.is_empty(cell[i]) && cells.pos_get(cell[i]) == i;
    }

    if (only_tail) {
        cell.resize(n);
        n_identity = std::min(n_identity, n);
        return;
    }

    const std::vector<int32_t> before = std::move(cell);
    cell.assign(n, -1);
    for (uint32_t i = 0; i < cells.size(); ++i) {
        if (!cells.is_empty(i) && cells.seq_has(i, 0)) {
            cell[cells.pos_get(i)] = (int32_t) i;
        }
    }

    const auto same = std::mismatch(before.begin(), before.begin() + std::min<int64_t>(n, before.size()), cell.begin()).first;
    changed_from = std::min<int64_t>(changed_from, same - before.begin());

    n_missing  = std::count(cell.begin(), cell.end(), -1);
    n_identity = 0;
    while (n_identity < n && cell[n_identity] == n_identity) {
        n_identity++;
    }
    ring_begin = n;
}

void llama_esa_layout::append(int64_t p0, const int64_t * cells, int64_t n) {
    changed_from = std::min(changed_from, p0);
    cell.resize(p0, -1);
    n_identity = std::min(n_identity, p0);
    for (int64_t i = 0; i < n; ++i) {
        cell.push_back((int32_t) cells[i]);
        n_identity += n_identity == p0 + i && cells[i] == p0 + i;
    }
    ring_begin = std::max(ring_begin, p0 + n - n_ring);
}

void llama_esa_layout::put(int64_t p0, const std::vector<uint32_t> & cells) {
    append(p0, std::vector<int64_t>(cells.begin(), cells.end()).data(), (int64_t) cells.size());
    ring_begin  = n_tokens();
    refill_from = -1;
}

int64_t llama_esa_layout::take_changed() {
    const int64_t res = changed_from;
    changed_from = n_tokens();
    return res;
}

void llama_esa_layout::ring_refilled(int64_t first, int64_t p0) {
    ring_begin  = first;
    refill_from = p0;
}

int64_t llama_esa_layout::n_present(int64_t end) const {
    return n_missing == 0 ? end : end - std::count(cell.begin(), cell.begin() + end, -1);
}
