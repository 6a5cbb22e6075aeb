// The command line of build.mjs, and the CMake options that follow from it.
import { parseArgs } from "node:util";
import { defaultJobs } from "./ninja.mjs";

const BACKENDS = ["cpu", "cuda", "vulkan", "metal"];
export const USAGE = `usage: node native/build.mjs [options]
  --backend cpu|cuda|vulkan|metal   what computes, besides the CPU (default: metal on Apple silicon, else cpu)
  --portable     all CPU variants and GPU architectures, for a package that runs on other machines
  --sanitize     libraries and tests with AddressSanitizer and UBSan, under native/build; nothing is installed
  --jobs N       compilers at a time (default: what cores and memory allow)
  --no-cache     neither take the finished build from the user's cache nor put it there
  --quiet        print errors only`;

/** Exits with 2 and the usage when the command line makes no sense. */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        backend: {
          type: "string",
          default: process.platform === "darwin" && process.arch === "arm64" ? "metal" : "cpu",
        },
        portable: { type: "boolean", default: false },
        sanitize: { type: "boolean", default: false },
        jobs: { type: "string" },
        "no-cache": { type: "boolean", default: false },
        quiet: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const jobs = values.jobs === undefined ? defaultJobs() : Number(values.jobs);
    if (!BACKENDS.includes(values.backend))
      throw new Error(`--backend ${values.backend}: one of ${BACKENDS.join(", ")}`);
    if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs ${values.jobs}: a whole number above 0`);
    return { ...values, jobs, cache: !values["no-cache"] };
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

/** CMake options that decide what the binaries are. */
export function cmakeOptions({ backend, portable, sanitize }, variants) {
  const on = (name, value) => `-D${name}=${value ? "ON" : "OFF"}`;
  return [
    `-DCMAKE_BUILD_TYPE=${sanitize ? "RelWithDebInfo" : "Release"}`,
    on("BUILD_SHARED_LIBS", true),
    on("GGML_NATIVE", false),
    on("GGML_BACKEND_DL", true),
    on("GGML_CPU_ALL_VARIANTS", true),
    `-DGGML_CPU_VARIANTS=${variants.join(";")}`,
    on("GGML_OPENMP", false),
    on("GGML_CCACHE", false),
    on("GGML_BLAS", false),
    on("GGML_CUDA", backend === "cuda"),
    on("GGML_VULKAN", backend === "vulkan"),
    on("GGML_METAL", backend === "metal"),
    on("GGML_RPC", true),
    on("GGML_RPC_RDMA", false),
    ...(backend === "metal" ? [on("GGML_METAL_EMBED_LIBRARY", true)] : []),
    ...(backend === "cuda" && !portable ? ["-DCMAKE_CUDA_ARCHITECTURES=native"] : []),
    ...["LLAMA_CURL", "LLAMA_OPENSSL", "LLAMA_HTTPLIB", "LLAMA_BUILD_BORINGSSL"].map((name) => on(name, false)),
    ...["LLAMA_BUILD_TESTS", "LLAMA_BUILD_TOOLS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_SERVER", "LLAMA_BUILD_APP"].map(
      (name) => on(name, false),
    ),
    on("LLAMA_BUILD_COMMON", !sanitize),
    on("LONGSIGHT_ADDONS", !sanitize),
    "-DLLAMA_BUILD_NUMBER=1",
    "-DLLAMA_BUILD_COMMIT=longsight",
    // AddressSanitizer everywhere, since a wrong shape overflows inside ggml; UndefinedBehaviorSanitizer on our own code
    ...(sanitize
      ? ["LONGSIGHT_SANITIZE", "LLAMA_SANITIZE_ADDRESS", "GGML_SANITIZE_ADDRESS"].map((name) => on(name, true))
      : []),
  ];
}
