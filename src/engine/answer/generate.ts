import type { StopReason } from "../../shared/protocol";
import type { GeneratedToken, GenerateOptions, GenerateResult } from "../nativeTypes";
import { isLooping } from "./repetition";
import { StopStrings } from "./stopStrings";
import { type Detokenizer, TextStream } from "./textStream";

/** What can continue the tokens in a cache; a Session will do. */
export interface Generator {
  generate(options: GenerateOptions): AsyncGenerator<GeneratedToken, GenerateResult, undefined>;
}

export interface AnswerOptions {
  readonly detokenizer: Detokenizer;
  readonly sampling: Omit<GenerateOptions, "signal">;
  /** Texts that end the answer, such as the beginning of another turn. */
  readonly stopStrings: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** A piece of the answer, and the tokens so far. */
  readonly onDelta?: ((text: string, tokens: number) => void) | undefined;
  /** Each token with the text that it completed and its selection. */
  readonly onToken?: (text: string, selection: Uint8Array | null) => void;
}

export interface GeneratedAnswer {
  readonly text: string;
  readonly tokens: number;
  readonly stopReason: StopReason;
  /** The answer ran in circles and was cut short. */
  readonly looped: boolean;
}

/** Writes an answer: streams whole characters, ends at stop tokens and strings, and breaks off when it runs in circles. */
export async function generateAnswer(generator: Generator, options: AnswerOptions): Promise<GeneratedAnswer> {
  const stream = new TextStream(options.detokenizer);
  const stops = new StopStrings(options.stopStrings);
  let text = "";
  let tokens = 0;
  let looped = false;
  const emit = (piece: string): void => {
    const shown = text === "" ? piece.trimStart() : piece;
    if (shown === "") return;
    text += shown;
    options.onDelta?.(shown, tokens);
  };
  const steps = generator.generate({
    ...options.sampling,
    ...(options.signal !== undefined && { signal: options.signal }),
  });
  let finish: GenerateResult["finish"] = "stop";
  for (;;) {
    const step = await steps.next();
    if (step.done === true) {
      finish = step.value.finish;
      break;
    }
    tokens++;
    const piece = stream.push(step.value.token);
    options.onToken?.(piece, step.value.trace);
    emit(stops.push(piece));
    looped = isLooping(stream.tokens);
    if (!stops.stopped && !looped) continue;
    await steps.return({ finish: "stop", endToken: null });
    break;
  }
  emit(stops.push(stream.end()) + stops.end());
  return { text: text.trimEnd(), tokens, stopReason: toStopReason(finish), looped };
}

function toStopReason(finish: GenerateResult["finish"]): StopReason {
  if (finish === "abort") return "stopped";
  return finish === "length" || finish === "full" ? "length" : "end";
}
