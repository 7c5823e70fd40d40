import assert from "node:assert/strict";
import { test } from "node:test";
import { GROUPS, requestFields, textOf, valueOf } from "../../../target/classes/io/panallama/server/page/fields.js";

const field = (name) => GROUPS.flatMap(({ fields }) => fields).find((one) => one.name === name);

test("what is typed becomes a value, or is left to the server", () => {
  assert.equal(valueOf(field("temperature"), "0.5"), 0.5);
  assert.equal(valueOf(field("temperature"), ""), undefined);
  assert.equal(valueOf(field("temperature"), "9"), undefined);
  assert.equal(valueOf(field("top_k"), "1.5"), undefined);
  assert.equal(valueOf(field("seed"), "x"), undefined);
  assert.deepEqual(valueOf(field("stop"), "a \n\nb"), ["a ", "b"]);
  assert.equal(valueOf(field("extra"), "[]"), undefined);
  assert.equal(valueOf(field("extra"), '{"a":1}'), '{"a":1}');
  assert.equal(textOf(field("stop"), ["a", "b"]), "a\nb");
  assert.equal(textOf(field("temperature"), undefined), "");
});

test("values become the fields of a request", () => {
  assert.deepEqual(requestFields({}), {});
  assert.deepEqual(requestFields({ system: "s", temperature: 0, stop: ["x"], response_format: "json_object", extra: '{"n_keep": 3}' }), {
    temperature: 0,
    stop: ["x"],
    response_format: { type: "json_object" },
    n_keep: 3,
  });
  assert.deepEqual(requestFields({ response_format: "json_schema", schema: "{}" }).response_format.json_schema.schema, {});
  assert.deepEqual(requestFields({ response_format: "json_schema" }), {});
});
