import assert from "node:assert/strict";
import { test } from "node:test";
import { SseParser } from "../../../target/classes/io/panallama/server/page/sse.js";

const parse = (...pieces) => {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

test("an event ends with an empty line", () => {
  assert.deepEqual(parse("data: a\n"), []);
  assert.deepEqual(parse("data: a\n\ndata: b\n\n"), [
    { type: "message", data: "a" },
    { type: "message", data: "b" },
  ]);
});

test("any cut gives the same events", () => {
  const stream = '\uFEFFdata: {"a": 1}\r\n\r\n: ping\r\n\r\nevent: error\rdata: one\rdata:two\r\rdata\n\n';
  const whole = parse(stream);
  assert.deepEqual(whole, [
    { type: "message", data: '{"a": 1}' },
    { type: "error", data: "one\ntwo" },
    { type: "message", data: "" },
  ]);
  for (let i = 0; i <= stream.length; i++) {
    assert.deepEqual(parse(stream.slice(0, i), stream.slice(i)), whole, `cut at ${i}`);
  }
  assert.deepEqual(parse(...stream), whole);
});

test("comments, ids, retries and events without data are skipped", () => {
  assert.deepEqual(parse(": waiting\n\nid: 7\nretry: 10\nevent: x\n\nunknown: y\ndata:  kept space\n\n"), [
    { type: "message", data: " kept space" },
  ]);
});

test("an event type does not outlive its event", () => {
  assert.deepEqual(parse("event: x\n\ndata: a\n\n"), [{ type: "message", data: "a" }]);
});
