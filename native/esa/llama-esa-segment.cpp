// Segments: rows of some tokens, in a file or from another context, appended behind whatever is in the cache.
//
// Keys are cached without their rotation, so a row is the same wherever its token stands. That is true of layers with ESA only.

#include "llama-esa-cells.h"
#include "llama-esa-impl.h"
#include "llama-esa-rows.h"

#include "llama-context.h"
#include "llama-kv-cache.h"

#include <algorithm>
#include <cstring>

namespace {

// Cells for tokens behind those in the cache. They are nobody's until take(); without it their rows are cleared again: what a
// damaged file leaves may not be a number, and masked rows are multiplied like all others.
class appended_rows {
public:
    // throws FULL
    appended_rows(llama_esa & esa, const std::vector<llama_token> & tokens) :
        esa(esa), first(esa.kv->seq_pos_max(0) + 1), n_tokens(tokens.size()), cells(*esa.kv, tokens, first) {
        const uint64_t n_free = esa.kv->get_size() - esa.kv->get_cells(0).get_used();
        if (n_tokens > n_free || !cells.find(false)) {
            throw llama_esa_rows_error(LLAMA_ESA_FULL, std::to_string(n_tokens) + " tokens do not fit: " + std::to_string(n_free) + " of " +
                    std::to_string(esa.kv->get_size()) + " cells are free");
        }
    }

    ~appended_rows() {
        const std::vector<char> zeros(taken ? 0 : widest());
        for (const auto & r : written) {
            for (uint64_t i = 0; i < n_tokens && !taken; ++i) {
                ggml_backend_tensor_set(r.t, zeros.data(), cells.list()[i]*r.t->nb[1], r.t->nb[1]);
            }
        }
    }

    // body(i, n, where, offset): rows i, i + 1, ... go to this offset of the tensor; where: the same in memory, if it is memory
    template <typename F>
    void each_run(const llama_esa_row_set & r, F && body) {
        const size_t row = r.t->nb[1];
        written.push_back(r);
        char * data = ggml_backend_buffer_is_host(r.t->buffer) ? (char *) r.t->data : nullptr;
        llama_esa_each_run(cells.list().data(), n_tokens, std::max<size_t>(1, LLAMA_ESA_CHUNK_BYTES/row), [&](uint64_t i, uint64_t n) {
            const size_t offset = cells.list()[i]*row;
            body(i, n, data ? data + offset : nullptr, offset);
        });
    }

    void take() {
        cells.take();
        esa.layout.put(first, cells.list());
        taken = true;
    }

private:
    size_t widest() const {
        size_t res = 0;
        for (const auto & r : written) {
            res = std::max(res, r.t->nb[1]);
        }
        return res;
    }

    llama_esa & esa;
    const llama_pos first;
    const uint64_t  n_tokens;
    llama_esa_new_cells cells;
    std::vector<llama_esa_row_set> written;
    bool taken = false;
};

} // namespace

// cells of tokens [from, from + n)
static std::vector<uint32_t> cells_of(llama_esa & esa, llama_pos from, uint64_t n) {
    esa.update();
    std::vector<uint32_t> res(n);
    for (uint64_t i = 0; i < n; ++i) {
        const int32_t cell = esa.layout.cell_of(from + (int64_t) i);
        if (cell < 0) {
            throw llama_esa_rows_error(LLAMA_ESA_BAD_ARGUMENT, "there are gaps between the tokens in the cache");
        }
        res[i] = (uint32_t) cell;
    }
    return res;
}

static void save(llama_context & ctx, llama_esa & esa, const char * path, const std::string & key, llama_pos from,
        const llama_token * tokens, uint64_t n_tokens) {
    ctx.synchronize();
    const auto cells = cells_of(esa, from, n_tokens);
    llama_esa_file_writer file(path);
    llama_esa_write_head(file, LLAMA_ESA_SEGMENT, esa, key, tokens, n_tokens, n_tokens);
    for (const auto & r : llama_esa_collect_rows(esa)) {
        llama_esa_write_rows(file, r.t, cells.data(), n_tokens);
    }
    file.finish();
}

static void load(llama_context & ctx, llama_esa & esa, const char * path, const std::string & key, llama_token * tokens, size_t * n_tokens) {
    llama_esa_file_reader file(path);
    std::string about;
    std::vector<llama_token> there;
    const auto h = llama_esa_read_head(file, LLAMA_ESA_SEGMENT, key, about, there);
    llama_esa_check_rows(LLAMA_ESA_SEGMENT, esa, h, about);
    if (llama_esa_give_tokens(LLAMA_ESA_SEGMENT, there, tokens, n_tokens) != LLAMA_ESA_OK) {
        throw llama_esa_rows_error(LLAMA_ESA_BAD_ARGUMENT, llama_esa_last_error());
    }

    ctx.synchronize();
    esa.update();
    appended_rows to(esa, there);
    std::vector<char> buf;
    for (const auto & r : llama_esa_collect_rows(esa)) {
        to.each_run(r, [&](uint64_t, uint64_t n, char * where, size_t offset) {
            const size_t size = n*r.t->nb[1];
            if (where) {
                file.read(where, size);
                return;
            }
            buf.resize(size);
            file.read(buf.data(), size);
            ggml_backend_tensor_set(r.t, buf.data(), offset, size);
        });
    }
    file.finish();
    to.take();
}

