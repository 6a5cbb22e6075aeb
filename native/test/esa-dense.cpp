// Models that cannot run ESA: the reason says why, a context with ESA is refused with it, and a stock one works.

#include "support/session.h"

static bool stock_decodes(llama_model * model) {
    session stock(model, 256, 64, nullptr);
    return finite(stock.feed(random_tokens(model, 128), 100, 64));
}

static void check(const dense_architecture & a) {
    const model_ptr model = make_model(a.tiny);
    const char * reason = llama_esa_unsupported_reason(model.get());
    tap::ok(reason && strstr(reason, a.reason), "%s: %s", a.tiny.arch.c_str(), reason ? reason : "no reason");

    const auto esa = llama_esa_default_params();
    auto cp = llama_context_default_params();
    cp.n_ctx = 256;
    cp.esa   = &esa;
    const context_ptr ctx(llama_init_from_model(model.get(), cp));
    tap::ok(!ctx && reason && strstr(llama_esa_last_error(), reason), "%s: a context with ESA is refused with it", a.tiny.arch.c_str());
    tap::ok(stock_decodes(model.get()), "%s: a stock context works", a.tiny.arch.c_str());
}

int main(int, char ** argv) {
    init_backends(argv[0]);
    for (const auto & a : dense_architectures()) {
        check(a);
    }
    for (const auto & tiny : verified_architectures()) {
        const model_ptr model = make_model(tiny);
        const char * reason = llama_esa_unsupported_reason(model.get());
        tap::ok(!reason, "%s: runs ESA%s%s", tiny.name().c_str(), reason ? ", but " : "", reason ? reason : "");
    }
    return tap::done();
}
