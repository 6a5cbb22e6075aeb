import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import assert from "node:assert/strict";
import { bundle } from "./runCli";

/** A client of `longsight mcp` in a process of its own. Standard error is collected; foreign output fails the test. */
export async function connectMcp(
  args: readonly string[],
): Promise<{ client: Client; stderr: () => string; close: () => Promise<void> }> {
  const { LONGSIGHT_MODELS_DIR: _models, ...env } = process.env;
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [bundle, "mcp", ...args],
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) as Record<string, string>,
    stderr: "pipe",
  });
  let stderr = "";
  transport.stderr?.on("data", (data: Buffer) => (stderr += data.toString()));
  const client = new Client({ name: "test", version: "1.0.0" });
  // The transport reports whatever on standard output is no message.
  const foreign: Error[] = [];
  client.onerror = (error) => foreign.push(error);
  await client.connect(transport);
  return {
    client,
    stderr: () => stderr,
    close: async () => {
      await client.close();
      assert.deepEqual(foreign, []);
    },
  };
}

/** Text of a tool's result. */
export function textOf(result: Awaited<ReturnType<Client["callTool"]>>): string {
  return (result.content as readonly { readonly type: string; readonly text?: string }[])
    .map(({ text }) => text ?? "")
    .join("\n");
}
