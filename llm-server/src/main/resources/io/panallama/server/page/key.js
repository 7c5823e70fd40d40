/** The server's API key, if it asks for one. It is kept in this browser only. */

import { element, textButton } from "./dom.js";
import { t } from "./i18n.js";

const KEY = "panallama.key";

let key = saved();
let asking = null;
let declined = false;

/** The headers that bring the key. */
export function authorization() {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * Asks for the key, once for all requests that wait for it. Gives whether there is another one now. Who has closed the question is asked
 * again only if `insist` is set.
 */
export function askForKey(insist) {
  if (declined && !insist) {
    return Promise.resolve(false);
  }
  asking ??= ask().then((given) => {
    asking = null;
    declined = given === "";
    if (given) {
      keep(given);
    }
    return given !== "";
  });
  return asking;
}

/** The key that was typed; empty if the dialog was closed. */
function ask() {
  return new Promise((resolve) => {
    const input = element("input", { type: "password", autocomplete: "off", required: true });
    const dialog = element(
      "dialog",
      { id: "key", "aria-labelledby": "key-title" },
      element(
        "form",
        { method: "dialog" },
        element("h2", { id: "key-title", textContent: t("apiKeyTitle") }),
        element("p", { textContent: t(key ? "apiKeyWrong" : "apiKeyText") }),
        element("label", {}, t("apiKey"), input),
        element(
          "menu",
          {},
          textButton(t("cancel"), () => dialog.close()),
          element("button", { className: "primary", value: "ok", textContent: t("useApiKey") }),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "ok" ? input.value.trim() : "");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

function saved() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function keep(given) {
  key = given;
  try {
    localStorage.setItem(KEY, given);
  } catch {
    // Storage is blocked: the key lasts as long as the page.
  }
}
