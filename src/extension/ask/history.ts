import * as vscode from "vscode";
import type { ConversationEntry } from "../../shared/conversation";
import { DeleteConversation, ExportConversation, ListConversations, RenameConversation } from "../../shared/protocol";
import type { EngineClient } from "../engineClient";
import type { AskController } from "./askController";

/** The kept conversations of the workspace: found, named, deleted and taken out. Each throws what the engine throws. */
export class History {
  constructor(
    private readonly engine: EngineClient,
    private readonly controller: AskController,
  ) {}

  /** Newest first; those that contain `query`. */
  list(query: string): Promise<readonly ConversationEntry[]> {
    return this.engine.request(ListConversations, query.trim() === "" ? {} : { query: query.trim() });
  }

  async rename(id: string, title: string): Promise<ConversationEntry> {
    const entry = await this.engine.request(RenameConversation, { id, title });
    this.controller.renamed(entry);
    return entry;
  }

  /** Deletes for good; the one that is shown is closed. */
  async delete(id: string): Promise<{ readonly deleted: number }> {
    const shown = this.controller.shown?.id === id;
    const result = await this.engine.request(DeleteConversation, { id });
    if (shown) this.controller.clear();
    return result;
  }

  /** Opens the conversation as a Markdown document that is not saved yet: where it goes is the user's choice. */
  async export(id: string): Promise<void> {
    const { markdown } = await this.engine.request(ExportConversation, { id });
    const document = await vscode.workspace.openTextDocument({ language: "markdown", content: markdown });
    await vscode.window.showTextDocument(document, { preview: false });
  }
}
