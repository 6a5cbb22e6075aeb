const borders = [0.5, 1, 2, 4, 8] as const;

/** Class 0 to 6 of a lift: 0, below ½, ½–1, 1–2, 2–4, 4–8, 8 and above. Rounded first, so that colour and figure agree. */
export function liftClass(lift: number): number {
  if (!(lift > 0)) return 0;
  const shown = Number(lift.toFixed(1));
  return 1 + borders.filter((border) => shown >= border).length;
}
