/** Questions that go on from an answer, made from what it names and cites. */
import type { ConversationTurn } from "../../shared/views";
import { printable, splitPath } from "../common/format";
import { t } from "../common/l10n";

const limit = 3;
/** A name in code marks: at least three letters, no path and no call with arguments. */
const name = /`([A-Za-z_$][\w$]{2,60}(?:[.:#]{1,2}[A-Za-z_$][\w$]*)?)(?:\(\))?`/g;

/** At most three questions, none of which was asked before. */
export function followUps(turn: ConversationTurn, asked: readonly string[]): string[] {
  if (turn.state !== "done") return [];
  const unknown = new Set(turn.unknownNames);
  const names = [...turn.text.matchAll(name)].map((match) => match[1] ?? "").filter((found) => !unknown.has(found));
  const files = [...turn.citations, ...turn.lookedAt].map(({ path }) => printable(splitPath(path).name));
  const [symbol, second] = new Set(names);
  const [file] = new Set(files);
  const questions = [
    symbol === undefined ? null : t("Where is {0} used?", symbol),
    file === undefined ? null : t("Which tests cover {0}?", file),
    second === undefined ? null : t("How do {0} and {1} work together?", symbol ?? "", second),
    file === undefined ? null : t("What else depends on {0}?", file),
  ].filter((question) => question !== null);
  return questions.filter((question) => !asked.includes(question)).slice(0, limit);
}
