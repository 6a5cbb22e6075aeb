import type { ConversationEntry } from "../../shared/conversation";
import type { Citation } from "../../shared/protocol";
import type { MentionCandidate } from "../../shared/symbols";
import {
  AskView,
  type AskQuestion,
  type AskSelection,
  type AskViewCommand,
  type LinesPreview,
} from "../../shared/views";
import type { Channel } from "../common/channel";

/** All that the Ask view can ask of the host. Requests throw an Error with a message for the user. */
export class Actions {
  constructor(private readonly channel: Channel) {}

  ask(question: AskQuestion): void {
    this.channel.send(AskView.ask, question);
  }

  stop(): void {
    this.channel.send(AskView.stop, {});
  }

  retry(id: string): void {
    this.channel.send(AskView.retry, { id });
  }

  openCitation(citation: Citation, toSide: boolean): void {
    this.channel.send(AskView.openCitation, { citation, toSide });
  }

  openFile(uri: string): void {
    this.channel.send(AskView.openFile, { uri });
  }

  copy(text: string): void {
    this.channel.send(AskView.copy, { text });
  }

  showAttention(trace: string): void {
    this.channel.send(AskView.showAttention, { trace });
  }

  run(command: AskViewCommand): void {
    this.channel.send(AskView.command, { command });
  }

  download(id: string): void {
    this.channel.send(AskView.downloadModel, { id });
  }

  newConversation(): void {
    this.channel.send(AskView.newConversation, {});
  }

  openConversation(id: string): void {
    this.channel.send(AskView.openConversation, { id });
  }

  exportConversation(id: string): void {
    this.channel.send(AskView.exportConversation, { id });
  }

  history(query: string): Promise<readonly ConversationEntry[]> {
    return this.channel.request(AskView.history, { query });
  }

  renameConversation(id: string, title: string): Promise<ConversationEntry> {
    return this.channel.request(AskView.renameConversation, { id, title });
  }

  async deleteConversation(id: string): Promise<void> {
    await this.channel.request(AskView.deleteConversation, { id });
  }

  findMentions(text: string): Promise<readonly MentionCandidate[]> {
    return this.channel.request(AskView.findMentions, { text });
  }

  dropped(uris: readonly string[]): Promise<readonly MentionCandidate[]> {
    return this.channel.request(AskView.dropped, { uris });
  }

  editorSelection(): Promise<AskSelection | null> {
    return this.channel.request(AskView.editorSelection, {});
  }

  preview({ uri, startLine, endLine }: Citation): Promise<LinesPreview | null> {
    return this.channel.request(AskView.preview, { uri, startLine, endLine });
  }
}
