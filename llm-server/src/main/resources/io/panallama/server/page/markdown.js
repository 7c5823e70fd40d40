/**
 * Reads Markdown (GitHub's kind) and math with marked. Pure: the HTML that comes out holds no HTML of the text, but it must
 * be sanitised all the same; render.js does that.
 *
 * Code becomes <pre><code class="language-x">, math <span class="math"> or <div class="math"> with its TeX as text, images
 * become links, because the page loads nothing from elsewhere.
 */

import { t } from "./i18n.js";
import { Marked } from "./vendor/marked.js";

const INLINE_MATH = /^(?:\$\$(?=\S)([^$]+?)\$\$|\$(?=[^\s$])((?:[^$\\\n]|\\.)*?[^\s$\\])\$(?![\d$])|\\\(([\s\S]+?)\\\))/;
const BLOCK_MATH = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;

const math = [
  {
    name: "blockMath",
    level: "block",
    start: (text) => text.match(/(?:^|\n) {0,3}(?:\$\$|\\\[)/)?.index,
    tokenizer(text) {
      const match = BLOCK_MATH.exec(text);
      return match ? { type: "blockMath", raw: match[0], text: (match[1] ?? match[2]).trim() } : undefined;
    },
    renderer: ({ text }) => `<div class="math">${escape(text)}</div>\n`,
  },
  {
    name: "inlineMath",
    level: "inline",
    start: (text) => text.match(/\$|\\\(/)?.index,
    tokenizer(text) {
      const match = INLINE_MATH.exec(text);
      return match
        ? { type: "inlineMath", raw: match[0], text: (match[1] ?? match[2] ?? match[3]).trim(), display: match[1] !== undefined }
        : undefined;
    },
    renderer: ({ text, display }) => `<span class="math${display ? " display" : ""}">${escape(text)}</span>`,
  },
];

const marked = new Marked({
  gfm: true,
  breaks: true, // Models break the lines of a poem as people do, without the two spaces.
  extensions: math,
  renderer: {
    html: ({ text, block }) => (block ? `<p>${escape(text.trim())}</p>\n` : escape(text)),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    code: ({ text, lang }) => `<pre><code${language(lang)}>${escape(text)}</code></pre>\n`,
    link({ href, title, tokens }) {
      return link(href, title, this.parser.parseInline(tokens));
    },
    image: ({ href, title, text }) => link(href, title, `[${escape(t("image"))}: ${escape(text || href)}]`),
  },
});

/** The blocks of a text, each { raw, html() }; `raw` tells whether one has changed since. */
export function parseBlocks(text) {
  const tokens = marked.lexer(text);
  return tokens
    .filter((token) => token.type !== "space" && token.type !== "def")
    .map((token) => ({ raw: token.raw, html: () => marked.parser(Object.assign([token], { links: tokens.links })) }));
}

function link(href, title, content) {
  if (!/^(https?:\/\/|mailto:)/i.test(href)) {
    return content;
  }
  return `<a href="${escape(href)}"${title ? ` title="${escape(title)}"` : ""}>${content}</a>`;
}

function language(lang) {
  const name = /^[\w+#.-]+/.exec(lang ?? "")?.[0];
  return name ? ` class="language-${escape(name)}"` : "";
}

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
