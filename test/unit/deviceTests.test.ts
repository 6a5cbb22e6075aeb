import assert from "node:assert/strict";
import { placesToTest } from "../../src/engine/deviceTests";
import type { Device } from "../../src/engine/native";

const device = (name: string, type: Device["type"], backend: string): Device => ({
  name,
  type,
  backend,
  description: name,
  memoryFree: 1,
  memoryTotal: 2,
});
const cpu = device("CPU", "cpu", "CPU");
const first = device("CUDA0", "gpu", "CUDA");
const second = device("CUDA1", "gpu", "CUDA");

const names = (places: ReturnType<typeof placesToTest>): string[] => places.map((place) => place.device.name);

describe("devices that the self-test runs on", () => {
  const before = process.env["CUDA_VISIBLE_DEVICES"];
  afterEach(() => {
    if (before === undefined) delete process.env["CUDA_VISIBLE_DEVICES"];
    else process.env["CUDA_VISIBLE_DEVICES"] = before;
  });

  it("are the CPU and every GPU of the build", () => {
    assert.deepEqual(names(placesToTest("auto", "cpu", [cpu])), ["CPU"]);
    assert.deepEqual(names(placesToTest("auto", "cuda", [first, second, cpu])), ["CUDA0", "CUDA1", "CPU"]);
    assert.deepEqual(names(placesToTest("auto", "cuda", [cpu])), ["CPU"]);
  });

  it("are those of the backend that the settings name", () => {
    assert.deepEqual(names(placesToTest("cpu", "cuda", [first, cpu])), ["CPU"]);
    assert.deepEqual(names(placesToTest("cuda", "cuda", [first, cpu])), ["CUDA0"]);
  });

  it("are seen alone where there are several, numbered among those that can be seen", () => {
    delete process.env["CUDA_VISIBLE_DEVICES"];
    const places = placesToTest("auto", "cuda", [first, second, cpu]);
    assert.deepEqual(
      places.map(({ env }) => env),
      [{ CUDA_VISIBLE_DEVICES: "0" }, { CUDA_VISIBLE_DEVICES: "1" }, {}],
    );
    process.env["CUDA_VISIBLE_DEVICES"] = "3,5";
    assert.equal(placesToTest("auto", "cuda", [first, second])[1]?.env["CUDA_VISIBLE_DEVICES"], "5");
    assert.deepEqual(placesToTest("auto", "cuda", [first])[0]?.env, {});
  });

  it("tests every RPC server once, whatever the settings say about this machine", () => {
    const remote = { ...first, name: "RPC0", description: "box:50052", backend: "RPC" };
    const places = placesToTest("cpu", "cuda", [first, cpu, remote, { ...remote, name: "RPC1" }]);
    assert.deepEqual(
      places.map(({ backend, server }) => [backend, server]),
      [
        ["rpc", "box:50052"],
        ["cpu", null],
      ],
    );
  });
});
