/**
 * The documents of this page on the server: files in a vector store of its own, which is found again by its metadata and made
 * when it is needed first.
 *
 * A document is { id, name, bytes, state, progress, reason, error, upload }: `state` is uploading, reading, ready or failed;
 * `progress` goes from 0 to 1 while it is uploaded. `reason` says in the server's words why it could not read the file, and
 * `error` is the ApiError of a file that did not get there. `upload` aborts what is under way.
 */

import { ApiError } from "./api.js";
import { NO_LIBRARY } from "./errors.js";

/** What marks the page's vector store among others. */
const MARK = { application: "panallama-chat-page" };
const NAME = "Chat page";
const POLL_MS = 1000;
const PAGE_SIZE = 100;
const STATES = { completed: "ready", in_progress: "reading", failed: "failed", cancelled: "failed" };

export class Library {
  #server;
  #onChange;
  #store = null; // A promise of its id.
  #files = new Map(); // The name and the size of each file by its id.
  #documents = [];
  #uploads = Promise.resolve();
  #polling = 0;

  /**
   * `server` has call(method, path, body) and upload(path, form, onProgress, signal) of api.js. `onChange` is called with a
   * document that has become ready or failed, and with nothing after any other change.
   */
  constructor(server, onChange) {
    this.#server = server;
    this.#onChange = onChange;
  }

  /** The documents, oldest first. */
  get documents() {
    return this.#documents;
  }

  /** The id of the page's vector store, which is made if there is none. Throws an ApiError, as load() does. */
  async storeId() {
    this.#store ??= this.#find().then(async (found) => found ?? (await this.#make()));
    try {
      return await this.#store;
    } catch (failure) {
      this.#store = null;
      throw failure;
    }
  }

  /** Has the vector store looked for anew: the server may have lost it. */
  forget() {
    this.#store = null;
  }

  /** Reads the list of documents from the server. Throws an ApiError, with the code NO_LIBRARY where there can be none. */
  async load() {
    const settled = new Set(this.#documents.filter(({ id, upload }) => id && !upload));
    const store = await this.#find();
    this.#store = store && Promise.resolve(store);
    const listed = store ? await this.#all(`/v1/vector_stores/${store}/files?order=asc`) : [];
    if (listed.some(({ id }) => !this.#files.has(id))) {
      for (const { id, filename, bytes } of await this.#all("/v1/files?order=asc")) {
        this.#files.set(id, { name: filename, bytes });
      }
    }
    const known = new Map(this.#documents.map((document) => [document.id, document]));
    const documents = listed.map((file) => this.#take(known.get(file.id) ?? this.#document(file), file));
    const others = this.#documents.filter((document) => !settled.has(document) && !documents.includes(document));
    this.#documents = [...documents, ...others];
    this.#onChange();
    this.#poll();
  }

  /** Uploads files one after the other and has the server read them: [{ file, error }]. One with an error has failed already. */
  add(files) {
    for (const { file, error } of files) {
      const { name, size: bytes } = file;
      const document = { id: null, name, bytes, state: "uploading", progress: 0, reason: "" };
      this.#documents = [...this.#documents, document];
      if (error) {
        Object.assign(document, { state: "failed", error });
        this.#onChange(document);
      } else {
        document.upload = new AbortController();
        this.#uploads = this.#uploads.then(() => this.#send(document, file));
      }
    }
    this.#onChange();
  }

  /** Takes a document away, here and on the server. Throws an ApiError if the server keeps it. */
  async remove(document) {
    document.upload?.abort();
    if (document.id) {
      await this.#delete(document.id);
    }
    this.#drop(document);
  }

  /** The text that was read from a file, up to `limit` characters, and whether it was cut there: { text, cut }. */
  async text(id, limit) {
    const path = `/v1/vector_stores/${await this.storeId()}/files/${id}/content`;
    let all = "";
    for (let page = ""; ; ) {
      const { data, has_more: more, next_page: next } = await this.#server.call("GET", path + page);
      all += data.map(({ text }) => text).join("\n\n");
      if (all.length > limit || !more || !next) {
        return { text: all.slice(0, limit), cut: all.length > limit };
      }
      page = `?page=${encodeURIComponent(next)}`;
    }
  }

  #document({ id, status }) {
    const { name, bytes } = this.#files.get(id) ?? { name: id, bytes: 0 };
    return { id, name, bytes, state: STATES[status], progress: 1, reason: "" };
  }

  #drop(document) {
    this.#documents = this.#documents.filter((other) => other !== document);
    this.#onChange();
  }

  /** Takes over what the server says of a document. */
  #take(document, { status, last_error: failure }) {
    const state = STATES[status] ?? "failed";
    const ended = document.state !== state && state !== "reading";
    Object.assign(document, { state, reason: failure?.message ?? "" });
    if (ended) {
      this.#onChange(document);
    }
    return document;
  }

  async #send(document, file) {
    const { signal } = document.upload;
    try {
      signal.throwIfAborted();
      const form = new FormData();
      form.append("purpose", "assistants");
      form.append("file", file, file.name);
      const progress = (part) => {
        document.progress = part;
        this.#onChange();
      };
      const { id } = await this.#server.upload("/v1/files", form, progress, signal);
      await this.#attach(document, id);
    } catch (failure) {
      if (!signal.aborted) {
        Object.assign(document, { id: null, state: "failed", error: failure });
        this.#onChange(document);
      }
    }
    document.upload = null;
  }

