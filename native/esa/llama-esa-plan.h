#pragma once

#include <cstdint>

struct llama_esa;

// What decides the topology of a graph with ESA. Two ubatches with equal plans can share a graph.
struct llama_esa_plan {
    int64_t n_tokens = 0; // tokens of the ubatch
    int64_t n_kv     = 0; // cells that are looked at
    int64_t n_order  = 0; // token indices that are looked at
    int64_t n_ring   = 0; // slots of the ring that are attended to
    int64_t n_far    = 0; // slots of I and M that are attended to, without padding
    int64_t n_refill = 0; // rows of the ring that are computed again from the cache, padded
    bool    select   = false; // M is scored; otherwise all of it fits
    bool    sketch   = false; // M is looked at in two steps, where a layer can
    bool    must     = false; // some tokens of M are selected whatever their score
    bool    order    = false; // tokens and cells differ in order
    bool    complete = false; // all tokens before are in the cache
    bool    capture  = false;

    bool operator==(const llama_esa_plan & o) const {
        return n_tokens == o.n_tokens && n_kv == o.n_kv && n_order == o.n_order && n_ring == o.n_ring && n_far == o.n_far &&
               n_refill == o.n_refill && select == o.select && sketch == o.sketch && must == o.must && order == o.order && complete == o.complete && capture == o.capture;
    }

    // for a ubatch of n_tokens at position p0, n_kv cells
    static llama_esa_plan make(const llama_esa & esa, int64_t p0, int64_t n_tokens, int64_t n_kv);
};
