// npm openai: chat completions, completions, Responses, models.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { APIUserAbortError, BadRequestError, NotFoundError } from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { assertBusy, assertIdle, endless, key, longText, model, url, weather, weatherQuestion, weatherResult } from './server.mjs';

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 60_000 });
const hello = [{ role: 'user', content: 'Hello' }];
const tools = [{ type: 'function', function: weather }];
const Person = z.object({ name: z.string(), age: z.number().int() });

test('a chat, with the answer sent back', async () => {
  const first = await client.chat.completions.create({ model, messages: hello, temperature: 0 });
  assert.equal(first.object, 'chat.completion');
  assert.ok(first.choices[0].message.content.length > 0);
  assert.equal(first.choices[0].finish_reason, 'stop');
  assert.ok(first.usage.total_tokens === first.usage.prompt_tokens + first.usage.completion_tokens);
  const messages = [...hello, first.choices[0].message, { role: 'user', content: 'Who are you?' }];
  const second = await client.chat.completions.create({ model, messages, temperature: 0 });
  assert.ok(second.choices[0].message.content.length > 0);
});

test('a model name that a program has built in', async () => {
  const answer = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: hello, max_tokens: 4 });
  assert.notEqual(answer.model, 'gpt-4o-mini', 'the answer names the model that answered');
});

test('embeddings', async () => {
  const { data, usage } = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two', 'one'] });
  assert.equal(data.length, 3);
  assert.ok(data[0].embedding.every((value) => Math.abs(value) <= 1));
  assert.notDeepEqual(data[0].embedding, data[1].embedding);
  assert.deepEqual(data[0].embedding, data[2].embedding);
  assert.ok(usage.total_tokens >= 3);
  const plain = await client.embeddings.create({ model, input: 'one', dimensions: 8, encoding_format: 'float' });
  assert.equal(plain.data[0].embedding.length, 8);
});

test('a stream, by the iterator and by the helper', async () => {
  const whole = await client.chat.completions.create({ model, messages: hello, temperature: 0 });
  let text = '';
  let usage;
  const stream = await client.chat.completions.create({
    model,
    messages: hello,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
  const helper = client.chat.completions.stream({ model, messages: hello, temperature: 0 });
  assert.equal(await helper.finalContent(), text);
  const message = await helper.finalMessage();
  const again = await client.chat.completions.create({ model, messages: [...hello, message, ...hello], max_tokens: 4 });
  assert.equal(again.choices.length, 1);
});

test('a tool, called, run and answered', async () => {
  const messages = [{ role: 'user', content: weatherQuestion }];
  const called = await client.chat.completions.create({ model, messages, tools, tool_choice: 'required', temperature: 0 });
  assert.equal(called.choices[0].finish_reason, 'tool_calls');
  const call = called.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, weather.name);
  assert.equal(typeof JSON.parse(call.function.arguments).city, 'string');
  messages.push(called.choices[0].message, { role: 'tool', tool_call_id: call.id, content: weatherResult });
  const answered = await client.chat.completions.create({ model, messages, tools, tool_choice: 'none', temperature: 0 });
  assert.ok(answered.choices[0].message.content.length > 0);
});

test('a named tool in a stream', async () => {
  const stream = client.chat.completions.stream({
    model,
    messages: [{ role: 'user', content: weatherQuestion }],
    tools: [...tools, { type: 'function', function: { ...weather, name: 'other' } }],
    tool_choice: { type: 'function', function: { name: weather.name } },
    temperature: 0,
  });
  const { message } = (await stream.finalChatCompletion()).choices[0];
  assert.equal(message.tool_calls.length, 1);
  assert.equal(message.tool_calls[0].function.name, weather.name);
});

test('runTools goes through the whole loop', async () => {
  const seen = [];
  const runner = client.chat.completions.runTools({
    model,
    messages: [{ role: 'user', content: weatherQuestion }],
    temperature: 0,
    tools: [
      zodFunction({
        name: weather.name,
        description: weather.description,
        parameters: z.object({ city: z.string() }),
        function: ({ city }) => {
          seen.push(city);
          return weatherResult;
        },
      }),
    ],
  });
  const text = await runner.finalContent();
  assert.equal(seen.length, 1);
  assert.ok(text.length > 0);
});

test('structured output by zod, parsed and sent back', async () => {
  const messages = [{ role: 'user', content: 'Extract the person as JSON: Eva is 26.' }];
  const answer = await client.chat.completions.parse({
    model,
    messages,
    response_format: zodResponseFormat(Person, 'person'),
    temperature: 0,
  });
  const { message } = answer.choices[0];
  Person.parse(message.parsed);
  const next = await client.chat.completions.create({ model, messages: [...messages, message, ...hello], max_tokens: 4 });
  assert.equal(next.choices.length, 1);
});

test('tools together with a format', async () => {
  const answer = await client.chat.completions.parse({
    model,
    messages: [{ role: 'user', content: 'Extract the person as JSON: Eva is 26.' }],
    tools: [zodFunction({ name: weather.name, parameters: z.object({ city: z.string() }) })],
    response_format: zodResponseFormat(Person, 'person'),
    temperature: 0,
  });
  const { message } = answer.choices[0];
  assert.ok(message.parsed !== null || message.tool_calls.length > 0);
});

test('a schema of a recursive type with an optional field and an enum', async () => {
  const Tree = z.object({
    kind: z.enum(['HAPPY', 'SAD']).nullable(),
    get children() {
      return z.array(Tree).max(1);
    },
  });
  const answer = await client.chat.completions.create({
    model,
    messages: hello,
    response_format: zodResponseFormat(Tree, 'tree'),
    max_tokens: 64,
  });
  assert.ok(answer.choices[0].message.content.startsWith('{'));
});

test('an abort in the middle of a stream stops the generation', async () => {
  const controller = new AbortController();
  const stream = await client.chat.completions.create(
    { model, messages: hello, stream: true, ...endless },
    { signal: controller.signal },
  );
  let chunks = 0;
  for await (const chunk of stream) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    if (++chunks === 3) {
      await assertBusy();
      controller.abort();
    }
  }
  await assertIdle();
});

