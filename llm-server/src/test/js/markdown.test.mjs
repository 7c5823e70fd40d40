import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBlocks, parseInlines } from "../../main/resources/io/panallama/server/page/markdown.js";

const text = (value) => ({ type: "text", text: value });
const paragraph = (...inlines) => ({ type: "paragraph", inlines });

test("empty lines separate paragraphs, single line ends stay", () => {
  assert.deepEqual(parseBlocks("a\nb\n\n\nc"), [paragraph(text("a\nb")), paragraph(text("c"))]);
  assert.deepEqual(parseBlocks("  \n\n"), []);
});

test("headings have a level", () => {
  assert.deepEqual(parseBlocks("## Title ##\nrest"), [
    { type: "heading", level: 2, inlines: [text("Title")] },
    paragraph(text("rest")),
  ]);
  assert.deepEqual(parseBlocks("#hashtag"), [paragraph(text("#hashtag"))]);
});

test("fenced code is kept as it is", () => {
  assert.deepEqual(parseBlocks("```js\nif (a) {\n\n  **b**\n}\n```\nafter"), [
    { type: "code", language: "js", text: "if (a) {\n\n  **b**\n}" },
    paragraph(text("after")),
  ]);
});

test("an unfinished fence is code to the end, as a stream needs it", () => {
  assert.deepEqual(parseBlocks("text\n```\nlet x"), [
    paragraph(text("text")),
    { type: "code", language: "", text: "let x" },
  ]);
});

test("a longer fence may hold a shorter one", () => {
  assert.deepEqual(parseBlocks("````\n```\nx\n```\n````"), [{ type: "code", language: "", text: "```\nx\n```" }]);
});

test("lists hold their items, also across an empty line, and numbers keep their start", () => {
  assert.deepEqual(parseBlocks("- a\n- **b**\n  more\n\n- c"), [
    {
      type: "list",
      ordered: false,
      start: 1,
      items: [[text("a")], [{ type: "strong", inlines: [text("b")] }, text("\nmore")], [text("c")]],
    },
  ]);
  assert.deepEqual(parseBlocks("3. a\n4) b\n\nend"), [
    { type: "list", ordered: true, start: 3, items: [[text("a")], [text("b")]] },
    paragraph(text("end")),
  ]);
});

test("quotes join their lines", () => {
  assert.deepEqual(parseBlocks("> a\n>b\nc"), [{ type: "quote", inlines: [text("a\nb")] }, paragraph(text("c"))]);
});

test("inline markup nests, and code wins over it", () => {
  assert.deepEqual(parseInlines("a `**x**` **b *c*** _d_"), [
    text("a "),
    { type: "code", text: "**x**" },
    text(" "),
    { type: "strong", inlines: [text("b "), { type: "emphasis", inlines: [text("c")] }] },
    text(" "),
    { type: "emphasis", inlines: [text("d")] },
  ]);
});

test("what only looks like markup is text", () => {
  for (const plain of ["2 * 3 * 4", "snake_case_name", "**open", "a ** b ** c", "`open", "<b>html</b> & more", "*"]) {
    assert.deepEqual(parseInlines(plain), [text(plain)], plain);
  }
});

test("every prefix of a text parses, and nothing of it is lost", () => {
  const source = "# T\n\n1. **a** `b`\n\n```java\nx < y\n```\n> q _r_\n- *s*\n";
  const collect = (node) =>
    typeof node === "string" ? node : (node.text ?? (node.inlines ?? node.items?.flat() ?? []).map(collect).join(""));
  for (let i = 0; i <= source.length; i++) {
    parseBlocks(source.slice(0, i));
  }
  assert.equal(parseBlocks(source).map(collect).join("|"), "T|a b|x < y|q r|s");
});

test("hostile input takes no time to speak of", () => {
  const started = performance.now();
  for (const unit of ["*", "_", "`", "**a", "> ", "- ", "[", "_a ", "*a ", "` "]) {
    parseBlocks(unit.repeat(5000));
  }
  assert.ok(performance.now() - started < 2000);
});
