import type { RankColumn } from "../../shared/trace";
import { t } from "../common/l10n";
import { h } from "./dom";

/** A column of the ranked table; without `sort` it cannot be sorted by. */
export interface TableColumn {
  readonly label: string;
  readonly style: string;
  readonly sort?: RankColumn;
}

/** All columns but the last one, the layers, whose label depends on the model. In the order of a row's cells. */
export const tableColumns: readonly TableColumn[] = [
  { label: "#", style: "number" },
  { label: t("Name"), style: "file-cell", sort: "name" },
  { label: t("Lines"), style: "mono-cell" },
  { label: t("Tokens"), style: "number", sort: "tokens" },
  { label: t("Selected"), style: "number selected-cell", sort: "selected" },
  { label: t("Share"), style: "number", sort: "share" },
  { label: t("A · B"), style: "balance compare-cell" },
  { label: t("B share"), style: "number compare-cell" },
  { label: t("Lift"), style: "lift-cell", sort: "lift" },
  { label: t("Difference"), style: "number compare-cell", sort: "difference" },
];

export function columnHeader(style: string, content: HTMLElement | string): HTMLElement {
  return h("div", { role: "columnheader", class: style }, content);
}
