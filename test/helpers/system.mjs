// Programs of the operating system that building and testing need.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { run, SetupError } from "./steps.mjs";

/** probe: a command that succeeds when the tool is there; apt, brew: the package that brings it. */
const TOOLS = {
  git: { probe: ["git", "--version"], apt: "git", brew: "git" },
  cmake: { probe: ["cmake", "--version"], apt: "cmake", brew: "cmake" },
  ninja: { probe: ["ninja", "--version"], apt: "ninja-build", brew: "ninja" },
  compiler: { probe: ["c++", "--version"], apt: "g++", brew: null },
  // Models come out of Python packages when the model hub cannot be reached.
  pip: { probe: ["python3", "-m", "pip", "--version"], apt: "python3-pip", brew: "python", optional: true },
};

const works = ([command, ...args]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

export const isRoot = () => process.getuid?.() === 0;
export const hasApt = () => process.platform === "linux" && existsSync("/usr/bin/apt-get");

/** ID of the distribution in /etc/os-release, such as "debian"; empty elsewhere. */
export function distribution() {
  if (!existsSync("/etc/os-release")) return "";
  return /^ID="?([^"\n]*)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
}

/** @throws {SetupError} on Windows and on Node below 20 */
export function checkPlatform() {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new SetupError(`Node 20 or newer is needed; this is ${process.versions.node}. See https://nodejs.org.`);
  }
  if (process.platform === "win32") {
    throw new SetupError("On Windows run this inside WSL (https://learn.microsoft.com/windows/wsl/install).");
  }
}

/** Installs Debian packages; needs root. */
export async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-q"], { env, minutes: 10 });
  await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], { env, minutes: 20 });
}

/** The command that a person has to run to get what is missing. */
function installCommand(missing) {
  if (process.platform === "darwin") {
    const formulas = [...new Set(missing.map((name) => TOOLS[name].brew).filter(Boolean))];
    const steps = missing.includes("compiler") || missing.includes("git") ? ["xcode-select --install"] : [];
    if (formulas.length > 0) steps.push(`brew install ${formulas.join(" ")}`);
    return steps.join(" && ");
  }
  const packages = missing.map((name) => TOOLS[name].apt).join(" ");
  if (hasApt()) return `sudo apt-get update && sudo apt-get install -y ${packages}`;
  return `install with your package manager what Debian calls: ${packages}`;
}

/**
 * Makes sure that the tools are there.
 * @returns {Promise<string>} what was done
 * @throws {SetupError} with the exact command when something is missing that cannot be installed from here
 */
export async function ensureTools() {
  const missing = Object.keys(TOOLS).filter((name) => !works(TOOLS[name].probe));
  if (missing.length === 0) return "all there";
  const packages = missing.map((name) => TOOLS[name].apt);
  if (hasApt() && isRoot()) {
    console.log(`  installing ${packages.join(", ")} with apt-get`);
    await aptInstall(packages);
  }
  const left = missing.filter((name) => !works(TOOLS[name].probe));
  if (left.every((name) => TOOLS[name].optional) && left.length > 0)
    return `all there but ${left.join(", ")}, which may not be needed`;
  if (left.length > 0)
    throw new SetupError(`Missing on this machine: ${left.join(", ")}. To install:\n  ${installCommand(left)}`);
  return `installed ${packages.join(", ")}`;
}
