#pragma once

// Efficient Selective Attention (arXiv 2502.14477) for llama.cpp: public C interface.
//
// A context made with `llama_context_params::esa` set keeps its keys un-rotated, caches compressed keys beside them, and
// lets every step attend to [I, M_k, L, C]: the initial tokens, the k best of the middle, the local tokens and the
// current chunk. One sequence (id 0) per context; position == token index, always without gaps.

#include "llama.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// At which distance the tokens of I and M_k are seen.
enum llama_esa_positions {
    LLAMA_ESA_POSITIONS_FAR     = 0, // all at the constant distance n_local (paper, section 3.3)
    LLAMA_ESA_POSITIONS_ORDERED = 1, // consecutive positions right before L, in token order
    LLAMA_ESA_POSITIONS_TRUE    = 2, // their own positions: inside the trained context
};

// How the heads of a layer vote on one selection; decided when the projections are calibrated.
enum llama_esa_vote {
    LLAMA_ESA_VOTE_SUM  = 0, // raw sum over heads (paper, eq. 3)
    LLAMA_ESA_VOTE_NORM = 1, // each head's score divided by its standard deviation
};

// From where queries are compared with the tokens of M, keys being un-rotated.
enum llama_esa_scoring {
    LLAMA_ESA_SCORING_CONTENT = 0, // from the same place: no rotation at all (paper, eq. 3)
    LLAMA_ESA_SCORING_FAR     = 1, // from n_local away, as attention sees them at FAR positions
};

enum llama_esa_status {
    LLAMA_ESA_OK               = 0,
    LLAMA_ESA_UNSUPPORTED      = 1, // architecture or cache layout runs dense
    LLAMA_ESA_BAD_ARGUMENT     = 2,
    LLAMA_ESA_BAD_FILE         = 3, // missing, truncated, altered or foreign file
    LLAMA_ESA_NO_MEMORY        = 4, // out of memory, or no free cells
    LLAMA_ESA_ABORTED          = 5,
    LLAMA_ESA_COMPUTE_FAILED   = 6,
    LLAMA_ESA_FULL             = 7, // no free cells for a segment
};

struct llama_esa_params {
    uint32_t                 n_init;      // |I|, tokens always attended at the start of the context
    uint32_t                 n_local;     // |L|, tokens always attended before the current chunk
    uint32_t                 n_top;       // k, tokens selected from M per layer and step
    uint32_t                 proximity;   // epsilon: a token inherits the best score within this distance
    uint32_t                 n_share;     // this many layers after one another use one selection, that of the first of them
    uint32_t                 n_dense;     // layers at the start of the model that run stock attention
    uint32_t                 n_sketch;    // on the CPU a single token looks at an M of at least this many in two steps; 0: never
    enum ggml_type           type_kc;     // type of the compressed keys: F16 or Q8_0
    enum llama_esa_positions positions;
    enum llama_esa_scoring   scoring;
    const char             * projections; // GGUF made by llama_esa_calibration_save, or NULL: score at full width
    bool                     portable;    // use stock ggml operations only, no kernels of our own
    bool                     trace;       // keep the selected cells of the last step readable
    bool                     kv_host;     // K and V in host memory, all else on the device; an error where the device cannot read them there
};

LLAMA_API struct llama_esa_params llama_esa_default_params(void);

// Version of this implementation; part of every cache key and snapshot.
LLAMA_API const char * llama_esa_version(void);

// NULL when the model can run ESA, else why it runs dense (static string).
LLAMA_API const char * llama_esa_unsupported_reason(const struct llama_model * model);

// Why the last llama_esa_* call on this thread (or llama_init_from_model with esa set) failed; never NULL.
LLAMA_API const char * llama_esa_last_error(void);

// True when this context runs ESA.
LLAMA_API bool llama_esa_enabled(const struct llama_context * ctx);

// Tokens in the cache.
LLAMA_API int32_t llama_esa_n_tokens(const struct llama_context * ctx);

// Bytes the ESA state of this context takes besides the K and V cache (compressed keys, workspaces).
LLAMA_API size_t llama_esa_memory_size(const struct llama_context * ctx);

// Remove tokens [p0, p1) (p1 < 0: to the end) and close the gap: later tokens move down by p1 - p0.
LLAMA_API enum llama_esa_status llama_esa_remove(struct llama_context * ctx, llama_pos p0, llama_pos p1);

