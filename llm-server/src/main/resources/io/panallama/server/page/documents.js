/** The dialog with the documents that the server keeps, and the one that shows the text of one of them. */

import { ApiError, call, upload } from "./api.js";
import { announce, element, icon, iconButton } from "./dom.js";
import { errorDetails, errorText, IS_FOLDER, NO_LIBRARY } from "./errors.js";
import { sizeText } from "./files.js";
import { t } from "./i18n.js";
import { Library } from "./library.js";

/** The dialog for one text shows this much of it. */
const SHOWN = 300_000;

const byId = (id) => document.getElementById(id);

export class Documents {
  #library = new Library({ call, upload }, (changed) => this.#changed(changed));
  #dialog = byId("documents");
  #list = byId("document-list");
  #fault = byId("documents-fault");
  #asks = byId("ask-documents");
  #rows = new Map();
  #isChosen;
  #choose;
  #viewed = null;
  #loaded = false;

  /** `isChosen()` says whether the chat that is open is answered from documents, and `choose(on)` changes that. */
  constructor(isChosen, choose) {
    this.#isChosen = isChosen;
    this.#choose = choose;
    const input = byId("document-input");
    byId("open-documents").addEventListener("click", () => this.open());
    byId("add-documents").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#add([...input.files].map((file) => ({ file })));
      input.value = "";
    });
    this.#asks.addEventListener("change", () => choose(this.#asks.checked));
    this.#dialog.addEventListener("dragover", (event) => {
      this.#dialog.classList.toggle("dragging", event.dataTransfer.types.includes("Files"));
    });
    this.#dialog.addEventListener("dragleave", (event) => {
      if (!this.#dialog.contains(event.relatedTarget)) {
        this.#dialog.classList.remove("dragging");
      }
    });
    this.#dialog.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation(); // Elsewhere on the page it would attach the files to the message.
      this.#dialog.classList.remove("dragging");
      this.#add(dropped(event.dataTransfer));
    });
    for (const dialog of [this.#dialog, byId("document")]) {
      dialog.addEventListener("click", (event) => {
        if (event.target === dialog) {
          dialog.close();
        }
      });
    }
  }

  /** The id of the vector store that the documents are in. Throws an ApiError if the server has no place for them. */
  storeId() {
    return this.#library.storeId();
  }

  /** The server does not know that id any more. */
  forget() {
    this.#library.forget();
  }

  async open() {
    this.showChoice();
    this.#showList();
    this.#dialog.showModal();
    try {
      await this.#library.load();
      this.#loaded = true;
      this.#showList();
      this.#say(null);
    } catch (failure) {
      this.#say(failure);
    }
  }

  /** Shows whether the chat that is open is answered from documents. */
  showChoice() {
    const on = this.#isChosen();
    this.#asks.checked = on;
    byId("documents-on").hidden = !on;
    const button = byId("open-documents");
    button.title = t(on ? "documentsOn" : "documents");
    button.setAttribute("aria-label", button.title);
  }

  /** Shows the text of a source. */
  async view({ fileId, name }) {
    const viewed = (this.#viewed = {});
    const text = byId("document-text");
    const note = byId("document-note");
    byId("document-name").textContent = name;
    text.textContent = "";
    note.textContent = t("loadingText");
    byId("document").showModal();
    let found = { text: "", cut: false };
    let words = "";
    try {
      found = await this.#library.text(fileId, SHOWN);
      words = found.cut ? t("documentCut") : "";
    } catch (failure) {
      words = failure.status === 404 ? t("documentGone") : errorText(failure);
    }
    if (viewed === this.#viewed) {
      text.textContent = found.text;
      text.hidden = found.text === "";
      note.textContent = words;
    }
  }

  #add(files) {
    if (files.length > 0 && !byId("library").hidden) {
      this.#library.add(files);
      if (!this.#isChosen()) {
        this.#choose(true);
      }
    }
  }

  /** Shows what went wrong with the dialog's last action, or with `null` that nothing did. */
  #say(failure) {
    const missing = failure?.code === NO_LIBRARY;
    byId("no-library").hidden = !missing;
    byId("library").hidden = missing;
    byId("documents-note").hidden = missing;
    byId("ask").hidden = missing && !this.#isChosen();
    byId("no-library-words").textContent = missing ? failure.message : "";
    this.#fault.textContent = failure && !missing ? errorText(failure) : "";
  }

  #changed(changed) {
    this.#showList();
    if (changed) {
      const words = t(changed.state === "ready" ? "documentReady" : "documentFailed", { name: changed.name });
      if (this.#dialog.open) {
        byId("documents-status").textContent = words; // The page behind a dialog is silent.
      } else {
        announce(words);
      }
    }
  }

  #showList() {
    const { documents } = this.#library;
    const rows = documents.map((document) => {
      let row = this.#rows.get(document);
      if (!row) {
        row = new Row(document, {
          view: () => this.view({ fileId: document.id, name: document.name }),
          remove: () => this.#remove(document),
        });
        this.#rows.set(document, row);
      }
      row.update();
      return row.item;
    });
    for (const document of this.#rows.keys()) {
      if (!documents.includes(document)) {
        this.#rows.delete(document);
      }
    }
    rows.forEach((item, i) => {
      if (this.#list.children[i] !== item) {
        this.#list.insertBefore(item, this.#list.children[i] ?? null);
      }
    });
    while (this.#list.children.length > rows.length) {
      this.#list.lastElementChild.remove();
    }
    byId("no-documents").hidden = rows.length > 0 || !this.#loaded;
  }

  async #remove(document) {
    const item = this.#rows.get(document)?.item;
    const next = item?.nextElementSibling ?? item?.previousElementSibling;
    try {
      await this.#library.remove(document);
      this.#say(null);
    } catch (failure) {
      this.#say(failure);
      return;
    }
    if (!this.#dialog.contains(globalThis.document.activeElement)) {
      (next?.querySelector(".remove") ?? byId("add-documents")).focus();
    }
  }
}

