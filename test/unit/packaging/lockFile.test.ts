import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "../../helpers/paths.mjs";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

/** Folders in which Node looks for `name` from a package folder, nearest first. */
function* placesOf(name: string, from: string): Generator<string> {
  for (let at = from; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/"))))
    yield `${at}/node_modules/${name}`;
  yield `node_modules/${name}`;
}

describe("package-lock.json", () => {
  // npm leaves out optional packages that its registry happened to lack, and `npm ci` then refuses the file.
  it("holds every dependency of every package, so that npm ci takes it", () => {
    const missing = Object.entries(lock.packages).flatMap(([dir, entry]) => {
      const names = Object.keys({ ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies });
      return names
        .filter((name) => ![...placesOf(name, dir)].some((place) => place in lock.packages))
        .map((name) => `${name} of ${dir}`);
    });
    assert.deepEqual(missing, []);
  });

  it("names no registry", () => {
    const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved?.startsWith("http") === true);
    assert.deepEqual(named, []);
  });
});
