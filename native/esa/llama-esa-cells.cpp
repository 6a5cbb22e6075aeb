// What the public part of the cache does not say directly.

#include "llama-esa-cells.h"

#include "llama-kv-cache.h"

#include "ggml-cpp.h"

ggml_tensor * llama_esa_value_storage(const llama_kv_cache & kv, int32_t il) {
    ggml_context_ptr ctx(ggml_init({ 4*ggml_tensor_overhead(), nullptr, true }));
    llama_kv_cache::slot_info si;
    si.s0 = si.s1 = 0;
    return kv.get_v(ctx.get(), il, 1, si)->view_src;
}

std::vector<uint32_t> llama_esa_cells_by_token(const llama_kv_cache & kv, uint64_t n_tokens) {
    const auto & cells = kv.get_cells(0);
    std::vector<uint32_t> res(n_tokens, UINT32_MAX);
    for (uint32_t i = 0; i < cells.size(); ++i) {
        if (!cells.is_empty(i) && (uint64_t) cells.pos_get(i) < n_tokens) {
            res[cells.pos_get(i)] = i;
        }
    }
    return res;
}

bool llama_esa_place_tokens(llama_kv_cache & kv, const std::vector<llama_token> & tokens, uint64_t begin) {
    const uint32_t n = tokens.size() - begin;
    if (n == 0) {
        return true;
    }
    llama_seq_id seq = 0;
    std::vector<llama_token>    token(tokens.begin() + begin, tokens.end());
    std::vector<llama_pos>      pos(n);
    std::vector<int32_t>        n_seq_id(n, 1);
    std::vector<llama_seq_id *> seq_id(n, &seq);
    std::vector<int32_t>        seq_idx(LLAMA_MAX_SEQ, -1);
    std::vector<int8_t>         output(n, 0);
    seq_idx[0] = 0;
    for (uint32_t i = 0; i < n; ++i) {
        pos[i] = (llama_pos) (begin + i);
    }

    llama_ubatch ub = {};
    ub.n_tokens     = n;
    ub.n_seq_tokens = 1;
    ub.n_seqs       = n;
    ub.n_seqs_unq   = 1;
    ub.n_pos        = 1;
    ub.token        = token.data();
    ub.pos          = pos.data();
    ub.n_seq_id     = n_seq_id.data();
    ub.seq_id       = seq_id.data();
    ub.seq_id_unq   = &seq;
    ub.seq_idx      = seq_idx.data();
    ub.output       = output.data();

    const auto slots = kv.find_slot(ub, true);
    if (slots.empty() || slots.head() != 0) {
        return false;
    }
    kv.apply_ubatch(slots, ub);
    return true;
}
