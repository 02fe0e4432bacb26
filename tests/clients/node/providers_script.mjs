// What openai-node makes of other providers than OpenAI.
//
// Prints one JSON object: for each function below, what it returned, or what it raised. The names
// are those of providers_script.py.

import OpenAI, { AzureOpenAI } from "openai";

const [url, session] = process.argv.slice(2);
const said = (text) => [{ role: "user", content: text }];
const usageOf = ({ usage }) => [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens];

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

async function raised(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status, error.code ?? null];
  }
  return null;
}

const azureClient = (base, options = {}) =>
  new AzureOpenAI({
    endpoint: base, apiKey: "k", apiVersion: "2024-10-21", maxRetries: 0, ...options,
  });
const openrouterClient = (base) =>
  new OpenAI({ baseURL: `${base}/api/v1`, apiKey: "sk-or-v1-test", maxRetries: 0 });

const promises = {
  async azure(base) {
    const answer = await azureClient(base).chat.completions.create({
      model: "my-deployment", messages: said("Hi"),
    });
    const [choice] = answer.choices;
    return [
      choice.message.content, choice.finish_reason, answer.model, usageOf(answer),
      choice.content_filter_results.hate.severity, answer.prompt_filter_results[0].prompt_index,
    ];
  },
  async azure_stream(base) {
    const chunks = await all(
      await azureClient(base).chat.completions.create({
        model: "my-deployment", messages: said("Hi"), stream: true,
        stream_options: { include_usage: true },
      }),
    );
    const pieces = chunks.filter((c) => c.choices.length).map((c) => c.choices[0].delta.content ?? null);
    return [chunks[0].choices.length, chunks[0].id, pieces, usageOf(chunks.at(-1))];
  },
  async azure_legacy(base) {
    const answer = await azureClient(base).completions.create({
      model: "gpt-35-turbo-instruct", prompt: "Say this is a test",
    });
    return [answer.choices[0].text, answer.model];
  },
  async azure_v1(base) {
    const client = new OpenAI({ baseURL: `${base}/openai/v1`, apiKey: "k" });
    return (await client.chat.completions.create({ model: "my-deployment", messages: said("Hi") })).model;
  },
  async azure_refusals(base) {
    const ask = (model, options) => () =>
      azureClient(base, options).chat.completions.create({ model, messages: said("Hi") });
    return [
      await raised(ask("no-such")),
      await raised(ask("my-deployment", { apiVersion: "2020-01-01" })),
    ];
  },
  async openrouter_stream(base) {
    const chunks = await all(
      await openrouterClient(base).chat.completions.create({
        model: "openai/gpt-4o-mini", messages: said("Hi"), stream: true,
      }),
    );
    const text = chunks.map((c) => c.choices[0].delta.content ?? "").join("");
    return [text, chunks.every((c) => c.choices[0].delta.role === "assistant"), chunks.at(-1).usage.cost > 0];
  },
  async openrouter_fallback(base) {
    const answer = await openrouterClient(base).chat.completions.create({
      model: "openai/gpt-4.1", models: ["openai/gpt-4o-mini"], messages: said("Hi"),
    });
    return [answer.model, answer.choices[0].message.content];
  },
  async openrouter_completion(base) {
    const answer = await openrouterClient(base).completions.create({
      model: "openai/gpt-3.5-turbo-instruct", prompt: "Say this is a test",
    });
    return [answer.choices[0].text, answer.object];
  },
  async relay_refusal(base) {
    const client = new OpenAI({ baseURL: `${base}/new_api/v1`, apiKey: "k", maxRetries: 0 });
    return raised(() => client.chat.completions.create({ model: "none", messages: said("Hi") }));
  },
};

const found = {};
for (const [name, promise] of Object.entries(promises)) {
  try {
    found[name] = await promise(`${url}/s/${session}-${name}`);
  } catch (error) {
    found[name] = { raised: `${error.constructor.name}: ${error.message}` };
  }
}
console.log(JSON.stringify(found));
