/** Earlier turns of a conversation as they stand between the context and the next question. */

/** A turn that was answered. */
export interface PastTurn {
  readonly question: string;
  readonly answer: string;
}

/** Tokens around the texts of a chat; a model's ChatFrame will do. */
export interface TurnFrame {
  readonly after: Int32Array;
  readonly between: Int32Array;
}

export interface History {
  /** The turns that fit, oldest first, each up to the opening of the next question. */
  readonly tokens: readonly Int32Array[];
  /** Turns before them for which there was no room. */
  readonly dropped: number;
}

/**
 * The latest turns that fit.
 * @param room tokens for all of them
 */
export function historyTokens(
  turns: readonly PastTurn[],
  frame: TurnFrame,
  tokenize: (text: string) => Int32Array,
  room: number,
): History {
  const tokens: Int32Array[] = [];
  let used = 0;
  for (const { question, answer } of turns.toReversed()) {
    const turn = Int32Array.from([...tokenize(question), ...frame.after, ...tokenize(answer), ...frame.between]);
    used += turn.length;
    if (used > room) break;
    tokens.unshift(turn);
  }
  return { tokens, dropped: turns.length - tokens.length };
}
