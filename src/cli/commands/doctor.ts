import type { Command } from "commander";
import { type DoctorReport, examine } from "../../engine/doctor";
import type { SelfTest } from "../../engine/selfTest";
import { userErrors } from "../../shared/errors";
import { formatSize, formatTable } from "../format";
import { openSession, ReportedFailure } from "../session";

export function addDoctorCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("doctor")
    .description("check this installation: build, devices, models, caches, and whether the numbers are right")
    .addHelpText("after", "\nExamples:\n  longsight doctor\n  longsight doctor --json --model ~/models/own.gguf\n")
    .action(async () => {
      const { output, settings, log } = openSession(command, signal);
      const report = await examine(settings, log, signal);
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
    ["Self-test", report.selfTest === null ? "not possible" : formatSelfTest(report.selfTest)],
  ];
  const problems = [report.nativeError, dataDir.error, report.modelError, report.selfTest?.error ?? null]
    .filter((problem) => problem !== null)
    .map((problem) => `${problem.message} [${problem.code}]\n  ${problem.wayOut}\n`);
  return `${formatTable(rows)}\n${problems.length === 0 ? "" : `${problems.join("")}\n`}${report.ok ? "All is well.\n" : "Something is wrong.\n"}`;
}

function formatSelfTest(test: SelfTest): string {
  const checks = test.checks.map(
    (check) => `${check.name}: ${check.ok ? "equal" : "NOT EQUAL"} to ${check.error.toExponential(1)}`,
  );
  const noise = `two dense ways differ by ${test.noise.toExponential(1)}`;
  return `${test.ok ? "passed" : "FAILED"} on ${test.model}; ${[...checks, noise].join("; ")}`;
}