// Tokens that are always attended, whatever their score, for as long as it stands: those of the half-open ranges
// [ranges[2 i], ranges[2 i + 1]), which may overlap, be empty or end after the last token. They come first among the n_top that
// are selected; of more than n_top the best are taken. No ranges: none. Ranges are of token indices: they do not move along when
// tokens are removed.
LLAMA_API enum llama_esa_status llama_esa_set_must(struct llama_context * ctx, const llama_pos * ranges, size_t n_ranges);

// Trace of the last llama_decode: token indices that layer il selected from I + M for its last ubatch, ascending, read
// after llama_synchronize. Returns how many there are (at most n_init + n_top; 0: the layer is dense or everything was
// local), writes min(n_max, that many). The indices refer to the cache as it was during that step.
LLAMA_API int32_t llama_esa_trace(const struct llama_context * ctx, int32_t il, int32_t * tokens, int32_t n_max);

// Snapshot of the whole context in one file, written beside and renamed. `key` names what it belongs to (model,
// parameters, build); a file with another key is LLAMA_ESA_BAD_FILE. Continuations after load are bit-identical.
LLAMA_API enum llama_esa_status llama_esa_snapshot_save(
        struct llama_context * ctx, const char * path, const char * key, const llama_token * tokens, size_t n_tokens);

// Tokens stored in a snapshot without loading it: checks magic, key and sizes. n_tokens is in/out (capacity/count).
LLAMA_API enum llama_esa_status llama_esa_snapshot_peek(
        const char * path, const char * key, llama_token * tokens, size_t * n_tokens);

// Replaces the contents of the context. On any error the context is left empty and usable.
LLAMA_API enum llama_esa_status llama_esa_snapshot_load(
        struct llama_context * ctx, const char * path, const char * key, llama_token * tokens, size_t * n_tokens);

//
// segments: the rows of some tokens. Keys are cached without their rotation, so a row does not depend on where its token stands:
// what was read once, behind whatever was before it then, is appended to any context of the same model.
//

// False: dense contexts, and models with layers that keep rotated keys (sliding windows, n_dense).
LLAMA_API bool llama_esa_supports_segments(const struct llama_context * ctx);

// Writes tokens [from, from + n_tokens) of the cache to a file in the manner of snapshots: keyed, hashed, beside and renamed.
LLAMA_API enum llama_esa_status llama_esa_segment_save(
        struct llama_context * ctx, const char * path, const char * key, llama_pos from, const llama_token * tokens, size_t n_tokens);

// Tokens stored in a segment without loading it. n_tokens is in/out (capacity/count).
LLAMA_API enum llama_esa_status llama_esa_segment_peek(
        const char * path, const char * key, llama_token * tokens, size_t * n_tokens);

// Appends a segment to the cache. On any error the context is as before. There are no logits afterwards.
LLAMA_API enum llama_esa_status llama_esa_segment_load(
        struct llama_context * ctx, const char * path, const char * key, llama_token * tokens, size_t * n_tokens);

// Appends tokens [from, from + n_tokens) of another context of the same model. Neither may be computing.
LLAMA_API enum llama_esa_status llama_esa_segment_copy(
        struct llama_context * ctx, struct llama_context * source, llama_pos from, size_t n_tokens);

//
// calibration: closed-form projections from the keys and queries of ordinary text
//

struct llama_esa_calibration;

// n_proj: d', at most the width of a key; vote, scoring: see above; n_local: that of the contexts that will use the projections, which are made for queries
// as scoring sees them. Returns NULL on failure (llama_esa_last_error).
LLAMA_API struct llama_esa_calibration * llama_esa_calibration_init(
        struct llama_model * model, uint32_t n_proj, enum llama_esa_vote vote, enum llama_esa_scoring scoring, uint32_t n_local,
        int32_t n_threads);

// Run tokens (at most the trained context) through the model and gather the statistics of every layer.
LLAMA_API enum llama_esa_status llama_esa_calibration_add(
        struct llama_esa_calibration * cal, const llama_token * tokens, size_t n_tokens,
        bool (*abort_cb)(void * data), void * abort_data);

// Solve and write the projections of all layers as GGUF, beside and renamed. progress may be NULL; false aborts.
LLAMA_API enum llama_esa_status llama_esa_calibration_save(
        struct llama_esa_calibration * cal, const char * path,
        bool (*progress)(int32_t done, int32_t total, void * data), void * progress_data);

LLAMA_API void llama_esa_calibration_free(struct llama_esa_calibration * cal);

#ifdef __cplusplus
}
#endif
