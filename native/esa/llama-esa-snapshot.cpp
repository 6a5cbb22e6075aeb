// Snapshot of a context: tokens, K, V and compressed keys of every layer, in token order, hashed.
//
// The ring of rotated keys is not written: it is made again from the cache by the first batch after loading.

#include "llama-esa-cells.h"
#include "llama-esa-impl.h"
#include "llama-esa-rows.h"

#include "llama-context.h"
#include "llama-kv-cache.h"
#include "llama-model.h"

#include <algorithm>

static void save(llama_context & ctx, llama_esa & esa, const char * path, const std::string & key,
        const llama_token * tokens, uint64_t n_tokens) {
    ctx.synchronize();
    ctx.memory_update(false); // pending shifts of sliding-window layers

    const auto cells     = llama_esa_cells_by_token(*esa.kv, n_tokens);
    const auto cells_swa = esa.kv_swa ? llama_esa_cells_by_token(*esa.kv_swa, n_tokens) : std::vector<uint32_t>();

    uint64_t swa_begin = n_tokens;
    while (swa_begin > 0 && !cells_swa.empty() && cells_swa[swa_begin - 1] != UINT32_MAX) {
        swa_begin--;
    }
    if (std::count(cells.begin(), cells.end(), UINT32_MAX) > 0) {
        throw llama_esa_rows_error(LLAMA_ESA_BAD_ARGUMENT, "there are gaps between the tokens in the cache");
    }

    llama_esa_file_writer file(path);
    llama_esa_write_head(file, LLAMA_ESA_SNAPSHOT, esa, key, tokens, n_tokens, swa_begin);
    for (const auto & r : llama_esa_collect_rows(esa)) {
        const uint64_t begin = r.swa ? swa_begin : 0;
        llama_esa_write_rows(file, r.t, (r.swa ? cells_swa : cells).data() + begin, n_tokens - begin);
    }
    file.finish();
}

static void load(llama_context & ctx, llama_esa & esa, const char * path, const std::string & key, std::vector<llama_token> & tokens) {
    llama_esa_file_reader file(path);
    std::string about;
    const auto h = llama_esa_read_head(file, LLAMA_ESA_SNAPSHOT, key, about, tokens);
    llama_esa_check_rows(LLAMA_ESA_SNAPSHOT, esa, h, about);
    if (h.n_tokens > esa.kv->get_size()) {
        throw llama_esa_rows_error(LLAMA_ESA_NO_MEMORY, "the snapshot holds " + std::to_string(h.n_tokens) + " tokens, the context " +
                std::to_string(esa.kv->get_size()));
    }

    ctx.synchronize();
    if (!llama_esa_place_tokens(*esa.kv, tokens, 0) || (esa.kv_swa && !llama_esa_place_tokens(*esa.kv_swa, tokens, h.swa_begin))) {
        throw llama_esa_rows_error(LLAMA_ESA_NO_MEMORY, "no free cells for the " + std::to_string(h.n_tokens) + " tokens of the snapshot");
    }
    std::vector<char> buf;
    for (const auto & r : llama_esa_collect_rows(esa)) {
        const size_t row  = r.t->nb[1];
        const size_t most = std::max<size_t>(1, LLAMA_ESA_CHUNK_BYTES/row);
        const uint64_t n_rows = h.n_tokens - (r.swa ? h.swa_begin : 0);
        for (uint64_t i = 0; i < n_rows; i += most) {
            buf.resize(std::min<uint64_t>(most, n_rows - i)*row);
            file.read(buf.data(), buf.size());
            ggml_backend_tensor_set(r.t, buf.data(), i*row, buf.size());
        }
    }
    file.finish();
}

enum llama_esa_status llama_esa_snapshot_save(
        struct llama_context * ctx, const char * path, const char * key, const llama_token * tokens, size_t n_tokens) {
    llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    if (!esa) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "snapshot: this context does not run ESA");
    }
    if (!path || !key || (!tokens && n_tokens > 0) || n_tokens != (size_t) llama_esa_n_tokens(ctx)) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "snapshot: %zu tokens given, %d are in the cache", n_tokens, llama_esa_n_tokens(ctx));
    }
    return llama_esa_guarded("cannot save snapshot", path, [&] { save(*ctx, *esa, path, key, tokens, n_tokens); });
}

enum llama_esa_status llama_esa_snapshot_peek(const char * path, const char * key, llama_token * tokens, size_t * n_tokens) {
    return llama_esa_peek(LLAMA_ESA_SNAPSHOT, path, key, tokens, n_tokens);
}

enum llama_esa_status llama_esa_snapshot_load(
        struct llama_context * ctx, const char * path, const char * key, llama_token * tokens, size_t * n_tokens) {
    llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    if (!esa) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "snapshot: this context does not run ESA");
    }
    if (!path || !key || !n_tokens) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "snapshot: path, key and n_tokens must be given");
    }
    ctx->synchronize();
    ctx->get_memory()->clear(false);
    esa->layout.reset(esa->n_ring);

    std::vector<llama_token> there;
    auto status = llama_esa_guarded("cannot load snapshot", path, [&] { load(*ctx, *esa, path, key, there); });
    if (status == LLAMA_ESA_OK) {
        status = llama_esa_give_tokens(LLAMA_ESA_SNAPSHOT, there, tokens, n_tokens);
    }
    if (status != LLAMA_ESA_OK) {
        ctx->get_memory()->clear(false);
    }
    return status;
}
