// The AI SDK 7, sent against a server.

import { createOpenAI as openai } from '@ai-sdk/openai';
import { createOpenRouter as openrouter } from '@openrouter/ai-sdk-provider';
import * as ai from 'ai';
import { z } from 'zod';

import { run } from '../ai_sdk/promises.mjs';

await run({ ai, openai, openrouter, z, version: 7, path: 'v4' });
