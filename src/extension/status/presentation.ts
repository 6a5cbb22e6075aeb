import { l10n } from "vscode";
import { commands, type CommandId } from "../../shared/contributions";
import type { EngineStatus, Progress } from "../../shared/protocol";

/** What the status bar item shows for one state. */
export interface StatusPresentation {
  /** Text with a codicon in front. */
  readonly text: string;
  /** The state in full, without icons or abbreviations, for screen readers. */
  readonly label: string;
  readonly severity: "none" | "warning" | "error";
  /** Run by a click. */
  readonly command: CommandId;
  /** First line of the hover. */
  readonly title: string;
  readonly details: readonly string[];
  readonly links: readonly { readonly text: string; readonly command: CommandId }[];
}

/** How an engine state is shown; pure. */
export function presentStatus(status: EngineStatus, trusted: boolean): StatusPresentation {
  const links = {
    ask: { text: l10n.t("Ask"), command: commands.ask },
    plan: { text: l10n.t("Plan"), command: commands.showContextPlan },
    read: { text: l10n.t("Read"), command: commands.readWorkspace },
    attention: { text: l10n.t("Attention"), command: commands.showAttention },
    model: { text: l10n.t("Choose a model"), command: commands.chooseModel },
    restart: { text: l10n.t("Start again"), command: commands.restartEngine },
    log: { text: l10n.t("Show log"), command: commands.openLog },
    resume: { text: l10n.t("Resume"), command: commands.resumeReading },
    stop: { text: l10n.t("Stop"), command: commands.stopAnswer },
  } as const;
  const base = { severity: "none", command: commands.ask, details: contextLines(status) } as const;
  const plain = (icon: string, text: string): string => `$(${icon}) ${text}`;

  if (!trusted) {
    const title = l10n.t("Restricted Mode");
    const details = [l10n.t("Longsight reads no files until you trust this workspace.")];
    return {
      ...base,
      text: plain("lock", "Longsight"),
      title,
      details,
      label: `Longsight: ${title}`,
      links: [links.ask],
    };
  }
  if (isPaused(status)) {
    const title = l10n.t("Reading is paused");
    const label = ["Longsight", title, ...base.details].join(", ");
    return {
      ...base,
      text: plain("debug-pause", "Longsight"),
      title,
      label,
      links: [links.ask, links.resume, links.plan],
    };
  }
  switch (status.state) {
    case "failed": {
      const title = status.error?.message ?? l10n.t("The engine stopped.");
      const details = status.error === null ? [] : [status.error.wayOut, status.error.code];
      const text = plain("error", l10n.t("Longsight: stopped"));
      const label = l10n.t("Longsight: {0}", title);
      return { ...base, severity: "error", text, title, details, label, links: [links.restart, links.log] };
    }
    case "noModel": {
      const title = status.error?.message ?? l10n.t("No model is on this machine.");
      const details = status.error === null ? [] : [status.error.wayOut];
      const text = plain("warning", l10n.t("Longsight: model missing"));
      const label = l10n.t("Longsight: {0}", title);
      const command = commands.chooseModel;
      return { ...base, severity: "warning", text, title, details, label, command, links: [links.model, links.log] };
    }
    case "planning":
    case "loading":
    case "reading": {
      const title = progressTitle(status);
      const { progress } = status;
      // Saving is one step: its percentage would jump back to 0 after the read's 97.
      const short = progress === null || progress.stage === "save" ? "" : percent(progress);
      const text = plain("book", short === "" ? l10n.t("Longsight: {0}", shortStage(status)) : `Longsight: ${short}`);
      const details = status.progress === null ? base.details : [progressLine(status.progress)];
      const label = ["Longsight", title, ...details].join(", ");
      return { ...base, text, title, details, label, links: [links.ask, links.plan] };
    }
    case "answering": {
      const title = l10n.t("Answering");
      const text = plain("loading~spin", l10n.t("Longsight: answering"));
      const label = l10n.t("Longsight: answering a question");
      return { ...base, text, title, label, links: [links.ask, links.stop] };
    }
    case "ready": {
      const title = status.context === null ? l10n.t("Ready") : l10n.t("Ready, as of {0}", clock(status.context.asOf));
      const label = ["Longsight", title, ...base.details].join(", ");
      return {
        ...base,
        text: plain("book", "Longsight"),
        title,
        label,
        links: [links.ask, links.plan, links.attention],
      };
    }
    case "idle": {
      const title = l10n.t("The workspace has not been read yet.");
      const label = ["Longsight", title, ...base.details].join(", ");
      return { ...base, text: plain("book", "Longsight"), title, label, links: [links.ask, links.read, links.plan] };
    }
  }
}

