import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, summarize } from "../../../target/classes/io/panallama/server/page/outcome.js";

const line = (run) => describe(summarize(run)).join(" · ");

test("the line below an answer says what is known", () => {
  const timings = { predicted_per_second: 123.4, predicted_n: 20 };
  assert.equal(line({ ttft: 45.4, timings, finish: "stop" }), "123 tokens/s · first token 45 ms · 20 tokens");
  assert.equal(
    line({ ttft: 1234, timings: { predicted_per_second: 5, predicted_n: 1 }, finish: "length" }),
    "5.0 tokens/s · first token 1.2 s · 1 token · cut off at the length limit",
  );
  assert.equal(line({ finish: "length", detail: "max_tokens" }), "cut off at the length limit");
  assert.equal(line({ finish: "length", detail: "context_full" }), "cut off: the context is full");
  assert.equal(line({ finish: "length", detail: "time_limit" }), "cut off: the time is up");
  assert.equal(line({ stopped: true }), "stopped");
  assert.equal(line({ ttft: 100, pieces: 21, elapsed: 300, stopped: true }), "about 100 tokens/s · first token 100 ms · stopped");
  assert.deepEqual(describe({ interrupted: true }), ["interrupted"]);
});

test("the usage tells how full the context is and what was cached", () => {
  const usage = { prompt_tokens: 1200, completion_tokens: 30, prompt_tokens_details: { cached_tokens: 1000 } };
  const summary = summarize({ usage, finish: "stop" });
  assert.equal(summary.context, 1230);
  assert.deepEqual(describe(summary), ["30 tokens", "1,000 of 1,200 prompt tokens cached"]);
  assert.equal(summarize({ usage: { ...usage, discarded_tokens: 230 } }).context, 1000);
});
