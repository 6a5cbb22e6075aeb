import type { RankedRows, RankUnit, TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { count } from "./format";
import { shownSums, type HeatmapState } from "./state";
import { layersText } from "./tileText";

const quotedLength = 28;

/** Which selections the table counts. */
export function caption(state: HeatmapState): string {
  const { layers, phase, pinned, hovered, preview, trace, other } = state;
  if (trace === null) return "";
  const range = layersText(layers, trace.layers);
  const selections = count(shownSums(state)?.selections ?? trace.selections);
  if (other !== null) return t("share of the selections of each answer, {0}", range);
  const of = phase === "question" ? t("the question") : words(trace, preview === null ? pinned : hovered);
  return t("{0} selections of {1}, {2} · same data as the map", selections, of, range);
}

/** The chosen words in quotes, cut when there are many. */
export function words({ answer }: TraceSummary, steps: readonly [number, number] | null): string {
  if (steps === null) return t("the whole answer");
  const chosen = answer.filter(({ step }) => step >= steps[0] && step < steps[1]);
  const text = chosen
    .map((token) => token.text)
    .join("")
    .trim();
  return `“${text.length > quotedLength ? `${text.slice(0, quotedLength - 1)}…` : text}”`;
}

/** What is said below the table: nothing found, or that not all was searched. */
export function searchNote(unit: RankUnit, { total, searched, files }: Omit<RankedRows, "rows">): string {
  if (total === 0 && unit === "symbols") return t("No function, class or other declaration was found here.");
  if (total === 0) return t("Nothing matches.");
  if (unit === "symbols" && searched < files)
    return t("Declarations of the {0} most selected files of {1}.", count(searched), count(files));
  return "";
}