/** Nothing is done, because reading in the background is held back with something left to read. */
function isPaused({ state, paused, context }: EngineStatus): boolean {
  if (paused !== true || context === null || context.readTokens >= context.tokens) return false;
  return state === "idle" || state === "ready";
}

/** Part that is done, in whole percent. */
export function percent({ done, total }: Progress): string {
  return total > 0 ? l10n.t("{0} %", Math.min(100, Math.floor((100 * done) / total))) : "";
}

/** `80,868 of 188,064 tokens, 2,870/s, 37 s left` */
export function progressLine(progress: Progress): string {
  const amount =
    progress.unit === "bytes"
      ? l10n.t("{0} of {1} MB", megabytes(progress.done), megabytes(progress.total))
      : l10n.t("{0} of {1} {2}", count(progress.done), count(progress.total), unitName(progress.unit));
  const rate =
    progress.rate <= 0
      ? null
      : progress.unit === "bytes"
        ? l10n.t("{0} MB/s", megabytes(progress.rate))
        : `${count(progress.rate)}/s`;
  const left = progress.eta === null ? null : l10n.t("{0} left", duration(progress.eta));
  return [amount, rate, left].filter((part) => part !== null).join(", ");
}

function unitName(unit: Exclude<Progress["unit"], "bytes">): string {
  switch (unit) {
    case "tokens":
      return l10n.t("tokens");
    case "files":
      return l10n.t("files");
    case "layers":
      return l10n.t("layers");
  }
}

/** Seconds as `37 s`, `4 min` or `2 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return l10n.t("{0} s", Math.ceil(seconds));
  return seconds < 5400 ? l10n.t("{0} min", Math.round(seconds / 60)) : l10n.t("{0} h", (seconds / 3600).toFixed(1));
}

function contextLines({ context, model, backend }: EngineStatus): string[] {
  const lines: string[] = [];
  if (context !== null) {
    lines.push(
      l10n.t("{0} of {1} files, {2} tokens", count(context.files), count(context.totalFiles), count(context.tokens)),
    );
  }
  if (model !== null) lines.push(backend === null ? model : l10n.t("{0} on {1}", model, backend));
  return lines;
}

function progressTitle(status: EngineStatus): string {
  switch (status.progress?.stage) {
    case "download":
      return l10n.t("Downloading the model");
    case "load":
      return l10n.t("Loading the model");
    case "calibrate":
      return l10n.t("Calibrating the model");
    case "restore":
      return l10n.t("Restoring what was read");
    case "save":
      return l10n.t("Saving what was read");
    case "prefill":
      return l10n.t("Reading the workspace");
    default:
      return status.state === "loading" ? l10n.t("Loading the model") : l10n.t("Looking at the workspace");
  }
}

function shortStage(status: EngineStatus): string {
  if (status.progress?.stage === "save") return l10n.t("saving");
  return status.state === "loading"
    ? l10n.t("loading")
    : status.state === "planning"
      ? l10n.t("planning")
      : l10n.t("reading");
}

const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const megabytes = (bytes: number): string => count(bytes / 1e6);

function clock(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleTimeString([], { hour12: false });
}
