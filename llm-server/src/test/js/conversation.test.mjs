import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation, describe } from "../../main/resources/io/panallama/server/page/conversation.js";

const DEFAULTS = { system: "", temperature: null, maxTokens: null };

test("a request holds the turns and only the settings that were set", () => {
  const chat = new Conversation();
  chat.addUser("q");
  assert.deepEqual(chat.request(DEFAULTS), { messages: [{ role: "user", content: "q" }] });
  chat.addAnswer("a");
  chat.addUser("r");
  assert.deepEqual(chat.request({ system: "s", temperature: 0, maxTokens: 5 }), {
    messages: [
      { role: "system", content: "s" },
      { role: "user", content: "q" },
      { role: "assistant", content: "a" },
      { role: "user", content: "r" },
    ],
    temperature: 0,
    max_tokens: 5,
  });
});

test("unanswered questions are asked together, again and again", () => {
  const chat = new Conversation();
  chat.addUser("q");
  chat.addAnswer("");
  chat.addUser("r");
  const expected = { messages: [{ role: "user", content: "q\n\nr" }] };
  assert.deepEqual(chat.request(DEFAULTS), expected);
  assert.deepEqual(chat.request(DEFAULTS), expected);
});

test("dropping an answer never drops a question", () => {
  const chat = new Conversation();
  chat.addUser("q");
  chat.addAnswer("a");
  chat.dropAnswer();
  chat.dropAnswer();
  assert.equal(chat.request(DEFAULTS).messages.length, 1);
  chat.clear();
  assert.ok(chat.isEmpty);
});

test("the summary of an answer says what is known", () => {
  const timings = { predicted_per_second: 123.4, predicted_n: 20 };
  assert.equal(describe({ ttft: 45.4, timings, finish: "stop" }), "123 tokens/s · first token 45 ms · 20 tokens");
  assert.equal(describe({ ttft: 1234, timings: { predicted_per_second: 5, predicted_n: 1 }, finish: "length" }),
    "5.0 tokens/s · first token 1.2 s · 1 token · cut off at the length limit");
  assert.equal(describe({ finish: "length", detail: "max_tokens" }), "cut off at the length limit");
  assert.equal(describe({ finish: "length", detail: "context_full" }), "cut off: the context is full");
  assert.equal(describe({ finish: "length", detail: "time_limit" }), "cut off: the time is up");
  assert.equal(describe({ stopped: true }), "stopped");
  assert.equal(
    describe({ ttft: 100, pieces: 21, elapsed: 300, stopped: true }),
    "about 100 tokens/s · first token 100 ms · stopped",
  );
});
