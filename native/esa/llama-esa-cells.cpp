// What the public part of the cache does not say directly.

#include "llama-esa-cells.h"

#include "ggml-cpp.h"

#include <numeric>

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
    llama_esa_new_cells cells(kv, { tokens.begin() + begin, tokens.end() }, (llama_pos) begin);
    if (!cells.find(true) || (!cells.list().empty() && cells.list()[0] != 0)) {
        return false;
    }
    cells.take();
    return true;
}

llama_esa_new_cells::llama_esa_new_cells(llama_kv_cache & kv, std::vector<llama_token> tokens, llama_pos first) :
    kv(kv), token(std::move(tokens)), pos(token.size()), n_seq_id(token.size(), 1), seq_id(token.size(), &seq),
    seq_idx(LLAMA_MAX_SEQ, -1), output(token.size(), 0) {
    seq_idx[0] = 0;
    std::iota(pos.begin(), pos.end(), first);

    ub.n_tokens     = (uint32_t) token.size();
    ub.n_seq_tokens = 1;
    ub.n_seqs       = (uint32_t) token.size();
    ub.n_seqs_unq   = 1;
    ub.n_pos        = 1;
    ub.token        = token.data();
    ub.pos          = pos.data();
    ub.n_seq_id     = n_seq_id.data();
    ub.seq_id       = seq_id.data();
    ub.seq_id_unq   = &seq;
    ub.seq_idx      = seq_idx.data();
    ub.output       = output.data();
}

bool llama_esa_new_cells::find(bool in_a_row) {
    if (token.empty()) {
        return true;
    }
    slots = kv.find_slot(ub, in_a_row);
    if (slots.empty()) {
        return false;
    }
    found = slots.idxs[0];
    return true;
}

void llama_esa_new_cells::take() {
    if (!token.empty()) {
        kv.apply_ubatch(slots, ub);
    }
}
