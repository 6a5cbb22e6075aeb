import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { loadNative } from "../../src/engine/native";
import { checkRpcServer } from "../../src/engine/model/rpcServers";
import { requireEnv } from "../helpers/skip";
import { scratchFolder } from "./support";
import { writeTinyModel } from "./tinyModel";

type Line = Readonly<Record<string, unknown>>;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("layers on RPC servers", function () {
  this.timeout(300_000);
  const dir = scratchFolder();
  const running = new Set<ChildProcess>();
  afterEach(() => running.forEach((child) => child.kill("SIGKILL")));

  async function startServer(port?: number): Promise<{ readonly server: string; readonly child: ChildProcess }> {
    const program = path.join(loadNative().dir, process.platform === "win32" ? "rpc-server.exe" : "rpc-server");
    const chosen = port ?? (await freePort());
    const child = spawn(program, ["--port", String(chosen), "--threads", "1"], { stdio: "ignore" });
    running.add(child);
    const server = `127.0.0.1:${chosen}`;
    for (let tries = 0; ; tries++) {
      try {
        await checkRpcServer(server);
        return { server, child };
      } catch (error) {
        if (tries === 50 || child.exitCode !== null) throw error;
        await sleep(100);
      }
    }
  }

  /** A process that reads with `model`: its lines as they come, and its end. */
  function start(model: string, snapshot: string, servers: readonly string[]) {
    const script = path.join(import.meta.dirname, "rpcGreedy.ts");
    const child = spawn(process.execPath, ["--import", "tsx", script, model, path.join(dir, snapshot), ...servers], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.add(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const next = async (): Promise<Line> => {
      const line = await lines.next();
      assert.ok(line.done !== true, "it printed nothing more");
      return JSON.parse(line.value) as Line;
    };
    return { child, ended, next };
  }

  async function greedyHere(model: string): Promise<unknown> {
    const run = start(model, `${path.basename(model)}.here`, []);
    const { tokens, backend } = await run.next();
    assert.equal(backend, "cpu");
    assert.equal(await run.ended, 0);
    return tokens;
  }

  it("give the tokens of one process; a lost server is named, and the snapshot goes on when it is back", async () => {
    const model = path.join(dir, "tiny.gguf");
    writeTinyModel(model, { layers: 4 });
    const expected = await greedyHere(model);
    const first = await startServer();
    const second = await startServer();
    const servers = [first.server, second.server];

    const run = start(model, "remote", servers);
    assert.deepEqual(await run.next(), { backend: "rpc", restored: false, tokens: expected });
    const before = readFileSync(path.join(dir, "remote"));
    second.child.kill("SIGKILL");
    assert.deepEqual(await run.next(), { code: "LS-205", message: `The RPC server ${second.server} went away.` });
    assert.equal(await run.ended, 3);
    assert.ok(readFileSync(path.join(dir, "remote")).equals(before), "the snapshot changed");

    const without = start(model, "remote", servers);
    const refused = await without.next();
    assert.equal(refused["code"], "LS-204");
    assert.match(String(refused["message"]), new RegExp(`${second.server} cannot be used: .*ECONNREFUSED`));
    assert.equal(await without.ended, 3);

    await startServer(Number(second.server.split(":")[1]));
    const again = start(model, "remote", servers);
    assert.deepEqual(await again.next(), { backend: "rpc", restored: true, tokens: expected });
  });

  it("give the tokens of one process for a real model", async function () {
    const model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
    const servers = [(await startServer()).server, (await startServer()).server];
    const expected = await greedyHere(model);
    const run = start(model, "real", servers);
    assert.deepEqual(await run.next(), { backend: "rpc", restored: false, tokens: expected });
  });
});
