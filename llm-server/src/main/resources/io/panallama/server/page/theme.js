/** Light or dark: the reader's choice, or else what the system has. */

import { load } from "./kept.js";

export function applyTheme() {
  const theme = load("theme", "");
  if (theme) {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
}

/** Calls `show(dark)` now and whenever the system's theme changes. */
export function followTheme(show) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => show((load("theme", "") || (system.matches ? "dark" : "light")) === "dark");
  system.addEventListener("change", tell);
  tell();
}
