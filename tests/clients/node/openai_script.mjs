// What openai-node makes of the server.
//
// Prints one JSON object: for each function below, what it returned, or what it raised. The names
// are those of openai_script.py.

import OpenAI from "openai";
import { readFileSync } from "node:fs";

const [url, session] = process.argv.slice(2);
const CHAT = "gpt-4o-mini";
const LEGACY = "gpt-3.5-turbo-instruct";
const TOOLS = ["get_weather", "get_time"].map((name) => ({
  type: "function",
  function: { name, parameters: { type: "object", properties: {} } },
}));
const FUNCTIONS = TOOLS.map((tool) => tool.function);

const said = (text) => [{ role: "user", content: text }];
const chat = (client, text = "hello", members = {}, options = {}) =>
  client.chat.completions.create({ model: CHAT, messages: said(text), ...members }, options);
const complete = (client, prompt, members = {}) =>
  client.completions.create({ model: LEGACY, prompt, ...members });
const usageOf = ({ usage }) => [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens];
const called = (message) =>
  message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
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

async function streamedCalls(client, text) {
  const calls = [];
  for (const chunk of await all(await chat(client, text, { tools: TOOLS, stream: true }))) {
    for (const call of chunk.choices[0].delta.tool_calls ?? []) {
      const found = (calls[call.index] ??= ["", ""]);
      found[0] += call.function.name ?? "";
      found[1] += call.function.arguments ?? "";
    }
  }
  return calls.map(([name, text]) => [name, JSON.parse(text)]);
}

