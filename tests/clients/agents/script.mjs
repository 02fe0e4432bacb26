// The OpenAI Agents SDK for Node.js, unmodified: it speaks the Responses API by its default.
//
// Prints one JSON object: for each function below, what it returned, or what it raised. Only the
// environment leads it to the server, and sends no traces anywhere.

import {
  Agent,
  MemorySession,
  OpenAIConversationsSession,
  OpenAIProvider,
  Runner,
  tool,
} from '@openai/agents';
import { z } from 'zod';

const [url, client] = process.argv.slice(2);

const getWeather = tool({
  name: 'get_weather',
  description: 'The weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});
const person = z.object({ name: z.string(), born: z.number() });
const weatherAgent = () =>
  new Agent({ name: 'Weather', instructions: 'You know the weather.', tools: [getWeather] });
const kinds = result => result.newItems.map(item => item.type);

const promises = {
  async answer(runner) {
    const result = await runner.run(new Agent({ name: 'Greeter' }), 'hello');
    const { inputTokens, outputTokens } = result.runContext.usage;
    return [result.finalOutput, result.lastResponseId.slice(0, 5), inputTokens > 0, outputTokens > 0];
  },

  async tool_run(runner) {
    const result = await runner.run(weatherAgent(), 'weather');
    return [result.finalOutput, kinds(result)];
  },

  async tool_run_streamed(runner) {
    const result = await runner.run(weatherAgent(), 'weather', { stream: true });
    let text = '';
    for await (const event of result)
      if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta')
        text += event.data.delta;
    await result.completed;
    return [text, result.finalOutput, kinds(result)];
  },

  async handoff(runner) {
    const refunds = new Agent({ name: 'Refunds', instructions: 'You refund.' });
    const desk = new Agent({ name: 'Desk', instructions: 'You are the desk.', handoffs: [refunds] });
    const result = await runner.run(desk, 'My money back!');
    return [result.finalOutput, result.lastAgent.name];
  },

  async output_type(runner) {
    const agent = new Agent({ name: 'Historian', outputType: person });
    return (await runner.run(agent, 'Who?')).finalOutput;
  },

  async continued(runner) {
    const agent = weatherAgent();
    const first = await runner.run(agent, 'weather');
    const more = { previousResponseId: first.lastResponseId };
    return (await runner.run(agent, 'again', more)).finalOutput;
  },

  async session(runner) {
    const session = new MemorySession();
    const agent = weatherAgent();
    await runner.run(agent, 'weather', { session });
    return (await runner.run(agent, 'again', { session })).finalOutput;
  },

  async conversation(runner, { apiKey, baseURL }) {
    const session = new OpenAIConversationsSession({ apiKey, baseURL });
    const agent = weatherAgent();
    await runner.run(agent, 'weather', { session });
    const kept = await session.getItems();
    return [(await runner.run(agent, 'again', { session })).finalOutput, kept.length];
  },
};

const answers = {};
for (const [name, promise] of Object.entries(promises)) {
  const own = { apiKey: process.env.OPENAI_API_KEY, baseURL: `${url}/s/${client}-${name}/v1` };
  try {
    answers[name] = await promise(new Runner({ modelProvider: new OpenAIProvider(own) }), own);
  } catch (error) {
    answers[name] = { raised: `${error.constructor.name}: ${error.message}` };
  }
}
console.log(JSON.stringify(answers));
