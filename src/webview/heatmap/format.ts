/** Numbers as the panel shows them. */

const grouped = new Intl.NumberFormat("en-US");

/** `2,468` */
export const count = (value: number): string => grouped.format(Math.round(value));

/** `17.6 %`; `0 %` for nothing, `< 0.1 %` for little. */
export function percent(part: number): string {
  if (part <= 0) return "0 %";
  return part < 0.001 ? "< 0.1 %" : `${(part * 100).toFixed(1)} %`;
}

/** `13×`, `9.6×`, `0`; small lifts keep two digits, so that nothing selected reads as nothing. */
export function lift(value: number): string {
  if (value <= 0) return "0";
  if (value >= 9.95) return `${count(value)}×`;
  return value < 0.05 ? "< 0.1×" : `${value.toFixed(1)}×`;
}

/** Half-open layers as people count: `12–19`, or `12`. */
export function layerRange([from, to]: readonly [number, number]): string {
  return to - from === 1 ? String(from) : `${from}–${to - 1}`;
}
