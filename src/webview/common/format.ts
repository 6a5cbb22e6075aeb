import { t } from "./l10n";

/** `188,064` */
export const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** `188.1 k`, `1.2 M`; below 1,000 the number itself. */
export function compact(value: number): string {
  if (value < 1e3) return count(value);
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} k` : `${(value / 1e6).toFixed(1)} M`;
}

/** A download's size: 10⁹ bytes. */
export const gigabytes = (bytes: number): string =>
  bytes < 1e9 ? t("{0} MB", Math.round(bytes / 1e6)) : t("{0} GB", (bytes / 1e9).toFixed(1));

/** Memory: 2³⁰ bytes. */
export const gibibytes = (bytes: number): string => t("{0} GB", (bytes / 2 ** 30).toFixed(1));

/** Local time of day of an ISO 8601 time. */
export function clock(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleTimeString([], { hour12: false });
}

/** `37 s`, `4 min`, `1.5 h` */
export function duration(seconds: number): string {
  if (seconds < 90) return t("{0} s", Math.ceil(seconds));
  return seconds < 5400 ? t("{0} min", Math.round(seconds / 60)) : t("{0} h", (seconds / 3600).toFixed(1));
}

/** `13×`, `9.7×` */
export const lift = (value: number): string => `${value >= 9.95 ? Math.round(value) : value.toFixed(1)}×`;

/** Figures in a row that breaks only between them. */
export const figureRow = (figures: readonly string[]): string =>
  figures.map((figure) => figure.replaceAll(" ", "\u00a0")).join("\u00a0· ");

/** Last part of a path, and the folder before it. */
export function splitPath(path: string): { readonly name: string; readonly folder: string } {
  const slash = path.lastIndexOf("/");
  return { name: path.slice(slash + 1), folder: slash < 0 ? "" : path.slice(0, slash) };
}

/**
 * A file name or path as one line of plain text: what is not printable, or would turn the reading direction of the text
 * around it, is replaced.
 */
export const printable = (name: string): string =>
  // eslint-disable-next-line no-control-regex -- these are what must not reach the page
  name.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, "\ufffd");

/** `14:02` today, else `27 Nov`, else `27 Nov 2025`. */
export function day(iso: string, now = new Date()): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  if (time.toDateString() === now.toDateString())
    return time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const year = time.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  return time.toLocaleDateString([], { day: "numeric", month: "short", ...year });
}
