import type { Disposable } from "vscode";

/** Owns disposables; what is added after its disposal is disposed at once. */
export class DisposableStore implements Disposable {
  private items: Disposable[] | null = [];

  /** Adds `item` and returns it. */
  add<T extends Disposable>(item: T): T {
    if (this.items === null) item.dispose();
    else this.items.push(item);
    return item;
  }

  /** Disposes everything, last added first. */
  dispose(): void {
    const items = this.items ?? [];
    this.items = null;
    for (const item of items.reverse()) item.dispose();
  }
}
