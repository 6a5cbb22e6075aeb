import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { catalogue, type CatalogueModel } from "../../../src/engine/model/catalogue";
import { deleteModel, fetchModel } from "../../../src/engine/model/download";
import { downloadedPath, incomingFiles, isInterrupted } from "../../../src/engine/model/files";
import { LongsightError } from "../../../src/shared/errors";

/** 40 MB, several of the 5 MB pieces in which files are fetched. */
const CONTENT = Buffer.alloc(40 << 20);
for (let at = 0, state = 1; at < CONTENT.length; at += 4) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  CONTENT.writeInt32LE(state, at);
}

const entry: CatalogueModel = {
  id: "test-model",
  name: "Test",
  license: "MIT",
  freeUse: true,
  parameters: "0",
  activeBillions: 0,
  quantization: "F32",
  sizeBytes: CONTENT.length,
  sha256: createHash("sha256").update(CONTENT).digest("hex"),
  trainedContext: 1,
  architecture: "llama",
  layers: 1,
  kvHeads: 1,
  headDim: 1,
  source: "hf:someone/some-model/model.gguf#0123456789012345678901234567890123456789",
};

/** A hub with one file: HEAD, GET and ranges. `asked` counts the bytes of the ranges that were asked for. */
class Hub {
  asked = 0;
  /** Bytes per 10 ms and connection; 0: all at once. */
  pace = 0;
  readonly #server: Server;

  constructor(content: Buffer) {
    this.#server = createServer((request, response) => void this.#answer(request, response, content));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, content: Buffer): Promise<void> {
    if (request.url?.includes("/resolve/") !== true) return void response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const from = Number(range?.[1] ?? 0);
    const to = range?.[2] === undefined || range[2] === "" ? content.length - 1 : Number(range[2]);
    response.writeHead(range === null ? 200 : 206, {
      "content-length": String(to - from + 1),
      "accept-ranges": "bytes",
      ...(range !== null && { "content-range": `bytes ${from}-${to}/${content.length}` }),
    });
    if (request.method === "HEAD") return void response.end();
    if (range !== null) this.asked += to - from + 1;
    const step = this.pace === 0 ? to - from + 1 : this.pace;
    for (let at = from; at <= to && !response.destroyed; at += step) {
      const piece = content.subarray(at, Math.min(at + step, to + 1));
      response.write(piece);
      if (this.pace > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    response.end();
  }
}

async function failure(promise: Promise<unknown>): Promise<LongsightError> {
  const error = await promise.then(
    () => assert.fail("it should have failed"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LongsightError, String(error));
  return error;
}

describe("downloads", function () {
  this.timeout(60_000);
  let dir: string;
  let hub: Hub;
  const usual = process.env["HF_ENDPOINT"];
  const final = (): string => path.join(dir, "models", "test-model.gguf");

  beforeEach(async () => {
    dir = mkdtempSync(path.join(tmpdir(), "longsight-download-"));
    hub = new Hub(CONTENT);
    process.env["HF_ENDPOINT"] = await hub.start();
  });
  afterEach(() => {
    hub.stop();
    rmSync(dir, { recursive: true, force: true });
    if (usual === undefined) delete process.env["HF_ENDPOINT"];
    else process.env["HF_ENDPOINT"] = usual;
  });

  it("ends with the whole file under its name, and reports how far it is", async () => {
    const seen: number[] = [];
    const { path: file } = await fetchModel(entry, dir, { onProgress: ({ done }) => seen.push(done) });
    assert.equal(file, final());
    assert.ok(readFileSync(file).equals(CONTENT));
    assert.equal(seen[0], 0);
    assert.equal(seen.at(-1), CONTENT.length);
    assert.deepEqual(readdirSync(path.join(dir, "models", "incoming")), []);
  });

  it("refuses and removes another file than the catalogue names", async () => {
    const error = await failure(fetchModel({ ...entry, sha256: "0".repeat(64) }, dir, {}));
    assert.equal(error.code, "LS-305");
    assert.ok(!existsSync(final()));
    assert.deepEqual(readdirSync(path.join(dir, "models", "incoming")), []);
  });

  it("goes on where a cancelled download stopped", async () => {
    hub.pace = 1 << 18;
    const stop = new AbortController();
    const cancelled = fetchModel(entry, dir, {
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done > CONTENT.length * 0.75) stop.abort();
      },
    });
    assert.equal((await failure(cancelled)).code, "LS-900");
    assert.ok(!existsSync(final()));
    assert.equal(readdirSync(path.join(dir, "models", "incoming")).length, 1);
    assert.ok(await isInterrupted(dir, entry.id));
    hub.pace = 0;
    hub.asked = 0;
    await fetchModel(entry, dir, {});
    assert.ok(readFileSync(final()).equals(CONTENT));
    assert.ok(hub.asked > 0 && hub.asked < CONTENT.length, `${hub.asked} bytes were asked for again`);
    assert.equal(await isInterrupted(dir, entry.id), false);
  });

  it("removes a model and what an interrupted download left, and nothing else", async () => {
    const [first] = catalogue;
    assert.ok(first !== undefined);
    mkdirSync(path.join(dir, "models", "incoming"), { recursive: true });
    const left = incomingFiles(dir, first.id);
    for (const file of [downloadedPath(dir, first.id), ...left, final()]) writeFileSync(file, "12345");
    assert.deepEqual(await deleteModel(first.id, dir), { freedBytes: 15 });
    assert.deepEqual(await deleteModel(first.id, dir), { freedBytes: 0 });
    assert.ok([downloadedPath(dir, first.id), ...left].every((file) => !existsSync(file)));
    assert.ok(existsSync(final()));
    assert.equal((await failure(deleteModel("../../etc", dir))).code, "LS-301");
  });

  it("says at once when there is no hub, and leaves nothing under the model's name", async () => {
    process.env["HF_ENDPOINT"] = "http://127.0.0.1:1/";
    const error = await failure(fetchModel(entry, dir, {}));
    assert.equal(error.code, "LS-304");
    assert.match(error.message, /127\.0\.0\.1/);
    assert.ok(!existsSync(final()));
  });

  it("says so when the hub does not have the file", async () => {
    const source = "hf:someone/some-model/other.gguf";
    hub.stop();
    const missing = createServer((_, response) => void response.writeHead(404).end());
    await new Promise<void>((resolve) => missing.listen(0, "127.0.0.1", resolve));
    process.env["HF_ENDPOINT"] = `http://127.0.0.1:${(missing.address() as AddressInfo).port}/`;
    try {
      const error = await failure(fetchModel({ ...entry, source }, dir, {}));
      assert.equal(error.code, "LS-304");
    } finally {
      missing.close();
    }
  });
});
