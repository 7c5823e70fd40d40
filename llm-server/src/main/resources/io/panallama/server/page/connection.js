/** The connection to the server: the models that it serves, the one that is chosen, and the key that it asks for. */

import { fetchModels, UNAUTHORIZED } from "./api.js";
import { element } from "./dom.js";
import { t } from "./i18n.js";
import { load, save } from "./kept.js";
import { keepKey, key } from "./key.js";

const RECONNECT_MS = 1000;

const byId = (id) => document.getElementById(id);

export class Connection {
  #models = null;
  #chooser = byId("model");
  #onChange;

  /** `onChange` is called when the server came or went, and when another model is chosen. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#chooser.addEventListener("change", () => {
      save("model", this.#chooser.value);
      this.#show();
    });
    byId("key-form").addEventListener("submit", (event) => {
      event.preventDefault();
      keepKey(byId("key").value.trim());
      byId("key-form").hidden = true;
      this.connect();
    });
  }

  /** Whether there is a model to ask. */
  get isReady() {
    return this.#models !== null;
  }

  /** The model that is chosen. */
  get model() {
    return this.#models?.find(({ id }) => id === this.#chooser.value) ?? this.#models?.[0];
  }

  /** The context of that model in tokens; 0 if it is not known. */
  get contextSize() {
    return this.model?.meta?.n_ctx ?? 0;
  }

  /** Asks for the models until there is one, or until the server wants a key. */
  async connect() {
    let state = "loadingModel";
    try {
      this.#models = await fetchModels();
    } catch (failure) {
      this.#models = null;
      state = failure.status === UNAUTHORIZED ? "locked" : "notConnected";
    }
    if (state === "locked") {
      this.#askForKey();
    }
    if (this.#models === null) {
      this.#chooser.replaceChildren(element("option", { value: "" }, t(state)));
      if (state !== "locked") {
        setTimeout(() => this.connect(), RECONNECT_MS);
      }
    } else {
      this.#chooser.replaceChildren(...this.#models.map(({ id }) => element("option", { value: id }, id)));
      const wanted = load("model", "");
      this.#chooser.value = this.#models.some(({ id }) => id === wanted) ? wanted : this.#models[0].id;
    }
    this.#chooser.disabled = this.#models === null;
    this.#show();
  }

  /** The server went away or refused the key: says so in the head of the page, and waits for it. */
  reconnect() {
    if (this.#models !== null) {
      this.#models = null;
      this.connect();
    }
  }

  #show() {
    const { id, meta } = this.model ?? {};
    this.#chooser.title = meta ? t("modelInfo", { description: meta.description || id, context: meta.n_ctx ?? 0 }) : "";
    byId("demo").hidden = !meta?.demo;
    this.#onChange();
  }

  /** Shows the field for the server's key; what is entered there is tried at once. */
  #askForKey() {
    byId("key-words").textContent = t(key() === "" ? "keyNeeded" : "keyWrong");
    byId("key-form").hidden = false;
    byId("key").value = "";
    byId("key").focus();
  }
}
