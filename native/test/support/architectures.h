#pragma once

// One random model of every architecture that ESA is verified for, as small as it can be, and of some that run dense.

#include "tiny-model.h"

// the usual case of an architecture that may have sliding windows or layers without positions
inline tiny_model tiny_architecture(const std::string & arch, const std::string & variant = "") {
    tiny_model m;
    m.arch    = arch;
    m.variant = variant;

    auto use_experts = [&] { // all of them: which ones a token gets must not hang on a rounding
        m.u32["expert_count"]      = 4;
        m.u32["expert_used_count"] = 4;
        m.u32["expert_feed_forward_length"] = 32;
    };
    auto use_window = [&](int n_layer) {
        m.n_layer = n_layer;
        m.u32["attention.sliding_window"] = 64;
    };
    auto use_yarn = [&] {
        m.str["rope.scaling.type"]   = "yarn";
        m.f32["rope.scaling.factor"] = 4.0f;
        m.u32["rope.scaling.original_context_length"] = 1024;
    };

    if (arch == "qwen2" || arch == "qwen2moe") {
        m.optional = { "blk.attn_q.bias", "blk.attn_k.bias", "blk.attn_v.bias" };
    }
    if (arch == "qwen3moe" || arch == "qwen2moe" || arch == "granitemoe" || arch == "phimoe" || arch == "olmoe" || arch == "gpt-oss") {
        use_experts();
    }
    if (arch == "qwen2moe" || variant == "shared expert") {
        m.u32["expert_shared_feed_forward_length"] = 32;
    }
    if (arch == "gemma3" || arch == "cohere2" || arch == "exaone4" || arch == "olmo2") {
        m.n_layer = arch == "gemma3" ? 6 : 4;
    }
    if (arch == "gemma3" || arch == "gemma2" || arch == "cohere2" || arch == "gpt-oss" || variant == "window") {
        use_window(m.n_layer);
    }
    if (arch == "gpt-oss") {
        m.optional = { "blk.attn_q.bias", "blk.attn_k.bias", "blk.attn_v.bias" };
    }
    if (arch == "smollm3") {
        m.n_layer = 4; // every fourth has no positions
    }
    if (arch.rfind("granite", 0) == 0) {
        m.f32["logit_scale"]     = 4.0f;
        m.f32["residual_scale"]  = 0.5f;
        m.f32["embedding_scale"] = 2.0f;
        m.f32["attention.scale"] = 0.15f;
    }
    if (arch == "cohere2" || arch == "command-r") {
        m.f32["logit_scale"] = 0.25f;
    }
    if (arch == "phi3" || arch == "phimoe") {
        m.optional = { "blk.attn_qkv.weight" };
    }
    if (arch == "olmoe") {
        m.n_head_kv = m.n_head;
    }
    if (variant == "frequency factors") {
        m.optional.push_back("rope_freqs.weight");
    }
    if (variant == "long factors") {
        m.optional.push_back("rope_factors_long.weight");
        m.optional.push_back("rope_factors_short.weight");
        m.f32["rope.scaling.attn_factor"] = 1.19f;
    }
    if (variant == "partial rotation" || variant == "partial rotation, yarn" || arch == "phi2" || arch == "stablelm" || arch == "glm4") {
        m.u32["rope.dimension_count"] = m.d/2;
    }
    if (variant == "no positions") {
        m.flag["rope.scaling.finetuned"] = false;
    }
    if (variant.find("yarn") != std::string::npos || arch == "gpt-oss") {
        use_yarn();
    }
    if (variant == "temperature") {
        use_yarn();
        m.f32["attention.temperature_scale"] = 0.1f;
        m.u32["rope.scaling.original_context_length"] = 256;
    }
    if (variant == "wide heads") {
        m.d      = 256;
        m.n_head = 2;
        m.n_head_kv = 1;
    }
    return m;
}

