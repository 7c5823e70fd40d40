/** The settings panel; what it holds is kept in this browser. */

const KEY = "panallama.settings";
const DEFAULTS = { system: "", temperature: null, maxTokens: null };
const USUAL_TEMPERATURE = 0.8;

export class Settings {
  #values = { ...DEFAULTS };
  #dialog = document.getElementById("settings");
  #system = document.getElementById("system");
  #temperature = document.getElementById("temperature");
  #shownTemperature = document.getElementById("temperature-value");
  #maxTokens = document.getElementById("max-tokens");

  constructor() {
    this.#load();
    this.#show();
    document.getElementById("open-settings").addEventListener("click", () => this.#dialog.showModal());
    document.getElementById("reset-settings").addEventListener("click", () => this.#reset());
    this.#system.addEventListener("input", () => this.#set({ system: this.#system.value }));
    this.#temperature.addEventListener("input", () => this.#set({ temperature: this.#temperature.valueAsNumber }));
    this.#maxTokens.addEventListener("input", () => this.#set({ maxTokens: positive(this.#maxTokens.valueAsNumber) }));
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) {
        this.#dialog.close();
      }
    });
  }

  /** { system, temperature, maxTokens }; a null is left to the server. */
  get values() {
    return { ...this.#values };
  }

  #set(changed) {
    Object.assign(this.#values, changed);
    this.#showTemperature();
    this.#save();
  }

  #reset() {
    this.#values = { ...DEFAULTS };
    this.#show();
    this.#save();
  }

  #show() {
    this.#system.value = this.#values.system;
    this.#temperature.value = this.#values.temperature ?? USUAL_TEMPERATURE;
    this.#maxTokens.value = this.#values.maxTokens ?? "";
    this.#showTemperature();
  }

  #showTemperature() {
    const { temperature } = this.#values;
    this.#shownTemperature.textContent = temperature === null ? "the model's default" : temperature.toFixed(2);
  }

  #load() {
    try {
      this.#values = { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
    } catch {
      // Storage is blocked or holds something else: the defaults do.
    }
  }

  #save() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // Storage is blocked: the settings last as long as the page.
    }
  }
}

function positive(number) {
  return Number.isInteger(number) && number >= 1 ? number : null;
}