static void copy(llama_context & ctx, llama_esa & esa, llama_context & source_ctx, llama_esa & source, llama_pos from, uint64_t n_tokens) {
    ctx.synchronize();
    source_ctx.synchronize();
    const auto cells = cells_of(source, from, n_tokens);
    std::vector<llama_token> tokens(n_tokens);
    for (uint64_t i = 0; i < n_tokens; ++i) {
        tokens[i] = source.kv->get_cells(0).ext_get(cells[i]).tok;
    }

    esa.update();
    appended_rows to(esa, tokens);
    const auto rows = llama_esa_collect_rows(esa), source_rows = llama_esa_collect_rows(source);
    std::vector<char> buf;
    for (size_t k = 0; k < rows.size(); ++k) {
        const ggml_tensor * t = source_rows[k].t;
        const size_t row = t->nb[1];
        to.each_run(rows[k], [&](uint64_t first, uint64_t n_rows, char * where, size_t offset) {
            buf.resize(where ? 0 : n_rows*row);
            llama_esa_each_run(cells.data() + first, n_rows, n_rows, [&](uint64_t i, uint64_t n) {
                ggml_backend_tensor_get(t, (where ? where : buf.data()) + i*row, cells[first + i]*row, n*row);
            });
            if (!where) {
                ggml_backend_tensor_set(rows[k].t, buf.data(), offset, buf.size());
            }
        });
    }
    to.take();
}

// why not; NULL: it does
static const char * no_segments_reason(const llama_context * ctx) {
    const llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    return !esa ? "this context does not run ESA" :
        esa->kv_swa ? "sliding-window layers keep keys that are rotated to their place" :
        esa->params.n_dense > 0 ? "dense layers keep keys that are rotated to their place" : nullptr;
}

bool llama_esa_supports_segments(const struct llama_context * ctx) {
    return !no_segments_reason(ctx);
}

// [from, from + n) of the cache
static bool is_range(const llama_context * ctx, llama_pos from, size_t n) {
    const size_t n_there = llama_esa_n_tokens(ctx);
    return from >= 0 && (size_t) from <= n_there && n <= n_there - from;
}

enum llama_esa_status llama_esa_segment_save(struct llama_context * ctx, const char * path, const char * key, llama_pos from,
        const llama_token * tokens, size_t n_tokens) {
    if (const char * reason = no_segments_reason(ctx)) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "segment: %s", reason);
    }
    if (!path || !key || (!tokens && n_tokens > 0) || !is_range(ctx, from, n_tokens)) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "segment: %zu tokens from %d on are not in the cache, which holds %d", n_tokens, from,
                llama_esa_n_tokens(ctx));
    }
    return llama_esa_guarded("cannot save segment", path, [&] { save(*ctx, *ctx->get_cparams().esa, path, key, from, tokens, n_tokens); });
}

enum llama_esa_status llama_esa_segment_peek(const char * path, const char * key, llama_token * tokens, size_t * n_tokens) {
    return llama_esa_peek(LLAMA_ESA_SEGMENT, path, key, tokens, n_tokens);
}

enum llama_esa_status llama_esa_segment_load(struct llama_context * ctx, const char * path, const char * key, llama_token * tokens, size_t * n_tokens) {
    if (const char * reason = no_segments_reason(ctx)) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "segment: %s", reason);
    }
    if (!path || !key || !n_tokens) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "segment: path, key and n_tokens must be given");
    }
    return llama_esa_guarded("cannot load segment", path, [&] { load(*ctx, *ctx->get_cparams().esa, path, key, tokens, n_tokens); });
}

enum llama_esa_status llama_esa_segment_copy(struct llama_context * ctx, struct llama_context * source, llama_pos from, size_t n_tokens) {
    for (const llama_context * c : { ctx, source }) {
        if (const char * reason = no_segments_reason(c)) {
            return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "segment: %s", reason);
        }
    }
    llama_esa & to = *ctx->get_cparams().esa, & there = *source->get_cparams().esa;
    if (ctx == source || &to.model != &there.model || llama_esa_about_rows(to) != llama_esa_about_rows(there)) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "segment: the source must be another context of the same model with the same projections");
    }
    if (!is_range(source, from, n_tokens)) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "segment: %zu tokens from %d on are not in the source, which holds %d", n_tokens, from,
                llama_esa_n_tokens(source));
    }
    return llama_esa_guarded("cannot copy", "segment", [&] { copy(*ctx, to, *source, there, from, n_tokens); });
}
