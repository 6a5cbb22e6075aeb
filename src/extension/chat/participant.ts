import * as vscode from "vscode";
import { randomUUID } from "node:crypto";
import { commands } from "../../shared/contributions";
import { Ask, type AnswerResult, type Citation } from "../../shared/protocol";
import { mendOf } from "../commands/notify";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { progressLine } from "../status/presentation";
import { workspaceFile } from "../views/openLocation";
import { chatQuestion, participantId } from "./chatQuestion";

/** Citations that are listed below an answer. */
const SOURCES = 12;

/** Registers `@longsight` in the editor's own chat; nothing in an editor without one. */
export function registerParticipant(engine: EngineClient, extensionUri: vscode.Uri): { dispose: () => unknown } {
  const { chat } = vscode as Partial<Pick<typeof vscode, "chat">>;
  if (typeof chat?.createChatParticipant !== "function") return { dispose: () => undefined };
  const participant = chat.createChatParticipant(participantId, chatHandler(engine));
  participant.iconPath = vscode.Uri.joinPath(extensionUri, "media", "logo.svg");
  participant.followupProvider = { provideFollowups: ({ metadata }) => followups(metadata) };
  return participant;
}

/** Answers a request of the chat: the answer as it is written, then what it rests on. */
export function chatHandler(engine: EngineClient) {
  return async (
    request: Pick<vscode.ChatRequest, "prompt" | "command" | "references">,
    context: Pick<vscode.ChatContext, "history">,
    response: Pick<vscode.ChatResponseStream, "markdown" | "anchor" | "button" | "progress" | "reference">,
    token: vscode.CancellationToken,
  ): Promise<vscode.ChatResult> => {
    const askId = randomUUID();
    let pieces = 0;
    const delta = engine.onDelta((piece) => {
      if (piece.askId !== askId) return;
      pieces++;
      // A plain string is shown as untrusted markdown: no command of the model's is ever a link.
      response.markdown(piece.text);
    });
    const progress = tellProgress(engine, response, () => pieces > 0);
    try {
      const answer = await engine.request(Ask, { askId, ...chatQuestion(request, context) }, token);
      if (pieces === 0) response.markdown(answer.text);
      showSources(answer, response);
      return { metadata: { conversation: answer.conversation?.id, lookedAt: answer.lookedAt.map(({ path }) => path) } };
    } catch (error) {
      const { code, message, wayOut } = errorValueOf(error);
      if (token.isCancellationRequested) return {};
      const mend = mendOf(code);
      if (mend !== null) response.button(mend);
      return { errorDetails: { message: `${message} ${wayOut} (${code})` } };
    } finally {
      delta.dispose();
      progress.dispose();
    }
  };
}

/** Says each stage of reading once, until the answer is being written. */
function tellProgress(
  engine: EngineClient,
  response: Pick<vscode.ChatResponseStream, "progress">,
  written: () => boolean,
): vscode.Disposable {
  let told: string | undefined;
  return engine.onDidChangeStatus(({ progress }) => {
    if (progress === null || progress.stage === told || written()) return;
    told = progress.stage;
    response.progress(progressLine(progress));
  });
}

function showSources(
  { citations, asOf, trace }: AnswerResult,
  response: Pick<vscode.ChatResponseStream, "markdown" | "anchor" | "button" | "reference">,
): void {
  const places = new Map(citations.map((citation) => [`${citation.path}:${citation.startLine}`, citation]));
  const shown = [...places].slice(0, SOURCES).flatMap(([title, citation]) => {
    const location = locationOf(citation);
    return location === null ? [] : [{ title, location }];
  });
  if (shown.length > 0) response.markdown("\n\n");
  shown.forEach(({ title, location }, index) => {
    if (index > 0) response.markdown(" · ");
    response.anchor(location, title);
    response.reference(location);
  });
  const time = new Date(asOf).toLocaleTimeString();
  response.markdown(new vscode.MarkdownString("\n\n").appendText(vscode.l10n.t("As of {0}", time)));
  response.button({ command: commands.showAttention, title: vscode.l10n.t("Show Attention"), arguments: [trace] });
}

function locationOf({ uri, startLine, endLine }: Citation): vscode.Location | null {
  const file = workspaceFile(uri);
  return file === null ? null : new vscode.Location(file, new vscode.Range(startLine - 1, 0, endLine - 1, 0));
}

/** Questions that go on from the file that stood out most. */
export function followups(metadata: vscode.ChatResult["metadata"]): vscode.ChatFollowup[] {
  const looked: unknown = metadata?.["lookedAt"];
  const [first, second] = Array.isArray(looked) ? looked.filter((path) => typeof path === "string") : [];
  const found: vscode.ChatFollowup[] = [];
  if (first !== undefined) {
    found.push({ prompt: vscode.l10n.t("What is {0} for?", first), command: "explain" });
    found.push({ prompt: vscode.l10n.t("Who uses {0}?", first), command: "uses" });
  }
  if (first !== undefined && second !== undefined) {
    found.push({ prompt: vscode.l10n.t("How do {0} and {1} work together?", first, second) });
  }
  return found;
}
