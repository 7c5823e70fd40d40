/**
 * The conversations in this browser (IndexedDB): whole chats, and beside them their heads, which the list needs. Where the
 * browser keeps nothing, as in some private windows, they last as long as the page.
 */

import { searchText } from "./tree.js";

const NAME = "panallama";
const VERSION = 1;

export async function openStore(indexedDb = globalThis.indexedDB) {
  try {
    return new DatabaseStore(await open(indexedDb));
  } catch {
    return new MemoryStore();
  }
}

function open(indexedDb) {
  return new Promise((resolve, reject) => {
    const opening = indexedDb.open(NAME, VERSION);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("chats", { keyPath: "id" });
      opening.result.createObjectStore("heads", { keyPath: "id" });
    };
    opening.onsuccess = () => {
      // Another window may hold a newer version of this page.
      opening.result.onversionchange = () => opening.result.close();
      resolve(opening.result);
    };
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("blocked"));
  });
}

function headOf({ id, title, updated }) {
  return { id, title, updated };
}

const byTime = (a, b) => b.updated - a.updated;

class DatabaseStore {
  lasting = true;
  #database;

  constructor(database) {
    this.#database = database;
  }

  /** { id, title, updated } of every chat, newest first. */
  async list() {
    return (await this.#all("heads")).sort(byTime);
  }

  /** The ids of the chats that hold every word of a query. */
  async search(words) {
    const chats = await this.#all("chats");
    return new Set(chats.filter((chat) => holds(chat, words)).map((chat) => chat.id));
  }

  get(id) {
    return this.#done("chats", "readonly", (stores) => stores.chats.get(id));
  }

  all() {
    return this.#all("chats");
  }

  put(...chats) {
    return this.#done(["chats", "heads"], "readwrite", (stores) => {
      for (const chat of chats) {
        stores.chats.put(chat);
        stores.heads.put(headOf(chat));
      }
    });
  }

  remove(...ids) {
    return this.#done(["chats", "heads"], "readwrite", (stores) => {
      for (const id of ids) {
        stores.chats.delete(id);
        stores.heads.delete(id);
      }
    });
  }

  #all(name) {
    return this.#done(name, "readonly", (stores) => stores[name].getAll());
  }

  #done(names, mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(names, mode);
      const stores = {};
      for (const name of [names].flat()) {
        stores[name] = transaction.objectStore(name);
      }
      const request = work(stores);
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  }
}

/** The same without a database; it copies as a database does. */
export class MemoryStore {
  lasting = false;
  #chats = new Map();

  async list() {
    return [...this.#chats.values()].map(headOf).sort(byTime);
  }

  async search(words) {
    return new Set([...this.#chats.values()].filter((chat) => holds(chat, words)).map((chat) => chat.id));
  }

  async get(id) {
    return structuredClone(this.#chats.get(id));
  }

  async all() {
    return structuredClone([...this.#chats.values()]);
  }

  async put(...chats) {
    chats.forEach((chat) => this.#chats.set(chat.id, structuredClone(chat)));
  }

  async remove(...ids) {
    ids.forEach((id) => this.#chats.delete(id));
  }
}

function holds(chat, words) {
  const text = searchText(chat);
  return words.every((word) => text.includes(word));
}