  /** Puts an uploaded file into the vector store; a file that does not get there is not left behind. */
  async #attach(document, id) {
    document.id = id;
    this.#files.set(id, document);
    try {
      const attached = await this.#server.call("POST", `/v1/vector_stores/${await this.storeId()}/files`, { file_id: id });
      document.upload.signal.throwIfAborted();
      this.#take(document, attached);
    } catch (failure) {
      await this.#delete(id).catch(() => {});
      throw failure;
    }
    this.#onChange();
    this.#poll();
  }

  /** Asks about the documents that are being read until there is none. */
  #poll() {
    if (this.#polling === 0 && this.#documents.some(isReading)) {
      this.#polling = setTimeout(async () => {
        try {
          await this.#askAgain();
        } catch {
          // The next time may be better.
        }
        this.#polling = 0;
        this.#poll();
      }, POLL_MS);
    }
  }

  async #askAgain() {
    const path = `/v1/vector_stores/${await this.storeId()}/files`;
    const asked = this.#documents.filter(isReading);
    const still = new Set((await this.#all(`${path}?filter=in_progress`)).map(({ id }) => id));
    for (const document of asked.filter(({ id }) => !still.has(id))) {
      try {
        this.#take(document, await this.#server.call("GET", `${path}/${document.id}`));
      } catch (failure) {
        if (failure.status !== 404) {
          throw failure;
        }
        this.#drop(document); // Another window removed it.
      }
    }
    this.#onChange();
  }

  /** The id of the vector store; null if there is none yet. Should two windows have made one each, the older one counts. */
  async #find() {
    try {
      const stores = await this.#all("/v1/vector_stores?order=asc");
      return stores.find(({ metadata }) => metadata?.application === MARK.application)?.id ?? null;
    } catch (failure) {
      const { message, status } = failure;
      throw status === 404 || status === 501 ? new ApiError(message, { code: NO_LIBRARY, status }) : failure;
    }
  }

  async #make() {
    return (await this.#server.call("POST", "/v1/vector_stores", { name: NAME, metadata: MARK })).id;
  }

  /** Every element of a list that comes in pages. */
  async #all(path) {
    const all = [];
    for (let after = ""; ; ) {
      const { data, has_more: more } = await this.#server.call("GET", `${path}&limit=${PAGE_SIZE}${after}`);
      all.push(...data);
      if (!more || data.length === 0) {
        return all;
      }
      after = `&after=${encodeURIComponent(data.at(-1).id)}`;
    }
  }

  /** Deletes a file, from the vector store first. It may be gone already. */
  async #delete(id) {
    for (const path of [`/v1/vector_stores/${await this.storeId()}/files/${id}`, `/v1/files/${id}`]) {
      try {
        await this.#server.call("DELETE", path);
      } catch (failure) {
        if (failure.status !== 404) {
          throw failure;
        }
      }
    }
  }
}

function isReading({ state }) {
  return state === "reading";
}
