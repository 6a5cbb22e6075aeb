import * as vscode from "vscode";
import { type LanguageClient, ResponseError } from "vscode-languageclient/node";
import { type ClientFileKind, FILE_ERROR_CODE, ReadDirectory, ReadFile, StatFile } from "../shared/protocol";
import { type EditorFiles, FileAnswerError, FileAnswers } from "./fileAnswers";

const CODES: Readonly<Record<string, string>> = {
  FileNotFound: "ENOENT",
  FileNotADirectory: "ENOTDIR",
  FileIsADirectory: "EISDIR",
  NoPermissions: "EACCES",
  Unavailable: "EAGAIN",
};

const editorFiles: EditorFiles<vscode.Uri> = {
  parse: (uri) => vscode.Uri.parse(uri, true),
  folders: () => (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri),
  list: async (place) => {
    const entries = await vscode.workspace.fs.readDirectory(place);
    return entries.map(([name, type]) => ({ name, kind: kindOf(type) }));
  },
  stat: async (place) => {
    const { type, size, mtime } = await vscode.workspace.fs.stat(place);
    return { kind: kindOf(type), bytes: size, mtimeMs: mtime };
  },
  read: (place) => vscode.workspace.fs.readFile(place),
  codeOf: (error) => (error instanceof vscode.FileSystemError ? (CODES[error.code] ?? "EIO") : "EIO"),
};

/** Lets the engine read workspace folders that are not on disk. @returns what ends it */
export function answerFileRequests(client: LanguageClient): vscode.Disposable {
  const answers = new FileAnswers(editorFiles);
  const on = (method: string, answer: (params: unknown) => Promise<unknown>): vscode.Disposable =>
    client.onRequest(method, async (params: unknown) => {
      try {
        return await answer(params);
      } catch (error) {
        const code = error instanceof FileAnswerError ? error.code : "EIO";
        return new ResponseError(FILE_ERROR_CODE, error instanceof Error ? error.message : String(error), { code });
      }
    });
  return vscode.Disposable.from(
    on(ReadDirectory.method, (params) => answers.list(params)),
    on(StatFile.method, (params) => answers.stat(params)),
    on(ReadFile.method, (params) => answers.read(params)),
  );
}

function kindOf(type: vscode.FileType): ClientFileKind {
  if ((type & vscode.FileType.SymbolicLink) !== 0) return "link";
  if (type === vscode.FileType.File) return "file";
  return type === vscode.FileType.Directory ? "folder" : "other";
}
