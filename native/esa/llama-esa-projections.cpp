// Projections as a GGUF file beside the model; after the end of the GGUF comes the hash of all of it, so that nothing of a
// damaged file is ever parsed.

#include "llama-esa-projections.h"

#include "llama-esa-file.h"

#include "llama-impl.h"
#include "llama-model.h"

#include "ggml-cpp.h"
#include "gguf.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

static constexpr uint32_t FILE_VERSION = 3;

static constexpr const char * KEY_VERSION = "esa.version";
static constexpr const char * KEY_N_PROJ  = "esa.projection_length";
static constexpr const char * KEY_VOTE    = "esa.vote";
static constexpr const char * KEY_SCORING = "esa.scoring";
static constexpr const char * KEY_N_LOCAL = "esa.local_length";
static constexpr const char * KEY_ARCH    = "esa.model.architecture";
static constexpr const char * KEY_LAYERS  = "esa.model.block_count";
static constexpr const char * KEY_EMBD    = "esa.model.embedding_length";
static constexpr const char * KEY_VOCAB   = "esa.model.vocab_size";

static void check(bool ok, const char * path, const std::string & what) {
    if (!ok) {
        throw std::runtime_error(std::string("ESA: projections ") + path + ": " + what);
    }
}

static std::string tensor_name(uint32_t il, const char * what) {
    return "blk." + std::to_string(il) + ".esa_" + what;
}

namespace {

// a GGUF file whose every field is checked before it is believed
struct reader {
    const char * path;
    std::vector<char> bytes; // of the GGUF
    gguf_context_ptr gguf;
    ggml_context_ptr ctx;

    uint32_t u32(const char * key) const {
        const int64_t id = gguf_find_key(gguf.get(), key);
        check(id >= 0 && gguf_get_kv_type(gguf.get(), id) == GGUF_TYPE_UINT32, path, std::string("no number ") + key);
        return gguf_get_val_u32(gguf.get(), id);
    }

    std::string str(const char * key) const {
        const int64_t id = gguf_find_key(gguf.get(), key);
        check(id >= 0 && gguf_get_kv_type(gguf.get(), id) == GGUF_TYPE_STRING, path, std::string("no text ") + key);
        return gguf_get_val_str(gguf.get(), id);
    }

    std::vector<float> tensor(const std::string & name, int64_t ne0, int64_t ne1) const {
        const ggml_tensor * t = ggml_get_tensor(ctx.get(), name.c_str());
        const int64_t id = gguf_find_tensor(gguf.get(), name.c_str());
        check(t && id >= 0 && t->type == GGML_TYPE_F32 && t->ne[0] == ne0 && t->ne[1] == ne1 && ggml_nelements(t) == ne0*ne1, path,
                "tensor " + name + " is missing or has another shape than the model needs");
        std::vector<float> res(ne0*ne1);
        const size_t at = gguf_get_data_offset(gguf.get()) + gguf_get_tensor_offset(gguf.get(), id);
        check(at <= bytes.size() && bytes.size() - at >= ggml_nbytes(t), path, "tensor " + name + " lies beyond the end");
        memcpy(res.data(), bytes.data() + at, ggml_nbytes(t));
        for (float x : res) {
            check(std::isfinite(x), path, "tensor " + name + " holds something that is not a number");
        }
        return res;
    }
};

} // namespace

static std::vector<char> read_whole(const char * path) {
    try {
        llama_esa_file_reader file(path);
        if (file.size() <= sizeof(uint64_t)) {
            throw std::runtime_error("the file is empty or cut off");
        }
        std::vector<char> res(file.size() - sizeof(uint64_t));
        file.read(res.data(), res.size());
        file.finish();
        return res;
    } catch (const std::runtime_error & err) {
        check(false, path, std::string(err.what()) + "; calibrate again");
        throw; // not reached
    }
}

