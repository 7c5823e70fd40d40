/** The tool editor. Tools are kept in this browser; the reader types what a tool answers. */

import { element, iconButton, textButton } from "./dom.js";
import { objectOf } from "./fields.js";
import { t } from "./i18n.js";
import { load, save } from "./kept.js";

const NAME = /^[\w./:-]{1,128}$/;
const EXAMPLE = JSON.stringify(
  { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  null,
  2,
);

const byId = (id) => document.getElementById(id);

export class Tools {
  /** [{ name, description, parameters: text, on }] */
  #tools = load("tools", []);
  #choice = load("toolChoice", "auto");
  #dialog = byId("tools");
  #onChange;

  /** `onChange` is called with the number of tools that are offered whenever it may have changed. */
  constructor(onChange) {
    this.#onChange = onChange;
    byId("open-tools").addEventListener("click", () => this.open());
    byId("add-tool").addEventListener("click", () => this.#edit(null));
    byId("tool-choice").addEventListener("change", (event) => {
      this.#choice = event.target.value;
      save("toolChoice", this.#choice);
    });
    byId("tool-choice").value = this.#choice;
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) {
        this.#dialog.close();
      }
    });
    this.#show();
  }

  /** The tools that are offered, as the API takes them. */
  get offered() {
    return this.#tools
      .filter((tool) => tool.on)
      .map(({ name, description, parameters }) => ({
        type: "function",
        function: { name, ...(description && { description }), parameters: objectOf(parameters) ?? {} },
      }));
  }

  get choice() {
    return this.#choice;
  }

  open() {
    this.#show();
    this.#dialog.showModal();
  }

  #show() {
    const rows = this.#tools.map((tool) => this.#row(tool));
    byId("tool-list").replaceChildren(...(rows.length > 0 ? rows : [element("li", { className: "note" }, t("noTools"))]));
    byId("add-tool").hidden = false;
    this.#onChange(this.offered.length);
  }

  #row(tool) {
    const on = element("input", { type: "checkbox", checked: tool.on, "aria-label": t("toolOn", { name: tool.name }) });
    on.addEventListener("change", () => this.#replace(tool, { ...tool, on: on.checked }));
    return element(
      "li",
      {},
      on,
      element("span", { className: "tool-name" }, element("strong", {}, tool.name), element("span", { className: "note" }, tool.description)),
      iconButton("edit", `${t("edit")}: ${tool.name}`, () => this.#edit(tool)),
      iconButton("remove", `${t("delete")}: ${tool.name}`, () => this.#replace(tool)),
    );
  }

  /** Puts `next` in the place of `tool`, at the end if there was none, or takes it away. */
  #replace(tool, next) {
    const at = tool ? this.#tools.indexOf(tool) : this.#tools.length;
    this.#tools = this.#tools.toSpliced(at, tool ? 1 : 0, ...(next ? [next] : []));
    save("tools", this.#tools);
    this.#show();
  }

  #edit(tool) {
    const name = element("input", { id: "tool-name", value: tool?.name ?? "", autocomplete: "off", spellcheck: false, dir: "ltr" });
    const description = element("input", { id: "tool-description", value: tool?.description ?? "", autocomplete: "off" });
    const parameters = element("textarea", {
      id: "tool-parameters",
      className: "json",
      rows: 9,
      value: tool?.parameters ?? EXAMPLE,
      spellcheck: false,
      dir: "ltr",
    });
    const fault = element("p", { className: "fault", role: "alert" });
    const keep = () => {
      const taken = this.#tools.some((other) => other !== tool && other.name === name.value);
      if (!NAME.test(name.value) || taken) {
        fault.textContent = t("badToolName");
        name.focus();
      } else if (!objectOf(parameters.value)) {
        fault.textContent = t("notAnObject");
        parameters.focus();
      } else {
        const fields = { name: name.value, description: description.value.trim(), parameters: parameters.value };
        this.#replace(tool, { on: tool?.on ?? true, ...fields });
      }
    };
    const form = element(
      "li",
      { className: "tool-form" },
      element("label", { htmlFor: "tool-name", textContent: t("toolName") }),
      name,
      element("label", { htmlFor: "tool-description", textContent: t("toolDescription") }),
      description,
      element("label", { htmlFor: "tool-parameters", textContent: t("toolParameters") }),
      parameters,
      fault,
      element(
        "div",
        { className: "buttons" },
        textButton(t("cancel"), () => this.#show()),
        textButton(t("save"), keep, "primary"),
      ),
    );
    const rows = this.#tools.map((other) => (other === tool ? form : this.#row(other)));
    byId("tool-list").replaceChildren(...rows, ...(tool ? [] : [form]));
    byId("add-tool").hidden = true;
    name.focus();
  }
}
