/** The list of chats: search, rename, delete, export and import. */

import { download, element, icon, notify } from "./dom.js";
import { t } from "./i18n.js";
import { load, save } from "./kept.js";
import { exportChats, importChats } from "./transfer.js";

const byId = (id) => document.getElementById(id);
const NARROW = matchMedia("(max-width: 48rem)");

export class Sidebar {
  #store;
  #actions;
  #shown = null;
  #current = null;
  #list = byId("chats");
  #search = byId("search");

  /** `actions`: open(id), begin(), changed(chat), removed(ids). */
  constructor(store, actions) {
    this.#store = store;
    this.#actions = actions;
    this.#search.addEventListener("input", () => this.refresh());
    this.#search.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#search.value !== "") {
        event.stopPropagation();
        this.#search.value = "";
        this.refresh();
      }
    });
    byId("toggle-sidebar").addEventListener("click", () => this.toggle());
    byId("close-sidebar").addEventListener("click", () => this.toggle(false));
    byId("export-all").addEventListener("click", async () => {
      download("panallama-chats.json", exportChats(await this.#store.all()));
    });
    byId("import").addEventListener("click", () => byId("import-input").click());
    byId("import-input").addEventListener("change", () => this.#import());
    NARROW.addEventListener("change", () => this.toggle(!NARROW.matches && load("sidebar", true), false));
    this.toggle(!NARROW.matches && load("sidebar", true), false);
  }

  /** Shows or hides the list; on a narrow page it lies over the conversation. */
  toggle(open = document.body.dataset.sidebar !== "open", remember = true) {
    document.body.dataset.sidebar = open ? "open" : "closed";
    const button = byId("toggle-sidebar");
    button.setAttribute("aria-expanded", String(open));
    button.title = t(open ? "hideChats" : "showChats");
    button.setAttribute("aria-label", button.title);
    byId("sidebar").inert = !open;
    byId("main").inert = open && NARROW.matches;
    if (remember && !NARROW.matches) {
      save("sidebar", open);
    }
  }

  /** On a narrow page the list makes room for what was chosen. */
  giveWay() {
    if (NARROW.matches) {
      this.toggle(false);
    }
  }

  focusSearch() {
    this.toggle(true);
    this.#search.focus();
    this.#search.select();
  }

  /** Marks the chat that is open. */
  mark(id) {
    this.#current = id;
    for (const item of this.#list.children) {
      item.querySelector(".open-chat")?.setAttribute("aria-current", String(item.dataset.id === id));
    }
  }

  /** Reads the list again. */
  async refresh() {
    const words = this.#search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const asked = (this.#shown = {});
    const [heads, found] = await Promise.all([this.#store.list(), words.length > 0 ? this.#store.search(words) : null]);
    if (asked !== this.#shown) {
      return; // Asked again meanwhile.
    }
    const rows = heads.filter((head) => found === null || found.has(head.id));
    const focused = document.activeElement?.closest?.("#chats li")?.dataset.id;
    if (this.#list.querySelector("input")) {
      return; // A name is being typed.
    }
    this.#list.replaceChildren(...rows.map((head) => this.#row(head)));
    if (focused) {
      this.#list.querySelector(`li[data-id="${focused}"] .open-chat`)?.focus();
    }
    const note = byId("chats-note");
    note.hidden = rows.length > 0;
    note.textContent = t(words.length > 0 ? "nothingFound" : "noChats");
    byId("export-all").disabled = heads.length === 0;
  }

  #row(head) {
    const title = head.title || t("untitled");
    const open = element("a", { className: "open-chat", href: `#/chat/${head.id}`, title }, element("bdi", {}, title));
    open.setAttribute("aria-current", String(head.id === this.#current));
    open.addEventListener("click", () => this.giveWay());
    const menu = element(
      "details",
      { className: "menu" },
      element("summary", { "aria-label": t("menuOf", { title }), title: t("menuOf", { title }) }, dots()),
      element(
        "div",
        { className: "menu-items" },
        menuItem("edit", t("rename"), () => this.#rename(head, row)),
        menuItem("save", t("export"), () => this.#export(head)),
        menuItem("remove", t("delete"), () => this.#delete(head)),
      ),
    );
    menu.addEventListener("toggle", () => {
      if (menu.open) {
        this.#list.querySelectorAll("details[open]").forEach((other) => (other.open = other === menu));
      }
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.open) {
        event.stopPropagation();
        menu.open = false;
        menu.firstElementChild.focus();
      }
    });
    menu.addEventListener("focusout", (event) => {
      if (!menu.contains(event.relatedTarget) && event.relatedTarget !== null) {
        menu.open = false;
      }
    });
    const row = element("li", {}, open, menu);
    row.dataset.id = head.id;
    return row;
  }

  #rename(head, row) {
    const input = element("input", { value: head.title, "aria-label": t("rename"), className: "rename", dir: "auto" });
    let ended = false;
    const end = async (keep) => {
      if (ended) {
        return;
      }
      ended = true;
      input.remove();
      const title = input.value.trim();
      if (keep && title !== "" && title !== head.title) {
        const chat = await this.#store.get(head.id);
        Object.assign(chat, { title, named: true });
        await this.#actions.changed(chat);
      }
      this.refresh();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") {
        event.stopPropagation();
        event.preventDefault();
        end(event.key === "Enter");
      }
    });
    input.addEventListener("blur", () => end(true));
    row.replaceChildren(input);
    input.focus();
    input.select();
  }

  async #export(head) {
    const chat = await this.#store.get(head.id);
    const name = chat.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 50) || "chat";
    download(`${name}.json`, exportChats([chat]));
  }

  async #delete(head) {
    const chat = await this.#store.get(head.id);
    await this.#actions.removed(head.id);
    await this.#store.remove(head.id);
    this.refresh();
    notify(t("deleted", { title: head.title || t("untitled") }), t("undo"), async () => {
      await this.#store.put(chat);
      this.refresh();
    });
  }

  async #import() {
    const input = byId("import-input");
    const chats = [];
    for (const file of input.files) {
      try {
        chats.push(...importChats(await file.text()));
      } catch {
        notify(t("importFailed", { name: file.name }));
      }
    }
    input.value = "";
    if (chats.length > 0) {
      await this.#store.put(...chats);
      notify(t("imported", { count: chats.length }));
      await this.refresh();
      this.#actions.open(chats[0].id);
    }
  }
}

function menuItem(name, label, action) {
  const button = element("button", { type: "button" }, icon(name), element("span", {}, label));
  button.addEventListener("click", () => {
    button.closest("details").open = false;
    action();
  });
  return button;
}

function dots() {
  return element("span", { className: "dots", "aria-hidden": "true" }, "⋯");
}
