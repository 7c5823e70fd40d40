/** Text files that the reader attaches to a message: chosen, dropped or pasted. */

import { element, icon, iconButton, notify } from "./dom.js";
import { number, t } from "./i18n.js";

const LARGEST = 1_000_000;

export class Attachments {
  #files = [];
  #list = document.getElementById("files");
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
    const input = document.getElementById("file-input");
    document.getElementById("attach").addEventListener("click", () => input.click());
    input.addEventListener("change", async () => {
      await this.add(input.files);
      input.value = "";
    });
    document.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
      }
    });
    document.addEventListener("drop", (event) => {
      if (event.dataTransfer?.files.length > 0) {
        event.preventDefault();
        this.add(event.dataTransfer.files);
      }
    });
    document.getElementById("prompt").addEventListener("paste", (event) => {
      if (event.clipboardData.files.length > 0) {
        event.preventDefault();
        this.add(event.clipboardData.files);
      }
    });
  }

  get isEmpty() {
    return this.#files.length === 0;
  }

  async add(files) {
    for (const file of [...files]) {
      if (file.size > LARGEST) {
        notify(t("fileTooLarge", { name: file.name }));
        continue;
      }
      const text = await textOf(file);
      if (text === null) {
        notify(t("notText", { name: file.name }));
      } else {
        this.#files.push({ name: file.name, text });
      }
    }
    this.#show();
  }

  /** The files, which then are attached no longer. */
  take() {
    const files = this.#files;
    this.#files = [];
    this.#show();
    return files;
  }

  #show() {
    this.#list.replaceChildren(
      ...this.#files.map((file) => {
        const chip = fileChip(file);
        chip.append(
          iconButton("close", t("removeFile", { name: file.name }), () => {
            this.#files = this.#files.filter((other) => other !== file);
            this.#show();
          }),
        );
        return chip;
      }),
    );
    this.#list.hidden = this.isEmpty;
    this.#onChange();
  }
}

export function fileChip(file) {
  const size = element("span", { className: "note" }, sizeText(file.text.length));
  return element("li", { className: "file" }, icon("file"), element("bdi", {}, file.name), size);
}

/** How large a file is. */
export function sizeText(bytes) {
  const kilobytes = Math.max(0.1, bytes / 1000);
  return kilobytes < 1000 ? `${number(kilobytes, 1)} kB` : `${number(kilobytes / 1000, 1)} MB`;
}

/** The text of a file; null if it is none. */
async function textOf(file) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
