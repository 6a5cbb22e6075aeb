import type { Shape } from "./drawing";
import type { MapDrawing } from "./map";
import { fillOf, textOn, type MapPalette } from "./palette";

/** A drawing as an SVG document: text stays text, and nothing in it can be anything else. */
export function toSvg({ shapes, width, height }: MapDrawing, palette: MapPalette): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const hatch =
    `<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<line x1="0.5" y1="0" x2="0.5" y2="5" stroke="${escape(palette.hatch)}"/></pattern>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${escape(palette.font)}" font-size="11">`,
    `<defs>${hatch}</defs>`,
    `<rect width="${width}" height="${height}" fill="${escape(palette.background)}"/>`,
    ...shapes.map((shape) => element(shape, palette)),
    "</svg>\n",
  ].join("\n");
}

function element(shape: Shape, palette: MapPalette): string {
  if (shape.kind === "text") {
    const weight = shape.bold ? ' font-weight="600"' : "";
    const place = `x="${shape.x}" y="${shape.y}" fill="${escape(textOn(palette, shape.on))}"${weight}`;
    return `<text ${place}>${escape(shape.text)}</text>`;
  }
  const { x, y, width, height } = shape;
  if (shape.kind === "frame") {
    const inner = `x="${x + 0.5}" y="${y + 0.5}" width="${Math.max(0, width - 1)}" height="${Math.max(0, height - 1)}"`;
    return `<rect ${inner} fill="none" stroke="${escape(fillOf(palette, shape.colour))}"/>`;
  }
  const fill = shape.kind === "hatch" ? "url(#hatch)" : escape(fillOf(palette, shape.colour));
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}"/>`;
}

/** Text for content and attributes; characters that XML does not allow become replacement characters. */
function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
