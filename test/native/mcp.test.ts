import assert from "node:assert/strict";
import path from "node:path";
import { connectMcp, textOf } from "../unit/cli/mcpClient";
import { bundleCli, demo, scratchFolder } from "../unit/cli/runCli";
import { requireEnv } from "../helpers/skip";

describe("longsight mcp with a model", function () {
  this.timeout(600_000);
  const scratch = scratchFolder();
  let served: Awaited<ReturnType<typeof connectMcp>>;

  before(async function () {
    const model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
    await bundleCli();
    const sizes = ["--budget", "2500", "--local", "512", "--top", "256", "--max-tokens", "24", "--temperature", "0"];
    served = await connectMcp([demo, "--model", model, "--data-dir", path.join(scratch, "data"), ...sizes]);
  });
  after(() => served.close());

  const patient = { timeout: 500_000, resetTimeoutOnProgress: true };

  it("answers with citations and a trace, and tells its progress meanwhile", async () => {
    const progress: { progress: number; total?: number | undefined; message?: string | undefined }[] = [];
    const result = await served.client.callTool(
      {
        name: "ask_codebase",
        arguments: { question: "What does a berth hold?", mentions: [{ path: "docs/holds.md" }] },
      },
      undefined,
      { ...patient, onprogress: (told) => progress.push(told) },
    );
    assert.notEqual(result.isError, true, textOf(result));
    const value = result.structuredContent as { answer: string; trace: string; files: number; asOf: string };
    assert.notEqual(value.answer.trim(), "");
    assert.ok(value.files > 2);
    assert.ok(textOf(result).startsWith(value.answer));
    assert.match(textOf(result), new RegExp(value.trace));
    assert.ok(progress.some(({ message }) => message?.startsWith("Reading") === true));
    assert.ok(progress.some(({ message }) => message?.startsWith("Answering") === true));
    for (const [index, { progress: now }] of progress.entries()) assert.ok(now > (progress[index - 1]?.progress ?? -1));
  });

  it("says where the model looked, over all of the answer and over a part", async () => {
    const whole = await served.client.callTool({ name: "attention_trace", arguments: {} });
    assert.notEqual(whole.isError, true, textOf(whole));
    const value = whole.structuredContent as {
      trace: string;
      question: string;
      steps: number;
      files: { selected: number }[];
    };
    assert.equal(value.question, "What does a berth hold?");
    const part = await served.client.callTool({
      name: "attention_trace",
      arguments: { trace: value.trace, from: 0, to: 1, limit: 500 },
    });
    const sum = (files: { selected: number }[]): number => files.reduce((total, { selected }) => total + selected, 0);
    const one = part.structuredContent as typeof value;
    assert.ok(sum(one.files) > 0 && sum(one.files) < sum(value.files));
    const beyond = await served.client.callTool({ name: "attention_trace", arguments: { from: 0, to: 9_999 } });
    assert.match(textOf(beyond), /LS-601/);
  });

  it("stops when the client cancels, and answers the next question", async () => {
    const abort = new AbortController();
    const asked = served.client.callTool(
      { name: "ask_codebase", arguments: { question: "Describe every file of the project in great detail." } },
      undefined,
      {
        ...patient,
        signal: abort.signal,
        onprogress: ({ message }) => {
          if (message?.startsWith("Answering") === true) abort.abort();
        },
      },
    );
    await assert.rejects(asked);
    const next = await served.client.callTool(
      { name: "ask_codebase", arguments: { question: "Who sends the mail?" } },
      undefined,
      patient,
    );
    assert.notEqual(next.isError, true, textOf(next));
  });
});
