import type { Disposable, LogOutputChannel, WebviewPanel, WebviewView } from "vscode";
import { Messenger } from "vscode-messenger";
import type { MessageParticipant } from "vscode-messenger-common";
import type { z } from "zod";
import type { ViewNotification, ViewRequest } from "../../shared/views";
import { DisposableStore } from "../disposables";
import { errorValueOf } from "../errors";

/**
 * Typed messages of one webview, checked on arrival: what does not parse is logged and dropped. Each view has a
 * messenger of its own, so that no webview can send to another. Lives as long as the view.
 */
export class ViewChannel {
  private readonly scope = new DisposableStore();
  private readonly messenger = new Messenger();
  private readonly view: MessageParticipant;

  constructor(
    view: WebviewView | WebviewPanel,
    private readonly log: LogOutputChannel,
  ) {
    this.view = "reveal" in view ? this.messenger.registerWebviewPanel(view) : this.messenger.registerWebviewView(view);
    view.onDidDispose(() => this.scope.dispose());
  }

  /** Disposes `item` with the view. */
  add(item: Disposable): void {
    this.scope.add(item);
  }

  /** Sends a notification; one for a hidden view is dropped, since the view asks anew when it is shown. */
  send<P>(type: ViewNotification<P>, params: P): void {
    this.messenger.sendNotification<P>({ method: type.method }, this.view, params);
  }

  /** Handles a notification; `schema` is null when it carries nothing. Errors of the handler are logged. */
  on<S extends z.ZodType>(
    type: ViewNotification<unknown>,
    schema: S | null,
    handle: (message: z.infer<S>) => unknown,
  ): void {
    const handler = async (message: unknown): Promise<void> => {
      const parsed = schema?.safeParse(message);
      if (parsed?.success === false) {
        this.log.warn(`A view sent an unusable ${type.method}: ${parsed.error.message}`);
        return;
      }
      try {
        await handle(parsed?.data as z.infer<S>);
      } catch (error) {
        this.log.error(`${type.method}: ${errorValueOf(error).message}`);
      }
    };
    this.add(this.messenger.onNotification({ method: type.method }, handler));
  }

  /** Answers a request; a failure reaches the view as an Error whose message is the user's. */
  onRequest<P, R, S extends z.ZodType>(
    type: ViewRequest<P, R>,
    schema: S,
    handle: (message: z.infer<S>) => Promise<R>,
  ): void {
    const handler = async (message: unknown): Promise<R> => {
      const parsed = schema.safeParse(message);
      if (!parsed.success) throw new Error(`Unusable ${type.method}: ${parsed.error.message}`);
      try {
        return await handle(parsed.data);
      } catch (error) {
        const value = errorValueOf(error);
        this.log.error(`${type.method}: ${value.code} ${value.message}`);
        throw new Error(value.message, { cause: error });
      }
    };
    this.add(this.messenger.onRequest({ method: type.method }, handler));
  }
}
