import { URI } from "vscode-uri";
import { userErrors } from "../../shared/errors";
import type { FileSystem } from "./fileSystem";
import { NodeFileSystem } from "./nodeFiles";

/** Finds the file system of a URI: the disk for `file`, whatever the client serves for other schemes. */
export class FileSystems {
  readonly #disk = new NodeFileSystem();
  readonly #other: FileSystem | null;

  /** @param other file system of all schemes but `file`; null when the client serves none */
  constructor(other: FileSystem | null = null) {
    this.#other = other;
  }

  /** @throws LongsightError LS-107 */
  of(uri: string): FileSystem {
    const { scheme } = URI.parse(uri);
    if (scheme === "file") return this.#disk;
    if (this.#other === null) throw userErrors.notOnDisk(uri, scheme);
    return this.#other;
  }
}
