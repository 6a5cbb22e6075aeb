import type { Command } from "commander";
import { type DoctorReport, examine } from "../../engine/doctor";
import type { DeviceTest } from "../../engine/deviceTests";
import { userErrors } from "../../shared/errors";
import { formatSize, formatTable } from "../format";
import { openSession, ReportedFailure } from "../session";
import { selfTestIn } from "./selfTest";

export function addDoctorCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("doctor")
    .description("check this installation: build, devices, models, caches, and whether the numbers are right")
    .addHelpText(
      "after",
      "\nEvery device is tested, or those of --backend.\n\nExamples:\n  longsight doctor\n  longsight doctor --json --model ~/models/own.gguf\n",
    )
    .action(async () => {
      const { output, settings, log } = openSession(command, signal);
      const options = [
        "--model",
        settings.model,
        "--data-dir",
        settings.dataDir,
        "--threads",
        String(settings.threads),
      ];
      const report = await examine(settings, log, selfTestIn(options, signal));
      if (signal.aborted) throw userErrors.cancelled();
      output.event({ type: "doctor", ...report });
      output.text(formatReport(report));
      if (!report.ok) throw new ReportedFailure();
    });
}

function formatReport(report: DoctorReport): string {
  const { versions, native, backend, machine, dataDir } = report;
  const rows = [
    ["Longsight", `${versions.longsight}, Node ${versions.node}`],
    ["llama.cpp", `${versions.llamaCpp ?? "unknown"} in node-llama-cpp ${versions.nodeLlamaCpp}`],
    ["Native build", native === null ? "none" : `${native.buildId.slice(0, 16)} (${native.backend}), ${native.dir}`],
    ["Computes on", `${backend.used ?? "nothing"}: ${backend.why}`],
    ...report.devices.map((device) => [
      `  ${device.name}`,
      `${device.description}, ${formatSize(device.memoryFree)} free`,
    ]),
    ["Memory", `${formatSize(machine.memoryFree)} of ${formatSize(machine.memoryTotal)} free, ${machine.cores} cores`],
    ["Data folder", `${dataDir.path}${dataDir.writable ? "" : ", not writable"}`],
    ...Object.entries(report.caches).map(([name, bytes]) => [`  ${name}`, formatSize(bytes)]),
    ["Model", report.model ?? "none"],
    ...report.models.map((model) => [`  ${model.id}`, `${formatSize(model.sizeBytes)}, ${model.path}`]),
    ...(report.selfTests.length === 0 ? [["Self-test", "not possible"]] : report.selfTests.flatMap(selfTestRows)),
  ];
  const problems = [
    report.nativeError,
    dataDir.error,
    report.modelError,
    ...report.selfTests.map(({ test }) => test.error),
  ]
    .filter((problem) => problem !== null)
    .map((problem) => `${problem.message} [${problem.code}]\n  ${problem.wayOut}\n`);
  return `${formatTable(rows)}\n${problems.length === 0 ? "" : `${problems.join("")}\n`}${report.ok ? "All is well.\n" : "Something is wrong.\n"}`;
}

/** One row for the device, one for each way to compute on it, one for each figure. */
function selfTestRows({ backend, device, description, memoryFree, memoryTotal, test }: DeviceTest): string[][] {
  const memory = `${formatSize(memoryFree)} of ${formatSize(memoryTotal)} free`;
  return [
    [
      `Self-test, ${backend}`,
      `${test.ok ? "passed" : "FAILED"} on ${device} (${description}, ${memory}) with ${test.model}`,
    ],
    ...test.ways.flatMap((way) => [
      [`  ${way.name}`, way.ok ? "ok" : "WRONG"],
      ...way.checks.map((check) => [
        `    ${check.ok ? "ok" : "WRONG"}`,
        `${check.name}: differs by ${check.error.toExponential(1)}`,
      ]),
    ]),
    ...(test.ways.length === 0 ? [] : [["  measure", `two dense ways differ by ${test.noise.toExponential(1)}`]]),
  ];
}
