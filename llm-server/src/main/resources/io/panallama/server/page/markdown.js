/**
 * Reads the part of Markdown that chat models write into a tree of plain objects; render.js makes elements of it.
 *
 * Pure, total and forgiving: any text gives a tree, an unfinished construct (a stream is always unfinished) is shown as
 * what it will most likely become, and no HTML is ever interpreted.
 *
 * Blocks:  { type: "paragraph" | "quote", inlines }, { type: "heading", level, inlines },
 *          { type: "code", language, text }, { type: "list", ordered, start, items: [inlines] }
 * Inlines: { type: "text" | "code", text }, { type: "strong" | "emphasis", inlines }
 */

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const BULLET = /^\s{0,6}[-*+]\s+(.*)$/;
const NUMBER = /^\s{0,6}(\d{1,9})[.)]\s+(.*)$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;

export function parseBlocks(text) {
  const lines = text.split(/\r\n|\n|\r/);
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at++;
      continue;
    }
    const [block, next] = readBlock(lines, at);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function readBlock(lines, at) {
  const line = lines[at];
  const heading = HEADING.exec(line);
  if (heading) {
    return [{ type: "heading", level: heading[1].length, inlines: parseInlines(heading[2]) }, at + 1];
  }
  if (FENCE.test(line)) {
    return readCode(lines, at);
  }
  if (BULLET.test(line) || NUMBER.test(line)) {
    return readList(lines, at);
  }
  if (QUOTE.test(line)) {
    return readWhile(lines, at, "quote", (next) => QUOTE.exec(next)?.[1]);
  }
  return readWhile(lines, at, "paragraph", (next, first) => (first || !startsBlock(next) ? next : undefined));
}

function startsBlock(line) {
  return line.trim() === "" || [FENCE, HEADING, BULLET, NUMBER, QUOTE].some((start) => start.test(line));
}

/** Joins lines for as long as `content` gives one. */
function readWhile(lines, from, type, content) {
  const texts = [];
  let at = from;
  for (; at < lines.length; at++) {
    const text = content(lines[at], at === from);
    if (text === undefined) {
      break;
    }
    texts.push(text);
  }
  return [{ type, inlines: parseInlines(texts.join("\n").trim()) }, at];
}

function readCode(lines, from) {
  const [, fence, language] = FENCE.exec(lines[from]);
  const texts = [];
  let at = from + 1;
  for (; at < lines.length; at++) {
    const closing = lines[at].trim();
    if (closing.length >= fence.length && closing === fence[0].repeat(closing.length)) {
      return [{ type: "code", language, text: texts.join("\n") }, at + 1];
    }
    texts.push(lines[at]);
  }
  return [{ type: "code", language, text: texts.join("\n") }, at];
}

function readList(lines, from) {
  const first = NUMBER.exec(lines[from]);
  const ordered = first !== null && !BULLET.test(lines[from]);
  const marker = ordered ? NUMBER : BULLET;
  const items = [];
  let at = from;
  for (; at < lines.length; at++) {
    const item = marker.exec(lines[at]);
    if (item) {
      items.push(item[item.length - 1]);
    } else if (/^\s+\S/.test(lines[at]) && !startsBlock(lines[at])) {
      items[items.length - 1] += "\n" + lines[at].trim();
    } else if (lines[at].trim() !== "" || !marker.test(lines[at + 1] ?? "")) {
      break;
    }
  }
  const start = ordered ? Number(first[1]) : 1;
  return [{ type: "list", ordered, start, items: items.map(parseInlines) }, at];
}

/** Code first, then strong, then emphasis; what is inside code is never markup. */
const INLINE =
  /(`+)(?<code>[\s\S]*?[^`])\1(?!`)|\*\*(?=\S)(?<strong>[\s\S]*?\S)\*\*(?!\*)|(?<![\w*])\*(?=[^\s*])(?<star>[^*]*?[^\s*])\*(?![\w*])|(?<!\w)_(?=[^\s_])(?<line>[^_]*?[^\s_])_(?!\w)/g;

export function parseInlines(text) {
  const inlines = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    pushText(inlines, text.slice(from, match.index));
    from = match.index + match[0].length;
    const { code, strong, star, line } = match.groups;
    if (code !== undefined) {
      inlines.push({ type: "code", text: code });
    } else if (strong !== undefined) {
      inlines.push({ type: "strong", inlines: parseInlines(strong) });
    } else {
      inlines.push({ type: "emphasis", inlines: parseInlines(star ?? line) });
    }
  }
  pushText(inlines, text.slice(from));
  return inlines;
}

function pushText(inlines, text) {
  if (text !== "") {
    inlines.push({ type: "text", text });
  }
}
