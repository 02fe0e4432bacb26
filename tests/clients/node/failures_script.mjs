// What openai-node makes of failures.
//
// Takes the cases as JSON, all of which it asks for at once. Prints one JSON object: for each
// case, in one line, what came of it.

import OpenAI from "openai";
import { readFileSync } from "node:fs";

const PATIENCE_MS = 6_000;
const AT_ONCE = 8;

const toldOf = (answer) => {
  if (!answer?.choices?.length)
    return answer?.constructor === Object ? "object without choices" : typeof answer;
  const [{ message, finish_reason }] = answer.choices;
  const calls = (message.tool_calls ?? []).map((c) => `${c.function.name} ${c.function.arguments}`);
  return `${calls.join(" ") || `'${message.content}'`} ${finish_reason}`;
};

async function ask(client, { name, asked }, received) {
  const answer = await client.chat.completions.create({
    model: "gpt-4o",
    messages: [{ role: "user", content: name }],
    ...asked,
  });
  if (!asked.stream) return toldOf(answer);
  let finish = null;
  for await (const chunk of answer)
    for (const choice of chunk.choices ?? []) {
      received.push(choice.delta.content ?? "");
      finish = choice.finish_reason ?? finish;
    }
  return `'${received.join("")}' ${finish ?? "None"}`;
}

async function outcome(one) {
  const client = new OpenAI({ baseURL: one.base_url, apiKey: "sk-test", timeout: one.timeout_s * 1_000 });
  const received = [];
  const behind = () => (one.asked.stream ? ` behind '${received.join("")}'` : "");
  const asking = (async () => {
    try {
      let told = await ask(client, one, received);
      if (one.twice) told = await ask(client, one, (received.length = 0, received));
      return told;
    } catch (error) {
      const { status } = error;
      return error.constructor.name + (status ? ` ${status}` : behind());
    }
  })();
  const patience = new Promise((resolve) => setTimeout(() => resolve(`hangs${behind()}`), PATIENCE_MS));
  return [one.name, await Promise.race([asking, patience])];
}

const cases = JSON.parse(readFileSync(0, "utf8"));
// What has a short timeout comes last, when nothing else keeps this process busy.
const waiting = cases.filter((one) => one.timeout_s > 5);
const outcomes = [];
const worker = async () => {
  while (waiting.length) outcomes.push(await outcome(waiting.shift()));
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));
outcomes.push(...(await Promise.all(cases.filter((one) => one.timeout_s < 5).map(outcome))));
console.log(JSON.stringify(Object.fromEntries(outcomes)));
process.exit(0);
