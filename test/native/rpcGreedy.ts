// Run as a process of its own by rpc.test.ts, since llama.cpp starts once per process:
//   rpcGreedy.ts MODEL SNAPSHOT [SERVER...]
// Reads, or takes the snapshot when it is there, and prints greedy tokens by stock operations. With servers it then goes on
// reading until it fails, and prints how.
import { existsSync } from "node:fs";
import { loadLlama } from "../../src/engine/model/llama";
import { LongsightError } from "../../src/shared/errors";
import { collect, SMALL_CONTEXT, SMALL_ESA, someTokens } from "./support";

const KEY = "rpc";
const PROMPT = someTokens(300);

async function main(file: string, snapshot: string, rpcServers: readonly string[]): Promise<void> {
  const runtime = await loadLlama({ gpu: "cpu", rpcServers });
  const model = await runtime.loadModel(file);
  const esa = { ...SMALL_ESA, portable: true };
  const context = await runtime.native.createContext(model.handle, { ...SMALL_CONTEXT, contextSize: 4096, esa });
  const restored = existsSync(snapshot);
  if (restored) {
    await context.snapshotLoad(snapshot, KEY);
  } else {
    await context.prefill(PROMPT.slice(0, -1));
    await context.snapshotSave(snapshot, KEY, PROMPT.slice(0, -1));
  }
  await context.prefill(PROMPT.slice(-1));
  const { tokens } = await collect(context, { maxTokens: 24, temperature: 0 });
  console.log(JSON.stringify({ backend: runtime.backend, restored, tokens }));
  while (rpcServers.length > 0) {
    await context.remove(PROMPT.length);
    await context.prefill(someTokens(3000, 5));
  }
}

const [file = "", snapshot = "", ...servers] = process.argv.slice(2);
main(file, snapshot, servers).then(
  () => process.exit(0),
  (error: unknown) => {
    const { code, message } = error instanceof LongsightError ? error : { code: "none", message: String(error) };
    process.stdout.write(`${JSON.stringify({ code, message })}\n`, () => process.exit(3));
  },
);
