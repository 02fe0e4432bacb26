// What openai-node makes of the Responses API and its neighbours, by its defaults.
//
// Prints one JSON object: for each function below, what it returned, or what it raised. The names
// are those of responses_script.py.

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const [url, session] = process.argv.slice(2);
const MODEL = "gpt-4o-mini";
const WEATHER = {
  type: "function",
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
const EMBEDDER = "text-embedding-3-small";
const PASSAGES = [
  "Refunds are paid within fourteen days.",
  "Parcels to islands take a week longer.",
  "The warranty covers the battery.",
];
const PERSON = zodTextFormat(z.object({ name: z.string(), born: z.number() }), "person");

const ask = (client, input = "hello", members = {}) =>
  client.responses.create({ model: MODEL, input, ...members });
const usageOf = ({ usage }) => [usage.input_tokens, usage.output_tokens, usage.total_tokens];

const product = (one, other) => one.reduce((sum, number, place) => sum + number * other[place], 0);

async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

// Return the names of what `call` raises: the class, and what the API says.
async function raised(call) {
  try {
    await call();
  } catch (error) {
    if (error.status === undefined) return [error.constructor.name];
    return [error.constructor.name, error.status, error.code ?? null, error.param ?? null];
  }
  return null;
}

function called({ output: [call, ...rest] }) {
  if (rest.length > 0) throw new Error(`more than a call: ${JSON.stringify(rest)}`);
  return [call.name, JSON.parse(call.arguments)];
}
const resultOf = (call) => ({
  type: "function_call_output",
  call_id: call.call_id,
  output: "sunny",
});

const promises = {
  async create(client) {
    const response = await ask(client);
    return [
      response.output_text,
      response.status,
      response.model,
      response.id.slice(0, 5),
      usageOf(response),
    ];
  },
  async stream(client) {
    const events = await all(await ask(client, "hello", { stream: true }));
    const kinds = [...new Set(events.map((event) => event.type))];
    const deltas = events.filter((event) => event.type === "response.output_text.delta");
    const texts = events.at(-1).response.output.map((item) => item.content[0].text);
    return [deltas.map((event) => event.delta), kinds, texts.join("")];
  },
  async stream_helper(client) {
    const events = client.responses.stream({ model: MODEL, input: "hello" });
    const snapshots = [];
    events.on("response.output_text.delta", (event) => snapshots.push(event.snapshot));
    const final = await events.finalResponse();
    return [snapshots, final.output_text, usageOf(final)];
  },
  async stream_parsed(client) {
    const text = { format: PERSON };
    const final = await client.responses.stream({ model: MODEL, input: "who?", text }).finalResponse();
    return [final.output_parsed.name, final.output_parsed.born];
  },
  async parsed(client) {
    const text = { format: PERSON };
    const { output_parsed: found } = await client.responses.parse({ model: MODEL, input: "who?", text });
    return [found.name, found.born];
  },
  async refusal(client) {
    const [part] = (await ask(client, "refuse")).output[0].content;
    return [part.type, part.refusal];
  },
  async refusal_streamed(client) {
    const events = await all(await ask(client, "refuse", { stream: true }));
    const deltas = events.filter((event) => event.type === "response.refusal.delta");
    return deltas.map((event) => event.delta).join("");
  },
  async reasoning(client) {
    const members = { model: "gpt-5", reasoning: { summary: "auto" } };
    const response = await ask(client, "think", members);
    return [response.output[0].summary[0].text, response.output_text];
  },
  async reasoning_streamed(client) {
    const texts = { reasoning_summary_text: "", output_text: "" };
    const members = { model: "gpt-5", reasoning: { summary: "auto" }, stream: true };
    for (const event of await all(await ask(client, "think", members)))
      if (event.type.endsWith(".delta")) texts[event.type.split(".")[1]] += event.delta;
    return Object.values(texts);
  },
  async incomplete(client) {
    const response = await ask(client, "long", { max_output_tokens: 16 });
    return [response.status, response.incomplete_details.reason, response.usage.output_tokens];
  },
  async tool_call(client) {
    return called(await ask(client, "weather", { tools: [WEATHER] }));
  },
  async tool_call_streamed(client) {
    const request = { model: MODEL, input: "weather", tools: [WEATHER] };
    return called(await client.responses.stream(request).finalResponse());
  },
  async tool_loop(client) {
    const history = [{ role: "user", content: "weather" }];
    const first = await ask(client, history, { tools: [WEATHER] });
    history.push(...first.output, resultOf(first.output[0]));
    return (await ask(client, history, { tools: [WEATHER] })).output_text;
  },
  async tool_loop_continued(client) {
    const first = await ask(client, "weather", { tools: [WEATHER] });
    const members = { tools: [WEATHER], previous_response_id: first.id };
    const second = await ask(client, [resultOf(first.output[0])], members);
    return [second.output_text, second.previous_response_id === first.id];
  },
  async continued(client) {
    const first = await ask(client);
    return (await ask(client, "again", { previous_response_id: first.id })).output_text;
  },
  // Return what is read of a stored response, and what reading it comes to once it is gone.
  async stored(client) {
    const made = await ask(client);
    const again = await client.responses.retrieve(made.id);
    const items = await all(client.responses.inputItems.list(made.id));
    await client.responses.delete(made.id);
    const gone = await raised(() => client.responses.retrieve(made.id));
    const texts = items.map((item) => item.content[0].text);
    return [again.output_text, again.id === made.id, texts, gone];
  },
  async background(client) {
    let response = await ask(client, "hello", { background: true });
    const statuses = new Set([response.status]);
    while (["queued", "in_progress"].includes(response.status)) {
      response = await client.responses.retrieve(response.id);
      statuses.add(response.status);
    }
    return [[...statuses], response.output_text];
  },
  async background_cancelled(client) {
    const made = await ask(client, "hello", { background: true });
    const cancelled = await client.responses.cancel(made.id);
    return [cancelled.status, (await client.responses.retrieve(made.id)).status];
  },
  // Return what is read of a stream, part of which was missed.
  async background_resumed(client) {
    const seen = [];
    for await (const event of await ask(client, "hello", { background: true, stream: true })) {
      seen.push(event);
      if (seen.length === 2) break;
    }
    const rest = { stream: true, starting_after: seen[1].sequence_number };
    seen.push(...(await all(await client.responses.retrieve(seen[0].response.id, rest))));
    const { type, response } = seen.at(-1);
    const inOrder = seen.every((event, place) => event.sequence_number === place);
    return [inOrder, type, response.output[0].content[0].text];
  },
  async conversation(client) {
    const items = [{ type: "message", role: "user", content: "hello" }];
    const made = await client.conversations.create({ items, metadata: { topic: "demo" } });
    const answer = (await ask(client, "again", { conversation: made.id })).output_text;
    const listed = await all(client.conversations.items.list(made.id, { order: "asc" }));
    const { metadata } = await client.conversations.retrieve(made.id);
    const { deleted } = await client.conversations.delete(made.id);
    return [answer, listed.map((item) => item.content[0].text), metadata, deleted];
  },
  async input_tokens(client) {
    return (await client.responses.inputTokens.count({ model: MODEL, input: "hello" })).input_tokens;
  },
  // Return the kinds of items that a compacted history has, and how one goes on from it.
  async compacted(client) {
    const hello = [{ role: "user", content: "hello" }];
    const made = await client.responses.compact({ model: MODEL, input: hello });
    const history = [...made.output, { role: "user", content: "again" }];
    return [made.output.map((item) => item.type), (await ask(client, history)).output_text];
  },
  // Return how many vectors of which length come, and which passage is nearest to a question.
  async embeddings(client) {
    const answer = await client.embeddings.create({ model: EMBEDDER, input: PASSAGES });
    const vectors = answer.data.map((row) => row.embedding);
    const question = { model: EMBEDDER, input: "When are refunds paid?" };
    const asked = (await client.embeddings.create(question)).data[0].embedding;
    const products = vectors.map((vector) => product(asked, vector));
    const nearest = products.indexOf(Math.max(...products));
    return [vectors.length, asked.length, nearest, answer.usage.prompt_tokens];
  },
  async embeddings_as_floats(client) {
    const members = { encoding_format: "float", dimensions: 256 };
    const answer = await client.embeddings.create({ model: EMBEDDER, input: "hello", ...members });
    const vector = answer.data[0].embedding;
    return [vector.length, Math.round(product(vector, vector) * 100) / 100];
  },
  async moderation(client) {
    const answer = await client.moderations.create({ input: ["hello", "good-bye"] });
    return [answer.model, answer.results.map((result) => result.flagged)];
  },
  async error(client) {
    return raised(() => ask(client, "hello", { model: "gpt-9" }));
  },
  async error_in_stream(client) {
    const pieces = [];
    const read = async () => {
      for await (const event of await ask(client, "broken", { stream: true }))
        if (event.type === "response.output_text.delta") pieces.push(event.delta);
    };
    return [await raised(read), pieces];
  },
  async cut(client) {
    return (await raised(async () => all(await ask(client, "cut", { stream: true })))) !== null;
  },
  async retried_once(client) {
    return (await ask(client, "limited once")).output_text;
  },
};

const found = {};
for (const [name, promise] of Object.entries(promises)) {
  // Each has a session of its own, so that the journal tells how often it asked.
  const baseURL = `${url}/s/${session}-${name}/v1`;
  try {
    found[name] = await promise(new OpenAI({ baseURL, apiKey: "sk-test" }));
  } catch (error) {
    found[name] = { raised: `${error.constructor.name}: ${error.message}` };
  }
}
console.log(JSON.stringify(found));
