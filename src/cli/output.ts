/** All that the command line prints: results on standard output, everything else on standard error. */
import { type ErrorValue } from "../shared/errors";
import type { Progress } from "../shared/protocol";
import { formatCount, formatDuration, formatSize } from "./format";

export interface OutputOptions {
  /** One JSON object per line on standard output instead of text. */
  readonly json: boolean;
  /** Nothing on standard error but errors. */
  readonly quiet: boolean;
}

/** Values that `--json` prints; each has a `type`. */
export type JsonEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Milliseconds between two progress messages of one stage: JSON and terminal, and plain text. */
const OFTEN_MS = 100;
const SELDOM_MS = 10_000;
const CLEAR_LINE = "\r\u001b[K";

const STAGES: Readonly<Record<Progress["stage"], string>> = {
  walk: "Looking through the folder",
  tokenize: "Counting tokens",
  load: "Loading the model",
  calibrate: "Calibrating",
  restore: "Restoring what was read",
  prefill: "Reading",
  save: "Saving what was read",
  download: "Downloading",
};

export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #terminal = process.stderr.isTTY;
  #lineShown = false;
  #stage: Progress["stage"] | undefined;
  #nextMs = 0;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.quiet = options.quiet;
  }

  /** Prints a value with `--json`. */
  event(event: JsonEvent): void {
    if (this.json) process.stdout.write(`${JSON.stringify(event)}\n`);
  }

  /** Prints a piece of the result without `--json`. */
  text(text: string): void {
    if (this.json) return;
    this.#clearLine();
    process.stdout.write(text);
  }

  /** Says something about the work, on standard error, unless `--quiet` or `--json`. */
  note(text: string): void {
    if (this.quiet || this.json) return;
    this.#clearLine();
    process.stderr.write(`${text}\n`);
  }

  /** A line of the log, whatever the mode. */
  log(line: string): void {
    this.#clearLine();
    process.stderr.write(`${line}\n`);
  }

  error(error: ErrorValue): void {
    this.event({ type: "error", ...error });
    if (this.json) return;
    this.#clearLine();
    process.stderr.write(`longsight: ${error.message} [${error.code}]\n  ${error.wayOut}\n`);
  }

  /** Shows how far the work is: an event, a line that is written over, or now and then a line of plain text. */
  readonly progress = (progress: Progress): void => {
    if (this.quiet && !this.json) return;
    const now = performance.now();
    const first = progress.stage !== this.#stage;
    const last = progress.done >= progress.total;
    if (!first && !last && now < this.#nextMs) return;
    this.#stage = progress.stage;
    this.#nextMs = now + (this.json || this.#terminal ? OFTEN_MS : SELDOM_MS);
    if (this.json) {
      this.event({ type: "progress", ...progress });
    } else if (this.#terminal) {
      process.stderr.write(`${CLEAR_LINE}${fitLine(describe(progress))}`);
      this.#lineShown = true;
    } else {
      process.stderr.write(`${describe(progress)}\n`);
    }
  };

  /** Removes the progress line. */
  done(): void {
    this.#clearLine();
  }

  #clearLine(): void {
    if (this.#lineShown) process.stderr.write(CLEAR_LINE);
    this.#lineShown = false;
  }
}

/** One line such as `Reading: 1,200 of 30,000 tokens, 85 tokens/s, 6 min left`. */
export function describe(progress: Progress): string {
  const amount = (value: number): string => (progress.unit === "bytes" ? formatSize(value) : formatCount(value));
  const unit = progress.unit === "bytes" ? "" : ` ${progress.unit}`;
  const parts = [`${STAGES[progress.stage]}: ${amount(progress.done)} of ${amount(progress.total)}${unit}`];
  if (progress.rate > 0) parts.push(`${amount(Math.round(progress.rate))}${unit}/s`);
  if (progress.eta !== null && progress.eta > 0) parts.push(`${formatDuration(progress.eta)} left`);
  return parts.join(", ");
}

/** A line that wraps could not be written over. */
function fitLine(text: string): string {
  const columns = process.stderr.columns > 0 ? process.stderr.columns : 80;
  return text.slice(0, columns - 1);
}
