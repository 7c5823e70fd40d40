import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBlocks } from "../../../target/classes/io/panallama/server/page/markdown.js";

const html = (text) => parseBlocks(text).map((block) => block.html()).join("");

test("line ends stay, and paragraphs are blocks of their own", () => {
  assert.equal(html("a\nb\n\n\nc"), "<p>a<br>b</p>\n<p>c</p>\n");
  assert.deepEqual(parseBlocks("  \n\n"), []);
  assert.deepEqual(parseBlocks("# a\n\nb").map(({ raw }) => raw.trim()), ["# a", "b"]);
});

test("an unfinished fence is code to the end, as a stream needs it", () => {
  assert.equal(html("text\n```js\nlet x"), '<p>text</p>\n<pre><code class="language-js">let x</code></pre>\n');
});

test("tables, lists and tasks", () => {
  assert.match(html("|a|b|\n|-|-:|\n|1|2|"), /<th>a<\/th>\s*<th align="right">b<\/th>/);
  assert.match(html("3. a\n4. b"), /<ol start="3">/);
  assert.match(html("- [x] done"), /☑ done/);
});

test("HTML is text", () => {
  assert.equal(html("<b>x</b>"), "<p>&#60;b&#62;x&#60;/b&#62;</p>\n");
  assert.equal(html("a <i onclick=x>b</i>"), "<p>a &#60;i onclick=x&#62;b&#60;/i&#62;</p>\n");
  assert.equal(html("```a\"b\n<i>\n```"), '<pre><code class="language-a">&#60;i&#62;</code></pre>\n');
});

test("only links of the web and of mail are links, and pictures are links, too", () => {
  assert.equal(html("[x](https://a.example/?q='\"<)"), '<p><a href="https://a.example/?q=&#39;&#34;&#60;">x</a></p>\n');
  assert.match(html("[x](mailto:a@b.example)"), /href="mailto:a@b\.example"/);
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.example", "JaVaScRiPt:x"]) {
    assert.equal(html(`[x](${bad})`), "<p>x</p>\n", bad);
  }
  assert.equal(html("![alt](https://a.example/b.png)"), '<p><a href="https://a.example/b.png">[image: alt]</a></p>\n');
  assert.equal(html("[x][1]\n\n[1]: https://a.example/"), '<p><a href="https://a.example/">x</a></p>\n');
});

test("math in its four spellings, and money that is none", () => {
  assert.equal(html("so $x<1$ holds"), '<p>so <span class="math">x&#60;1</span> holds</p>\n');
  assert.equal(html("so \\(x\\) holds"), '<p>so <span class="math">x</span> holds</p>\n');
  assert.equal(html("$$\nx\n$$"), '<div class="math">x</div>\n');
  assert.equal(html("Then\n\\[\nx_1\n\\]\nend"), '<p>Then</p>\n<div class="math">x_1</div>\n<p>end</p>\n');
  assert.equal(html("in $$x$$ here"), '<p>in <span class="math display">x</span> here</p>\n');
  for (const money of ["$5 and $6", "$5-$6", "costs $ 5 $", "`$x$`", "US$5, US$6"]) {
    assert.doesNotMatch(html(money), /class="math/, money);
  }
});

test("any text gives blocks that hold all of it", () => {
  const parts = ["# ", "- ", "1. ", "> ", "```", "$", "$$", "\\(", "|a|\n|-|\n", "*", "_", "[x](", ")", "<b>", "\n", "\n\n", "word ", "  "];
  let seed = 7;
  const next = () => (seed = (seed * 48271) % 2147483647);
  for (let i = 0; i < 500; i++) {
    let text = "";
    while (next() % 12 !== 0) {
      text += parts[next() % parts.length];
    }
    for (const block of parseBlocks(text)) {
      assert.doesNotMatch(block.html(), /<b>|<script/);
    }
  }
});
