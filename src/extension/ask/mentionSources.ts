import * as vscode from "vscode";
import { FindMentions } from "../../shared/protocol";
import type { MentionCandidate } from "../../shared/symbols";
import type { AskQuestion } from "../../shared/views";
import type { EngineClient } from "../engineClient";
import { workspaceFile } from "../views/openLocation";

const limit = 30;

/**
 * Files, folders and symbols whose name goes with `text`, best first.
 * @throws ResponseError of the engine
 */
export function findMentions(engine: EngineClient, text: string): Promise<readonly MentionCandidate[]> {
  return engine.request(FindMentions, { text, limit });
}

/** Files and folders of the workspace among URIs that were dropped on the view; anything else is left out. */
export async function droppedMentions(uris: readonly string[]): Promise<readonly MentionCandidate[]> {
  const candidates = uris.map(async (text): Promise<MentionCandidate | null> => {
    const uri = workspaceFile(text);
    if (uri === null) return null;
    try {
      const { type } = await vscode.workspace.fs.stat(uri);
      const path = vscode.workspace.asRelativePath(uri);
      const kind = (type & vscode.FileType.Directory) === 0 ? "file" : "folder";
      return { kind, label: path, detail: "", mention: { uri: uri.toString(), label: `@${path}` } };
    } catch {
      // What does not exist cannot be mentioned.
      return null;
    }
  });
  return (await Promise.all(candidates)).filter((candidate) => candidate !== null);
}

/** The question without what it names outside the workspace: the view is not trusted with other files. */
export function inWorkspace({ selection, mentions, ...question }: AskQuestion): AskQuestion {
  const known = ({ uri }: { readonly uri: string }): boolean => workspaceFile(uri) !== null;
  return {
    ...question,
    selection: selection !== null && known(selection.range) ? selection : null,
    mentions: mentions.filter(known),
  };
}
