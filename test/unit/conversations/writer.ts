/** A process that adds turns to a conversation: `writer.ts DIR ID NAME COUNT`. */
import { ConversationStore } from "../../../src/engine/conversations/store";
import { createLog } from "../../../src/engine/log";
import { answerOf, askedOf } from "./turns";

const [dir = "", id = "", name = "", count = "0"] = process.argv.slice(2);
const store = new ConversationStore(
  dir,
  createLog((line) => process.stderr.write(`${line}\n`)),
);
void (async () => {
  for (let index = 0; index < Number(count); index++) {
    const asked = { ...askedOf(`${name}${index}?`), askedAt: new Date().toISOString() };
    const begun = await store.begin(id, asked);
    await store.finish(begun, { answer: answerOf(`${name}${index}!`) });
  }
})();
