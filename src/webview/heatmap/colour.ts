/**
 * From lift to colour. Hue comes from the theme, lightness from us, so that more is always further from the background.
 * OKLab after Björn Ottosson, "A perceptual color space for image processing" (2020); contrast after WCAG 2.2.
 */

/** sRGB, each channel in [0, 1]. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Lightness in [0, 1], chroma, hue in degrees. */
export type Oklch = readonly [lightness: number, chroma: number, hue: number];

export type ThemeKind = "dark" | "light" | "highContrast" | "highContrastLight";

/** What the palette takes from a theme. */
export interface ThemeColours {
  readonly background: Rgb;
  readonly foreground: Rgb;
  readonly charts: Readonly<Record<ChartHue, Rgb | null>>;
}

export type ChartHue = "purple" | "red" | "orange" | "yellow" | "blue";

/** Fill of a class and the colour of text on it. */
export interface Swatch {
  readonly fill: Rgb;
  readonly ink: Rgb;
}

export const liftClasses = 7;

/** Names of the classes, for the legend. */
export const liftLabels = ["0", "< ½", "½–1", "1–2", "2–4", "4–8", "≥ 8"] as const;

/** Chosen layers × steps up to which token colours divide the range evenly; beyond, every class doubles. */
const evenLimit = 64;

/** Class 0 to 6 of a token or line that was selected `count` of `maxCount` times. */
export function countClass(count: number, maxCount: number): number {
  if (!(count > 0) || maxCount <= 0) return 0;
  if (maxCount <= evenLimit) return Math.min(6, Math.max(1, Math.ceil((6 * count) / maxCount - 1e-9)));
  return Math.min(6, Math.max(1, 7 + Math.floor(Math.log2(count / maxCount) + 1e-9)));
}

/** The counts that each class of `countClass` stands for, for the legend; classes that no whole number has are null. */
export function countLabels(maxCount: number): readonly (string | null)[] {
  const first: (number | null)[] = new Array<number | null>(liftClasses).fill(null);
  const last = [...first];
  for (let level = 1; level < liftClasses; level++) {
    const from = lowestCount(level, maxCount);
    const to = level === liftClasses - 1 ? maxCount : lowestCount(level + 1, maxCount) - 1;
    if (from <= to) {
      first[level] = from;
      last[level] = to;
    }
  }
  return first.map((from, level) => {
    if (level === 0) return "0";
    const to = last[level] ?? null;
    if (from === null || to === null) return null;
    return from === to ? String(from) : `${from}–${to}`;
  });
}

/** Smallest whole count whose class is at least `level`. */
function lowestCount(level: number, maxCount: number): number {
  if (level <= 1) return 1;
  const estimate = maxCount <= evenLimit ? ((level - 1) * maxCount) / 6 : maxCount * 2 ** (level - 7);
  let count = Math.max(1, Math.floor(estimate) - 1);
  while (countClass(count, maxCount) < level && count <= maxCount) count++;
  return count;
}

interface Ladder {
  /** Parts of the foreground in the three grey classes. */
  readonly greys: readonly [number, number, number];
  /** Lightness, chroma and hue source of the four colours, from 1–2 up. */
  readonly colours: readonly (readonly [lightness: number, chroma: number, hue: ChartHue])[];
}

const darkGreys = [0, 0.08, 0.18] as const;
const lightLadder: Ladder = {
  greys: [0, 0.06, 0.14],
  colours: [
    [0.87, 0.13, "yellow"],
    [0.71, 0.14, "orange"],
    [0.54, 0.16, "red"],
    [0.39, 0.14, "purple"],
  ],
};
const ladders: Readonly<Record<ThemeKind, Ladder>> = {
  dark: {
    greys: darkGreys,
    colours: [
      [0.46, 0.13, "purple"],
      [0.6, 0.15, "red"],
      [0.75, 0.13, "orange"],
      [0.91, 0.12, "yellow"],
    ],
  },
  light: lightLadder,
  highContrast: {
    greys: [0, 0.2, 0.34],
    colours: [
      [0.47, 0.15, "purple"],
      [0.61, 0.16, "red"],
      [0.77, 0.14, "orange"],
      [0.94, 0.11, "yellow"],
    ],
  },
  highContrastLight: lightLadder,
};

/** Hues for themes whose chart colours are grey. */
const fixedHues: Readonly<Record<ChartHue, number>> = { purple: 305, red: 27, orange: 65, yellow: 90, blue: 255 };
const greyChroma = 0.04;

/** The seven classes of a theme, from "never selected" to "8 and above". */
export function liftPalette(kind: ThemeKind, theme: ThemeColours): readonly Swatch[] {
  const { greys, colours } = ladders[kind];
  const fills = [
    ...greys.map((part) => mixOklab(theme.foreground, theme.background, part)),
    ...colours.map(([lightness, chroma, name]) => fromOklch([lightness, chroma, hueOf(theme.charts[name], name)])),
  ];
  return fills.map((fill) => ({ fill, ink: inkOn(fill, theme.foreground) }));
}

