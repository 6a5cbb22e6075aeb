// How fast segments are written, loaded and copied: many small ones and a few large ones, with the rows of a real model.
//   esa-segments model.gguf [folder for the files]

#include "llama-esa-bench.h"
#include "support/session.h"

#include <chrono>

static double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void check(llama_esa_status status) {
    if (status != LLAMA_ESA_OK) {
        tap::bail("%s", llama_esa_last_error());
    }
}

static void say(const char * what, int n_files, int n_tokens, double bytes, double t) {
    printf("%-6s %5d x %5d tokens  %8.1f ms  %8.0f files/s  %7.0f MB/s\n", what, n_files, n_tokens, 1e3*t, n_files/t, bytes/t*1e-6);
    fflush(stdout);
}

static void measure(llama_model * model, const std::string & dir, int n_files, int n_tokens) {
    const auto p = llama_esa_default_params();
    const int n_all = n_files*n_tokens;
    session s(model, n_all + 256, 512, &p), t(model, n_all + 256, 512, &p);
    check(llama_esa_bench_fill(s.ctx.get(), n_all));
    const tokens some(n_tokens, 1);
    auto file = [&](int i) { return dir + "/" + std::to_string(i); };

    double t0 = seconds();
    for (int i = 0; i < n_files; ++i) {
        check(llama_esa_segment_save(s.ctx.get(), file(i).c_str(), "key", i*n_tokens, some.data(), some.size()));
    }
    const double bytes = (double) n_files*std::filesystem::file_size(file(0));
    say("save", n_files, n_tokens, bytes, seconds() - t0);

    tokens out(n_tokens);
    for (int round = 0; round < 2; ++round) {
        llama_esa_remove(t.ctx.get(), 0, -1);
        t0 = seconds();
        for (int i = 0; i < n_files; ++i) {
            size_t n = out.size();
            check(llama_esa_segment_load(t.ctx.get(), file(i).c_str(), "key", out.data(), &n));
        }
        say("load", n_files, n_tokens, bytes, seconds() - t0);
    }

    llama_esa_remove(t.ctx.get(), 0, -1);
    t0 = seconds();
    for (int i = 0; i < n_files; ++i) {
        check(llama_esa_segment_copy(t.ctx.get(), s.ctx.get(), i*n_tokens, n_tokens));
    }
    say("copy", n_files, n_tokens, bytes, seconds() - t0);

    for (int i = 0; i < n_files; ++i) {
        std::filesystem::remove(file(i));
    }
}

int main(int argc, char ** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: esa-segments model.gguf [folder]\n");
        return 1;
    }
    init_backends(argv[0]);
    const scratch_dir scratch;
    const std::string dir = argc > 2 ? argv[2] : scratch / "";
    const model_ptr model = load_model(argv[1]);
    measure(model.get(), dir, 2000, 50);
    measure(model.get(), dir, 200, 500);
    measure(model.get(), dir, 20, 5000);
    return 0;
}
