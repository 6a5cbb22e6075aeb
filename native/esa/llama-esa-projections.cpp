// Projections as a GGUF file beside the model.

#include "llama-esa-projections.h"

#include "llama-impl.h"
#include "llama-model.h"

#include "ggml-cpp.h"
#include "gguf.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>

static constexpr uint32_t FILE_VERSION = 2;

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
        check(t && t->type == GGML_TYPE_F32 && t->ne[0] == ne0 && t->ne[1] == ne1 && ggml_nelements(t) == ne0*ne1, path,
                "tensor " + name + " is missing or has another shape than the model needs");
        std::vector<float> res(ne0*ne1);
        memcpy(res.data(), t->data, ggml_nbytes(t));
        for (float x : res) {
            check(std::isfinite(x), path, "tensor " + name + " holds something that is not a number");
        }
        return res;
    }
};

} // namespace

std::unique_ptr<llama_esa_projections> llama_esa_projections::load(const char * path, const llama_model & model) {
    ggml_context * ctx = nullptr;
    gguf_context * gguf = gguf_init_from_file(path, { /*.no_alloc =*/ false, /*.ctx =*/ &ctx });
    const reader r = { path, gguf_context_ptr(gguf), ggml_context_ptr(ctx) };
    check(gguf && ctx, path, "cannot be read as GGUF (missing or truncated)");
    check(r.u32(KEY_VERSION) == FILE_VERSION, path, "made by another version");

    const auto & hp = model.hparams;
    check(r.str(KEY_ARCH) == model.arch_name() && r.u32(KEY_LAYERS) == hp.n_layer() && r.u32(KEY_EMBD) == hp.n_embd &&
            r.u32(KEY_VOCAB) == model.vocab.n_tokens(), path, "made for another model; calibrate again");

    auto res = std::make_unique<llama_esa_projections>();
    res->n_proj  = r.u32(KEY_N_PROJ);
    res->vote    = r.u32(KEY_VOTE);
    res->scoring = r.u32(KEY_SCORING);
    res->n_local = r.u32(KEY_N_LOCAL);
    check(res->n_proj >= 1 && res->n_proj <= 4096, path, "the projected width is out of range");
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

    const std::string temporary = std::string(path) + ".part-" + std::to_string(std::random_device()());
    if (!gguf_write_to_file(gguf.get(), temporary.c_str(), false)) {
        std::error_code ignored; // the failure to write is what is reported
        std::filesystem::remove(std::filesystem::u8path(temporary), ignored);
        check(false, path, "cannot be written");
    }
    std::filesystem::rename(std::filesystem::u8path(temporary), std::filesystem::u8path(path));
}
