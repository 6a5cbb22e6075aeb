#pragma once

#include "ggml.h"

#include <algorithm>
#include <cstdint>

// M as the operations of the CPU see it
struct llama_esa_middle {
    int64_t first; // I is before it
    int64_t end;

    const int32_t * order; // cell of each token, or nullptr

    llama_esa_middle(const ggml_tensor * range, const ggml_tensor * order) :
        first(((const int32_t *) range->data)[0]),
        end  (((const int32_t *) range->data)[1]),
        order(order ? (const int32_t *) order->data : nullptr) {}

    int64_t size() const { return end - first; }

    // -1: not in the cache
    int64_t cell(int64_t token) const { return order ? order[token] : token; }

    // the part of task ith of nth
    void split(int ith, int nth, int64_t & t0, int64_t & t1) const {
        const int64_t per = (size() + nth - 1)/nth;
        t0 = std::min(end, first + ith*per);
        t1 = std::min(end, t0 + per);
    }
};
