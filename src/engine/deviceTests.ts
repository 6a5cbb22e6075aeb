/** Which devices the self-test runs on, and the environment that shows a process one of them alone. */
import type { Backend } from "../shared/protocol";
import type { Device } from "./native";
import type { SelfTest } from "./selfTest";

/** A device with what the self-test found on it. */
export interface DeviceTest {
  readonly backend: Exclude<Backend, "auto"> | "rpc";
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
  /** `host:port` of the RPC server that the layers are on; null: they stay on this machine. */
  readonly server: string | null;
}

const VISIBLE: Partial<Record<DeviceTest["backend"], string>> = {
  cuda: "CUDA_VISIBLE_DEVICES",
  vulkan: "GGML_VK_VISIBLE_DEVICES",
};

/**
 * The CPU, every GPU of the build's backend, and every RPC server; of this machine only the backend that the settings name.
 * @param gpu the build's GPU backend, or `cpu`
 */
export function placesToTest(wanted: Backend, gpu: DeviceTest["backend"], devices: readonly Device[]): Place[] {
  const cpu = devices.find((device) => device.type === "cpu");
  const remote = devices.filter((device) => device.backend === "RPC");
  const own = devices.filter((device) => (device.type === "gpu" || device.type === "igpu") && !remote.includes(device));
  const gpus = gpu === "cpu" ? [] : own;
  const here = [
    ...gpus.map((device): Place => ({ backend: gpu, device, env: environmentOf(gpu, device, gpus), server: null })),
    ...(cpu === undefined ? [] : [{ backend: "cpu", device: cpu, env: {}, server: null } as const]),
  ];
  // A server with several devices is one place: they are told apart by its address alone.
  const servers = new Map(remote.map((device) => [device.description, device]));
  return [
    ...[...servers].map(([server, device]): Place => ({ backend: "rpc", device, env: {}, server })),
    ...here.filter((place) => wanted === "auto" || place.backend === wanted),
  ];
}

/** Devices are numbered among those that can be seen already. */
function environmentOf(
  backend: DeviceTest["backend"],
  device: Device,
  gpus: readonly Device[],
): Record<string, string> {
  const name = VISIBLE[backend];
  if (name === undefined || gpus.length < 2) return {};
  const visible = process.env[name]?.split(",");
  const index = Number(/\d+$/.exec(device.name)?.[0] ?? gpus.indexOf(device));
  return { [name]: visible?.[index] ?? String(index) };
}
