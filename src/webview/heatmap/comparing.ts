/** Which of two answers selected more: the ratio of two shares, and its class. */

/** Added to both shares, so that the ratio of almost nothing stays small and finite. */
const floor = 0.0004;
const shownLimit = 10;
const borders = [1.5, 2.5, 5] as const;

/** Class -3 (A selected at least five times as much) to 3 (B did); 0 is alike. */
export function ratioClass(shareA: number, shareB: number): number {
  const ratio = shareRatio(shareA, shareB);
  const level = borders.filter((border) => ratio >= border).length;
  return shareA >= shareB ? -level : level;
}

/** Larger share by smaller share, at least 1. */
export function shareRatio(shareA: number, shareB: number): number {
  return (Math.max(shareA, shareB) + floor) / (Math.min(shareA, shareB) + floor);
}

/** `A 4.5×`, `B > 10×`; empty where the two are alike. */
export function ratioFigure(shareA: number, shareB: number): string {
  if (ratioClass(shareA, shareB) === 0) return "";
  const ratio = shareRatio(shareA, shareB);
  const name = shareA >= shareB ? "A" : "B";
  return ratio > shownLimit ? `${name} > ${shownLimit}×` : `${name} ${ratio.toFixed(1)}×`;
}

/** `A +13.7 points`: difference of two shares in percentage points. */
export function pointsFigure(shareA: number, shareB: number): string {
  const points = Math.abs(shareA - shareB) * 100;
  return points < 0.05 ? "0" : `${shareA >= shareB ? "A" : "B"} +${points.toFixed(1)}`;
}
