// Nothing that a thousand contexts take stays behind: contexts that were used, that could not be made, that were saved and
// loaded, calibrations.

#include "support/session.h"

#if defined(__linux__)
#    include <malloc.h>
#    include <unistd.h>
#endif

#include <fstream>

static constexpr int N_WARM  = 100; // what is taken once is taken by then
static constexpr int N_TIMES = 1000;

// bytes of this process in memory, or 0 where that is not known
static int64_t resident() {
#if defined(__linux__)
    malloc_trim(0);
    int64_t all = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> all >> pages;
    return pages*sysconf(_SC_PAGESIZE);
#else
    return 0;
#endif
}

// bytes that were allocated and not freed, or 0 where that is not known (AddressSanitizer, other systems)
static int64_t allocated() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    const auto info = mallinfo2();
    return (int64_t) (info.uordblks + info.hblkhd);
#else
    return 0;
#endif
}

// The allocator counts what it keeps for the next small request, some kilobytes in all; a context has more than 1 MiB.
static constexpr int64_t MAX_HEAP = 64*1024, MAX_RESIDENT = 2*1024*1024;

template <typename F>
static void check_flat(const char * what, int n, F && once) {
    int64_t heap = 0, memory = 0;
    for (int i = 0; i < N_WARM + n; ++i) {
        if (i == N_WARM) {
            heap   = allocated();
            memory = resident();
        }
        once(i);
    }
    const int64_t leaked = allocated() - heap, grown = resident() - memory;
    const bool sanitized = heap == 0; // freed memory stays in quarantine then; LeakSanitizer looks at the end instead
    tap::ok(leaked < MAX_HEAP && (sanitized || grown < MAX_RESIDENT), "%d %s: %lld bytes more in the heap, %lld in memory",
            n, what, (long long) leaked, (long long) (sanitized ? 0 : grown));
}

static llama_esa_params small_params(bool portable) {
    auto p = llama_esa_default_params();
    p.n_init   = 8;
    p.n_local  = 32;
    p.n_top    = 16;
    p.portable = portable;
    return p;
}

int main(int, char ** argv) {
    init_backends(argv[0]);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr); // refusals are logged as errors
    const scratch_dir dir;
    tiny_model tiny;
    tiny.n_layer = 1;
    const model_ptr model = make_model(tiny);
    const tokens t = random_tokens(model.get(), 512);

    check_flat("contexts made, used, edited and freed", N_TIMES, [&](int i) {
        const auto p = small_params(i % 4 == 3);
        session s(model.get(), 512, 32, &p);
        s.feed(t, 96, 32);
        llama_esa_remove(s.ctx.get(), 10, 20);
        s.feed(t, 92, 1);
    });

    const std::string path = dir / "snapshot", bad = dir / "bad";
    check_flat("snapshots saved, loaded and refused", N_TIMES, [&](int i) {
        const auto p = small_params(false);
        session s(model.get(), 512, 32, &p);
        s.feed(t, 64, 32);
        tokens out(512);
        size_t n = out.size();
        bool ok = llama_esa_snapshot_save(s.ctx.get(), path.c_str(), "key", t.data(), 64) == LLAMA_ESA_OK;
        ok = ok && llama_esa_snapshot_load(s.ctx.get(), path.c_str(), i % 2 ? "key" : "other", out.data(), &n) == (i % 2 ? LLAMA_ESA_OK : LLAMA_ESA_BAD_FILE);
        if (!ok) {
            tap::bail("snapshot %d: %s", i, llama_esa_last_error());
        }
    });

    check_flat("contexts that could not be made", N_TIMES, [&](int i) {
        auto p = small_params(false);
        p.projections = i % 2 ? bad.c_str() : nullptr;
        p.n_top       = i % 2 ? 16 : 0;
        auto cp = llama_context_default_params();
        cp.n_ctx = 512;
        cp.esa   = &p;
        if (llama_init_from_model(model.get(), cp)) {
            tap::bail("made with wrong parameters");
        }
    });

    check_flat("calibrations", 100, [&](int) {
        auto * cal = llama_esa_calibration_init(model.get(), 16, LLAMA_ESA_VOTE_SUM, LLAMA_ESA_SCORING_FAR, 32, 1);
        if (llama_esa_calibration_add(cal, t.data(), 128, nullptr, nullptr) != LLAMA_ESA_OK ||
                llama_esa_calibration_save(cal, bad.c_str(), nullptr, nullptr) != LLAMA_ESA_OK) {
            tap::bail("calibration: %s", llama_esa_last_error());
        }
        llama_esa_calibration_free(cal);
        auto p = small_params(false);
        p.projections = bad.c_str();
        session s(model.get(), 512, 32, &p);
        s.feed(t, 64, 32);
    });
    return tap::done();
}
