/** Makes elements of Markdown trees. Text only ever becomes text nodes, so nothing a model writes can run. */

import { parseBlocks } from "./markdown.js";

/** An element with properties and children; strings become text. */
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

/** A button that copies what `text()` gives, and says so. */
export function copyButton(text) {
  const button = element("button", { type: "button", className: "quiet", textContent: "Copy" });
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Copying failed";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // No permission, or not a secure context.
  }
}

/**
 * Shows Markdown in `target`. Blocks that did not change since the last call keep their elements, so a growing text
 * costs its last block and a selection in the others survives.
 */
export function showMarkdown(target, text) {
  const blocks = parseBlocks(text);
  const shown = target.children;
  blocks.forEach((block, i) => {
    const key = JSON.stringify(block);
    if (shown[i]?.blockKey === key) {
      return;
    }
    const node = renderBlock(block);
    node.blockKey = key;
    if (shown[i]) {
      shown[i].replaceWith(node);
    } else {
      target.append(node);
    }
  });
  while (shown.length > blocks.length) {
    target.lastElementChild.remove();
  }
}

function renderBlock(block) {
  switch (block.type) {
    case "heading":
      return element(`h${Math.min(block.level + 2, 5)}`, {}, ...renderInlines(block.inlines));
    case "quote":
      return element("blockquote", {}, ...renderInlines(block.inlines));
    case "list":
      return element(
        block.ordered ? "ol" : "ul",
        block.ordered ? { start: block.start } : {},
        ...block.items.map((item) => element("li", {}, ...renderInlines(item))),
      );
    case "code":
      return element(
        "div",
        { className: "code" },
        element("header", {}, element("span", {}, block.language || "text"), copyButton(() => block.text)),
        element("pre", { tabIndex: 0 }, element("code", {}, block.text)),
      );
    default:
      return element("p", {}, ...renderInlines(block.inlines));
  }
}

function renderInlines(inlines) {
  return inlines.map((inline) => {
    switch (inline.type) {
      case "code":
        return element("code", {}, inline.text);
      case "strong":
        return element("strong", {}, ...renderInlines(inline.inlines));
      case "emphasis":
        return element("em", {}, ...renderInlines(inline.inlines));
      default:
        return document.createTextNode(inline.text);
    }
  });
}
