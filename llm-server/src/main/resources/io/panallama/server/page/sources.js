/** Shows what an answer cites: the numbers in its markers lead to a list of the sources below it. */

import { byFile, splitMarkers } from "./citations.js";
import { element, icon } from "./dom.js";
import { t } from "./i18n.js";

/** Text in these stays as it is. */
const LEAVE = "a, button, pre, code, .math";

/** Makes buttons of the numbers in the markers of an answer that is shown. Those that are buttons already are left alone. */
export function linkMarkers(body, sources, onChoose) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest(LEAVE)) {
      texts.push(walker.currentNode);
    }
  }
  for (const node of texts) {
    const parts = splitMarkers(node.data, sources);
    if (parts.some((part) => part.source)) {
      node.replaceWith(...parts.map((part) => (part.source ? marker(part, onChoose) : part)));
    }
  }
}

function marker({ source, text }, onChoose) {
  const button = element("button", { type: "button", className: "marker", title: source.name, dir: "ltr" }, text);
  button.setAttribute("aria-label", t("sourceMarker", { number: source.number, name: source.name }));
  button.addEventListener("click", () => onChoose(source));
  return button;
}

/** The list of sources, one for each file; `onOpen` is given the { fileId, name } of the one that the reader wants to see. */
export function sourceList(sources, onOpen) {
  const rows = byFile(sources).map((file) => {
    const numbers = file.numbers.map((number) => `[${number}]`).join(" ");
    const title = t("openDocument", { name: file.name });
    const open = element(
      "button",
      { type: "button", className: "source", title },
      numbers !== "" && element("span", { dir: "ltr" }, numbers),
      icon("file"),
      element("bdi", {}, file.name),
    );
    open.addEventListener("click", () => onOpen(file));
    const row = element("li", {}, open);
    row.dataset.numbers = file.numbers.join(" ");
    return row;
  });
  return element("div", { className: "sources" }, element("h3", {}, t("sources")), element("ul", {}, ...rows));
}

/** Leads to a source in its list. */
export function showSource(below, { number }) {
  below.querySelector(`[data-numbers~="${number}"] .source`)?.focus();
}
