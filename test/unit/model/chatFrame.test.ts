import assert from "node:assert/strict";
import type { LlamaModel } from "node-llama-cpp";
import { chatFrame } from "../../../src/engine/model/chatFrame";

const CHATML =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const LLAMA3 =
  "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' " +
  "+ message['content'] | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}" +
  "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";
const GEMMA =
  "{{ bos_token }}{% for message in messages %}{% set role = 'model' if message['role'] == 'assistant' else 'user' %}" +
  "{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}";

/** What the frame needs of a model: its template, and a tokenizer whose tokens are characters. */
function modelWith(template: string | undefined, architecture: string): LlamaModel {
  const codes = (text: string, special?: boolean | "builtin"): number[] =>
    Array.from(special === "builtin" ? `<${text}>` : text, (character) => character.codePointAt(0) ?? 0);
  const detokenize = (tokens: readonly number[]): string => String.fromCodePoint(...tokens);
  const tokenizer = Object.assign(codes, {
    detokenize,
    isSpecialToken: () => false,
    isEogToken: () => false,
  });
  return {
    fileInfo: { metadata: { general: { architecture }, tokenizer: { chat_template: template, ggml: {} } } },
    filename: "model.gguf",
    tokens: { shouldPrependBosToken: false, bos: null, bosString: "<bos>", eosString: "<eos>" },
    tokenizer,
    tokenize: codes,
    isSpecialToken: () => false,
  } as unknown as LlamaModel;
}

describe("chatFrame", () => {
  const text = (tokens: Int32Array): string => String.fromCodePoint(...tokens);
  const cases: readonly (readonly [string, string | undefined, string, string, string])[] = [
    ["qwen2", CHATML, "qwen2", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>\n<|im_start|>user\n"],
    [
      "llama 3",
      LLAMA3,
      "llama",
      "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
      "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
    ],
    ["gemma", GEMMA, "gemma2", "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>\n<start_of_turn>user\n"],
    ["a model that was not taught to chat", undefined, "llama", "\n\nAnswer:", "\n\n"],
  ];
  for (const [name, template, architecture, after, between] of cases) {
    it(`has the words around the turns of ${name}`, async () => {
      const frame = await chatFrame(modelWith(template, architecture), "SYSTEM");
      assert.match(text(frame.before), /SYSTEM/);
      assert.equal(text(frame.after), after);
      assert.equal(text(frame.between), between);
    });
  }
});