test('an abort before the answer stops the generation', async () => {
  const controller = new AbortController();
  const answer = client.chat.completions.create({ model, messages: hello, ...endless }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 500);
  await assert.rejects(answer, APIUserAbortError);
  await assertIdle();
});

test('a prompt that is too long', async () => {
  const messages = [{ role: 'user', content: longText }];
  await assert.rejects(client.chat.completions.create({ model, messages }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.code, 'context_length_exceeded');
    assert.equal(error.param, 'messages');
    assert.match(error.message, /maximum context length is \d+ tokens/);
    return true;
  });
});

test('a field of a wrong type', async () => {
  await assert.rejects(client.chat.completions.create({ model, messages: hello, temperature: 'hot' }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.param, 'temperature');
    return true;
  });
});

test('a field that nobody knows is ignored and named', async () => {
  const { data, response } = await client.chat.completions
    .create({ model, messages: hello, max_tokens: 4, nobody_knows: 1 })
    .withResponse();
  assert.equal(data.choices.length, 1);
  assert.match(response.headers.get('panallama-ignored'), /nobody_knows/);
});

test('completions, of several prompts, and as a stream', async () => {
  const one = await client.completions.create({ model, prompt: 'Once upon a time', max_tokens: 8, temperature: 0 });
  assert.equal(one.object, 'text_completion');
  const two = await client.completions.create({ model, prompt: ['Once', 'A cat'], max_tokens: 8, temperature: 0 });
  assert.deepEqual(two.choices.map((choice) => choice.index), [0, 1]);
  let text = '';
  const stream = await client.completions.create({
    model,
    prompt: 'Once upon a time',
    max_tokens: 8,
    temperature: 0,
    stream: true,
  });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? '';
  }
  assert.equal(text, one.choices[0].text);
});

test('the models', async () => {
  const ids = [];
  for await (const served of client.models.list()) {
    ids.push(served.id);
  }
  assert.deepEqual(ids, ['demo', 'embedding']);
  assert.equal((await client.models.retrieve(ids[0])).id, ids[0]);
});

test('log-probabilities', async () => {
  const answer = await client.chat.completions.create({
    model,
    messages: hello,
    max_tokens: 4,
    logprobs: true,
    top_logprobs: 3,
  });
  assert.equal(answer.choices[0].logprobs.content[0].top_logprobs.length, 3);
});

test('Responses: text, and a conversation by the previous answer', async () => {
  const first = await client.responses.create({ model, input: 'Hello', instructions: 'Be nice.', temperature: 0 });
  assert.equal(first.status, 'completed');
  assert.ok(first.output_text.length > 0);
  const second = await client.responses.create({
    model,
    input: 'Who are you?',
    previous_response_id: first.id,
    temperature: 0,
  });
  assert.ok(second.usage.input_tokens > first.usage.input_tokens);
  assert.equal((await client.responses.retrieve(second.id)).id, second.id);
  await client.responses.delete(second.id);
  await assert.rejects(client.responses.retrieve(second.id), NotFoundError);
});

test('Responses: a stream', async () => {
  const stream = client.responses.stream({ model, input: 'Hello', temperature: 0 });
  const types = [];
  let number = -1;
  for await (const event of stream) {
    types.push(event.type);
    assert.equal(event.sequence_number, ++number);
  }
  const whole = await stream.finalResponse();
  assert.ok(whole.output_text.length > 0);
  assert.deepEqual(types.slice(0, 4), [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
  ]);
  assert.equal(types.at(-1), 'response.completed');
});

test('Responses: a tool, called, run and answered', async () => {
  const input = [{ role: 'user', content: weatherQuestion }];
  const tools = [{ type: 'function', strict: true, ...weather }];
  const called = await client.responses.create({ model, input, tools, tool_choice: 'required', temperature: 0 });
  const call = called.output.find((item) => item.type === 'function_call');
  assert.equal(call.name, weather.name);
  assert.equal(typeof JSON.parse(call.arguments).city, 'string');
  input.push(...called.output, { type: 'function_call_output', call_id: call.call_id, output: weatherResult });
  const answered = await client.responses.create({ model, input, tools, tool_choice: 'none', temperature: 0 });
  assert.ok(answered.output_text.length > 0);
});

test('Responses: structured output by zod', async () => {
  const answer = await client.responses.parse({
    model,
    input: 'Extract the person as JSON: Eva is 26.',
    text: { format: zodTextFormat(Person, 'person') },
    temperature: 0,
  });
  Person.parse(answer.output_parsed);
});

test('Responses: an abort stops the generation', async () => {
  const stream = await client.responses.create({ model, input: 'Hello', stream: true, ...endless, max_tokens: undefined });
  let events = 0;
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta' && ++events === 3) {
      break;
    }
  }
  await assertIdle();
});

test('Responses: errors', async () => {
  await assert.rejects(client.responses.create({ model, input: longText }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.code, 'context_length_exceeded');
    return true;
  });
  await assert.rejects(client.responses.create({ model, input: 'Hello', previous_response_id: 'resp_none' }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.param, 'previous_response_id');
    return true;
  });
});