const promises = {
  async hello(client) {
    const answer = await chat(client);
    const [choice] = answer.choices;
    return [choice.message.content, choice.finish_reason, answer.model, usageOf(answer)];
  },
  async stream(client) {
    const options = { stream: true, stream_options: { include_usage: true } };
    const chunks = await all(await chat(client, "hello", options));
    const pieces = chunks.filter((c) => c.choices.length).map((c) => c.choices[0].delta.content ?? null);
    return [pieces, chunks.at(-2).choices[0].finish_reason, usageOf(chunks.at(-1))];
  },
  async choices(client) {
    return (await chat(client, "vote", { n: 2 })).choices.map((choice) => choice.message.content);
  },
  async choices_streamed(client) {
    const texts = ["", ""];
    for (const chunk of await all(await chat(client, "vote", { n: 2, stream: true })))
      for (const choice of chunk.choices) texts[choice.index] += choice.delta.content ?? "";
    return texts;
  },
  async refusal(client) {
    const { message } = (await chat(client, "refuse")).choices[0];
    return [message.content, message.refusal];
  },
  async refusal_streamed(client) {
    const chunks = await all(await chat(client, "refuse", { stream: true }));
    return chunks.map((chunk) => chunk.choices[0].delta.refusal ?? "").join("");
  },
  async tool_call(client) {
    const [choice] = (await chat(client, "weather", { tools: TOOLS })).choices;
    const { id } = choice.message.tool_calls[0];
    return [called(choice.message), choice.finish_reason, [id.slice(0, 5), id.length]];
  },
  async tool_calls(client) {
    return called((await chat(client, "weather and time", { tools: TOOLS })).choices[0].message);
  },
  tool_call_streamed: (client) => streamedCalls(client, "weather"),
  tool_calls_streamed: (client) => streamedCalls(client, "weather and time"),
  async tool_loop(client) {
    const messages = said("weather");
    const turns = [];
    for (let turn = 0; turn < 4; turn++) {
      const answer = await client.chat.completions.create({ model: CHAT, messages, tools: TOOLS });
      const { message } = answer.choices[0];
      turns.push(message.tool_calls ? "calls" : message.content);
      if (!message.tool_calls) break;
      messages.push(message);
      for (const { id } of message.tool_calls)
        messages.push({ role: "tool", tool_call_id: id, content: "sunny" });
    }
    return turns;
  },
  async function_call(client) {
    const [choice] = (await chat(client, "weather", { functions: FUNCTIONS })).choices;
    const call = choice.message.function_call;
    return [call.name, JSON.parse(call.arguments), choice.finish_reason];
  },
  async function_call_streamed(client) {
    const chunks = await all(await chat(client, "weather", { functions: FUNCTIONS, stream: true }));
    const pieces = chunks.map((chunk) => chunk.choices[0].delta.function_call).filter(Boolean);
    const joined = (key) => pieces.map((piece) => piece[key] ?? "").join("");
    return [joined("name"), JSON.parse(joined("arguments"))];
  },
  async completion(client) {
    const answer = await complete(client, "Tell me a story");
    const [choice] = answer.choices;
    return [choice.text, choice.finish_reason, answer.model, usageOf(answer)];
  },
  async completion_streamed(client) {
    const options = { stream: true, max_tokens: 3 };
    const chunks = await all(await complete(client, "Tell me a story", options));
    const text = chunks.map((chunk) => chunk.choices[0].text).join("");
    return [text, chunks.at(-1).choices[0].finish_reason];
  },
  async completion_of_nothing(client) {
    const answer = await complete(client, "Tell me a story", { stop: "\n" });
    return [answer.choices[0].text, answer.usage.completion_tokens ?? null];
  },
  async completion_of_texts(client) {
    const answer = await complete(client, ["one", "two"], { n: 2 });
    return answer.choices.map((choice) => [choice.index, choice.text]);
  },
  async completion_echoed(client) {
    const answer = await complete(client, "Tell me a story", { echo: true, max_tokens: 0 });
    return [answer.choices[0].text, answer.choices[0].finish_reason];
  },
  async completion_logprobs(client) {
    const [{ logprobs }] = (await complete(client, "Tell me a story", { logprobs: 2 })).choices;
    const { tokens, text_offset, token_logprobs, top_logprobs } = logprobs;
    return [tokens, text_offset, token_logprobs.length, top_logprobs.length];
  },
  async logprobs(client) {
    const options = { logprobs: true, top_logprobs: 2 };
    const [{ logprobs }] = (await chat(client, "hello", options)).choices;
    const entries = logprobs.content.map(({ token, bytes, top_logprobs }) => [
      token,
      Buffer.from(bytes).toString(),
      top_logprobs.length,
    ]);
    return [entries, logprobs.refusal, logprobs.content.every(({ logprob }) => logprob <= 0)];
  },
  async logprobs_streamed(client) {
    const chunks = await all(await chat(client, "hello", { logprobs: true, stream: true }));
    return chunks.map((chunk) => chunk.choices[0].logprobs?.content.map(({ token }) => token) ?? null);
  },
  async logprobs_of_a_refusal(client) {
    const [{ logprobs }] = (await chat(client, "refuse", { logprobs: true })).choices;
    return [logprobs.content, logprobs.refusal.map(({ token }) => token)];
  },
  async completion_of_tokens(client) {
    return (await complete(client, [9906, 1917])).choices[0].text;
  },
  async completion_of_lists_of_tokens(client) {
    return (await complete(client, [[9906], [1917]])).choices.map((choice) => choice.text);
  },
  async models(client) {
    const found = (await all(await client.models.list())).map((model) => model.id);
    const unique = new Set(found);
    return [found.length === unique.size, unique.has("gpt-4o") && unique.has("gpt-3.5-turbo-instruct")];
  },
  async models_page(client) {
    const page = await client.models.list();
    return [page.object, page.hasNextPage()];
  },
  async model(client) {
    const found = await client.models.retrieve("gpt-4o");
    return [found.id, found.object, found.created, found.owned_by];
  },
  model_unknown: (client) => raised(() => client.models.retrieve("gpt-9")),
  async errors(client) {
    const found = [];
    for (const status of [400, 401, 403, 404, 409, 422, 429, 500]) {
      const error = await raised(() => chat(client, `status ${status}`, {}, { maxRetries: 0 }));
      found.push(error.slice(0, 2));
    }
    return found;
  },
  error_members: (client) => raised(() => chat(client, "status 400")),
  async error_message(client) {
    try {
      await client.chat.completions.create({ model: "gpt-9", messages: said("hello") });
    } catch (error) {
      return [error.error.message, error.requestID != null];
    }
  },
  error_in_stream: (client) =>
    raised(async () => all(await chat(client, "status 500", { stream: true }, { maxRetries: 0 }))),
  error_of_a_page: (client) => raised(() => chat(client, "html", {}, { maxRetries: 0 })),
  async retried_once(client) {
    return (await chat(client, "limited once")).choices[0].message.content;
  },
  async retried_twice(client) {
    return (await chat(client, "overloaded twice")).choices[0].message.content;
  },
  retried_in_vain: (client) => raised(() => chat(client, "overloaded")),
  retried_as_often_as_told: (client) =>
    raised(() => chat(client, "overloaded", {}, { maxRetries: 5 })),
  never_retried: (client) => raised(() => chat(client, "not to be retried")),
  dropped: (client) => raised(() => chat(client, "dropped", {}, { maxRetries: 0 })),
  async cut_in_mid_stream(client) {
    const pieces = [];
    const error = await raised(async () => {
      for await (const chunk of await chat(client, "cut", { stream: true }))
        pieces.push(chunk.choices[0].delta.content);
    });
    return [error, pieces];
  },
  async request_id(client) {
    const { _request_id: id } = await chat(client);
    return [id.slice(0, 4), id.length];
  },
  async raw_headers(client) {
    const { data, response } = await chat(client).withResponse();
    const { headers } = response;
    return [
      headers.get("content-type"),
      headers.get("openai-version"),
      headers.get("x-request-id").slice(0, 4),
      data.choices[0].message.content,
    ];
  },
  async streaming_response(client) {
    const response = await chat(client, "hello", { stream: true }).asResponse();
    const lines = (await response.text()).split("\n").filter(Boolean);
    return [response.headers.get("content-type"), lines.length, lines.at(-1)];
  },
};

const installed = new URL("node_modules/openai/package.json", import.meta.url);
const found = { version: JSON.parse(readFileSync(installed)).version };
for (const [name, promise] of Object.entries(promises)) {
  // Each has a session of its own, so that the journal tells how often it asked.
  const client = new OpenAI({ baseURL: `${url}/s/${session}-${name}/v1`, apiKey: "sk-test" });
  try {
    found[name] = await promise(client);
  } catch (error) {
    found[name] = { raised: `${error.constructor.name}: ${error.message}` };
  }
}
console.log(JSON.stringify(found));
