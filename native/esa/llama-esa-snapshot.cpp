// Snapshot of a context: tokens, K, V and compressed keys of every layer, in token order, hashed.
//
// The ring of rotated keys is not written: it is made again from the cache by the first batch after loading.

#include "llama-esa-cells.h"
#include "llama-esa-file.h"
#include "llama-esa-impl.h"

#include "llama-context.h"
#include "llama-kv-cache.h"
#include "llama-model.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

static constexpr char     MAGIC[8]    = { 'E', 'S', 'A', 'S', 'N', 'A', 'P', '\n' };
static constexpr uint32_t FORMAT      = 1;
static constexpr size_t   CHUNK_BYTES = 4*1024*1024;
static constexpr uint64_t MAX_TEXT    = 1024*1024;

namespace {

struct header {
    char     magic[8];
    uint32_t format;
    uint32_t reserved;
    uint64_t n_key;
    uint64_t n_about;
    uint64_t n_tokens;
    uint64_t swa_begin; // first token that the sliding-window layers hold
    uint64_t n_rows_bytes;
};

// one tensor with a row for every token in [begin, n)
struct row_set {
    ggml_tensor * t;
    bool swa;
};

struct snapshot_error : std::runtime_error {
    snapshot_error(enum llama_esa_status status, const std::string & message) : std::runtime_error(message), status(status) {}
    enum llama_esa_status status;
};

} // namespace

static std::vector<row_set> collect_rows(const llama_esa & esa) {
    std::vector<row_set> res;
    for (const llama_kv_cache * kv : { esa.kv, esa.kv_swa }) {
        if (!kv) {
            continue;
        }
        for (uint32_t il : kv->get_layer_ids()) {
            const bool swa = kv == esa.kv_swa;
            res.push_back({ kv->get_k_storage(il), swa });
            res.push_back({ llama_esa_value_storage(*kv, il), swa });
            if (!swa && esa.layers[il].kc) {
                res.push_back({ esa.layers[il].kc, swa });
            }
        }
    }
    return res;
}

static uint64_t rows_bytes(const std::vector<row_set> & rows, uint64_t n_tokens, uint64_t swa_begin) {
    uint64_t res = 0;
    for (const auto & r : rows) {
        res += r.t->nb[1]*(n_tokens - (r.swa ? swa_begin : 0));
    }
    return res;
}

// What the rows mean: implementation, model, sizes, and the projections that made the compressed keys.
static std::string about(const llama_esa & esa) {
    const auto & hp = esa.model.hparams;
    std::string res = std::string("esa ") + llama_esa_version() + " ggml " + ggml_version() + " " + esa.model.arch_name() +
        " layers " + std::to_string(hp.n_layer()) + " embd " + std::to_string(hp.n_embd) +
        " vocab " + std::to_string(esa.model.vocab.n_tokens());
    for (const auto & r : collect_rows(esa)) {
        res += std::string(" ") + (r.swa ? "w" : "") + ggml_type_name(r.t->type) + ":" + std::to_string(r.t->ne[0]);
    }
    xxh64 hash;
    std::vector<char> bytes;
    for (const auto & l : esa.layers) {
        for (const ggml_tensor * t : { l.pk, l.bias }) {
            if (t) {
                bytes.resize(ggml_nbytes(t));
                ggml_backend_tensor_get(t, bytes.data(), 0, bytes.size());
                hash.add(bytes.data(), bytes.size());
            }
        }
    }
    return res + " projections " + std::to_string(hash.digest());
}

static void write_rows(llama_esa_file_writer & file, const ggml_tensor * t, const std::vector<uint32_t> & cells, uint64_t begin) {
    const size_t row  = t->nb[1];
    const size_t most = std::max<size_t>(1, CHUNK_BYTES/row);
    std::vector<char> buf(most*row);
    for (uint64_t i = begin; i < cells.size();) {
        uint64_t n = 1; // cells in a row
        while (i + n < cells.size() && n < most && cells[i + n] == cells[i] + n) {
            n++;
        }
        ggml_backend_tensor_get(t, buf.data(), cells[i]*row, n*row);
        file.write(buf.data(), n*row);
        i += n;
    }
}

static void save(llama_context & ctx, const llama_esa & esa, const char * path, const std::string & key,
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
        throw snapshot_error(LLAMA_ESA_BAD_ARGUMENT, "there are gaps between the tokens in the cache");
    }

    const auto rows = collect_rows(esa);
    const std::string text = about(esa);

    header h = {};
    memcpy(h.magic, MAGIC, sizeof(MAGIC));
    h.format       = FORMAT;
    h.n_key        = key.size();
    h.n_about      = text.size();
    h.n_tokens     = n_tokens;
    h.swa_begin    = swa_begin;
    h.n_rows_bytes = rows_bytes(rows, n_tokens, swa_begin);

    llama_esa_file_writer file(path);
    file.write(&h, sizeof(h));
    file.write(key.data(), key.size());
    file.write(text.data(), text.size());
    file.write(tokens, n_tokens*sizeof(llama_token));
    for (const auto & r : rows) {
        write_rows(file, r.t, r.swa ? cells_swa : cells, r.swa ? swa_begin : 0);
    }
    file.finish();
}

