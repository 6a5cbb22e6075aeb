import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { checkRpcServer } from "../../../src/engine/model/rpcServers";
import { LongsightError } from "../../../src/shared/errors";
import { splitServer } from "../../../src/shared/rpcServer";

/** Runs `use` with a server on a free port that does `answer` with every connection. */
async function withServer(answer: (socket: Socket) => void, use: (server: string) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function greeting(major: number): Buffer {
  const answer = Buffer.alloc(36);
  answer.writeBigUInt64LE(28n);
  answer.writeUInt8(major, 8);
  return answer;
}

const refuses = (server: string, says: RegExp): Promise<void> =>
  assert.rejects(checkRpcServer(server, 200), (error) => {
    assert.ok(error instanceof LongsightError, String(error));
    assert.equal(error.code, "LS-204");
    assert.ok(error.message.includes(server), error.message);
    assert.match(error.message, says);
    return true;
  });

describe("RPC servers", () => {
  it("are host:port", () => {
    assert.deepEqual(splitServer("192.168.0.7:50052"), { host: "192.168.0.7", port: 50_052 });
    assert.deepEqual(splitServer("box.local:1"), { host: "box.local", port: 1 });
    for (const wrong of [
      "box",
      "box:",
      ":1",
      "box:0",
      "box:65536",
      "box:1:2",
      "[::1]:1",
      "a b:1",
      "box:1 ",
      "-box:1",
      "",
    ]) {
      assert.equal(splitServer(wrong), null, wrong);
    }
  });

  it("are greeted and left", () =>
    withServer(
      (socket) => socket.once("data", () => socket.write(greeting(7))),
      (server) => checkRpcServer(server),
    ));

  it("of another version are refused", () =>
    withServer(
      (socket) => socket.write(greeting(6)),
      (server) => refuses(server, /version 6 .* this build 7/),
    ));

  it("that are something else are refused", () =>
    withServer(
      (socket) => socket.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
      (server) => refuses(server, /no RPC server/),
    ));

  it("that say nothing, or hang up, are refused", async () => {
    await withServer(
      () => undefined,
      (server) => refuses(server, /silent/),
    );
    await withServer(
      (socket) => socket.end(),
      (server) => refuses(server, /hung up/),
    );
  });

  it("that are not there are refused", async () => {
    let gone = "";
    await withServer(
      () => undefined,
      (server) => {
        gone = server;
        return Promise.resolve();
      },
    );
    await refuses(gone, /ECONNREFUSED/);
  });
});
