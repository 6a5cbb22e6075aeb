/**
 * What is left out of every workspace unless `.longsightignore` re-includes it: files that no question is about and that
 * would fill the context. Configuration files are not among them.
 */
import { secretByPath, secretFolder } from "./secrets";

const FOLDERS: Readonly<Record<string, string>> = {
  ".git": "version control data",
  ".hg": "version control data",
  ".svn": "version control data",
  ".jj": "version control data",
  node_modules: "installed dependencies",
  bower_components: "installed dependencies",
  jspm_packages: "installed dependencies",
  Pods: "installed dependencies",
  ".venv": "installed dependencies",
  "site-packages": "installed dependencies",
  vendor: "vendored code",
  third_party: "vendored code",
  thirdparty: "vendored code",
  "3rdparty": "vendored code",
  __pycache__: "compiled files",
  ".gradle": "tool cache",
  ".tox": "tool cache",
  ".nox": "tool cache",
  ".mypy_cache": "tool cache",
  ".pytest_cache": "tool cache",
  ".ruff_cache": "tool cache",
  ".parcel-cache": "tool cache",
  ".turbo": "tool cache",
  ".next": "build output",
  ".nuxt": "build output",
  ".svelte-kit": "build output",
};

const LOCK_FILES: ReadonlySet<string> = new Set([
  "package-lock.json",
  "npm-shrinkwrap.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "bun.lock",
  "bun.lockb",
  "deno.lock",
  "Cargo.lock",
  "poetry.lock",
  "uv.lock",
  "pdm.lock",
  "Pipfile.lock",
  "composer.lock",
  "Gemfile.lock",
  "go.sum",
  "go.work.sum",
  "mix.lock",
  "pubspec.lock",
  "Podfile.lock",
  "Package.resolved",
  "packages.lock.json",
  "gradle.lockfile",
  "flake.lock",
  "MODULE.bazel.lock",
]);

const EXTENSIONS: readonly (readonly [reason: string, extensions: string])[] = [
  ["image", "png jpg jpeg gif bmp ico icns webp avif tif tiff svg psd ai eps heic xcf"],
  ["font", "ttf otf woff woff2 eot"],
  ["sound or film", "mp3 wav ogg oga flac aac m4a mp4 m4v mov avi mkv webm ogv"],
  ["archive", "zip gz tgz bz2 xz zst 7z rar tar jar war ear whl vsix apk ipa deb rpm dmg iso nupkg crate"],
  ["compiled file", "o a so dylib dll exe lib obj class pyc pyo wasm node pdb bin elf rlib"],
  ["model weights", "gguf safetensors onnx pt pth ckpt tflite npy npz h5"],
  ["database", "sqlite sqlite3 db mdb parquet feather arrow"],
  ["office document", "pdf doc docx xls xlsx ppt pptx odt ods odp"],
  ["source map", "map"],
  ["log", "log"],
];

const REASON_BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  EXTENSIONS.flatMap(([reason, extensions]) => extensions.split(" ").map((extension) => [extension, reason] as const)),
);

const MINIFIED_NAME = /[.-]min\.(?:js|mjs|cjs|css|html)$/i;
const GENERATED_NAME =
  /(?:\.pb\.(?:go|cc|h|c)|_pb2(?:_grpc)?\.pyi?|\.g\.dart|\.freezed\.dart|\.designer\.cs|\.g\.cs|[._]generated\.\w+)$/i;

/** Why a folder of this name is left out; null when it is not. */
export function folderReason(name: string): string | null {
  return Object.hasOwn(FOLDERS, name) ? (FOLDERS[name] ?? null) : secretFolder(name);
}

/** Why a file is left out by its path; null when its content decides. @param path relative to the root */
export function fileReason(path: string): string | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === ".git") return "version control data"; // a worktree or submodule: the file names the real folder
  if (LOCK_FILES.has(name)) return "lock file";
  if (MINIFIED_NAME.test(name)) return "minified";
  if (GENERATED_NAME.test(name)) return "generated";
  const secret = secretByPath(path);
  if (secret !== null) return secret;
  const dot = name.lastIndexOf(".");
  return dot < 0 ? null : (REASON_BY_EXTENSION.get(name.slice(dot + 1).toLowerCase()) ?? null);
}
