import { sha256 } from "../disk";
import type { Document } from "../workspace/types";
import { type FileFrame, fileFrame } from "./frame";
import type { Outline } from "./outline";
import type { TokenCache } from "./tokens";

/** What stands in the context for a file: its text or its outline, with what frames it. */
export interface Piece extends FileFrame {
  readonly text: string;
  /** sha256 of the text, hex. */
  readonly hash: string;
}

export function pieceOf(document: Document, text: string, outline: Outline | null): Piece {
  const frame = fileFrame(document, text, outline?.text ?? null);
  return outline === null
    ? { ...frame, text, hash: document.contentHash }
    : { ...frame, text: outline.text, hash: sha256(outline.text) };
}

/** Tokens of a piece with its header and closing fence. */
export async function countPiece({ header, footer, text, hash }: Piece, tokens: TokenCache): Promise<number> {
  const { tokenizer } = tokens;
  const body = await tokens.tokensOf(hash, () => text);
  return tokenizer.tokenize(header).length + body.length + tokenizer.tokenize(footer).length;
}
