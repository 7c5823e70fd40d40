// npm ai with @ai-sdk/openai-compatible (chat completions) and @ai-sdk/openai (Responses, and chat completions).
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, Output, embedMany, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { assertIdle, key, longText, model, url, weather, weatherQuestion, weatherResult } from './server.mjs';

const baseURL = `${url}/v1`;
const providers = {
  '@ai-sdk/openai-compatible': createOpenAICompatible({
    name: 'panallama',
    baseURL,
    apiKey: key,
    supportsStructuredOutputs: true,
    includeUsage: true,
  })(model),
  '@ai-sdk/openai, chat completions': createOpenAI({ baseURL, apiKey: key }).chat(model),
  '@ai-sdk/openai, Responses': createOpenAI({ baseURL, apiKey: key }).responses(model),
};
const Person = z.object({ name: z.string(), age: z.number().int() });
const still = { temperature: 0, maxRetries: 0 };

for (const [name, served] of Object.entries(providers)) {
  describe(name, () => {
    test('text, with the answer sent back', async () => {
      const messages = [{ role: 'user', content: 'Hello' }];
      const first = await generateText({ model: served, messages, system: 'Be nice.', ...still });
      assert.ok(first.text.length > 0);
      assert.equal(first.finishReason, 'stop');
      assert.ok(first.usage.inputTokens > 0 && first.usage.outputTokens > 0);
      messages.push(...first.response.messages, { role: 'user', content: 'Who are you?' });
      assert.ok((await generateText({ model: served, messages, ...still })).text.length > 0);
    });

    test('a stream', async () => {
      const whole = await generateText({ model: served, prompt: 'Hello', ...still });
      const stream = streamText({ model: served, prompt: 'Hello', ...still });
      let text = '';
      for await (const piece of stream.textStream) {
        text += piece;
      }
      assert.equal(text, whole.text);
      assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);
    });

    for (const [how, generate] of [
      ['whole', generateText],
      ['streamed', streamText],
    ]) {
      test(`the loop of a tool, ${how}`, async () => {
        const cities = [];
        const answer = await generate({
          model: served,
          prompt: weatherQuestion,
          stopWhen: stepCountIs(3),
          tools: {
            [weather.name]: tool({
              description: weather.description,
              inputSchema: z.object({ city: z.string() }),
              execute: async ({ city }) => {
                cities.push(city);
                return weatherResult;
              },
            }),
          },
          ...still,
        });
        assert.ok((await answer.text).length > 0);
        assert.equal(cities.length, 1);
        assert.equal((await answer.steps).length, 2);
      });
    }

    test('a tool that must be called', async () => {
      const answer = await generateText({
        model: served,
        prompt: 'Hello',
        toolChoice: 'required',
        tools: { [weather.name]: tool({ inputSchema: z.object({ city: z.string() }) }) },
        ...still,
      });
      assert.equal(answer.finishReason, 'tool-calls');
      assert.equal(answer.toolCalls[0].toolName, weather.name);
    });

    test('a streamed call has no empty text in front of it', async () => {
      const stream = streamText({
        model: served,
        prompt: 'Hello',
        toolChoice: 'required',
        tools: { [weather.name]: tool({ inputSchema: z.object({ city: z.string() }) }) },
        ...still,
      });
      const parts = [];
      for await (const part of stream.fullStream) {
        parts.push(part.type);
      }
      assert.ok(parts.includes('tool-call'));
      assert.ok(!parts.includes('text-start'), parts.join(' '));
    });

    test('an object by zod', async () => {
      const prompt = 'Extract the person as JSON: Eva is 26.';
      Person.parse((await generateObject({ model: served, schema: Person, prompt, ...still })).object);
    });

    test('a typed answer beside tools', async () => {
      const answer = await generateText({
        model: served,
        prompt: 'Extract the person as JSON: Eva is 26.',
        tools: { [weather.name]: tool({ inputSchema: z.object({ city: z.string() }), execute: async () => weatherResult }) },
        output: Output.object({ schema: Person }),
        stopWhen: stepCountIs(2),
        ...still,
      });
      assert.ok(answer.toolCalls.length > 0 || Person.parse(answer.output));
    });

    test('an abort stops the generation', async () => {
      const controller = new AbortController();
      const stream = streamText({
        model: served,
        prompt: 'Tell me a story.',
        maxOutputTokens: 900,
        abortSignal: controller.signal,
        onError: () => {},
      });
      for await (const piece of stream.textStream) {
        assert.equal(typeof piece, 'string');
        controller.abort();
      }
      await assertIdle();
    });

    test('a prompt that is too long', async () => {
      await assert.rejects(generateText({ model: served, prompt: longText, ...still }), (error) => {
        assert.ok(APICallError.isInstance(error));
        assert.equal(error.statusCode, 400);
        assert.equal(error.isRetryable, false);
        assert.match(error.message, /maximum context length is \d+ tokens/);
        return true;
      });
    });
  });
}

for (const [name, served] of Object.entries({
  '@ai-sdk/openai-compatible': createOpenAICompatible({ name: 'panallama', baseURL, apiKey: key }).textEmbeddingModel('any'),
  '@ai-sdk/openai': createOpenAI({ baseURL, apiKey: key }).textEmbeddingModel('text-embedding-3-small'),
})) {
  test(`${name}, embeddings`, async () => {
    const { embeddings, usage } = await embedMany({ model: served, values: ['one', 'two', 'one'], maxRetries: 0 });
    assert.equal(embeddings.length, 3);
    assert.notDeepEqual(embeddings[0], embeddings[1]);
    assert.deepEqual(embeddings[0], embeddings[2]);
    assert.ok(usage.tokens >= 3);
  });
}
