// K and V in host memory change where they lie and nothing else: results have the same bits, snapshots go from one to the other.

#include "support/session.h"

static llama_esa_params small(bool kv_host) {
    auto p = llama_esa_default_params();
    p.n_init  = 16;
    p.n_local = 128;
    p.n_top   = 96;
    p.kv_host = kv_host;
    return p;
}

// chunks and tokens, before and after the selection begins, after an edit
static logits run(session & s, const tokens & t) {
    s.feed(t, 500, 64);
    s.feed(t, 510, 1);
    llama_esa_remove(s.ctx.get(), 100, 150);
    s.feed(t, 600, 64);
    return s.feed(t, 610, 1);
}

// a snapshot brings cells into the order of their tokens, and stock attention on a device sums in the order of cells
static bool agree(const logits & a, const logits & b) {
    return on_cpu() ? same_bits(a, b) : relative_error(a, b) < 1e-2;
}

static void check_model(const tiny_model & tiny, const scratch_dir & dir) {
    const model_ptr model = make_model(tiny);
    const tokens t = random_tokens(model.get(), 700);
    const auto on_device = small(false), on_host = small(true);

    session a(model.get(), 1024, 64, &on_device), b(model.get(), 1024, 64, &on_host);
    tap::ok(same_bits(run(a, t), run(b, t)), "%s: the same bits", tiny.name().c_str());

    const std::string path = dir / "placed.snapshot";
    size_t n = 0;
    const bool saved = llama_esa_snapshot_save(b.ctx.get(), path.c_str(), "key", t.data(), (size_t) b.n()) == LLAMA_ESA_OK;
    session c(model.get(), 1024, 64, &on_device);
    tokens back(1024);
    n = back.size();
    const bool loaded = llama_esa_snapshot_load(c.ctx.get(), path.c_str(), "key", back.data(), &n) == LLAMA_ESA_OK;
    tap::ok(saved && loaded && agree(b.feed(t, 640, 1), c.feed(t, 640, 1)), "%s: a snapshot from host memory goes on in the device's", tiny.name().c_str());

    auto portable = on_host;
    portable.portable = true;
    auto cp = llama_context_default_params();
    cp.n_ctx = 1024;
    cp.esa   = &portable;
    const context_ptr refused(llama_init_from_model(model.get(), cp));
    tap::ok(on_cpu() || (!refused && strstr(llama_esa_last_error(), "kv_host")), "%s: refused with stock operations on a device", tiny.name().c_str());
}

int main(int, char ** argv) {
    init_backends(argv[0]);
    const scratch_dir dir;
    ggml_backend_dev_t dev = on_cpu() ? nullptr : ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
    if (!on_cpu() && (!dev || strcmp(ggml_backend_reg_name(ggml_backend_dev_backend_reg(dev)), "CUDA") != 0)) {
        tap::ok(true, "no CUDA device: skipped");
        return tap::done();
    }
    for (const char * arch : { "llama", "qwen2", "gemma3" }) {
        tiny_model tiny;
        tiny.arch    = arch;
        tiny.n_layer = tiny.arch == "gemma3" ? 6 : 2;
        check_model(tiny, dir);
        tiny.d = 64;
        check_model(tiny, dir);
    }
    return tap::done();
}
