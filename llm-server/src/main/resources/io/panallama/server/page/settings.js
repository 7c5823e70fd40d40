/** The settings dialog with its presets; what it holds is kept in this browser. */

import { element } from "./dom.js";
import { GROUPS, requestFields, textOf, valueOf } from "./fields.js";
import { LANGUAGES, saveLanguage, savedLanguage, t } from "./i18n.js";
import { load, save } from "./kept.js";
import { applyTheme } from "./theme.js";

const byId = (id) => document.getElementById(id);

export class Settings {
  #values = load("settings", {});
  #presets = load("presets", {});
  #preset = load("preset", "");
  #inputs = new Map();
  #dialog = byId("settings");
  #system = byId("system");

  /** `onLanguage` is called when the reader chose another language. */
  constructor(onLanguage) {
    this.#build();
    this.#show();
    this.#system.addEventListener("input", () => this.#set("system", this.#system.value || undefined));
    byId("open-settings").addEventListener("click", () => this.open());
    byId("reset-settings").addEventListener("click", () => this.#use("", {}));
    byId("preset").addEventListener("change", (event) => {
      const name = event.target.value;
      this.#use(name, name === "" ? this.#values : this.#presets[name]);
    });
    byId("save-preset").addEventListener("click", () => this.#savePreset());
    byId("delete-preset").addEventListener("click", () => this.#deletePreset());
    byId("theme").addEventListener("change", (event) => {
      save("theme", event.target.value);
      applyTheme();
    });
    byId("language").addEventListener("change", (event) => {
      saveLanguage(event.target.value);
      onLanguage();
    });
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) {
        this.#dialog.close();
      }
    });
    byId("settings-form").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.localName === "input") {
        event.preventDefault(); // A form would press its first button.
      }
    });
  }

  get system() {
    return this.#values.system ?? "";
  }

  /** The fields of a request. */
  get fields() {
    return requestFields(this.#values);
  }

  open() {
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
  }

  /** Makes the inputs of all fields, in the current language. */
  #build() {
    const groups = GROUPS.map(({ name, fields }) =>
      element(
        "details",
        { className: "group", open: name === "sampling" },
        element("summary", { textContent: t(name) }),
        element("div", { className: "fields" }, ...fields.map((field) => this.#field(field))),
      ),
    );
    byId("fields").replaceChildren(...groups);
    byId("language").replaceChildren(
      element("option", { value: "", textContent: t("automatic") }),
      ...Object.entries(LANGUAGES).map(([code, name]) => element("option", { value: code, textContent: name, lang: code })),
    );
    byId("language").value = savedLanguage();
    byId("theme").value = load("theme", "");
  }

  #field(field) {
    const id = `field-${field.name}`;
    const input = this.#input(field, id);
    const fault = element("p", { className: "fault", id: `${id}-fault`, hidden: true, role: "alert" });
    input.setAttribute("aria-describedby", fault.id);
    input.addEventListener("input", () => {
      const text = field.kind === "number" && input.validity.badInput ? "?" : input.value;
      const value = valueOf(field, text);
      const wrong = text.trim() !== "" && value === undefined;
      fault.hidden = !wrong;
      fault.textContent = wrong ? (field.kind === "json" ? t("notAnObject") : `${field.min} … ${field.max}`) : "";
      input.setAttribute("aria-invalid", String(wrong));
      this.#set(field.name, value);
    });
    this.#inputs.set(field, input);
    const label = element("label", { htmlFor: id, textContent: t(field.label ?? field.name) });
    const wide = field.kind === "json" || field.kind === "lines";
    return element("div", { className: wide ? "field wide" : "field" }, label, input, fault);
  }

  #input(field, id) {
    switch (field.kind) {
      case "number":
        return element("input", {
          id,
          type: "number",
          min: field.min,
          max: field.max,
          step: field.step === 1 ? 1 : "any",
          inputMode: "decimal",
          placeholder: t("default"),
        });
      case "choice":
        return element(
          "select",
          { id },
          element("option", { value: "", textContent: t("default") }),
          ...field.options.map(([value, text]) => element("option", { value, textContent: t(text) })),
        );
      default:
        return element("textarea", { id, rows: 3, spellcheck: false, dir: "ltr", className: field.kind });
    }
  }

  #set(name, value) {
    this.#values = { ...this.#values, [name]: value };
    this.#markPreset();
    save("settings", this.#values);
    this.#showSchema();
  }

  /** Takes a preset's values over. */
  #use(name, values) {
    this.#values = { ...values };
    this.#preset = name;
    save("settings", this.#values);
    save("preset", name);
    this.#show();
  }

  /** A preset that has been changed is not chosen any more. */
  #markPreset() {
    const same = (a, b) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
    const known = JSON.parse(JSON.stringify(this.#values));
    this.#preset = Object.keys(this.#presets).find((name) => same(this.#presets[name], known)) ?? "";
    save("preset", this.#preset);
    this.#showPresets();
  }

  #savePreset() {
    const input = byId("preset-name");
    const name = input.value.trim() || this.#preset;
    if (name === "") {
      input.focus();
      return;
    }
    this.#presets = { ...this.#presets, [name]: JSON.parse(JSON.stringify(this.#values)) };
    this.#preset = name;
    input.value = "";
    save("presets", this.#presets);
    save("preset", name);
    this.#showPresets();
  }

  #deletePreset() {
    const { [this.#preset]: gone, ...others } = this.#presets;
    this.#presets = others;
    this.#preset = "";
    save("presets", others);
    save("preset", "");
    this.#showPresets();
  }

  #show() {
    this.#system.value = this.system;
    for (const [field, input] of this.#inputs) {
      input.value = textOf(field, this.#values[field.name]);
      input.setAttribute("aria-invalid", "false");
      input.nextElementSibling.hidden = true;
    }
    this.#showPresets();
    this.#showSchema();
  }

  #showPresets() {
    byId("preset").replaceChildren(
      element("option", { value: "", textContent: t("noPreset") }),
      ...Object.keys(this.#presets)
        .sort((a, b) => a.localeCompare(b))
        .map((name) => element("option", { value: name, textContent: name })),
    );
    byId("preset").value = this.#preset;
    byId("delete-preset").disabled = this.#preset === "";
  }

  /** The schema is asked for where it is used. */
  #showSchema() {
    byId("field-schema").parentElement.hidden = this.#values.response_format !== "json_schema";
  }
}
