import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

export interface LlamaVersions {
  readonly nodeLlamaCpp: string;
  /** Release of llama.cpp inside the package; null when the package does not say. */
  readonly llamaCpp: string | null;
}

/** Versions of node-llama-cpp and of the llama.cpp that it carries; works without a native build. */
export async function llamaVersions(): Promise<LlamaVersions> {
  const { getModuleVersion } = await import("node-llama-cpp");
  return { nodeLlamaCpp: await getModuleVersion(), llamaCpp: await llamaCppRelease() };
}

async function llamaCppRelease(): Promise<string | null> {
  const entry = fileURLToPath(import.meta.resolve("node-llama-cpp"));
  const file = path.join(path.dirname(entry), "..", "llama", "binariesGithubRelease.json");
  try {
    const { release } = JSON.parse(await readFile(file, "utf8")) as { release?: unknown };
    return typeof release === "string" ? release : null;
  } catch {
    return null; // A pruned package lacks the file: the version of node-llama-cpp says it too.
  }
}
