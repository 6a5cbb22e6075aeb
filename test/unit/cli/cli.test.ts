import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { bundleCli, demo, runCli, scratchFolder } from "./runCli";

const OFFLINE = { HF_ENDPOINT: "http://127.0.0.1:1/" };

describe("the command line", function () {
  this.timeout(60_000);
  const scratch = scratchFolder();
  const data = ["--data-dir", path.join(scratch, "data")];
  before(bundleCli);

  describe("help and version", () => {
    it("prints the version of the package", async () => {
      const { code, stdout } = await runCli(["--version"]);
      assert.equal(code, 0);
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    });
    for (const command of ["plan", "index", "ask", "trace", "calibrate", "doctor", "bench", "model get", "mcp"]) {
      it(`explains ${command} with an example`, async () => {
        const { code, stdout } = await runCli([...command.split(" "), "--help"]);
        assert.equal(code, 0);
        assert.match(stdout, new RegExp(`Example[\\s\\S]*longsight ${command}`));
        assert.match(stdout, /--model/);
      });
    }
  });

  describe("wrong usage ends with 2, on standard error", () => {
    const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
      ["no command", [], /Usage/],
      ["an unknown command", ["read"], /unknown command 'read'/],
      ["a missing argument", ["plan"], /missing required argument 'dir'/],
      ["a missing question", ["ask", "."], /missing required argument 'question'/],
      ["an argument too many", ["plan", ".", "."], /too many arguments/],
      ["an unknown option", ["plan", ".", "--nope"], /unknown option '--nope'/],
      ["a value that is no number", ["plan", ".", "--budget", "much"], /whole number of at least 0/],
      ["a value outside its range", ["ask", ".", "x", "--top-p", "1.5"], /from 0 to 1/],
      ["nothing to select", ["ask", ".", "x", "--top", "0"], /at least 1/],
      ["a width beyond any key", ["ask", ".", "x", "--projection", "5000"], /at most 1024/],
      ["neighbours without end", ["ask", ".", "x", "--proximity", "1000000"], /at most 64/],
      ["a budget below zero", ["ask", ".", "x", "--budget", "-5"], /budget.*whole number of at least 0/],
      ["a choice that is none", ["index", ".", "--backend", "abacus"], /Allowed choices are auto/],
      ["an RPC server without a port", ["ask", ".", "x", "--rpc", "a:1,box"], /'box' is not 'host:port'/],
      ["unknown modes", ["bench", "--modes", "dense,fast"], /dense,esa/],
      ["a depth of nothing", ["bench", "--depths", "0"], /at least 1/],
      ["a damaged interval", ["trace", ".", "--steps", "5"], /two whole numbers/],
    ];
    for (const [name, args, message] of wrong) {
      it(name, async () => {
        const { code, stdout, stderr } = await runCli(args);
        assert.equal(code, 2);
        assert.equal(stdout, "");
        assert.match(stderr, message);
      });
    }
  });

  describe("what the user can mend ends with 3 and one error", () => {
    const empty = path.join(scratch, "empty");
    const file = path.join(scratch, "not-a-model.gguf");
    const repository = path.join(scratch, "repository");
    before(() => {
      mkdirSync(empty);
      mkdirSync(repository);
      writeFileSync(path.join(repository, "a.ts"), "export const a = 1;\n");
      writeFileSync(file, "this is a text\n");
    });
    const cases: readonly (readonly [string, () => readonly string[], string, RegExp])[] = [
      ["a folder that does not exist", () => ["plan", path.join(scratch, "none")], "LS-101", /none does not exist/],
      ["the same when asked about", () => ["ask", path.join(scratch, "none"), "Why?"], "LS-101", /none does not exist/],
      ["a file for a folder", () => ["plan", file], "LS-102", /is not a folder/],
      ["an empty folder", () => ["plan", empty], "LS-103", /empty/],
      ["a model that nobody knows", () => ["plan", repository, "--model", "gpt-9"], "LS-301", /'gpt-9'/],
      ["a model that is not here", () => ["model", "path", "qwen2.5-coder-0.5b-instruct"], "LS-302", /not on this/],
      ["a foreign file for a model", () => ["model", "path", file], "LS-303", /does not begin like a GGUF/],
      ["no model at all", () => ["model", "path"], "LS-306", /No model is chosen/],
      ["a download of nothing known", () => ["model", "get", "gpt-9"], "LS-301", /'gpt-9'/],
      ["a trace before a question", () => ["trace", repository], "LS-405", /Nothing has been asked/],
      ["a trace that is gone", () => ["trace", repository, "0123456789abcdef"], "LS-404", /0123456789abcdef/],
    ];
    for (const [name, args, expected, message] of cases) {
      it(name, async () => {
        const { code, events } = await runCli([...args(), ...data, "--json"]);
        assert.equal(code, 3);
        const last = events.at(-1);
        assert.deepEqual([last?.["type"], last?.["code"]], ["error", expected]);
        assert.match(String(last?.["message"]), message);
        assert.ok(String(last?.["wayOut"]).length > 0);
      });
    }
    it("says the same in words without --json", async () => {
      const { code, stdout, stderr } = await runCli(["plan", path.join(scratch, "none"), ...data]);
      assert.equal(code, 3);
      assert.equal(stdout, "");
      assert.match(stderr, /longsight: .*does not exist\. \[LS-101\]\n {2}Check the path/);
    });
    it("offline, at once, with no half a model", async () => {
      const { code, events } = await runCli(["model", "get", "smollm2-135m-instruct", ...data, "--json"], {
        env: OFFLINE,
      });
      assert.equal(code, 3);
      assert.equal(events.at(-1)?.["code"], "LS-304");
      assert.ok(!existsSync(path.join(scratch, "data", "models", "smollm2-135m-instruct.gguf")));
    });
  });

  describe("plan", () => {
    it("prints the contract's object, and nothing but JSON", async () => {
      const { code, events, stderr } = await runCli(["plan", demo, ...data, "--budget", "4000", "--json"]);
      assert.equal(code, 0, stderr);
      const plan = events.at(-1);
      assert.ok(plan);
      assert.deepEqual(Object.keys(plan).slice(0, 4), ["type", "budget", "included", "files"]);
      assert.equal(plan["type"], "plan");
      assert.equal(plan["budget"], 4000);
      const files = plan["files"] as { path: string; tokens: number; included: boolean; reason: string }[];
      const included = files.filter((entry) => entry.included);
      const totals = plan["included"] as { files: number; tokens: number };
      assert.equal(included.length, totals.files);
      assert.equal(
        included.reduce((sum, entry) => sum + entry.tokens, 0),
        totals.tokens,
      );
      assert.ok(totals.tokens <= 4000);
      assert.ok(files.length > included.length);
      assert.ok(files.every((entry) => entry.reason.length > 0));
      for (const event of events.slice(0, -1)) {
        assert.equal(event["type"], "progress");
        assert.ok(["walk", "tokenize"].includes(String(event["stage"])));
      }
    });
    it("prints a tree for people, without control codes where there is no terminal", async () => {
      const { code, stdout, stderr } = await runCli(["plan", demo, ...data]);
      assert.equal(code, 0);
      assert.match(stdout, /^In the context: \d+ files/);
      assert.match(stdout, /^src\/ +[\d,]+ {2}\d+ files$/m);
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      assert.doesNotMatch(stdout + stderr, /[\u001b\r]/);
    });
    it("--quiet leaves standard error empty", async () => {
      const { stderr } = await runCli(["plan", demo, ...data, "--quiet"]);
      assert.equal(stderr, "");
    });
    it("takes common options before the command too", async () => {
      const { code, events } = await runCli(["--json", ...data, "plan", demo]);
      assert.deepEqual([code, events.at(-1)?.["type"]], [0, "plan"]);
    });
    it("ends quietly when nobody reads its output", async () => {
      const { code, stderr } = await runCli(["plan", demo, ...data], { closeOutput: true });
      assert.equal(code, 0);
      assert.doesNotMatch(stderr, /EPIPE|LS-999/);
    });
  });

  describe("model list", () => {
    it("names every model with its licence, and recommends at most one", async () => {
      const { code, events } = await runCli(["model", "list", ...data, "--json"]);
      assert.equal(code, 0);
      const models = events.at(-1)?.["models"] as { id: string; license: string; recommended: boolean }[];
      assert.ok(models.length >= 7);
      assert.equal(models.find(({ id }) => id === "qwen2.5-coder-3b-instruct")?.license, "Qwen-RESEARCH");
      assert.ok(models.filter(({ recommended }) => recommended).length <= 1);
    });
  });

  describe("Ctrl-C", () => {
    it("ends a download with 130, and leaves nothing under the model's name", async () => {
      // A hub that begins to send a model and never gets on.
      const hub = createServer((request, response) => {
        response.writeHead(200, { "content-length": "144811360", "accept-ranges": "bytes" });
        if (request.method === "HEAD") response.end();
        else response.write(Buffer.alloc(1 << 16));
      });
      await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
      const { port } = hub.address() as AddressInfo;
      const folder = path.join(scratch, "interrupted");
      try {
        const { code, events } = await runCli(
          ["model", "get", "smollm2-135m-instruct", "--data-dir", folder, "--json"],
          {
            env: { HF_ENDPOINT: `http://127.0.0.1:${port}/` },
            onOutput: (text, { signal }) => {
              if (text.includes('"download"')) signal("SIGINT");
            },
          },
        );
        assert.equal(code, 130);
        assert.equal(events.at(-1)?.["code"], "LS-900");
        assert.deepEqual(readdirSync(path.join(folder, "models")), ["incoming"]);
      } finally {
        hub.closeAllConnections();
        hub.close();
      }
    });
  });
});
