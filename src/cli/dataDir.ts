import { homedir } from "node:os";
import path from "node:path";

/** Where the command line keeps its data unless `--data-dir` says otherwise: the usual place of each system. */
export function defaultDataDir(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  if (platform === "win32") return path.join(env["LOCALAPPDATA"] ?? path.join(home, "AppData", "Local"), "longsight");
  if (platform === "darwin") return path.join(home, "Library", "Application Support", "longsight");
  const data = env["XDG_DATA_HOME"];
  // The XDG specification says that a relative path is to be ignored.
  return path.join(
    data !== undefined && path.isAbsolute(data) ? data : path.join(home, ".local", "share"),
    "longsight",
  );
}
