import type { Mention } from "../../shared/protocol";
import type { AskSelection } from "../../shared/views";

/** What of the view survives its being hidden and the window's reload. */
export interface Kept {
  readonly page: "conversation" | "history";
  readonly input: string;
  readonly selection: AskSelection | null;
  readonly mentions: readonly Mention[];
  /** Place of the turn whose question is being edited. */
  readonly editing: number | null;
  readonly scrollTop: number;
  /** Parts that the user folded or unfolded. */
  readonly folded: Readonly<Record<string, boolean>>;
  /** Serial of the last draft that was put into the input. */
  readonly draftSerial: number;
}

/** What was kept, read with care: an older version may have written it. */
export function readKept(value: unknown): Kept {
  const kept = record(value);
  return {
    page: kept["page"] === "history" ? "history" : "conversation",
    input: typeof kept["input"] === "string" ? kept["input"] : "",
    selection: readSelection(kept["selection"]),
    mentions: Array.isArray(kept["mentions"]) ? kept["mentions"].map(readMention).filter((item) => item !== null) : [],
    editing: number(kept["editing"]),
    scrollTop: number(kept["scrollTop"]) ?? 0,
    folded: Object.fromEntries(
      Object.entries(record(kept["folded"])).filter(
        (entry): entry is [string, boolean] => typeof entry[1] === "boolean",
      ),
    ),
    draftSerial: number(kept["draftSerial"]) ?? 0,
  };
}

function readSelection(value: unknown): AskSelection | null {
  const { label, range } = record(value);
  const { uri, startLine, endLine } = record(range);
  return typeof label === "string" &&
    typeof uri === "string" &&
    typeof startLine === "number" &&
    typeof endLine === "number"
    ? { label, range: { uri, startLine, endLine } }
    : null;
}

function readMention(value: unknown): Mention | null {
  const { label, uri, startLine, endLine } = record(value);
  if (typeof label !== "string" || typeof uri !== "string") return null;
  return typeof startLine === "number" && typeof endLine === "number"
    ? { label, uri, startLine, endLine }
    : { label, uri };
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
