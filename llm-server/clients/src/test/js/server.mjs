// Where the server under test is, and what its tests share.
import assert from 'node:assert/strict';

export const url = process.env.PANALLAMA_URL;
assert.ok(url, 'PANALLAMA_URL names the server under test, such as http://127.0.0.1:8080');

// A key that the server does not ask for: clients insist on one.
export const key = 'sk-none';
export const model = 'demo';

// The embedded model calls this tool when it is asked for the weather.
export const weather = {
  name: 'get_current_weather',
  description: 'Get the current weather in a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'The city' } },
    required: ['city'],
    additionalProperties: false,
  },
};
export const weatherQuestion = "what's the weather like in Rome right now?";
export const weatherResult = JSON.stringify({ temperature: 21, forecast: 'sunny' });

// Longer than the embedded model's context of 1024 tokens.
export const longText = 'The cat sat on the mat. '.repeat(400);

// Without an end of its own: what is generated until the client leaves.
export const endless = { ignore_eos: true, context_overflow: 'shift', max_tokens: 1_000_000 };

// Waits until the server generates for nobody; fails if it goes on.
export async function assertIdle() {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const state = await (await fetch(new URL('/ready', url))).json();
    if (state.running === 0 && state.waiting === 0) {
      return;
    }
    assert.ok(Date.now() < deadline, `the server still generates: ${JSON.stringify(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// The server generates for somebody.
export async function assertBusy() {
  const state = await (await fetch(new URL('/ready', url))).json();
  assert.ok(state.running > 0, `nothing runs: ${JSON.stringify(state)}`);
}