// Reads up to the rows; `text` is what the file says it is about.
static header read_header(llama_esa_file_reader & file, const std::string & key, std::string & text, std::vector<llama_token> & tokens) {
    header h;
    file.read(&h, sizeof(h));
    if (memcmp(h.magic, MAGIC, sizeof(MAGIC)) != 0 || h.format != FORMAT) {
        throw std::runtime_error("not a snapshot of this version");
    }
    if (h.n_key > MAX_TEXT || h.n_about > MAX_TEXT || h.n_tokens > file.size()/sizeof(llama_token) || h.swa_begin > h.n_tokens ||
            h.n_rows_bytes > file.size() ||
            file.size() != sizeof(h) + h.n_key + h.n_about + h.n_tokens*sizeof(llama_token) + h.n_rows_bytes + sizeof(uint64_t)) {
        throw std::runtime_error("the file is truncated or its header was altered");
    }
    std::string key_there(h.n_key, '\0');
    file.read(key_there.data(), key_there.size());
    if (key_there != key) {
        throw std::runtime_error("the snapshot belongs to something else (its key differs)");
    }
    text.resize(h.n_about);
    file.read(text.data(), text.size());
    tokens.resize(h.n_tokens);
    file.read(tokens.data(), tokens.size()*sizeof(llama_token));
    return h;
}

static void load(llama_context & ctx, llama_esa & esa, const char * path, const std::string & key, std::vector<llama_token> & tokens) {
    llama_esa_file_reader file(path);
    std::string text;
    const header h = read_header(file, key, text, tokens);
    const auto rows = collect_rows(esa);
    if (text != about(esa) || h.n_rows_bytes != rows_bytes(rows, h.n_tokens, h.swa_begin)) {
        throw std::runtime_error("the snapshot was made by another build, for another model or with other parameters");
    }
    if (h.n_tokens > esa.kv->get_size()) {
        throw snapshot_error(LLAMA_ESA_NO_MEMORY, "the snapshot holds " + std::to_string(h.n_tokens) + " tokens, the context " +
                std::to_string(esa.kv->get_size()));
    }

    ctx.synchronize();
    if (!llama_esa_place_tokens(*esa.kv, tokens, 0) || (esa.kv_swa && !llama_esa_place_tokens(*esa.kv_swa, tokens, h.swa_begin))) {
        throw snapshot_error(LLAMA_ESA_NO_MEMORY, "no free cells for the " + std::to_string(h.n_tokens) + " tokens of the snapshot");
    }
    std::vector<char> buf;
    for (const auto & r : rows) {
        const size_t row  = r.t->nb[1];
        const size_t most = std::max<size_t>(1, CHUNK_BYTES/row);
        const uint64_t n_rows = h.n_tokens - (r.swa ? h.swa_begin : 0);
        for (uint64_t i = 0; i < n_rows; i += most) {
            buf.resize(std::min<uint64_t>(most, n_rows - i)*row);
            file.read(buf.data(), buf.size());
            ggml_backend_tensor_set(r.t, buf.data(), i*row, buf.size());
        }
    }
    file.finish();
}

// Runs `body`; its exceptions become a status and the error of this thread.
template <typename F>
static enum llama_esa_status guarded(const char * what, const char * path, F && body) {
    try {
        body();
        return LLAMA_ESA_OK;
    } catch (const snapshot_error & err) {
        return llama_esa_fail(err.status, "%s %s: %s", what, path, err.what());
    } catch (const std::bad_alloc &) {
        return llama_esa_fail(LLAMA_ESA_NO_MEMORY, "%s %s: out of memory", what, path);
    } catch (const std::exception & err) {
        return llama_esa_fail(LLAMA_ESA_BAD_FILE, "%s %s: %s", what, path, err.what());
    }
}

static enum llama_esa_status give_tokens(const std::vector<llama_token> & from, llama_token * tokens, size_t * n_tokens) {
    const size_t capacity = *n_tokens;
    *n_tokens = from.size();
    if (tokens && capacity < from.size()) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "the snapshot holds %zu tokens, there is room for %zu", from.size(), capacity);
    }
    if (tokens) {
        std::copy(from.begin(), from.end(), tokens);
    }
    return LLAMA_ESA_OK;
}

enum llama_esa_status llama_esa_snapshot_save(
        struct llama_context * ctx, const char * path, const char * key, const llama_token * tokens, size_t n_tokens) {
    const llama_esa * esa = ctx ? ctx->get_cparams().esa : nullptr;
    if (!esa) {
        return llama_esa_fail(LLAMA_ESA_UNSUPPORTED, "snapshot: this context does not run ESA");
    }
    if (!path || !key || (!tokens && n_tokens > 0) || n_tokens != (size_t) llama_esa_n_tokens(ctx)) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "snapshot: %zu tokens given, %d are in the cache", n_tokens, llama_esa_n_tokens(ctx));
    }
    return guarded("cannot save snapshot", path, [&] { save(*ctx, *esa, path, key, tokens, n_tokens); });
}

enum llama_esa_status llama_esa_snapshot_peek(const char * path, const char * key, llama_token * tokens, size_t * n_tokens) {
    if (!path || !key || !n_tokens) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "snapshot: path, key and n_tokens must be given");
    }
    std::vector<llama_token> there;
    const auto status = guarded("cannot read snapshot", path, [&] {
        llama_esa_file_reader file(path);
        std::string text;
        read_header(file, key, text, there);
    });
    return status != LLAMA_ESA_OK ? status : give_tokens(there, tokens, n_tokens);
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
    auto status = guarded("cannot load snapshot", path, [&] { load(*ctx, *esa, path, key, there); });
    if (status == LLAMA_ESA_OK) {
        status = give_tokens(there, tokens, n_tokens);
    }
    if (status != LLAMA_ESA_OK) {
        ctx->get_memory()->clear(false);
    }
    return status;
}
