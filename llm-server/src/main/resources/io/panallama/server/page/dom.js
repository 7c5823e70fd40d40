/** Small helpers that make elements. Text only ever becomes text nodes. */

import { t } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";

/** The shapes of the icons, each on a field of 20 by 20. */
const ICONS = {
  plus: "M10 4v12M4 10h12",
  edit: "M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2L4 16z",
  copy: "M7.5 7.5h8.5v8.5H7.5zM4.5 12.5H4V4h8.5v.5",
  again: "M15.5 8A6 6 0 1 0 16 11M16 4v4h-4",
  more: "M4 10h9M9.5 6l4 4-4 4M16.5 5v10",
  previous: "M12 5l-5 5 5 5",
  next: "M8 5l5 5-5 5",
  remove: "M5 6h10M8 6V4h4v2M6 6l.7 10h6.6L14 6",
  save: "M10 4v8M6.5 9L10 12.5 13.5 9M4 15.5h12",
  file: "M6 3.5h5l3.5 3.5v9.5H6zM11 3.5V7h3.5",
  close: "M5 5l10 10M15 5L5 15",
  tool: "M12.5 4.2a3.4 3.4 0 0 0-3.6 4.7L4 13.8 6.2 16l4.9-4.9a3.4 3.4 0 0 0 4.7-3.6l-2.1 2.1-2.4-.9-.9-2.4z",
  think: "M7 13.5a4.5 4.5 0 1 1 6 0v1.5H7zM8 17.5h4",
  done: "M4.5 10.5l3.5 3.5 7.5-8",
};

/** An element with properties and children; strings become text, nothing and false are left out. */
export function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") {
      node.setAttribute(key, value);
    } else {
      node[key] = value;
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon; its text is read aloud and shown as a tooltip. */
export function iconButton(name, label, action, className = "") {
  const button = element("button", { type: "button", className: `icon-button ${className}`.trim(), title: label }, icon(name));
  button.setAttribute("aria-label", label);
  button.addEventListener("click", action);
  return button;
}

export function textButton(label, action, className = "quiet") {
  const button = element("button", { type: "button", className, textContent: label });
  button.addEventListener("click", action);
  return button;
}

/** A button that copies what `text()` gives, and says so. */
export function copyButton(text) {
  const button = iconButton("copy", t("copy"), async () => {
    const copied = await copy(text());
    button.replaceChildren(icon(copied ? "done" : "close"));
    button.title = t(copied ? "copied" : "copyFailed");
    announce(button.title);
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.title = t("copy");
    }, 1500);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // No permission, or not a secure context, as on a plain address in the local network.
  }
}

function copyBySelection(text) {
  const area = element("textarea", { value: text, className: "hidden", readOnly: true });
  const focused = document.activeElement;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    focused?.focus?.();
  }
}

/** Has a screen reader say something. */
export function announce(text) {
  const status = document.getElementById("status");
  status.textContent = "";
  requestAnimationFrame(() => (status.textContent = text));
}

/** Shows a short notice, with a button if `action` is given. */
export function notify(text, label, action) {
  const box = document.getElementById("notices");
  const notice = element("div", { className: "notice" }, element("span", { textContent: text }));
  const end = () => notice.remove();
  if (action) {
    notice.append(
      textButton(label, () => {
        end();
        action();
      }),
    );
  }
  box.replaceChildren(notice);
  setTimeout(end, 8000);
}

/** Hands the reader a file that the page made. */
export function download(name, text, type = "application/json") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
