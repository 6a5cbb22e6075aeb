// Everything that has to be there before Longsight can be started or tested from a checkout, in order.
import path from "node:path";
import { ensureChromium } from "./chromium.mjs";
import { ensureCodeServer } from "./codeServer.mjs";
import { ensureDependencies } from "./dependencies.mjs";
import { packageVsix } from "./package.mjs";
import { root } from "./paths.mjs";
import { run, SetupError, step } from "./steps.mjs";
import { checkPlatform, ensureTools } from "./system.mjs";

/**
 * Runs the steps that are asked for; each finds out by itself whether there is anything to do.
 * @param {{ native?: boolean, models?: string[], vsix?: boolean, codeServer?: boolean, chromium?: boolean }} wanted
 * @returns {Promise<{ models: Record<string, string>, vsix: string | null, chromium: string | null }>}
 */
export async function setUp(wanted) {
  const made = { models: {}, vsix: null, chromium: null };
  checkPlatform();
  await step("system packages", ensureTools);
  await step("npm packages", ensureDependencies);
  if (wanted.chromium) await step("Chromium", async () => (made.chromium = await ensureChromium()));
  if (wanted.codeServer) {
    await step("code-server, the workbench in a browser", async () => {
      const { fetched } = await ensureCodeServer();
      return fetched ? "fetched" : "up to date";
    });
  }
  if (wanted.native) {
    await step("native build (about 10 minutes on two cores the first time)", async () => {
      await run(process.execPath, [path.join(root, "native/build.mjs")], { cwd: root, minutes: 60, show: true });
    });
  }
  for (const id of wanted.models ?? []) {
    await step(`model ${id}`, async () => {
      // Imports the project's packages, which are there only now.
      const { ensureModel } = await import("./devModels.mjs");
      const log = (line) => console.log(`  ${line}`);
      made.models[id] = await ensureModel(id, { log }).catch((error) => {
        throw new SetupError(`The model ${id} could not be had: ${error.message}`);
      });
      return made.models[id];
    });
  }
  if (wanted.vsix) {
    await step("extension package", async () => {
      const { file, fresh, bytes } = await packageVsix();
      made.vsix = file;
      return `${path.relative(root, file)}, ${(bytes / 1e6).toFixed(1)} MB${fresh ? "" : ", up to date"}`;
    });
  }
  return made;
}
