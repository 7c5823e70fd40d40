/** The page's languages. A text that a language lacks is shown in English. */

import ar from "./locales/ar.js";
import de from "./locales/de.js";
import en from "./locales/en.js";
import es from "./locales/es.js";

const LOCALES = { en, de, es, ar };
const KEY = "panallama.language";

/** The languages by code, each under its own name. */
export const LANGUAGES = Object.fromEntries(Object.entries(LOCALES).map(([code, texts]) => [code, texts.language]));

let code = "en";

/** Chooses the language: the reader's choice, or else the first of the browser's that there is. */
export function chooseLanguage(chosen, wanted = globalThis.navigator?.languages ?? []) {
  const found = [chosen, ...wanted].map((tag) => tag?.toLowerCase().split("-")[0]).find((tag) => tag in LOCALES);
  code = found ?? "en";
}

export function language() {
  return code;
}

/** The direction of the language's script. */
export function direction() {
  return LOCALES[code].direction ?? "ltr";
}

/**
 * A text of the page in the chosen language. `{name}` is replaced by the value of that name; of a text with plural forms
 * the one for `count` is taken.
 */
export function t(key, values = {}) {
  let text = LOCALES[code][key] ?? en[key];
  if (text === undefined) {
    throw new Error(`There is no text ${key}.`);
  }
  if (typeof text === "object") {
    text = text[new Intl.PluralRules(code).select(values.count)] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

export function number(value, digits = 0) {
  return value.toLocaleString(code, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Fills the elements of the page that name their text, title, label or placeholder. */
export function translate(root = document) {
  document.documentElement.lang = code;
  document.documentElement.dir = direction();
  for (const node of root.querySelectorAll("[data-t]")) {
    node.textContent = t(node.dataset.t);
  }
  for (const [name, attribute] of [["tTitle", "title"], ["tLabel", "aria-label"], ["tPlaceholder", "placeholder"]]) {
    const selector = `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    for (const node of root.querySelectorAll(`[${selector}]`)) {
      node.setAttribute(attribute, t(node.dataset[name]));
    }
  }
}

export function savedLanguage() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function saveLanguage(chosen) {
  try {
    if (chosen) {
      localStorage.setItem(KEY, chosen);
    } else {
      localStorage.removeItem(KEY);
    }
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}
