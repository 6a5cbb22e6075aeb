/**
 * Makes a large repository, the same for the same arguments: packages in deep folders with source, tests, documentation and
 * configuration, `.gitignore` files that nest, build output, installed dependencies, pictures, archives, minified and
 * generated files, lock files, and texts in other encodings.
 *
 *   npx tsx test/bench/largeTree.ts FOLDER [FILES = 100000] [MEGABYTES = 1000]
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Files of one package; the tree has as many packages as it takes. */
const PACKAGE_FILES = 250;
const POOL_BYTES = 1 << 20;
const WORDS =
  "account anchor batch buffer cache channel client config cursor delta engine entry event field filter frame graph handle harbour index item job key layer ledger limit list loader lock message meter model node offset option order packet parser path plan point pool port queue range record reader request result root route schema scope segment server session shard signal size slot span stage state store stream table task tide token trace tree type unit update user value vector vessel view window worker writer".split(
    " ",
  );

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines in the manner of a language, by the extension of its files. */
const LINES: Readonly<Record<string, (word: () => string) => string>> = {
  ts: (w) => `export function ${w()}${w()}(${w()}: ${w()}): number {\n  return ${w()}.${w()}(${w()}, 17);\n}\n\n`,
  go: (w) => `func (${w()} *${w()}) ${w()}(${w()} int) error {\n\treturn ${w()}.${w()}(${w()})\n}\n\n`,
  py: (w) =>
    `def ${w()}_${w()}(${w()}, ${w()}=None):\n    """The ${w()} of a ${w()}."""\n    return ${w()}.${w()}()\n\n`,
  c: (w) => `static int ${w()}_${w()}(struct ${w()} *${w()}) {\n\treturn ${w()}->${w()} + ${w()};\n}\n\n`,
  java: (w) => `    public ${w()} get${w()}(${w()} ${w()}) {\n        return this.${w()}.${w()}();\n    }\n\n`,
  md: (w) => `The ${w()} keeps a ${w()} for every ${w()}; when the ${w()} ends, its ${w()} is freed.\n`,
  yaml: (w) => `${w()}:\n  ${w()}: ${w()}\n  ${w()}: 42\n`,
  json: (w) => `  "${w()}.${w()}": { "${w()}": "${w()}", "${w()}": 42 },\n`,
};

/** What a package holds: how many of its files, where, and how large on average. */
const MIX: readonly (readonly [share: number, folder: string, extension: string, kilobytes: number])[] = [
  [0.24, "src", "ts", 8],
  [0.1, "src", "go", 9],
  [0.08, "src", "py", 8],
  [0.06, "native", "c", 12],
  [0.05, "src", "java", 9],
  [0.11, "test", "ts", 6],
  [0.04, "docs", "md", 6],
  [0.05, "config", "yaml", 2],
  [0.05, "testdata", "json", 16],
  [0.02, "assets", "png", 60],
  [0.01, "assets", "bin", 100],
  [0.01, "src", "min.js", 40],
  [0.01, "src", "pb.go", 30],
  [0.005, "docs", "latin1.txt", 4],
  [0.005, "docs", "utf16.txt", 8],
  [0.06, "build/out", "js", 12],
  [0.1, "node_modules/dependency/lib", "js", 6],
];

/** Makes the tree. @returns files and bytes that were written */
export function makeLargeTree(folder: string, files: number, bytes: number): { files: number; bytes: number } {
  const random = generator(files);
  const pools = makePools(random);
  const expected = MIX.reduce((sum, [share, , , kilobytes]) => sum + share * kilobytes * 1024, 0) * files;
  const made = { files: 0, bytes: 0 };
  const folders = new Set<string>();
  const put = (name: string, data: string | Uint8Array): void => {
    const file = path.join(folder, name);
    const parent = path.dirname(file);
    if (!folders.has(parent)) mkdirSync(parent, { recursive: true });
    folders.add(parent);
    writeFileSync(file, data);
    made.files++;
    made.bytes += typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
  };
  put(".gitignore", "build/\nnode_modules/\n*.tmp\n");
  put("README.md", "# A large repository\n");
  for (let number = 0; made.files < files; number++) {
    const size = Math.min(PACKAGE_FILES, files - made.files);
    const name = packageFolder(number);
    const fill = (folderName: string, extension: string, mean: number): void => {
      // Sizes of real files are skewed: most are small, a few are large.
      const length = Math.max(16, Math.round(mean * 1024 * (bytes / expected) * -Math.log(1 - random() * 0.999)));
      const deep = random() < 0.3 ? `${WORDS[Math.floor(random() * 20)] ?? "a"}/` : "";
      put(`${name}/${folderName}/${deep}file${made.files}.${extension}`, contentOf(extension, length, random, pools));
    };
    put(`${name}/package.json`, `{ "name": "package-${number}" }\n`);
    put(`${name}/package-lock.json`, `{ "lockfileVersion": 3 }\n`);
    if (number % 3 === 0) put(`${name}/.gitignore`, "*.log\n/src/generated/\n!/src/kept.log\n");
    for (const [share, folderName, extension, kilobytes] of MIX) {
      for (let i = 0; i < Math.round(share * size) && made.files < files; i++) fill(folderName, extension, kilobytes);
    }
    if (size < PACKAGE_FILES) while (made.files < files) fill("src", "ts", 8);
  }
  return made;
}

/** Teams, areas and packages: up to seven folders above a file. */
function packageFolder(number: number): string {
  const team = WORDS[number % 12] ?? "team";
  const area = WORDS[20 + (number % 7)] ?? "area";
  return number % 4 === 0 ? `${team}/${area}/deep/er/still/package-${number}` : `${team}/${area}/package-${number}`;
}

function makePools(random: () => number): ReadonlyMap<string, string> {
  const word = (): string => WORDS[Math.floor(random() * WORDS.length)] ?? "word";
  return new Map(
    Object.entries(LINES).map(([extension, line]) => {
      const lines: string[] = [];
      for (let length = 0; length < POOL_BYTES; length += lines.at(-1)?.length ?? 0) lines.push(line(word));
      return [extension, lines.join("")];
    }),
  );
}

function contentOf(
  extension: string,
  length: number,
  random: () => number,
  pools: ReadonlyMap<string, string>,
): string | Uint8Array {
  if (extension === "png" || extension === "bin") {
    return Uint8Array.from({ length }, (_, index) => (index % 7 === 0 ? 0 : Math.floor(random() * 256)));
  }
  const text = (pool: string): string => {
    const whole = pools.get(pool) ?? "";
    const start = whole.indexOf("\n", Math.floor(random() * (whole.length - length - 200)));
    return whole.slice(start + 1, start + 1 + length);
  };
  if (extension === "min.js") return text("ts").replace(/\s+/g, " ");
  if (extension === "pb.go") return `// Code generated by protoc-gen-go. DO NOT EDIT.\n${text("go")}`;
  if (extension === "latin1.txt") return Buffer.from(`Gr\u00f6\u00dfe\n${text("md")}`, "latin1");
  if (extension === "utf16.txt") return Buffer.from(`\uFEFF${text("md")}`, "utf16le");
  return `// file of ${random().toString(36)}\n${text(extension === "js" ? "ts" : extension)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [folder, files = "100000", megabytes = "1000"] = process.argv.slice(2);
  if (folder === undefined) throw new Error("name the folder to make");
  mkdirSync(folder, { recursive: true });
  const made = makeLargeTree(folder, Number(files), Number(megabytes) * 2 ** 20);
  execFileSync("git", ["init", "--quiet", folder]);
  console.log(`${made.files} files, ${Math.round(made.bytes / 2 ** 20)} MB`);
}
