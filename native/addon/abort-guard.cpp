#include "abort-guard.h"

#include <atomic>
#include <cstdio>
#include <stdexcept>

#include "ggml.h"
#include "rpc.h"

static std::atomic<int>  loads{ 0 };
static thread_local bool computing = false;

static void on_abort(const char * message) {
    report_lost_rpc_server(message);
    if (loads > 0 && !computing) {
        throw std::runtime_error(message);
    }
    fprintf(stderr, "%s\n", message);
}

void install_abort_guard() {
    ggml_set_abort_callback(on_abort);
}

void count_model_loads(int change) {
    loads += change;
}

AbortForReal::AbortForReal() {
    computing = true;
}

AbortForReal::~AbortForReal() {
    computing = false;
}
