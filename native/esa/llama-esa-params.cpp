// Who may use ESA and with which parameters; errors of the public interface.

#include "llama-esa-impl.h"
#include "llama-esa-projections.h"

#include "llama-impl.h"
#include "llama-model.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <stdexcept>

static thread_local std::string last_error;

void llama_esa_set_error(const char * message) {
    last_error = message;
}

enum llama_esa_status llama_esa_fail(enum llama_esa_status status, const char * format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    llama_esa_set_error(text);
    return status;
}

const char * llama_esa_last_error(void) {
    return last_error.c_str();
}

const char * llama_esa_version(void) {
    return "3";
}

struct llama_esa_params llama_esa_default_params(void) {
    return {
        /*.n_init      =*/ 128,
        /*.n_local     =*/ 4096,
        /*.n_top       =*/ 2048,
        /*.proximity   =*/ 1,
        /*.n_share     =*/ 1,
        /*.n_dense     =*/ 0,
        /*.n_sketch    =*/ 16384,
        /*.type_kc     =*/ GGML_TYPE_F16,
        /*.positions   =*/ LLAMA_ESA_POSITIONS_FAR,
        /*.scoring     =*/ LLAMA_ESA_SCORING_FAR,
        /*.projections =*/ nullptr,
        /*.portable    =*/ false,
        /*.trace       =*/ true,
        /*.kv_host     =*/ false,
    };
}

// Architectures whose random models pass test/esa-equivalence, where they are described.
static const llm_arch VERIFIED[] = {
    LLM_ARCH_LLAMA, LLM_ARCH_MISTRAL3,
    LLM_ARCH_QWEN2, LLM_ARCH_QWEN2MOE, LLM_ARCH_QWEN3, LLM_ARCH_QWEN3MOE,
    LLM_ARCH_GEMMA, LLM_ARCH_GEMMA2, LLM_ARCH_GEMMA3,
    LLM_ARCH_PHI2, LLM_ARCH_PHI3, LLM_ARCH_PHIMOE,
    LLM_ARCH_GRANITE, LLM_ARCH_GRANITE_MOE,
    LLM_ARCH_SMOLLM3, LLM_ARCH_OPENAI_MOE,
    LLM_ARCH_COHERE2, LLM_ARCH_COMMAND_R, LLM_ARCH_EXAONE4, LLM_ARCH_GLM4, LLM_ARCH_INTERNLM2,
    LLM_ARCH_OLMO2, LLM_ARCH_OLMOE, LLM_ARCH_SEED_OSS, LLM_ARCH_STABLELM, LLM_ARCH_STARCODER2,
};

const char * llama_esa_unsupported_reason(const struct llama_model * model) {
    if (!model) {
        return "no model";
    }
    const auto & hp = model->hparams;
    if (hp.vocab_only) {
        return "runs dense: only the vocabulary of the model is loaded";
    }
    if (llm_arch_is_recurrent(model->arch)) {
        return "runs dense: the model is recurrent and has no keys to select from";
    }
    if (llm_arch_is_hybrid(model->arch)) {
        return "runs dense: some of its layers are recurrent, and what they have read cannot be removed again";
    }
    if (hp.is_mla() || hp.n_lora_kv > 0) {
        return "runs dense: its keys are latent (MLA) and not those that are rotated";
    }
    if (hp.use_alibi) {
        return "runs dense: its positions are a bias on the scores (ALiBi) and not a rotation";
    }
    if (!hp.causal_attn) {
        return "runs dense: attention of the model is not causal";
    }
    if (hp.n_pos_per_embd() != 1 || hp.rope_type == LLAMA_ROPE_TYPE_NONE) {
        return "runs dense: ESA needs rotary positions with one component";
    }
    if (std::find(std::begin(VERIFIED), std::end(VERIFIED), model->arch) == std::end(VERIFIED)) {
        return "runs dense: its architecture is not among those ESA is verified for (docs/models.md)";
    }
    for (uint32_t il = 0; il < hp.n_layer(); ++il) {
        if (!hp.has_kv(il) || hp.n_head_kv(il) == 0 || hp.n_head(il) % hp.n_head_kv(il) != 0) {
            return "runs dense: a layer of the model has no keys and values of its own";
        }
        if (hp.n_embd_k_gqa(il) % 2 != 0 || hp.n_embd_v_gqa(il) % 2 != 0) {
            return "runs dense: rows of keys or values have an odd size";
        }
    }
    return nullptr;
}

static void check(bool ok, const std::string & message) {
    if (!ok) {
        throw std::runtime_error("ESA: " + message);
    }
}

std::shared_ptr<llama_esa> llama_esa::create(const llama_model & model, llama_context_params & cparams) {
    const llama_esa_params & p = *cparams.esa;

    if (const char * reason = llama_esa_unsupported_reason(&model)) {
        throw std::runtime_error(std::string("ESA: the model ") + reason);
    }

    check(p.n_local >= 1, "n_local must be at least 1");
    check(p.n_top >= 1, "n_top must be at least 1");
    check(p.n_init <= 1u << 20 && p.n_local <= 1u << 20 && p.n_top <= 1u << 20, "n_init, n_local and n_top must be at most 1048576");
    check(p.n_share >= 1, "n_share must be at least 1");
    check(p.n_dense < model.hparams.n_layer(), "n_dense must be smaller than the number of layers");
    check(p.proximity <= 64, "proximity must be at most 64");
    check(p.type_kc == GGML_TYPE_F16 || p.type_kc == GGML_TYPE_Q8_0, "type_kc must be F16 or Q8_0");
    uint32_t positions; // from C anything can be in an enum
    memcpy(&positions, &p.positions, sizeof(positions));
    check(positions <= LLAMA_ESA_POSITIONS_TRUE, "unknown kind of positions");
    uint32_t scoring;
    memcpy(&scoring, &p.scoring, sizeof(scoring));
    check(scoring <= LLAMA_ESA_SCORING_FAR, "unknown kind of scoring");
    check(cparams.n_seq_max <= 1, "one sequence per context: n_seq_max must be 1");
    check(cparams.type_k == GGML_TYPE_F16 && cparams.type_v == GGML_TYPE_F16, "type_k and type_v must be F16");
    check(cparams.flash_attn_type != LLAMA_FLASH_ATTN_TYPE_DISABLED, "flash attention must not be disabled");
    check(cparams.attention_type != LLAMA_ATTENTION_TYPE_NON_CAUSAL, "attention must be causal");
    check(cparams.ctx_type == LLAMA_CONTEXT_TYPE_DEFAULT, "the context type must be the default one");

    cparams.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    cparams.kv_unified      = false; // the same for one sequence, but only sequence 0 is accepted then
    cparams.swa_full        = true;  // removing the last tokens must not need what a sliding window has dropped

    auto esa = std::make_shared<llama_esa>(model, p);
    if (p.kv_host) {
        esa->keep_kv_on_host();
    }
    if (p.projections) {
        esa->projections = llama_esa_projections::load(p.projections, model);
        check(esa->projections->scoring == scoring && (scoring == LLAMA_ESA_SCORING_CONTENT || esa->projections->n_local == p.n_local),
                std::string("projections ") + p.projections + ": made for another kind of scoring or another n_local; calibrate again");
        check(p.type_kc != GGML_TYPE_Q8_0 || esa->projections->n_proj % 32 == 0,
                "Q8_0 compressed keys need a projected width that is a multiple of 32");
    }
    return esa;
}
