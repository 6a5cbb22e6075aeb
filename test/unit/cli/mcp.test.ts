import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { toMention } from "../../../src/cli/mcp/askTool";
import { progressOf } from "../../../src/cli/mcp/progress";
import type { Progress } from "../../../src/shared/protocol";
import { connectMcp, textOf } from "./mcpClient";
import { bundleCli, demo, scratchFolder } from "./runCli";

describe("longsight mcp", function () {
  this.timeout(60_000);
  const scratch = scratchFolder();
  const common = ["--data-dir", path.join(scratch, "data")];
  before(bundleCli);

  it("offers its three tools with schemas, and says that they change nothing", async () => {
    const { client, close } = await connectMcp([demo, ...common]);
    assert.equal(client.getServerVersion()?.name, "longsight");
    assert.match(client.getInstructions() ?? "", /ask_codebase/);
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name).sort(), ["ask_codebase", "attention_trace", "context_plan"]);
    for (const { inputSchema, outputSchema, annotations, description } of tools) {
      assert.equal(inputSchema.type, "object");
      assert.equal(outputSchema?.type, "object");
      assert.equal(annotations?.readOnlyHint, true);
      assert.ok(description);
    }
    assert.deepEqual(tools.find(({ name }) => name === "ask_codebase")?.inputSchema.required, ["question"]);
    await close();
  });

  it("plans several folders, and lists what was asked for", async () => {
    const other = path.join(scratch, "other");
    mkdirSync(other);
    writeFileSync(path.join(other, "one.ts"), "export const one = 1;\n");
    const { client, close } = await connectMcp([demo, other, ...common]);
    const all = await client.callTool({ name: "context_plan", arguments: {} });
    const value = all.structuredContent as { files: { path: string; included: boolean }[]; more: number };
    const paths = value.files.filter(({ included }) => included).map((file) => file.path);
    assert.ok(paths.includes("other/one.ts"), paths.join());
    assert.ok(paths.includes("demo/src/clock.ts"));
    assert.match(textOf(all), /In the context: \d+ files/);
    const few = await client.callTool({ name: "context_plan", arguments: { under: "demo/src/", limit: 3 } });
    const listed = few.structuredContent as typeof value;
    assert.equal(listed.files.length, 3);
    assert.ok(listed.files.every((file) => file.path.startsWith("demo/src/")));
    assert.ok(listed.more > 5);
    await close();
  });

  it("answers what fails as an error of the tool, with code and way out", async () => {
    const { client, close } = await connectMcp([demo, ...common]);
    const asked = await client.callTool({ name: "ask_codebase", arguments: { question: "Where are holds released?" } });
    assert.equal(asked.isError, true);
    assert.match(textOf(asked), /No model is chosen.*\(LS-306\)/);
    const traced = await client.callTool({ name: "attention_trace", arguments: {} });
    assert.equal(traced.isError, true);
    assert.match(textOf(traced), /\(LS-405\)/);
    const wrong = await client.callTool({ name: "ask_codebase", arguments: { question: "" } });
    assert.equal(wrong.isError, true);
    assert.match(textOf(wrong), /question/);
    await close();
  });

  it("names a folder that does not exist when it is asked, and keeps serving", async () => {
    const { client, close } = await connectMcp([path.join(scratch, "none"), ...common]);
    const planned = await client.callTool({ name: "context_plan", arguments: {} });
    assert.match(textOf(planned), /LS-101/);
    assert.equal((await client.listTools()).tools.length, 3);
    await close();
  });
});

describe("what a tool mentions", () => {
  const api = { uri: "file:///w/api", name: "api" };
  const web = { uri: "file:///w/web/", name: "web" };

  it("is a file of the one root, or of the root that the path begins with", () => {
    assert.deepEqual(toMention({ path: "src/a b.ts" }, [api]), {
      uri: "file:///w/api/src/a%20b.ts",
      label: "@src/a b.ts",
    });
    assert.deepEqual(toMention({ path: "web/a#1.ts", startLine: 3 }, [api, web]), {
      uri: "file:///w/web/a%231.ts",
      label: "@web/a#1.ts",
      startLine: 3,
      endLine: 3,
    });
  });

  for (const wrong of ["../secret", "a/../../b", "/etc/passwd", "", "a//b", "./a"]) {
    it(`is never outside of the workspace: '${wrong}'`, () => {
      assert.throws(() => toMention({ path: wrong }, [api]), { code: "LS-601" });
      assert.throws(() => toMention({ path: `web/${wrong}` }, [api, web]), { code: "LS-601" });
    });
  }
  it("needs a root that is there", () =>
    assert.throws(() => toMention({ path: "x/a" }, [api, web]), { code: "LS-601" }));
});

describe("progress of a tool", () => {
  const progress = (stage: Progress["stage"], done: number, total: number): Progress => ({
    stage,
    done,
    total,
    unit: "tokens",
    rate: 0,
    eta: null,
  });
  const told = async (token: number | undefined, work: (call: ReturnType<typeof progressOf>) => void) => {
    const values: number[] = [];
    const call = progressOf({
      signal: new AbortController().signal,
      _meta: { progressToken: token },
      sendNotification: ({ params }) => {
        assert.equal(params.progressToken, token);
        assert.ok(params.progress <= params.total);
        assert.notEqual(params.message, "");
        values.push(params.progress);
        return Promise.resolve();
      },
    });
    work(call);
    await Promise.resolve();
    return values;
  };

  it("only grows, though stages begin at nothing and may come again", async () => {
    const values = await told(7, ({ onProgress, onAnswer }) => {
      onProgress(progress("walk", 0, 10));
      onProgress(progress("walk", 10, 10));
      onProgress(progress("prefill", 0, 100));
      onProgress(progress("prefill", 100, 100));
      onProgress(progress("walk", 5, 10));
      onAnswer(0.5, "half");
      onAnswer(1, "all");
    });
    assert.ok(values.length >= 5);
    assert.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
    );
    assert.equal(new Set(values).size, values.length);
  });

  it("is not told when nobody asked", async () => {
    assert.deepEqual(await told(undefined, ({ onProgress }) => onProgress(progress("walk", 1, 2))), []);
  });
});
