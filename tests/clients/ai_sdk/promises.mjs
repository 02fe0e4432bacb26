// What the AI SDK makes of the server's answers, promise by promise, whatever its major version.
//
// `run` is called by the script of each version with the packages of that version: they lie in
// folders of their own, since `ai` is one package of many versions. It prints one JSON object.

globalThis.AI_SDK_LOG_WARNINGS = false;
process.removeAllListeners('warning');

export async function run({ ai, openai, openrouter, z, version, path }) {
  const [url, client] = process.argv.slice(2);
  const { generateText, streamText, generateObject, streamObject, stepCountIs, tool } = ai;
  const SMALL = 'openai/gpt-4o-mini';

  // Each promise has a session of its own, but for those whose paths the SDK makes itself.
  const root = name => `${url}/s/${client}-${name}`;
  const gateway = (name, settings = {}) =>
    ai.createGateway({ baseURL: `${root(name)}/${path}/ai`, apiKey: 'vck_test', ...settings });
  const ask = (name, more = {}) => {
    const { model = SMALL, settings, ...rest } = more;
    return { model: gateway(name, settings)(model), prompt: name.replaceAll('_', ' '), ...rest };
  };

  const direct = (name, model = 'gpt-4o-mini') =>
    openai({ baseURL: `${root(name)}/v1`, apiKey: 'sk-test' })(model);

  const usageOf = usage => [usage.inputTokens, usage.outputTokens, usage.totalTokens];
  const drained = async stream => {
    const items = [];
    for await (const item of stream) items.push(item);
    return items;
  };
  const failure = async attempt => {
    try {
      await attempt();
    } catch (error) {
      return error;
    }
    throw new Error('it did not fail');
  };
  const shape = error => [error.name, error.statusCode ?? null, error.isRetryable ?? null];

  const tools = {
    get_weather: tool({
      description: 'The weather in a city.',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ city, sky: 'sunny' }),
    }),
    get_time: tool({
      description: 'The time in a zone.',
      inputSchema: z.object({ zone: z.string() }),
      execute: async () => 'noon',
    }),
  };
  const weather = { tools: { get_weather: tools.get_weather }, stopWhen: stepCountIs(4) };
  const person = z.object({ name: z.string(), born: z.number() });

  const promises = {
    // The call on the gateway's page, as it is written there.
    async page() {
      globalThis.AI_SDK_DEFAULT_PROVIDER = gateway('page');
      const result = streamText({
        model: 'openai/gpt-3.5-turbo-instruct',
        prompt: 'Why is the sky blue?',
      });
      const texts = await drained(result.textStream);
      delete globalThis.AI_SDK_DEFAULT_PROVIDER;
      return [texts.join(''), await result.finishReason, usageOf(await result.usage)];
    },

    async hello() {
      const result = await generateText(ask('hello'));
      return [result.text, result.finishReason, usageOf(result.usage), result.warnings ?? []];
    },

    async stream() {
      const result = streamText(ask('stream'));
      const texts = await drained(result.textStream);
      return [texts, await result.finishReason, usageOf(await result.usage)];
    },

    async response() {
      const { id, modelId, timestamp } = await streamText(ask('response')).response;
      return [id.slice(0, 4), id.length, modelId, timestamp instanceof Date];
    },

    async tool_loop() {
      const result = await generateText(ask('weather', weather));
      const results = result.steps[0].toolResults.map(r => [r.toolName, r.input, r.output]);
      const finishes = result.steps.map(step => step.finishReason);
      return [result.text, finishes, results];
    },

    async tool_loop_streamed() {
      const result = streamText(ask('weather', weather));
      const parts = await drained(result.fullStream);
      const inputs = parts.filter(p => p.type === 'tool-input-delta').map(p => p.delta ?? p.inputTextDelta);
      const calls = parts.filter(p => p.type === 'tool-call').map(p => [p.toolName, p.input]);
      return [await result.text, inputs.join(''), calls, (await result.steps).length];
    },

    async parallel_tools() {
      const result = await generateText(ask('weather_and_time', { tools, stopWhen: stepCountIs(4) }));
      return [result.text, result.steps[0].toolCalls.map(call => call.toolName)];
    },

    async forced_tool() {
      const more = { tools, toolChoice: { type: 'tool', toolName: 'get_weather' } };
      const result = await generateText(ask('weather', { ...more, model: 'openai/gpt-4o' }));
      return [result.toolCalls[0].toolName, result.finishReason];
    },

    async object() {
      const more = { schema: person, schemaName: 'person' };
      const result = await generateObject(ask('object', more));
      return [result.object, result.finishReason];
    },

    async object_streamed() {
      const result = streamObject(ask('object', { schema: person, schemaName: 'person' }));
      const partials = await drained(result.partialObjectStream);
      return [partials.length > 1, await result.object];
    },

    async output() {
      const output = ai.Output.object({ schema: person });
      const key = version === 5 ? 'experimental_output' : 'output';
      const result = await generateText(ask('output', { [key]: output }));
      return result[key];
    },

    async reasoning() {
      const result = await generateText(ask('think'));
      return [result.reasoningText, result.text];
    },

    async reasoning_streamed() {
      const parts = await drained(streamText(ask('think')).fullStream);
      const types = parts.map(p => p.type).filter(type => /reasoning|text/.test(type));
      return [...new Set(types)];
    },

    async refusal() {
      const result = await generateText(ask('refuse'));
      return [result.text, result.finishReason];
    },

    async length() {
      const result = await generateText(ask('long', { maxOutputTokens: 16 }));
      return [result.text.split(' ').length < 17, result.finishReason, result.usage.outputTokens];
    },

    async image() {
      const png = Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
        'base64',
      );
      const file = { type: 'file', mediaType: 'image/png', data: new Uint8Array(png) };
      const content = [{ type: 'text', text: 'What is this?' }, file];
      const { prompt, ...more } = ask('image', { messages: [{ role: 'user', content }] });
      const result = await generateText({ ...more, system: 'Be terse.' });
      return [result.text, result.usage.inputTokens > 2_833];
    },

    async metadata() {
      const { gateway: told } = (await generateText(ask('metadata'))).providerMetadata;
      const { originalModelId, resolvedProvider, fallbacksAvailable } = told.routing;
      const id = told.generationId;
      return [originalModelId, resolvedProvider, fallbacksAvailable, told.cost, id.slice(0, 4), id.length];
    },

    async order() {
      const providerOptions = { gateway: { order: ['azure', 'openai'] } };
      const result = await generateText(ask('order', { providerOptions }));
      return result.providerMetadata.gateway.routing.resolvedProvider;
    },

    async other_model() {
      const providerOptions = { gateway: { models: [SMALL] } };
      const result = await generateText(ask('other_model', { model: 'openai/gpt-5', providerOptions }));
      const { originalModelId, modelAttempts } = result.providerMetadata.gateway.routing;
      return [result.text, originalModelId, modelAttempts.map(attempt => attempt.success)];
    },

    async unsupported() {
      const result = await generateText(ask('unsupported', { topK: 3, stopSequences: ['there'] }));
      return [result.text, result.warnings];
    },

    async models() {
      const { models } = await gateway('models').getAvailableModels();
      const found = models.find(model => model.id === SMALL);
      return [found.pricing.input, found.pricing.output, found.specification, found.modelType];
    },

    // The SDK asks for these two at the root of the server, so they have no session of their own.
    async account() {
      const own = ai.createGateway({ baseURL: `${url}/${path}/ai`, apiKey: `vck_${client}` });
      const before = await own.getCredits();
      const { providerMetadata } = await generateText({ model: own(SMALL), prompt: 'account' });
      const told = providerMetadata.gateway;
      const { balance, totalUsed } = await own.getCredits();
      const spent = [before.totalUsed, totalUsed, Number(balance) + Number(totalUsed)];
      const info = await own.getGenerationInfo({ id: told.generationId });
      return [spent, info.model, info.providerName, info.promptTokens, info.completionTokens];
    },

    async unknown_generation() {
      const error = await failure(() => gateway('x').getGenerationInfo({ id: 'gen_x' }));
      return [...shape(error), error.message];
    },

    async unknown_model() {
      const more = { model: 'gpt-9', maxRetries: 0 };
      const error = await failure(() => generateText(ask('unknown_model', more)));
      return [...shape(error), error.modelId, error.message];
    },

    async wrong_key() {
      const more = { settings: { apiKey: 'vck_wrong' }, maxRetries: 0 };
      const error = await failure(() => generateText(ask('wrong_key', more)));
      return [error.name, /Invalid API key|Unauthenticated/.test(error.message)];
    },

    async errors() {
      const found = {};
      for (const status of [400, 402, 403, 404, 424, 429, 500]) {
        const more = { prompt: `status ${status}`, maxRetries: 0 };
        found[status] = shape(await failure(() => generateText(ask('errors', more))));
      }
      return found;
    },

    async error_message() {
      const more = { prompt: 'status 400', maxRetries: 0 };
      return (await failure(() => generateText(ask('error_message', more)))).message;
    },

    async error_of_a_page() {
      return shape(await failure(() => generateText(ask('html', { maxRetries: 0 }))));
    },

    async retried_once() {
      return (await generateText(ask('limited_once'))).text;
    },

    async retried_in_vain() {
      const error = await failure(() => generateText(ask('overloaded')));
      return [error.name, error.reason, error.errors.map(shape)];
    },

    async cut_in_mid_stream() {
      const names = [];
      const onError = ({ error }) => names.push(error.name);
      const result = streamText(ask('cut', { maxRetries: 0, onError }));
      const texts = [];
      try {
        for await (const part of result.fullStream) {
          if (part.type === 'text-delta') texts.push(part.text ?? part.delta);
          if (part.type === 'error') names.push(part.error.name);
        }
      } catch (error) {
        names.push(error.name);
      }
      return [texts, names.length > 0];
    },

    async error_in_the_stream() {
      const errors = [];
      const onError = ({ error }) => errors.push(error);
      const result = streamText(ask('broken', { maxRetries: 0, onError }));
      const texts = [];
      for await (const part of result.fullStream) {
        if (part.type === 'text-delta') texts.push(part.text ?? part.delta);
      }
      return [texts, errors.map(error => error.message), await result.finishReason];
    },

    async refusals() {
      const found = [];
      for (const said of ['limit', 'filtered', 'down for all']) {
        const more = { prompt: said, maxRetries: 0 };
        found.push(shape(await failure(() => generateText(ask('refusals', more)))));
      }
      return found;
    },

    // Answered in another version's words, the SDK would take nothing amiss.
    async wrong_version() {
      const other = path === 'v4' ? 'v1' : 'v4';
      const settings = { baseURL: `${root('wrong_version')}/${other}/ai` };
      const error = await failure(() => generateText(ask('wrong_version', { settings, maxRetries: 0 })));
      return [...shape(error), error.message];
    },

    async wrong_base_url() {
      const settings = { baseURL: `${root('wrong_base_url')}/v1` };
      const error = await failure(() => generateText(ask('wrong_base_url', { settings, maxRetries: 0 })));
      return [...shape(error), error.message.includes('/v4/ai')];
    },

    // The side of the gateway that is compatible with OpenAI, and OpenAI itself.
    async openai_chat() {
      const provider = openai({ baseURL: `${root('openai_chat')}/vercel_gateway/v1`, apiKey: 'vck_x' });
      const result = await generateText({ model: provider.chat(SMALL), prompt: 'hello' });
      return [result.text, result.finishReason, usageOf(result.usage)];
    },

    async openai_chat_streamed() {
      const provider = openai({ baseURL: `${root('openai_streamed')}/vercel_gateway/v1`, apiKey: 'vck_x' });
      const result = streamText({ model: provider.chat(SMALL), prompt: 'weather', ...weather });
      const texts = await drained(result.textStream);
      return [texts.join(''), await result.finishReason, (await result.steps).length];
    },

    async openai_error() {
      const provider = openai({ baseURL: `${root('openai_error')}/vercel_gateway/v1`, apiKey: 'vck_x' });
      const model = provider.chat('gpt-9');
      const error = await failure(() => generateText({ model, prompt: 'x', maxRetries: 0 }));
      return [...shape(error), error.message];
    },

    async openai_direct() {
      const provider = openai({ baseURL: `${root('openai_direct')}/v1`, apiKey: 'sk-test' });
      const chat = await generateText({ model: provider.chat('gpt-4o-mini'), prompt: 'hello' });
      const model = provider.completion('gpt-3.5-turbo-instruct');
      const legacy = await generateText({ model, prompt: 'Say this' });
      return [chat.text, usageOf(chat.usage), legacy.text];
    },

    // What `openai(…)` speaks unless told otherwise: the Responses API.
    async responses() {
      const result = await generateText({ model: direct('responses'), prompt: 'hello' });
      const { id, modelId } = result.response;
      return [result.text, result.finishReason, usageOf(result.usage), id.slice(0, 5), modelId];
    },

    async responses_streamed() {
      const result = streamText({ model: direct('responses_streamed'), prompt: 'hello' });
      const texts = await drained(result.textStream);
      return [texts, await result.finishReason, usageOf(await result.usage)];
    },

    async responses_tool_loop() {
      const model = direct('responses_weather');
      const result = await generateText({ model, prompt: 'weather', ...weather });
      const results = result.steps[0].toolResults.map(r => [r.toolName, r.input, r.output]);
      return [result.text, result.steps.map(step => step.finishReason), results];
    },

    async responses_tool_loop_streamed() {
      const model = direct('responses_weather');
      const result = streamText({ model, prompt: 'weather', ...weather });
      return [await result.text, (await result.steps).length];
    },

    // Nothing is stored, so the whole history is sent, with its thoughts in sealed form.
    async responses_unstored() {
      const model = direct('responses_unstored', 'gpt-5');
      const providerOptions = { openai: { store: false, reasoningSummary: 'auto' } };
      const result = await generateText({ model, prompt: 'weather', ...weather, providerOptions });
      return [result.text, result.steps.length];
    },

    async responses_continued() {
      const model = direct('responses_continued');
      const first = await generateText({ model, prompt: 'hello' });
      const previousResponseId = first.providerMetadata.openai.responseId;
      const providerOptions = { openai: { previousResponseId } };
      return (await generateText({ model, prompt: 'again', providerOptions })).text;
    },

    async responses_reasoning() {
      const model = direct('responses_reasoning', 'gpt-5');
      const providerOptions = { openai: { reasoningSummary: 'auto' } };
      const result = streamText({ model, prompt: 'think', providerOptions });
      return [await result.reasoningText, await result.text];
    },

    async responses_object() {
      const model = direct('responses_object');
      const whole = await generateObject({ model, schema: person, prompt: 'Who?' });
      const streamed = streamObject({ model, schema: person, prompt: 'Who?' });
      await drained(streamed.partialObjectStream);
      return [whole.object, await streamed.object];
    },

    async responses_error() {
      const model = direct('responses_error', 'gpt-9');
      const error = await failure(() => generateText({ model, prompt: 'hello', maxRetries: 0 }));
      return [...shape(error), error.message];
    },

    async embeddings() {
      const provider = openai({ baseURL: `${root('embeddings')}/v1`, apiKey: 'sk-test' });
      const model = provider.embedding('text-embedding-3-small');
      const values = ['Refunds are paid within fourteen days.', 'The warranty covers the battery.'];
      const passages = await ai.embedMany({ model, values });
      const question = await ai.embed({ model, value: 'When are refunds paid?' });
      const [near, far] = passages.embeddings.map(vector =>
        ai.cosineSimilarity(question.embedding, vector),
      );
      return [question.embedding.length, near > far, passages.usage.tokens];
    },

    async openrouter_chat() {
      const provider = openrouter({ baseURL: `${root('openrouter')}/vercel_gateway/v1`, apiKey: 'vck_x' });
      const result = await generateText({ model: provider.chat(SMALL), prompt: 'weather', ...weather });
      return [result.text, result.steps.length];
    },

    async openrouter_direct() {
      const provider = openrouter({ baseURL: `${root('openrouter_direct')}/api/v1`, apiKey: 'sk-or-x' });
      const chat = await generateText({ model: provider.chat(SMALL), prompt: 'hello' });
      const streamed = streamText({ model: provider.chat(SMALL), prompt: 'weather', ...weather });
      return [chat.text, usageOf(chat.usage), (await streamed.steps).length, await streamed.text];
    },

    async openrouter_reasoning() {
      const provider = openrouter({ baseURL: `${root('openrouter_2')}/vercel_gateway/v1`, apiKey: 'vck_x' });
      const result = streamText({ model: provider.chat(SMALL), prompt: 'think' });
      return [await result.text, await result.reasoningText, await result.finishReason];
    },
  };

  const answers = {};
  for (const [name, promise] of Object.entries(promises)) {
    try {
      answers[name] = await promise();
    } catch (error) {
      answers[name] = `${error.name}: ${error.message}`;
    }
  }
  console.log(JSON.stringify(answers));
}
