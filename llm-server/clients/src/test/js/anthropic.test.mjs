// npm @anthropic-ai/sdk: messages, streams, tools, the count of tokens.
import Anthropic, { AuthenticationError, BadRequestError } from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { assertBusy, assertIdle, endless, key, longText, model, url, weather, weatherQuestion, weatherResult } from './server.mjs';

const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 60_000 });
const hello = [{ role: 'user', content: 'Hello' }];
const tools = [{ name: weather.name, description: weather.description, input_schema: weather.parameters }];

test('a message, with the answer sent back', async () => {
  const first = await client.messages.create({ model, max_tokens: 64, temperature: 0, system: 'Be nice.', messages: hello });
  assert.equal(first.type, 'message');
  assert.equal(first.role, 'assistant');
  assert.equal(first.stop_reason, 'end_turn');
  assert.equal(first.content[0].type, 'text');
  assert.ok(first.usage.input_tokens > 0 && first.usage.output_tokens > 0);
  const second = await client.messages.create({
    model: 'claude-sonnet-4-5',
    max_tokens: 64,
    system: [{ type: 'text', text: 'Be nice.', cache_control: { type: 'ephemeral' } }],
    messages: [
      ...hello,
      { role: first.role, content: first.content },
      { role: 'user', content: [{ type: 'text', text: 'Who are you?', cache_control: { type: 'ephemeral' } }] },
    ],
  });
  assert.ok(second.content[0].text.length > 0);
});

test('a stream is the whole answer in pieces', async () => {
  const request = { model, max_tokens: 64, temperature: 0, messages: hello };
  const whole = await client.messages.create(request);
  const stream = client.messages.stream(request);
  let text = '';
  const types = [];
  stream.on('text', (delta) => (text += delta));
  stream.on('streamEvent', (event) => types.push(event.type));
  const message = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.deepEqual(message.content, whole.content);
  assert.equal(message.stop_reason, whole.stop_reason);
  assert.equal(message.usage.output_tokens, whole.usage.output_tokens);
  assert.deepEqual(
    types.filter((type) => type !== 'content_block_delta' && type !== 'ping'),
    ['message_start', 'content_block_start', 'content_block_stop', 'message_delta', 'message_stop'],
  );
});

test('a tool, called, run and answered', async () => {
  const messages = [{ role: 'user', content: weatherQuestion }];
  const request = { model, max_tokens: 200, temperature: 0, tools };
  const called = await client.messages.create({ ...request, messages, tool_choice: { type: 'any' } });
  assert.equal(called.stop_reason, 'tool_use');
  const call = called.content.find((block) => block.type === 'tool_use');
  assert.equal(call.name, weather.name);
  assert.equal(typeof call.input.city, 'string');
  messages.push(
    { role: 'assistant', content: called.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: weatherResult }] },
  );
  const answered = await client.messages.create({ ...request, messages, tool_choice: { type: 'none' } });
  assert.equal(answered.content[0].type, 'text');
});

test('a named tool in a stream', async () => {
  const stream = client.messages.stream({
    model,
    max_tokens: 200,
    temperature: 0,
    tools,
    tool_choice: { type: 'tool', name: weather.name },
    messages: [{ role: 'user', content: weatherQuestion }],
  });
  let json = '';
  stream.on('inputJson', (delta) => (json += delta));
  const message = await stream.finalMessage();
  const call = message.content.find((block) => block.type === 'tool_use');
  assert.equal(call.name, weather.name);
  assert.deepEqual(call.input, JSON.parse(json));
});

test('the tool runner goes through the whole loop', async () => {
  const seen = [];
  const answer = await client.beta.messages.toolRunner({
    model,
    max_tokens: 200,
    temperature: 0,
    messages: [{ role: 'user', content: weatherQuestion }],
    tools: [
      betaZodTool({
        name: weather.name,
        description: weather.description,
        inputSchema: z.object({ city: z.string() }),
        run: ({ city }) => {
          seen.push(city);
          return weatherResult;
        },
      }),
    ],
  });
  assert.equal(seen.length, 1);
  assert.equal(answer.stop_reason, 'end_turn');
});

test('a stop sequence and a limit are told', async () => {
  const cut = await client.messages.create({ model, max_tokens: 2, temperature: 0, messages: hello });
  assert.equal(cut.stop_reason, 'max_tokens');
  const letter = cut.content[0].text[0];
  const stopped = await client.messages.create({
    model,
    max_tokens: 64,
    temperature: 0,
    stop_sequences: [letter],
    messages: hello,
  });
  assert.equal(stopped.stop_reason, 'stop_sequence');
  assert.equal(stopped.stop_sequence, letter);
});

test('thinking is taken', async () => {
  const answer = await client.messages.create({
    model,
    max_tokens: 2048,
    thinking: { type: 'enabled', budget_tokens: 1024 },
    messages: hello,
  });
  const messages = [...hello, { role: 'assistant', content: answer.content }, ...hello];
  assert.equal((await client.messages.create({ model, max_tokens: 4, messages })).type, 'message');
});

test('the count of tokens is the count of the request', async () => {
  const count = await client.messages.countTokens({ model, messages: hello, tools });
  const answer = await client.messages.create({ model, max_tokens: 1, messages: hello, tools });
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = answer.usage;
  assert.equal(count.input_tokens, input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0));
});

test('an abort in the middle of a stream stops the generation', async () => {
  const stream = client.messages.stream({ model, messages: hello, ...endless });
  let pieces = 0;
  for await (const event of stream) {
    if (event.type === 'content_block_delta' && ++pieces === 3) {
      await assertBusy();
      break;
    }
  }
  await assertIdle();
});

test('a prompt that is too long', async () => {
  const messages = [{ role: 'user', content: longText }];
  await assert.rejects(client.messages.create({ model, max_tokens: 4, messages }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.error.type, 'error');
    assert.equal(error.error.error.type, 'invalid_request_error');
    assert.match(error.message, /prompt is too long: \d+ tokens > \d+ maximum/);
    return true;
  });
});

test('a field of a wrong type', async () => {
  await assert.rejects(client.messages.create({ model, max_tokens: 'many', messages: hello }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.ok(!(error instanceof AuthenticationError));
    assert.match(error.message, /max_tokens/);
    return true;
  });
});
