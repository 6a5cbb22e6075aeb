#pragma once

#include <cstdint>
#include <vector>

class llama_kv_cells;

// Which cell of the cache holds which token, and which rotated keys the ring still holds.
//
// A token's index is its position. Cells are used in token order until something is removed from the middle; then the
// order has to be written down, because selection is defined in token order.
class llama_esa_layout {
public:
    void reset(int64_t n_ring);

    // after edits of the cache: reads the cells again where they are not what they were
    void sync(const llama_kv_cells & cells);

    // a ubatch goes to these cells: positions p0, p0 + 1, ...
    void append(int64_t p0, const int64_t * cells, int64_t n);

    // tokens p0, p0 + 1, ... were put into these cells by other means than a batch: the ring has none of them
    void put(int64_t p0, const std::vector<uint32_t> & cells);

    // the ring is filled again for positions from `first`, by the ubatch that starts at p0
    void ring_refilled(int64_t first, int64_t p0);

    // the ring holds every position from `first` on
    bool ring_valid_from(int64_t first) const { return first >= ring_begin; }

    // the first token index whose cell holds something else than when this was last asked, at most n_tokens()
    int64_t take_changed();

    int64_t n_tokens() const { return (int64_t) cell.size(); }

    // every token is in the cell of its own index
    bool identity() const { return n_identity == n_tokens(); }

    // no token is missing
    bool complete() const { return n_missing == 0; }

    // how many of the tokens [0, end) are in the cache
    int64_t n_present(int64_t end) const;

    // cell of a token, -1: not in the cache
    int32_t cell_of(int64_t token) const { return cell[token]; }

private:
    std::vector<int32_t> cell;

    int64_t n_identity = 0; // tokens [0, n_identity) are in the cells of their own index
    int64_t n_missing  = 0;

    int64_t changed_from = 0;

    int64_t n_ring      = 0;
    int64_t ring_begin  = 0;  // first position whose rotated key is in the ring
    int64_t refill_from = -1; // start of the ubatch that filled the ring last; undone when that ubatch is
};
