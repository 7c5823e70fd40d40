/** Makes elements of Markdown. Whatever a model writes goes through a sanitiser, and the page's policy lets nothing of it run. */

import { copyButton, element } from "./dom.js";
import { t } from "./i18n.js";
import { parseBlocks } from "./markdown.js";
import DOMPurify from "./vendor/dompurify.js";

const TAGS =
  "a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr li ol p pre span strong table tbody td th thead tr ul".split(" ");
const ALLOWED = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ["href", "title", "class", "start", "align"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ADD_URI_SAFE_ATTR: ["start", "align"],
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  RETURN_DOM_FRAGMENT: true,
};

/** The direction of each of these follows its own text. */
const TEXTS = "p, li, h1, h2, h3, h4, h5, h6, blockquote, td, th";

/**
 * Shows Markdown in `target`. Blocks that did not change since the last call keep their elements, so a growing text
 * costs its last block and a selection in the others survives. Code is coloured and math set when `finished`, or when its
 * block is not the last one any more.
 */
export function showMarkdown(target, text, finished = true) {
  const blocks = parseBlocks(text);
  const shown = target.children;
  blocks.forEach((block, i) => {
    const growing = !finished && i === blocks.length - 1;
    const old = shown[i];
    if (old?.blockKey === block.raw && old.growing === growing) {
      return;
    }
    const node = renderBlock(block, growing);
    node.blockKey = block.raw;
    node.growing = growing;
    if (old) {
      old.replaceWith(node);
    } else {
      target.append(node);
    }
  });
  while (shown.length > blocks.length) {
    target.lastElementChild.remove();
  }
}

function renderBlock(block, growing) {
  const fragment = DOMPurify.sanitize(block.html(), ALLOWED);
  for (const node of fragment.querySelectorAll(TEXTS)) {
    node.dir = "auto";
  }
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const level = Math.min(Number(heading.localName[1]) + 2, 6); // The page has the first two.
    const lower = element(`h${level}`, { dir: "auto" }, ...heading.childNodes);
    heading.replaceWith(lower);
  }
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const table of fragment.querySelectorAll("table")) {
    const scroller = element("div", { className: "table", tabIndex: 0 });
    table.replaceWith(scroller);
    scroller.append(table);
  }
  for (const pre of fragment.querySelectorAll("pre")) {
    pre.replaceWith(codeBlock(pre.querySelector("code"), growing));
  }
  for (const node of fragment.querySelectorAll(".math")) {
    if (growing) {
      node.classList.add("source");
    } else {
      setMath(node);
    }
  }
  const parts = [...fragment.children];
  return parts.length === 1 ? parts[0] : element("div", {}, ...fragment.childNodes);
}

function codeBlock(code, growing) {
  const language = /language-(\S+)/.exec(code.className)?.[1] ?? "";
  const text = code.textContent;
  const shown = element("code", {}, text);
  if (!growing && language !== "") {
    colour(shown, text, language);
  }
  return element(
    "div",
    { className: "code" },
    element("header", {}, element("span", {}, language || t("text")), copyButton(() => text)),
    element("pre", { tabIndex: 0, dir: "ltr" }, shown),
  );
}

/** The libraries for code and math are loaded when the first block needs them. */
let highlighting;
let typesetting;

async function colour(target, text, language) {
  try {
    highlighting ??= import("./vendor/highlight.js");
    const highlight = (await highlighting).default;
    if (highlight.getLanguage(language)) {
      const { value } = highlight.highlight(text, { language, ignoreIllegals: true });
      target.replaceChildren(DOMPurify.sanitize(value, { ...ALLOWED, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] }));
    }
  } catch {
    highlighting = undefined; // Not reachable now: the text stays as it is.
  }
}

async function setMath(target) {
  const tex = target.textContent;
  try {
    typesetting ??= import("./vendor/katex.js");
    const katex = (await typesetting).default;
    const displayMode = target.localName === "div" || target.classList.contains("display");
    katex.render(tex, target, { displayMode, throwOnError: true, trust: false, maxExpand: 200, maxSize: 20, strict: "ignore" });
  } catch {
    typesetting = (await typesetting?.catch(() => undefined)) && typesetting;
    target.textContent = tex; // No TeX, or the library can't be loaded: the source says what is meant.
    target.classList.add("source");
  }
}
