/** Icons drawn as paths, since a self-contained page has no icon font. 16 x 16, stroke of the text's colour. */

const paths = {
  chevron: "M6 3.5 10.5 8 6 12.5",
  down: "M3.5 6 8 10.5 12.5 6",
  up: "M3.5 10 8 5.5 12.5 10",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9M10.3 10.3 14 14",
  pin: "M5.5 2.5h5M6.5 2.5v4L4.5 9.5h7L9.5 6.5v-4M8 9.5v4",
  open: "M9 2.5h4.5v4.5M13.5 2.5 7.5 8.5M11.5 9v4.5h-9v-9H7",
  map: "M2.5 2.5h11v11h-11zM8 2.5v11M2.5 7H8",
  wait: "M13.3 6.5A5.5 5.5 0 0 0 3.5 5M2.7 9.5A5.5 5.5 0 0 0 12.5 11M3.2 2v3.2h3.2M12.8 14v-3.2H9.6",
  info: "M8 2a6 6 0 1 1 0 12a6 6 0 0 1 0-12M8 7v4.5M8 4.5v1",
  warning: "M8 2.5 14.5 13.5h-13zM8 6.5v3.5M8 11.5v1",
} as const;

export type IconName = keyof typeof paths;

/** A decorative icon, hidden from screen readers. */
export function icon(name: IconName): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}
