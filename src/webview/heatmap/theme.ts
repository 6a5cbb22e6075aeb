import {
  formatColour,
  liftPalette,
  parseColour,
  ratioPalette,
  type ChartHue,
  type Rgb,
  type ThemeKind,
} from "./colour";

/** For themes that name no editor colours. */
const fallbacks: Readonly<Record<"dark" | "light", { readonly background: Rgb; readonly foreground: Rgb }>> = {
  dark: { background: [0.12, 0.12, 0.12], foreground: [0.8, 0.8, 0.8] },
  light: { background: [1, 1, 1], foreground: [0.23, 0.23, 0.23] },
};

/**
 * Keeps `--lift-0` … `--lift-6` and `--ink-0` … `--ink-6`, and the same for `--ratio`, in step with the theme. `onChange` is called after each change,
 * for what is painted by hand.
 */
export function followTheme(onChange: () => void): void {
  const apply = (): void => {
    applyPalette();
    onChange();
  };
  // VS Code changes the classes of the body and the style of the root element, in this order and in one task.
  let queued = false;
  const observer = new MutationObserver(() => {
    if (queued) return;
    queued = true;
    queueMicrotask(() => {
      queued = false;
      apply();
      observer.takeRecords();
    });
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
  apply();
}

/** Outside VS Code the browser's preference stands for the theme. */
export function followBrowserTheme(): void {
  const light = matchMedia("(prefers-color-scheme: light)");
  const contrast = matchMedia("(prefers-contrast: more)");
  const apply = (): void => {
    const kind = contrast.matches
      ? light.matches
        ? ["vscode-high-contrast", "vscode-high-contrast-light"]
        : ["vscode-high-contrast"]
      : [light.matches ? "vscode-light" : "vscode-dark"];
    document.body.className = ["standalone", ...kind].join(" ");
  };
  light.addEventListener("change", apply);
  contrast.addEventListener("change", apply);
  apply();
}

/** The kind of theme that VS Code says in the body's classes. */
export function themeKind(classes: DOMTokenList): ThemeKind {
  if (classes.contains("vscode-high-contrast-light")) return "highContrastLight";
  if (classes.contains("vscode-high-contrast")) return "highContrast";
  return classes.contains("vscode-light") ? "light" : "dark";
}

function applyPalette(): void {
  const style = getComputedStyle(document.body);
  const read = (name: string): Rgb | null => parseColour(style.getPropertyValue(name));
  const kind = themeKind(document.body.classList);
  const fallback = fallbacks[kind === "light" || kind === "highContrastLight" ? "light" : "dark"];
  const hue = (name: ChartHue): Rgb | null => read(`--vscode-charts-${name}`);
  const colours = {
    background: read("--vscode-editor-background") ?? fallback.background,
    foreground: read("--vscode-editor-foreground") ?? fallback.foreground,
    charts: {
      purple: hue("purple"),
      red: hue("red"),
      orange: hue("orange"),
      yellow: hue("yellow"),
      blue: hue("blue"),
    },
  };
  liftPalette(kind, colours).forEach(({ fill, ink }, level) => {
    setVariable(`--lift-${level}`, formatColour(fill));
    setVariable(`--ink-${level}`, formatColour(ink));
  });
  ratioPalette(kind, colours).forEach(({ fill, ink }, level) => {
    setVariable(`--ratio-${level}`, formatColour(fill));
    setVariable(`--ratio-ink-${level}`, formatColour(ink));
  });
}

/** Set on the body, and only when it differs: the observer of the root element's style is not woken. */
function setVariable(name: string, value: string): void {
  if (document.body.style.getPropertyValue(name) !== value) document.body.style.setProperty(name, value);
}
