// npm ollama: generate, chat, tools, formats, the models.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ollama } from 'ollama';
import { z } from 'zod';
import { assertBusy, assertIdle, longText, model, url, weather, weatherQuestion, weatherResult } from './server.mjs';

const client = new Ollama({ host: url });
const hello = [{ role: 'user', content: 'Hello' }];
const tools = [{ type: 'function', function: weather }];
const still = { temperature: 0 };

test('a chat, with the answer sent back', async () => {
  const first = await client.chat({ model, messages: hello, options: still });
  assert.equal(first.message.role, 'assistant');
  assert.ok(first.message.content.length > 0);
  assert.equal(first.done, true);
  assert.equal(first.done_reason, 'stop');
  assert.ok(first.eval_count > 0 && first.eval_duration > 0);
  const messages = [...hello, first.message, { role: 'user', content: 'Who are you?' }];
  assert.ok((await client.chat({ model, messages, options: still, keep_alive: '5m' })).message.content.length > 0);
});

test('embeddings', async () => {
  const { embeddings } = await client.embed({ model: 'nomic-embed-text', input: ['one', 'two', 'one'] });
  assert.equal(embeddings.length, 3);
  assert.notDeepEqual(embeddings[0], embeddings[1]);
  assert.deepEqual(embeddings[0], embeddings[2]);
  const older = await client.embeddings({ model: 'nomic-embed-text', prompt: 'one' });
  assert.deepEqual(older.embedding, embeddings[0]);
});

test('a stream is the whole answer in pieces', async () => {
  const whole = await client.chat({ model, messages: hello, options: still });
  let text = '';
  let last;
  for await (const part of await client.chat({ model, messages: hello, options: still, stream: true })) {
    text += part.message.content;
    last = part;
  }
  assert.equal(text, whole.message.content);
  assert.equal(last.done, true);
  assert.equal(last.eval_count, whole.eval_count);
});

test('a tool, called, run and answered', async () => {
  const messages = [{ role: 'user', content: weatherQuestion }];
  const called = await client.chat({ model, messages, tools, options: still });
  const [call] = called.message.tool_calls;
  assert.equal(call.function.name, weather.name);
  assert.equal(typeof call.function.arguments.city, 'string');
  messages.push(called.message, { role: 'tool', tool_name: call.function.name, content: weatherResult });
  assert.ok((await client.chat({ model, messages, tools, options: still })).message.content.length > 0);
});

test('a tool in a stream', async () => {
  const calls = [];
  const messages = [{ role: 'user', content: weatherQuestion }];
  for await (const part of await client.chat({ model, messages, tools, options: still, stream: true })) {
    calls.push(...(part.message.tool_calls ?? []));
  }
  assert.equal(calls[0].function.name, weather.name);
});

test('a format by zod', async () => {
  const Person = z.object({ name: z.string(), age: z.number().int() });
  const messages = [{ role: 'user', content: 'Extract the person as JSON: Eva is 26.' }];
  const answer = await client.chat({ model, messages, format: z.toJSONSchema(Person), options: still });
  Person.parse(JSON.parse(answer.message.content));
  const json = await client.generate({ model, prompt: 'Answer as JSON.', format: 'json', options: { num_predict: 64 } });
  assert.ok(json.response.trimStart().startsWith('{') || json.response.trimStart().startsWith('['));
});

test('generate, whole, raw and as a stream', async () => {
  assert.ok((await client.generate({ model, prompt: 'Hello', system: 'Be nice.' })).response.length > 0);
  const whole = await client.generate({ model, prompt: 'Hello', options: still });
  assert.ok(whole.response.length > 0);
  let text = '';
  for await (const part of await client.generate({ model, prompt: 'Hello', options: still, stream: true })) {
    text += part.response;
  }
  assert.equal(text, whole.response);
  const raw = await client.generate({ model, prompt: 'Once upon', raw: true, options: { num_predict: 4, ...still } });
  assert.equal(raw.done_reason, 'length');
});

test('an abort in the middle of a stream stops the generation', async () => {
  const stream = await client.generate({
    model,
    prompt: 'Hello',
    stream: true,
    // Longer than any answer.
    format: { type: 'array', items: { type: 'integer' }, minItems: 2000 },
    shift: true,
    options: { num_predict: -1 },
  });
  let parts = 0;
  await assert.rejects(async () => {
    for await (const part of stream) {
      assert.equal(part.done, false);
      if (++parts === 3) {
        await assertBusy();
        stream.abort();
      }
    }
  }, { name: 'AbortError' });
  await assertIdle();
});

test('the models, their details and the version', async () => {
  const { models } = await client.list();
  assert.deepEqual(models.map((one) => one.name), ['demo:latest', 'embedding:latest']);
  assert.ok(models[0].details.family.length > 0);
  const shown = await client.show({ model: models[0].name });
  assert.ok(shown.capabilities.includes('completion'));
  assert.deepEqual((await client.show({ model: 'embedding' })).capabilities, ['embedding']);
  assert.equal((await client.ps()).models[0].name, models[0].name);
  assert.match((await client.version()).version, /^\d+\.\d+/);
});

test('errors are the client\'s', async () => {
  await assert.rejects(client.chat({ model, messages: hello, options: { temperature: 'hot' } }), (error) => {
    assert.equal(error.name, 'ResponseError');
    assert.equal(error.status_code, 400);
    assert.match(error.message, /temperature/);
    return true;
  });
  await assert.rejects(client.chat({ model, messages: [{ role: 'user', content: longText }], truncate: false }), (error) => {
    assert.equal(error.status_code, 400);
    return true;
  });
});
