#pragma once

// What snapshots and segments have in common: a file with tokens and their rows of every layer, in token order, hashed.

#include "llama-esa-file.h"
#include "llama-esa.h"

#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct ggml_tensor;
struct llama_esa;

// rows are read and written so many bytes at a time
static constexpr size_t LLAMA_ESA_CHUNK_BYTES = 4*1024*1024;

// one tensor with a row for every token
struct llama_esa_row_set {
    ggml_tensor * t;
    bool swa; // of a sliding-window layer
};

std::vector<llama_esa_row_set> llama_esa_collect_rows(const llama_esa & esa);

uint64_t llama_esa_rows_bytes(const std::vector<llama_esa_row_set> & rows, uint64_t n_tokens, uint64_t swa_begin);

// What the rows mean: implementation, model, sizes, and the projections that made the compressed keys.
const std::string & llama_esa_about_rows(llama_esa & esa);

struct llama_esa_rows_header {
    char     magic[8];
    uint32_t format;
    uint32_t reserved;
    uint64_t n_key;
    uint64_t n_about;
    uint64_t n_tokens;
    uint64_t swa_begin; // first token that the sliding-window layers hold
    uint64_t n_rows_bytes;
};

struct llama_esa_file_kind {
    char magic[8];
    const char * name;
};

constexpr llama_esa_file_kind LLAMA_ESA_SNAPSHOT = { { 'E', 'S', 'A', 'S', 'N', 'A', 'P', '\n' }, "snapshot" };
constexpr llama_esa_file_kind LLAMA_ESA_SEGMENT  = { { 'E', 'S', 'A', 'S', 'E', 'G', 'M', '\n' }, "segment"  };

// Everything before the rows.
void llama_esa_write_head(llama_esa_file_writer & file, const llama_esa_file_kind & kind, llama_esa & esa, const std::string & key,
        const llama_token * tokens, uint64_t n_tokens, uint64_t swa_begin);

// rows of these cells
void llama_esa_write_rows(llama_esa_file_writer & file, const ggml_tensor * t, const uint32_t * cells, uint64_t n);

// Reads up to the rows; `about` is what the file says it is about. Throws std::runtime_error.
llama_esa_rows_header llama_esa_read_head(llama_esa_file_reader & file, const llama_esa_file_kind & kind, const std::string & key,
        std::string & about, std::vector<llama_token> & tokens);

// Throws unless the file's rows are those of `esa`.
void llama_esa_check_rows(const llama_esa_file_kind & kind, llama_esa & esa, const llama_esa_rows_header & head, const std::string & about);

// calls body(i, n) for cells[i], cells[i + 1], ..., n of them in a row, at most `most`
template <typename F>
void llama_esa_each_run(const uint32_t * cells, uint64_t n_cells, uint64_t most, F && body) {
    for (uint64_t i = 0; i < n_cells;) {
        uint64_t n = 1;
        while (i + n < n_cells && n < most && cells[i + n] == cells[i] + n) {
            n++;
        }
        body(i, n);
        i += n;
    }
}

// the tokens of a file to the caller
enum llama_esa_status llama_esa_give_tokens(const llama_esa_file_kind & kind, const std::vector<llama_token> & from,
        llama_token * tokens, size_t * n_tokens);

enum llama_esa_status llama_esa_peek(const llama_esa_file_kind & kind, const char * path, const char * key, llama_token * tokens, size_t * n_tokens);

// a failure that is not the file's
struct llama_esa_rows_error : std::runtime_error {
    llama_esa_rows_error(enum llama_esa_status status, const std::string & message) : std::runtime_error(message), status(status) {}
    enum llama_esa_status status;
};

enum llama_esa_status llama_esa_fail_at(enum llama_esa_status status, const char * what, const char * path, const char * why);

// Runs `body`; its exceptions become a status and the error of this thread.
template <typename F>
enum llama_esa_status llama_esa_guarded(const char * what, const char * path, F && body) {
    try {
        body();
        return LLAMA_ESA_OK;
    } catch (const llama_esa_rows_error & err) {
        return llama_esa_fail_at(err.status, what, path, err.what());
    } catch (const std::bad_alloc &) {
        return llama_esa_fail_at(LLAMA_ESA_NO_MEMORY, what, path, "out of memory");
    } catch (const std::exception & err) {
        return llama_esa_fail_at(LLAMA_ESA_BAD_FILE, what, path, err.what());
    }
}
