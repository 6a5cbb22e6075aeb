import { html, type TemplateResult } from "lit";

/** A codicon that screen readers skip. */
export const icon = (name: string): TemplateResult =>
  html`<span class=${`codicon codicon-${name}`} aria-hidden="true"></span>`;

/** A button that shows only an icon. */
export const iconButton = (name: string, label: string, click: (event: MouseEvent) => void): TemplateResult =>
  html`<button class="icon-button" type="button" aria-label=${label} title=${label} @click=${click}>
    ${icon(name)}
  </button>`;
