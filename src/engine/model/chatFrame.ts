/** The words and markers of a model's chat template around one user message. */
import type { ChatHistoryItem, LlamaModel, LlamaTextValue } from "node-llama-cpp";

/** Tokens around the texts of a chat: `before` message `after` answer, then `between` message `after` answer, and so on. */
export interface ChatFrame {
  /** Beginning of the text, system message, opening of the user's turn. */
  readonly before: Int32Array;
  /** End of the user's turn, opening of the model's turn. */
  readonly after: Int32Array;
  /** End of the model's turn, opening of the user's next turn. */
  readonly between: Int32Array;
  /** Texts that end the model's turn, besides its end-of-generation tokens. */
  readonly stopStrings: readonly string[];
  /** Tokens that end the model's turn, besides its end-of-generation tokens. */
  readonly stopTokens: readonly number[];
}

/** Stand for texts while the template is applied; no tokenizer sees them. */
const MESSAGE = "\u{F0000}longsight\u{F0000}";
const ANSWER = "\u{F0001}longsight\u{F0001}";
const NEXT_MESSAGE = "\u{F0002}longsight\u{F0002}";

/**
 * Applies the model's chat template. A model without one was not taught to chat: it gets a text to continue.
 * @param system text of the system message
 */
export async function chatFrame(model: LlamaModel, system: string): Promise<ChatFrame> {
  if (typeof model.fileInfo.metadata.tokenizer.chat_template !== "string") return plainFrame(model, system);
  const { LlamaText, resolveChatWrapper } = await import("node-llama-cpp");
  const history: ChatHistoryItem[] = [
    { type: "system", text: system },
    { type: "user", text: MESSAGE },
    { type: "model", response: [ANSWER] },
    { type: "user", text: NEXT_MESSAGE },
    { type: "model", response: [""] },
  ];
  const state = resolveChatWrapper(model).generateContextState({ chatHistory: history });
  const [before, chat] = split(state.contextText.values, MESSAGE);
  const [, answered] = split(chat, ANSWER);
  const [between, after] = split(answered, NEXT_MESSAGE);
  const tokenize = (values: readonly LlamaTextValue[]): Int32Array =>
    Int32Array.from(LlamaText(...values).tokenize(model.tokenizer));

  const stopStrings: string[] = [];
  const stopTokens: number[] = [];
  for (const trigger of state.stopGenerationTriggers) {
    const tokens = trigger.tokenize(model.tokenizer);
    const only = tokens.length === 1 ? tokens[0] : undefined;
    if (only !== undefined && model.isSpecialToken(only)) stopTokens.push(only);
    else if (trigger.values.every((value) => typeof value === "string")) stopStrings.push(trigger.toString());
  }
  return {
    before: withBeginning(model, tokenize(before)),
    after: tokenize(after),
    between: tokenize(between),
    stopStrings: [...new Set(stopStrings)],
    stopTokens: [...new Set(stopTokens)],
  };
}

/** Question and answer as in a printed interview; the next question ends the answer. */
function plainFrame(model: LlamaModel, system: string): ChatFrame {
  return {
    before: withBeginning(model, Int32Array.from(model.tokenize(`${system}\n\n`))),
    after: Int32Array.from(model.tokenize("\n\nAnswer:")),
    between: Int32Array.from(model.tokenize("\n\n")),
    stopStrings: ["\nQuestion:"],
    stopTokens: [],
  };
}

/** With the token that begins every text of the model, where it wants one. */
function withBeginning(model: LlamaModel, tokens: Int32Array): Int32Array {
  const bos = model.tokens.shouldPrependBosToken ? model.tokens.bos : null;
  return bos === null || tokens[0] === bos ? tokens : Int32Array.from([bos, ...tokens]);
}

/** What stands on both sides of a place in a chat. */
function split(values: readonly LlamaTextValue[], place: string): readonly [LlamaTextValue[], LlamaTextValue[]] {
  const index = values.findIndex((value) => String(value).includes(place));
  const value = values[index];
  if (value === undefined) throw new Error("the chat template leaves out a message");
  const [left = "", right = ""] = (typeof value === "string" ? value : value.value).split(place);
  const like = (text: string): LlamaTextValue[] => {
    if (text === "") return [];
    return typeof value === "string" ? [text] : [new (value.constructor as new (text: string) => LlamaTextValue)(text)];
  };
  return [
    [...values.slice(0, index), ...like(left)],
    [...like(right), ...values.slice(index + 1)],
  ];
}
