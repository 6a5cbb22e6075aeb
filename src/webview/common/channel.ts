import { HOST_EXTENSION } from "vscode-messenger-common";
import { Messenger } from "vscode-messenger-webview";
import type { ViewNotification, ViewRequest } from "../../shared/views";
import { vscodeApi } from "./vscodeApi";

/** Typed messages between a webview and the extension host. */
export class Channel {
  private readonly messenger = new Messenger(vscodeApi);

  /** Register handlers with `on` first; messages arrive from `start` on. */
  start(): void {
    this.messenger.start();
  }

  on<P>(type: ViewNotification<P>, handle: (params: P) => void): void {
    this.messenger.onNotification<P>({ method: type.method }, handle);
  }

  send<P>(type: ViewNotification<P>, params: P): void {
    this.messenger.sendNotification<P>({ method: type.method }, HOST_EXTENSION, params);
  }

  /** @throws Error with the user's message when the host or the engine fails */
  request<P, R>(type: ViewRequest<P, R>, params: P): Promise<R> {
    return this.messenger.sendRequest<P, R>({ method: type.method }, HOST_EXTENSION, params);
  }
}
