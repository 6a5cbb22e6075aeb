// Lends the devices of this machine to Longsight on another one: ggml's RPC server with the backends of this build.
// Whoever reaches the port can use the devices and this process's memory: there is no authentication.

#include "ggml-backend.h"
#include "ggml-rpc.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

static const char USAGE[] =
    "usage: rpc-server [options]\n"
    "  --host ADDRESS   where to listen (default 127.0.0.1: this machine only)\n"
    "  --port N         default 50052\n"
    "  --threads N      of the CPU (default: half of the cores)\n"
    "  --cpu            lend the CPU also where there is a GPU\n"
    "There is no authentication and no encryption: listen in trusted networks only.\n";

struct options {
    std::string host = "127.0.0.1";
    int  port    = 50052;
    int  threads = std::max(1u, std::thread::hardware_concurrency()/2);
    bool cpu     = false;
};

[[noreturn]] static void fail(const std::string & message) {
    fprintf(stderr, "rpc-server: %s\n", message.c_str());
    exit(1);
}

static int number(const char * name, const char * text, int most) {
    char * end = nullptr;
    const long value = strtol(text, &end, 10);
    if (*text == 0 || *end != 0 || value < 1 || value > most) {
        fail(std::string(name) + " must be a whole number from 1 to " + std::to_string(most));
    }
    return (int) value;
}

static options read_options(int argc, char ** argv) {
    options res;
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        const char * value = i + 1 < argc ? argv[i + 1] : "";
        if (arg == "--cpu") {
            res.cpu = true;
            continue;
        }
        if (arg == "--host") {
            res.host = value;
        } else if (arg == "--port") {
            res.port = number("--port", value, 65535);
        } else if (arg == "--threads") {
            res.threads = number("--threads", value, 512);
        } else {
            fputs(USAGE, arg == "--help" ? stdout : stderr);
            exit(arg == "--help" ? 0 : 2);
        }
        ++i;
    }
    return res;
}

// the GPUs, or the CPU where there is none
static std::vector<ggml_backend_dev_t> devices_to_lend(bool cpu) {
    std::vector<ggml_backend_dev_t> gpus, cpus;
    for (size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        ggml_backend_dev_t dev = ggml_backend_dev_get(i);
        const auto type = ggml_backend_dev_type(dev);
        if (type == GGML_BACKEND_DEVICE_TYPE_CPU) {
            cpus.push_back(dev);
        } else if (type != GGML_BACKEND_DEVICE_TYPE_ACCEL) {
            gpus.push_back(dev);
        }
    }
    return cpu || gpus.empty() ? cpus : gpus;
}

int main(int argc, char ** argv) {
    const options o = read_options(argc, argv);

    const auto dir = std::filesystem::absolute(argv[0]).parent_path();
    for (const char * part : { "", "rpc", "gpu" }) {
        if (std::filesystem::exists(dir / part)) {
            ggml_backend_load_all_from_path((dir / part).string().c_str());
        }
    }
    ggml_backend_reg_t rpc = ggml_backend_reg_by_name("RPC");
    if (!rpc) {
        fail("the RPC backend is not in " + dir.string());
    }
    auto devices = devices_to_lend(o.cpu);
    if (devices.empty()) {
        fail("no device was found");
    }
    if (o.host.rfind("127.", 0) != 0) {
        fprintf(stderr, "rpc-server: whoever reaches %s:%d can use this machine; there is no authentication\n", o.host.c_str(), o.port);
    }
    auto start = (decltype(ggml_backend_rpc_start_server) *) ggml_backend_reg_get_proc_address(rpc, "ggml_backend_rpc_start_server");
    start((o.host + ":" + std::to_string(o.port)).c_str(), nullptr, o.threads, devices.size(), devices.data());
    fail("cannot listen on " + o.host + ":" + std::to_string(o.port)); // it only returns then
}
