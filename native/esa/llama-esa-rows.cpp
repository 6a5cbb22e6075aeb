#include "llama-esa-rows.h"

#include "llama-esa-cells.h"
#include "llama-esa-impl.h"

#include "llama-kv-cache.h"
#include "llama-model.h"

#include <algorithm>
#include <cstring>

static constexpr uint32_t FORMAT   = 1;
static constexpr uint64_t MAX_TEXT = 1024*1024;

std::vector<llama_esa_row_set> llama_esa_collect_rows(const llama_esa & esa) {
    std::vector<llama_esa_row_set> res;
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

uint64_t llama_esa_rows_bytes(const std::vector<llama_esa_row_set> & rows, uint64_t n_tokens, uint64_t swa_begin) {
    uint64_t res = 0;
    for (const auto & r : rows) {
        res += r.t->nb[1]*(n_tokens - (r.swa ? swa_begin : 0));
    }
    return res;
}

const std::string & llama_esa_about_rows(llama_esa & esa) {
    if (!esa.about_rows.empty()) {
        return esa.about_rows;
    }
    const auto & hp = esa.model.hparams;
    std::string res = std::string("esa ") + llama_esa_version() + " ggml " + ggml_version() + " " + esa.model.arch_name() +
        " layers " + std::to_string(hp.n_layer()) + " embd " + std::to_string(hp.n_embd) +
        " vocab " + std::to_string(esa.model.vocab.n_tokens());
    for (const auto & r : llama_esa_collect_rows(esa)) {
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
    esa.about_rows = res + " projections " + std::to_string(hash.digest());
    return esa.about_rows;
}

void llama_esa_write_head(llama_esa_file_writer & file, const llama_esa_file_kind & kind, llama_esa & esa, const std::string & key,
        const llama_token * tokens, uint64_t n_tokens, uint64_t swa_begin) {
    const std::string & about = llama_esa_about_rows(esa);

    llama_esa_rows_header h = {};
    memcpy(h.magic, kind.magic, sizeof(h.magic));
    h.format       = FORMAT;
    h.n_key        = key.size();
    h.n_about      = about.size();
    h.n_tokens     = n_tokens;
    h.swa_begin    = swa_begin;
    h.n_rows_bytes = llama_esa_rows_bytes(llama_esa_collect_rows(esa), n_tokens, swa_begin);

    file.write(&h, sizeof(h));
    file.write(key.data(), key.size());
    file.write(about.data(), about.size());
    file.write(tokens, n_tokens*sizeof(llama_token));
}

void llama_esa_write_rows(llama_esa_file_writer & file, const ggml_tensor * t, const uint32_t * cells, uint64_t n) {
    const size_t row = t->nb[1];
    std::vector<char> buf;
    llama_esa_each_run(cells, n, std::max<size_t>(1, LLAMA_ESA_CHUNK_BYTES/row), [&](uint64_t i, uint64_t count) {
        if (ggml_backend_buffer_is_host(t->buffer)) {
            file.write((const char *) t->data + cells[i]*row, count*row);
            return;
        }
        buf.resize(count*row);
        ggml_backend_tensor_get(t, buf.data(), cells[i]*row, count*row);
        file.write(buf.data(), count*row);
    });
}

llama_esa_rows_header llama_esa_read_head(llama_esa_file_reader & file, const llama_esa_file_kind & kind, const std::string & key,
        std::string & about, std::vector<llama_token> & tokens) {
    llama_esa_rows_header h;
    file.read(&h, sizeof(h));
    if (memcmp(h.magic, kind.magic, sizeof(h.magic)) != 0 || h.format != FORMAT) {
        throw std::runtime_error(std::string("not a ") + kind.name + " of this version");
    }
    if (h.n_key > MAX_TEXT || h.n_about > MAX_TEXT || h.n_tokens > file.size()/sizeof(llama_token) || h.swa_begin > h.n_tokens ||
            h.n_rows_bytes > file.size() ||
            file.size() != sizeof(h) + h.n_key + h.n_about + h.n_tokens*sizeof(llama_token) + h.n_rows_bytes + sizeof(uint64_t)) {
        throw std::runtime_error("the file is truncated or its header was altered");
    }
    std::string key_there(h.n_key, '\0');
    file.read(key_there.data(), key_there.size());
    if (key_there != key) {
        throw std::runtime_error(std::string("the ") + kind.name + " belongs to something else (its key differs)");
    }
    about.resize(h.n_about);
    file.read(about.data(), about.size());
    tokens.resize(h.n_tokens);
    file.read(tokens.data(), tokens.size()*sizeof(llama_token));
    return h;
}

void llama_esa_check_rows(const llama_esa_file_kind & kind, llama_esa & esa, const llama_esa_rows_header & head, const std::string & about) {
    if (about != llama_esa_about_rows(esa) ||
            head.n_rows_bytes != llama_esa_rows_bytes(llama_esa_collect_rows(esa), head.n_tokens, head.swa_begin)) {
        throw std::runtime_error(std::string("the ") + kind.name + " was made by another build, for another model or with other parameters");
    }
}

enum llama_esa_status llama_esa_give_tokens(const llama_esa_file_kind & kind, const std::vector<llama_token> & from,
        llama_token * tokens, size_t * n_tokens) {
    const size_t capacity = *n_tokens;
    *n_tokens = from.size();
    if (tokens && capacity < from.size()) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "the %s holds %zu tokens, there is room for %zu", kind.name, from.size(), capacity);
    }
    if (tokens) {
        std::copy(from.begin(), from.end(), tokens);
    }
    return LLAMA_ESA_OK;
}

enum llama_esa_status llama_esa_peek(const llama_esa_file_kind & kind, const char * path, const char * key, llama_token * tokens, size_t * n_tokens) {
    if (!path || !key || !n_tokens) {
        return llama_esa_fail(LLAMA_ESA_BAD_ARGUMENT, "%s: path, key and n_tokens must be given", kind.name);
    }
    std::vector<llama_token> there;
    const auto status = llama_esa_guarded((std::string("cannot read ") + kind.name).c_str(), path, [&] {
        llama_esa_file_reader file(path);
        std::string about;
        llama_esa_read_head(file, kind, key, about, there);
    });
    return status != LLAMA_ESA_OK ? status : llama_esa_give_tokens(kind, there, tokens, n_tokens);
}

enum llama_esa_status llama_esa_fail_at(enum llama_esa_status status, const char * what, const char * path, const char * why) {
    return llama_esa_fail(status, "%s %s: %s", what, path, why);
}
