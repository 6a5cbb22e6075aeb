/** The parts of `host:port`; null when it is something else. ggml takes names and IPv4 addresses. */
export function splitServer(server: string): { readonly host: string; readonly port: number } | null {
  const match = /^([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(\d{1,5})$/.exec(server);
  const port = Number(match?.[2]);
  return match?.[1] === undefined || port < 1 || port > 65_535 ? null : { host: match[1], port };
}
