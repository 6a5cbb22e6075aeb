/** Markdown of a model to safe nodes: no markup of its own, no links, no images, nothing that loads or runs. */
import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import { t } from "../common/l10n";
import { highlight } from "./highlight";

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false }).disable("image");
// A link keeps its words and loses its target.
markdown.renderer.rules["link_open"] = () => "";
markdown.renderer.rules["link_close"] = () => "";
// The alignment of table cells is a style attribute, which the page's policy forbids.
markdown.core.ruler.push("no_styles", ({ tokens }) => {
  for (const token of tokens) token.attrs &&= token.attrs.filter(([name]) => name !== "style");
});

const tags = [
  ["p", "br", "hr", "strong", "em", "s", "blockquote", "ul", "ol", "li"],
  ["code", "pre", "h1", "h2", "h3", "h4", "h5", "h6"],
  ["table", "thead", "tbody", "tr", "th", "td"],
].flat();

/** Renders untrusted Markdown; code blocks get a head with their language and a copy button. */
export function renderMarkdown(text: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(markdown.render(text), {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: ["class", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const element of fragment.querySelectorAll("[class]")) {
    const language = /^language-([\w+#.-]{1,20})$/.exec(element.className)?.[1];
    element.removeAttribute("class");
    if (language !== undefined) element.setAttribute("lang-name", language);
  }
  for (const pre of fragment.querySelectorAll("pre")) frame(pre);
  return fragment;
}

function frame(pre: HTMLPreElement): void {
  const code = pre.querySelector("code");
  const language = code?.getAttribute("lang-name") ?? "";
  code?.removeAttribute("lang-name");
  if (code) code.replaceChildren(highlight(code.textContent, language));
  const figure = document.createElement("figure");
  figure.className = "code-block";
  const caption = document.createElement("figcaption");
  const name = document.createElement("span");
  name.className = "grow dim mono";
  name.textContent = language;
  name.dir = "ltr";
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "icon-button";
  copy.dataset["copyCode"] = "";
  copy.title = t("Copy code");
  copy.setAttribute("aria-label", copy.title);
  const icon = document.createElement("span");
  icon.className = "codicon codicon-copy";
  icon.setAttribute("aria-hidden", "true");
  copy.append(icon);
  caption.append(name, copy);
  const lines = pre.textContent.replace(/\n$/, "").split("\n").length;
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute(
    "aria-label",
    language === "" ? t("Code, {0} lines", lines) : t("Code, {0}, {1} lines", language, lines),
  );
  pre.replaceWith(figure);
  figure.append(caption, pre);
}
