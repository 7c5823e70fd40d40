// npm @langchain/openai: chat completions, and Responses.
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { assertIdle, key, longText, model, url, weather, weatherQuestion, weatherResult } from './server.mjs';

const Person = z.object({ name: z.string(), age: z.number().int() });
const common = { model, apiKey: key, temperature: 0, maxRetries: 0, configuration: { baseURL: `${url}/v1` } };
const getWeather = tool(async () => weatherResult, {
  name: weather.name,
  description: weather.description,
  schema: z.object({ city: z.string() }),
});

for (const [name, chat] of Object.entries({
  'chat completions': new ChatOpenAI(common),
  Responses: new ChatOpenAI({ ...common, useResponsesApi: true }),
})) {
  describe(name, () => {
    test('a chat, with the answer sent back', async () => {
      const messages = [new SystemMessage('Be nice.'), new HumanMessage('Hello')];
      const first = await chat.invoke(messages);
      assert.ok(first.text.length > 0);
      assert.ok(first.usage_metadata.input_tokens > 0);
      const second = await chat.invoke([...messages, first, new HumanMessage('Who are you?')]);
      assert.ok(second.text.length > 0);
    });

    test('a stream', async () => {
      let text = '';
      for await (const chunk of await chat.stream('Hello')) {
        text += chunk.text;
      }
      assert.equal(text, (await chat.invoke('Hello')).text);
    });

    test('a tool, called, run and answered', async () => {
      const tooled = chat.bindTools([getWeather], { tool_choice: 'any' });
      const messages = [new HumanMessage(weatherQuestion)];
      const called = await tooled.invoke(messages);
      assert.equal(called.tool_calls[0].name, weather.name);
      const result = await getWeather.invoke(called.tool_calls[0]);
      assert.ok(result instanceof ToolMessage);
      messages.push(called, result);
      assert.ok((await chat.bindTools([getWeather], { tool_choice: 'none' }).invoke(messages)).text.length > 0);
    });

    for (const method of ['jsonSchema', 'functionCalling']) {
      test(`structured output by ${method}`, async () => {
        const typed = chat.withStructuredOutput(Person, { method });
        Person.parse(await typed.invoke('Extract the person as JSON: Eva is 26.'));
      });
    }

    test('an abort stops the generation', async () => {
      const controller = new AbortController();
      await assert.rejects(async () => {
        for await (const chunk of await chat.stream('Tell me a story.', { signal: controller.signal })) {
          assert.equal(typeof chunk.text, 'string');
          controller.abort();
        }
      });
      await assertIdle();
    });

    test('a prompt that is too long', async () => {
      await assert.rejects(chat.invoke(longText), (error) => {
        assert.ok(error.status === 400 || error.name === 'ContextOverflowError', error.name);
        assert.match(error.message, /maximum context length is \d+ tokens/);
        return true;
      });
    });
  });
}

test('embeddings', async () => {
  const embeddings = new OpenAIEmbeddings({ apiKey: key, configuration: { baseURL: `${url}/v1` }, maxRetries: 0 });
  const vectors = await embeddings.embedDocuments(['one', 'two', 'one']);
  assert.equal(vectors.length, 3);
  assert.notDeepEqual(vectors[0], vectors[1]);
  assert.deepEqual(vectors[0], await embeddings.embedQuery('one'));
});

test('completions', async () => {
  const completions = new OpenAI({ ...common, maxTokens: 8 });
  assert.ok((await completions.invoke('Once upon a time')).length > 0);
});