/** A document in the list. It keeps its elements while its state changes, so that the focus stays where it is. */
class Row {
  item;
  #document;
  #open;
  #note = element("span", { className: "note" });
  #progress = element("progress", { max: 1 });
  #fault = element("span", { className: "fault" });
  #shown = "";

  constructor(document, { view, remove }) {
    this.#document = document;
    const { name } = document;
    const title = t("openDocument", { name });
    this.#open = element("button", { type: "button", className: "document-name", title }, element("bdi", {}, name));
    this.#open.addEventListener("click", view);
    this.#progress.setAttribute("aria-label", name);
    this.item = element(
      "li",
      {},
      icon("file"),
      element("span", { className: "document" }, this.#open, this.#note, this.#progress, this.#fault),
      iconButton("remove", t("removeFile", { name }), remove, "remove"),
    );
  }

  update() {
    const { state, progress, bytes, reason, error } = this.#document;
    this.#progress.value = progress;
    const words = t(state, { percent: Math.floor(progress * 100) });
    const server = error ? errorDetails(error) : reason;
    const shown = JSON.stringify([words, server]);
    if (shown === this.#shown) {
      return;
    }
    this.#shown = shown;
    this.#note.replaceChildren(element("bdi", {}, sizeText(bytes)), ` · ${words}`);
    this.#progress.hidden = state !== "uploading";
    this.#open.disabled = state !== "ready";
    const own = error && element("span", {}, `${errorText(error)} `);
    const theirs = server !== "" && element("span", { lang: "en", dir: "ltr" }, server);
    this.#fault.replaceChildren(...[own, theirs].filter(Boolean));
    this.#fault.hidden = state !== "failed";
  }
}

/** The files that were dropped; a folder comes as one that can't be read. */
function dropped({ items }) {
  return [...items]
    .filter(({ kind }) => kind === "file")
    .map((item) => {
      const isFolder = item.webkitGetAsEntry()?.isDirectory;
      return { file: item.getAsFile(), error: isFolder ? new ApiError("", { code: IS_FOLDER }) : null };
    })
    .filter(({ file }) => file !== null);
}
