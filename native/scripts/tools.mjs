// The programs that a build needs, and how to get those that are missing.
import { spawnSync } from "node:child_process";

/** A build that cannot go on, with a message meant for the person who started it. */
export class BuildError extends Error {}

const WINDOWS_COMPILER =
  "install Visual Studio Build Tools with 'Desktop development with C++' (winget install " +
  "Microsoft.VisualStudio.2022.BuildTools) and run this from its 'x64 Native Tools Command Prompt'";

/** Package or command per tool and platform. */
const INSTALL = {
  linux: {
    cmake: "cmake",
    ninja: "ninja-build",
    git: "git",
    compiler: "g++",
    glslc: "libvulkan-dev glslc spirv-headers",
  },
  darwin: {
    cmake: "cmake",
    ninja: "ninja",
    git: "git",
    compiler: null,
    glslc: "vulkan-headers vulkan-loader shaderc spirv-headers",
  },
  win32: {
    cmake: "Kitware.CMake",
    ninja: "Ninja-build.Ninja",
    git: "Git.Git",
    compiler: null,
    glslc: "KhronosGroup.VulkanSDK",
  },
};

/** First line that `command args` prints, or null when it cannot be run. */
function firstLine(command, args) {
  const run = spawnSync(command, args, { encoding: "utf8" });
  if (run.error !== undefined || (run.status !== 0 && command !== "cl")) return null;
  return `${run.stdout}${run.stderr}`.trim().split("\n")[0] ?? null;
}

function findCompiler() {
  if (process.env.CXX) return firstLine(process.env.CXX, ["--version"]);
  if (process.platform === "win32") return firstLine("cl", []) ?? firstLine("clang++", ["--version"]);
  for (const name of ["c++", "g++", "clang++"]) {
    const line = firstLine(name, ["--version"]);
    if (line !== null) return line;
  }
  return null;
}

function installCommand(missing) {
  const names = INSTALL[process.platform] ?? INSTALL.linux;
  const packages = missing.map((tool) => names[tool]).filter((name) => name !== null);
  if (process.platform === "darwin") {
    const steps = missing.includes("compiler") ? ["xcode-select --install"] : [];
    if (packages.length > 0) steps.push(`brew install ${packages.join(" ")}`);
    return steps.join(" && ");
  }
  if (process.platform === "win32") {
    const steps = packages.map((name) => `winget install ${name}`);
    if (missing.includes("compiler")) steps.push(WINDOWS_COMPILER);
    return steps.join("\n  ");
  }
  return `apt-get install -y ${packages.join(" ")}   (Debian and Ubuntu, as root; other systems: the same tools)`;
}

/**
 * Checks that cmake (3.21 or newer), ninja, git and a C++ compiler can be run, for Vulkan the shader compiler too.
 * @returns {{ compiler: string }} first line of the compiler's version, part of the content hash
 * @throws {BuildError} naming everything that is missing and the command that installs it
 */
export function checkTools(backend) {
  const found = {
    cmake: firstLine("cmake", ["--version"]),
    ninja: firstLine("ninja", ["--version"]),
    git: firstLine("git", ["--version"]),
    compiler: findCompiler(),
    ...(backend === "vulkan" && { glslc: firstLine("glslc", ["--version"]) }),
  };
  const missing = Object.keys(found).filter((tool) => found[tool] === null);
  if (missing.length > 0) {
    const names = missing.map((tool) => (tool === "compiler" ? "a C++ compiler" : tool)).join(", ");
    throw new BuildError(`the native build needs ${names}. To install:\n  ${installCommand(missing)}`);
  }
  const version = /(\d+)\.(\d+)/.exec(found.cmake);
  if (version === null || Number(version[1]) * 1000 + Number(version[2]) < 3021) {
    throw new BuildError(
      `cmake 3.21 or newer is needed, found "${found.cmake}". To install:\n  ${installCommand(["cmake"])}`,
    );
  }
  return { compiler: found.compiler };
}