/** Lightness of the three classes a side of a comparison, the weakest first. */
const ratioLadders: Readonly<Record<ThemeKind, readonly [number, number, number]>> = {
  dark: [0.36, 0.55, 0.78],
  light: [0.88, 0.7, 0.48],
  highContrast: [0.4, 0.58, 0.82],
  highContrastLight: [0.88, 0.7, 0.46],
};
const ratioChroma = 0.12;

/** The seven classes of a comparison, from "far more in A" (blue) over "alike" (the background) to "far more in B" (orange). */
export function ratioPalette(kind: ThemeKind, theme: ThemeColours): readonly Swatch[] {
  const side = (name: ChartHue): Rgb[] => {
    const hue = hueOf(theme.charts[name], name);
    return ratioLadders[kind].map((lightness) => fromOklch([lightness, ratioChroma, hue]));
  };
  const fills = [...side("blue").reverse(), theme.background, ...side("orange")];
  return fills.map((fill) => ({ fill, ink: inkOn(fill, theme.foreground) }));
}

/** Names of the classes of a comparison, for the legend. */
export const ratioLabels = ["≥ 5×", "2.5–5×", "1.5–2.5×", "", "1.5–2.5×", "2.5–5×", "≥ 5×"] as const;

function hueOf(colour: Rgb | null, name: ChartHue): number {
  if (colour === null) return fixedHues[name];
  const [, chroma, hue] = toOklch(colour);
  return chroma < greyChroma ? fixedHues[name] : hue;
}

const white: Rgb = [1, 1, 1];
const black: Rgb = [0, 0, 0];

/** The foreground where it reads well (4.5 : 1), else white or black, whichever reads better. */
export function inkOn(fill: Rgb, foreground: Rgb): Rgb {
  if (contrast(foreground, fill) >= 4.5) return foreground;
  return contrast(white, fill) >= contrast(black, fill) ? white : black;
}

/** WCAG contrast ratio, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * toLinear(red) + 0.7152 * toLinear(green) + 0.0722 * toLinear(blue);
}

/** A CSS colour: `#rgb`, `#rgba`, `#rrggbb`, `#rrggbbaa`, `rgb()` or `rgba()`; alpha is dropped. Null for anything else. */
export function parseColour(text: string): Rgb | null {
  const value = text.trim().toLowerCase();
  const hex = /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(value)?.[1];
  if (hex !== undefined) {
    const wide = hex.length <= 4 ? hex.replace(/./g, "$&$&") : hex;
    const channel = (at: number): number => Number.parseInt(wide.slice(at, at + 2), 16) / 255;
    return [channel(0), channel(2), channel(4)];
  }
  const numbers = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(value);
  if (numbers === null) return null;
  return [Number(numbers[1]) / 255, Number(numbers[2]) / 255, Number(numbers[3]) / 255];
}

/** `#rrggbb`. */
export function formatColour(colour: Rgb): string {
  return `#${colour
    .map((part) =>
      Math.round(clamp(part) * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

export function toOklch(colour: Rgb): Oklch {
  const [lightness, a, b] = toOklab(colour);
  const hue = (Math.atan2(b, a) * 180) / Math.PI;
  return [lightness, Math.hypot(a, b), hue < 0 ? hue + 360 : hue];
}

/** The colour of that lightness and hue; chroma is lowered until sRGB can show it. */
export function fromOklch([lightness, chroma, hue]: Oklch): Rgb {
  const angle = (hue * Math.PI) / 180;
  const at = (part: number): Rgb =>
    fromOklab([lightness, chroma * part * Math.cos(angle), chroma * part * Math.sin(angle)]);
  let low = inGamut(at(1)) ? 1 : 0;
  for (let high = 1, round = 0; low < high && round < 20; round++) {
    const middle = (low + high) / 2;
    if (inGamut(at(middle))) low = middle;
    else high = middle;
  }
  const [red, green, blue] = at(low);
  return [clamp(red), clamp(green), clamp(blue)];
}

function mixOklab(a: Rgb, b: Rgb, partOfA: number): Rgb {
  const mix = (from: number, to: number): number => from * partOfA + to * (1 - partOfA);
  const [first, second] = [toOklab(a), toOklab(b)];
  const [red, green, blue] = fromOklab([mix(first[0], second[0]), mix(first[1], second[1]), mix(first[2], second[2])]);
  return [clamp(red), clamp(green), clamp(blue)];
}

function toOklab(colour: Rgb): Rgb {
  const [red, green, blue] = [toLinear(colour[0]), toLinear(colour[1]), toLinear(colour[2])];
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Rgb): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const toLinear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const fromLinear = (part: number): number => (part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055);
const inGamut = (colour: Rgb): boolean => colour.every((part) => part >= -1e-6 && part <= 1 + 1e-6);
const clamp = (part: number): number => Math.min(1, Math.max(0, part));
