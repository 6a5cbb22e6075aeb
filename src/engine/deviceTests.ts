/** Which devices the self-test runs on, and the environment that shows a process one of them alone. */
import type { Backend } from "../shared/protocol";
import type { Device } from "./native";
import type { SelfTest } from "./selfTest";

/** A device with what the self-test found on it. */
export interface DeviceTest {
  readonly backend: Exclude<Backend, "auto">;
  /** ggml's name, such as `CPU` or `CUDA0`. */
  readonly device: string;
  readonly description: string;
  /** Bytes. */
  readonly memoryFree: number;
  /** Bytes. */
  readonly memoryTotal: number;
  readonly test: SelfTest;
}

/** Where one self-test runs: a process of its own, since backends cannot be unloaded and a driver may end the process. */
export interface Place {
  readonly backend: DeviceTest["backend"];
  readonly device: Device;
  readonly env: Readonly<Record<string, string>>;
}

const VISIBLE: Partial<Record<Backend, string>> = {
  cuda: "CUDA_VISIBLE_DEVICES",
  vulkan: "GGML_VK_VISIBLE_DEVICES",
};

/**
 * The CPU, and every GPU of the build's backend; only that backend's when the settings name one.
 * @param gpu the build's GPU backend, or `cpu`
 */
export function placesToTest(wanted: Backend, gpu: DeviceTest["backend"], devices: readonly Device[]): Place[] {
  const cpu = devices.find((device) => device.type === "cpu");
  const gpus = gpu === "cpu" ? [] : devices.filter((device) => device.type === "gpu" || device.type === "igpu");
  return [
    ...gpus.map((device): Place => ({ backend: gpu, device, env: environmentOf(gpu, device, gpus) })),
    ...(cpu === undefined ? [] : [{ backend: "cpu", device: cpu, env: {} } as const]),
  ].filter((place) => wanted === "auto" || place.backend === wanted);
}

/** Devices are numbered among those that can be seen already. */
function environmentOf(backend: Backend, device: Device, gpus: readonly Device[]): Record<string, string> {
  const name = VISIBLE[backend];
  if (name === undefined || gpus.length < 2) return {};
  const visible = process.env[name]?.split(",");
  const index = Number(/\d+$/.exec(device.name)?.[0] ?? gpus.indexOf(device));
  return { [name]: visible?.[index] ?? String(index) };
}
