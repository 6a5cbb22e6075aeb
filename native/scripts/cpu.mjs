// Which of ggml's CPU variants this machine can use. ggml picks the best of those present when it loads them.
import { readFileSync } from "node:fs";

const AVX2 = ["avx", "f16c", "fma", "avx2", "bmi2"];
const AVX512 = [...AVX2, "avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw"];

/** From ggml/src/CMakeLists.txt, best first by ggml's own score, with the flags of /proc/cpuinfo each one needs. */
const X64 = [
  ["sapphirerapids", [...AVX512, "avx512vbmi", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8"]],
  ["zen4", [...AVX512, "avx512vbmi", "avx512_vnni", "avx512_bf16"]],
  ["cooperlake", [...AVX512, "avx512_vnni", "avx512_bf16"]],
  ["icelake", [...AVX512, "avx512vbmi", "avx512_vnni"]],
  ["cascadelake", [...AVX512, "avx512_vnni"]],
  ["cannonlake", [...AVX512, "avx512vbmi"]],
  ["skylakex", AVX512],
  ["alderlake", [...AVX2, "avx_vnni"]],
  ["haswell", AVX2],
  ["sandybridge", ["avx"]],
];

const ARM_DOT = ["asimddp"];
const ARM_HALF = [...ARM_DOT, "asimdhp"];
const ARM64 = [
  ["armv9.2_2", [...ARM_HALF, "sve", "i8mm", "sve2", "sme"]],
  ["armv8.6_2", [...ARM_HALF, "sve", "i8mm", "sve2"]],
  ["armv8.6_1", [...ARM_HALF, "sve", "i8mm"]],
  ["armv8.2_3", [...ARM_HALF, "sve"]],
  ["armv8.2_2", ARM_HALF],
  ["armv8.2_1", ARM_DOT],
];

/** @param {string} cpuinfo contents of /proc/cpuinfo */
function linuxVariants(cpuinfo, table, base) {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo);
  const flags = new Set(line === null ? [] : line[1].split(/\s+/));
  const best = table.find(([, needs]) => needs.every((flag) => flags.has(flag)));
  return best === undefined ? [base] : [base, best[0]];
}

/**
 * @param {boolean} portable build every variant
 * @returns {string[]} names for GGML_CPU_VARIANTS; empty: all of them
 */
export function cpuVariants(portable) {
  if (portable) return [];
  if (process.platform === "linux") {
    const cpuinfo = readFileSync("/proc/cpuinfo", "utf8");
    if (process.arch === "x64") return linuxVariants(cpuinfo, X64, "x64");
    if (process.arch === "arm64") return linuxVariants(cpuinfo, ARM64, "armv8.0_1");
    return [];
  }
  // Without /proc/cpuinfo: the few that cover the machines in use.
  if (process.platform === "darwin" && process.arch === "arm64") return ["apple_m1", "apple_m2_m3", "apple_m4"];
  if (process.arch === "x64") return ["x64", "haswell", "skylakex", "icelake", "alderlake"];
  return [];
}
