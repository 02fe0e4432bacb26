// An agent's conversation against llm-mockserver, with nothing but Node.
//
//     MOCKSERVER_URL=http://127.0.0.1:8089 node agent.mjs some-session
//
// It begins a session with a scenario of its own, so that any number of these run side by side on
// one server; it holds the conversation, verifies what the server saw, and ends the session.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const url = process.env.MOCKSERVER_URL ?? "http://127.0.0.1:8089";
const session = process.argv[2];

/** Sends a request to the control API, and returns the answer. */
async function control(method, path, body) {
  const response = await fetch(`${url}/_mock${path}`, {
    method,
    headers: { "content-type": "application/json", "x-mock-token": process.env.MOCKSERVER_TOKEN ?? "" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.title}: ${answer.detail} ${answer.hint ?? ""}`);
  return answer;
}

/** Asks the model, and returns its message. */
async function ask(messages) {
  const tools = ["get_weather", "book_trip"].map((name) => ({ type: "function", function: { name } }));
  const response = await fetch(`${url}/s/${session}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-mock" },
    body: JSON.stringify({ model: "gpt-4o", messages, tools }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer.choices[0].message;
}

const tools = {
  get_weather: ({ city }) => (city === "Paris" ? "sunny, 18 degrees" : "rain"),
  book_trip: () => "booked",
};

const scenario = JSON.parse(await readFile(new URL("trip.json", import.meta.url)));
await control("POST", "/sessions", { name: session, strict: true, scenario });

const messages = [{ role: "user", content: "Book me a trip to Paris." }];
let answer;
while ((answer = await ask(messages)).tool_calls) {
  messages.push(answer);
  for (const call of answer.tool_calls) {
    const result = tools[call.function.name](JSON.parse(call.function.arguments));
    messages.push({ role: "tool", tool_call_id: call.id, content: result });
  }
}
assert.equal(answer.content, "Booked: Paris on Friday.");

// What did the server see? Exactly one call after each of the tools, and nothing unanswered.
for (const tool of Object.keys(tools)) {
  const verified = await control("POST", `/sessions/${session}/verify`, { when: { after_tool: tool }, calls: 1 });
  assert.ok(verified.holds, verified.message);
}
const ended = await control("DELETE", `/sessions/${session}`);
assert.deepEqual([ended.calls, ended.unmatched, ended.unused], [3, 0, []]);
console.log(`${session}: booked`);
