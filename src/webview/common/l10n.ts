/** Translations of the page, keyed by the English text, as `vscode.l10n` has them. */
const bundle = readBundle();

/** `message` in the user's language, with `{0}`, `{1}`, … replaced by the arguments. */
export function t(message: string, ...args: readonly (string | number)[]): string {
  return (bundle[message] ?? message).replace(/\{(\d+)\}/g, (placeholder, index: string) =>
    String(args[Number(index)] ?? placeholder),
  );
}

function readBundle(): Readonly<Record<string, string>> {
  const content = document.querySelector<HTMLMetaElement>('meta[name="longsight-l10n"]')?.content;
  return content === undefined ? {} : (JSON.parse(content) as Record<string, string>);
}