// what llama_esa_unsupported_reason accepts
inline std::vector<tiny_model> verified_architectures() {
    std::vector<tiny_model> res;
    const std::pair<const char *, const char *> all[] = {
        { "llama", "" }, { "llama", "frequency factors" }, { "llama", "yarn" },
        { "qwen2", "" }, { "qwen2", "yarn" }, { "qwen3", "" }, { "qwen3", "yarn" }, { "qwen2moe", "" }, { "qwen3moe", "" },
        { "gemma", "" }, { "gemma2", "" }, { "gemma3", "" }, { "gemma3", "wide heads" },
        { "mistral3", "" }, { "mistral3", "yarn" }, { "mistral3", "temperature" },
        { "phi2", "" }, { "phi3", "" }, { "phi3", "long factors" }, { "phi3", "partial rotation" }, { "phi3", "partial rotation, yarn" },
        { "phimoe", "" },
        { "granite", "" }, { "granite", "no positions" }, { "granitemoe", "" }, { "granitemoe", "shared expert" },
        { "smollm3", "" }, { "gpt-oss", "" },
        { "cohere2", "" }, { "command-r", "" }, { "exaone4", "" }, { "olmo2", "" }, { "olmo2", "window" },
        { "olmoe", "" }, { "stablelm", "" }, { "starcoder2", "" }, { "internlm2", "" }, { "glm4", "" }, { "seed_oss", "" },
    };
    for (const auto & [arch, variant] : all) {
        res.push_back(tiny_architecture(arch, variant));
    }
    return res;
}

struct dense_architecture {
    tiny_model tiny;
    const char * reason; // a word of it
};

// what llama_esa_unsupported_reason refuses
inline std::vector<dense_architecture> dense_architectures() {
    tiny_model mla;
    mla.arch = "deepseek2";
    mla.n_head_kv = 1;
    mla.u32 = {
        { "attention.q_lora_rank", 32 }, { "attention.kv_lora_rank", 32 }, { "attention.key_length", 48 }, { "attention.value_length", 32 },
        { "attention.key_length_mla", 48 }, { "attention.value_length_mla", 32 }, { "rope.dimension_count", 16 },
        { "leading_dense_block_count", 1 }, { "expert_count", 4 }, { "expert_used_count", 4 }, { "expert_shared_count", 1 },
        { "expert_feed_forward_length", 32 },
    };

    tiny_model mamba;
    mamba.arch = "mamba2";
    mamba.u32 = {
        { "ssm.conv_kernel", 4 }, { "ssm.inner_size", 256 }, { "ssm.state_size", 32 }, { "ssm.time_step_rank", 4 }, { "ssm.group_count", 1 },
        { "attention.head_count", 0 }, { "attention.head_count_kv", 0 },
    };

    tiny_model granite = mamba;
    granite.arch = "granitehybrid";
    granite.u32.erase("attention.head_count");
    granite.u32.erase("attention.head_count_kv");
    granite.list["attention.head_count_kv"] = { 2, 0 };
    granite.optional = { "blk.ssm_conv1d.bias" };

    tiny_model lfm2;
    lfm2.arch = "lfm2";
    lfm2.u32["shortconv.l_cache"] = 3;
    lfm2.list["attention.head_count_kv"] = { 2, 0 };

    tiny_model mpt;
    mpt.arch = "mpt";
    mpt.n_head_kv = mpt.n_head;
    mpt.f32["attention.max_alibi_bias"] = 8.0f;

    tiny_model bloom = mpt;
    bloom.arch = "bloom";

    tiny_model gpt2 = mpt;
    gpt2.arch = "gpt2";

    tiny_model unknown;
    unknown.arch = "nemotron";

    return { { mla, "MLA" }, { mamba, "recurrent" }, { granite, "recurrent" }, { lfm2, "recurrent" }, { mpt, "ALiBi" }, { bloom, "ALiBi" },
        { gpt2, "rotary" }, { unknown, "verified" } };
}
