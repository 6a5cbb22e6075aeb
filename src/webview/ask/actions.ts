import type { Citation } from "../../shared/protocol";
import { AskView, type AskViewCommand } from "../../shared/views";
import type { Channel } from "../common/channel";

/** All that the Ask view can ask of the host. */
export class Actions {
  constructor(private readonly channel: Channel) {}

  ask(question: string): void {
    this.channel.send(AskView.ask, { question });
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

  clearSelection(): void {
    this.channel.send(AskView.clearSelection, {});
  }
}
