// Run as a process of its own by addonLifecycle.test.ts: exits in the middle of a prefill, with 7.
import { loadTinyModel, SMALL_CONTEXT, someTokens, startLlama } from "./support";

async function main(dir: string): Promise<void> {
  const { native } = await startLlama();
  const model = await loadTinyModel(dir, { layers: 4, heads: 8, seed: 3 });
  const context = await native.createContext(model.handle, { ...SMALL_CONTEXT, contextSize: 16_384, batchSize: 512 });
  const tokens = someTokens(16_000);
  await context.prefill(tokens, {
    onProgress: () => {
      console.log("reading");
      process.exit(7);
    },
  });
}

void main(process.argv[2] ?? "");