std::unique_ptr<llama_esa_projections> llama_esa_projections::load(const char * path, const llama_model & model) {
    std::vector<char> bytes = read_whole(path);
    ggml_context * ctx = nullptr;
    // tensors are read below, when their sizes are known to be right: the size of a wrong one may be anything
    gguf_context * gguf = gguf_init_from_buffer(bytes.data(), bytes.size(), { /*.no_alloc =*/ true, /*.ctx =*/ &ctx });
    const reader r = { path, std::move(bytes), gguf_context_ptr(gguf), ggml_context_ptr(ctx) };
    check(gguf && ctx, path, "is not a GGUF file");
    check(r.u32(KEY_VERSION) == FILE_VERSION, path, "made by another version");

    const auto & hp = model.hparams;
    check(r.str(KEY_ARCH) == model.arch_name() && r.u32(KEY_LAYERS) == hp.n_layer() && r.u32(KEY_EMBD) == hp.n_embd &&
            r.u32(KEY_VOCAB) == model.vocab.n_tokens(), path, "made for another model; calibrate again");

    auto res = std::make_unique<llama_esa_projections>();
    res->n_proj  = r.u32(KEY_N_PROJ);
    res->vote    = r.u32(KEY_VOTE);
    res->scoring = r.u32(KEY_SCORING);
    res->n_local = r.u32(KEY_N_LOCAL);
    for (uint32_t il = 0; il < hp.n_layer(); ++il) {
        check(res->n_proj >= 1 && (hp.is_swa(il) || res->n_proj <= hp.n_embd_k_gqa(il)), path,
                "the projected width " + std::to_string(res->n_proj) + " is not one for keys of width " + std::to_string(hp.n_embd_k_gqa(il)));
    }
    res->layers.resize(hp.n_layer());
    for (uint32_t il = 0; il < hp.n_layer(); ++il) {
        if (!hp.is_swa(il)) {
            auto & l = res->layers[il];
            l.pq   = r.tensor(tensor_name(il, "q.weight"), (int64_t) hp.n_head(il)*hp.n_embd_head_k(il), res->n_proj);
            l.pk   = r.tensor(tensor_name(il, "k.weight"), hp.n_embd_k_gqa(il), res->n_proj);
            l.mean = r.tensor(tensor_name(il, "k.mean"),   hp.n_embd_k_gqa(il), 1);
        }
    }
    return res;
}

void llama_esa_projections::save(const char * path, const llama_model & model) const {
    const auto & hp = model.hparams;

    auto finite = [](const std::vector<float> & v) { return std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); }); };
    for (size_t il = 0; il < layers.size(); ++il) {
        check(finite(layers[il].pq) && finite(layers[il].pk) && finite(layers[il].mean), path,
                "the text gives no projections for layer " + std::to_string(il) + ": give more and more varied text");
    }

    gguf_context_ptr gguf(gguf_init_empty());
    gguf_set_val_str(gguf.get(), "general.type", "esa-projections");
    gguf_set_val_u32(gguf.get(), KEY_VERSION, FILE_VERSION);
    gguf_set_val_u32(gguf.get(), KEY_N_PROJ,  n_proj);
    gguf_set_val_u32(gguf.get(), KEY_VOTE,    vote);
    gguf_set_val_u32(gguf.get(), KEY_SCORING, scoring);
    gguf_set_val_u32(gguf.get(), KEY_N_LOCAL, n_local);
    gguf_set_val_str(gguf.get(), KEY_ARCH,    model.arch_name().c_str());
    gguf_set_val_u32(gguf.get(), KEY_LAYERS,  hp.n_layer());
    gguf_set_val_u32(gguf.get(), KEY_EMBD,    hp.n_embd);
    gguf_set_val_u32(gguf.get(), KEY_VOCAB,   model.vocab.n_tokens());

    ggml_context_ptr ctx(ggml_init({ (3*layers.size() + 1)*ggml_tensor_overhead(), nullptr, true }));
    auto add = [&](const std::string & name, const std::vector<float> & data, int64_t ne1) {
        ggml_tensor * t = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, (int64_t) data.size()/ne1, ne1);
        ggml_set_name(t, name.c_str());
        t->data = const_cast<float *>(data.data());
        gguf_add_tensor(gguf.get(), t);
    };
    for (uint32_t il = 0; il < layers.size(); ++il) {
        if (!layers[il].pq.empty()) {
            add(tensor_name(il, "q.weight"), layers[il].pq,   n_proj);
            add(tensor_name(il, "k.weight"), layers[il].pk,   n_proj);
            add(tensor_name(il, "k.mean"),   layers[il].mean, 1);
        }
    }

    std::vector<char> meta(gguf_get_meta_size(gguf.get()));
    gguf_get_meta_data(gguf.get(), meta.data());
    llama_esa_file_writer file(path);
    file.write(meta.data(), meta.size());
    for (ggml_tensor * t = ggml_get_first_tensor(ctx.get()); t; t = ggml_get_next_tensor(ctx.get(), t)) {
        const std::vector<char> padding(GGML_PAD(ggml_nbytes(t), gguf_get_alignment(gguf.get())) - ggml_nbytes(t));
        file.write(t->data, ggml_nbytes(t));
        file.write(padding.data(), padding.size());
    }
    file.finish();
}
