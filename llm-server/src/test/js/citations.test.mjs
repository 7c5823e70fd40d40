import assert from "node:assert/strict";
import { test } from "node:test";
import { addSources, byFile, splitMarkers } from "../../../target/classes/io/panallama/server/page/citations.js";

const cite = (index, file_id) => ({ type: "file_citation", file_citation: { index, file_id, filename: `${file_id}.md` } });

test("an annotation names the number of the marker at its offset", () => {
  const text = "Cats sleep [2]. Dogs bark [1].";
  const sources = addSources([], [cite(11, "cats"), cite(26, "dogs")], text);
  assert.deepEqual(sources, [
    { number: 1, fileId: "dogs", name: "dogs.md" },
    { number: 2, fileId: "cats", name: "cats.md" },
  ]);
  assert.deepEqual(addSources(sources, [cite(11, "cats")], text), sources);
});

test("offsets count code points", () => {
  assert.equal(addSources([], [cite(3, "a")], "🐈🐈 [7]")[0].number, 7);
});

test("a marker with several numbers has an annotation for each that there is", () => {
  const numbers = (text, ...files) => {
    const sources = addSources([], files.map((file) => cite(0, file)), text);
    return sources.map(({ number, fileId }) => [number, fileId]);
  };
  assert.deepEqual(numbers("[3, 1]", "c", "a"), [[1, "a"], [3, "c"]]);
  assert.deepEqual(numbers("[0; 9, 2]", "b"), [[2, "b"]]);
});

test("a continued answer may count from where it goes on", () => {
  assert.equal(addSources([], [cite(4, "a")], "Known. And [3].", 7)[0].number, 3);
  assert.equal(addSources([], [cite(11, "a")], "Known. And [3].", 7)[0].number, 3);
});

test("a citation without a marker is a source without a number; other annotations are none", () => {
  const foreign = [{ type: "url_citation", url_citation: {} }, { type: "file_citation" }];
  const odd = [...foreign, cite(undefined, "a"), cite(99, "a"), cite(0, "b")];
  assert.deepEqual(addSources([], odd, "No marker"), [
    { fileId: "a", name: "a.md" },
    { fileId: "b", name: "b.md" },
  ]);
  assert.deepEqual(addSources([], undefined, "text"), []);
});

test("a text is split at the numbers that sources have", () => {
  const sources = [{ number: 1, fileId: "a", name: "a" }, { number: 3, fileId: "a", name: "a" }, { fileId: "b", name: "b" }];
  const shown = (text) => splitMarkers(text, sources).map((part) => (part.source ? `<${part.text}>` : part));
  assert.deepEqual(shown("x [1][2], [3]."), ["x ", "<[1]>", "[2], ", "<[3]>", "."]);
  assert.deepEqual(shown("[1, 3]"), ["[", "<1>", ", ", "<3>", "]"]);
  assert.deepEqual(shown("[2; 3] [a] 1"), ["[2; ", "<3>", "] [a] 1"]);
  assert.deepEqual(shown("[1"), ["[1"]);
  assert.deepEqual(byFile(sources), [
    { numbers: [1, 3], fileId: "a", name: "a" },
    { numbers: [], fileId: "b", name: "b" },
  ]);
});
