import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../../target/classes/io/panallama/server/page/api.js";
import { NO_LIBRARY } from "../../../target/classes/io/panallama/server/page/errors.js";
import { Library } from "../../../target/classes/io/panallama/server/page/library.js";

/** What the server keeps, behind the calls that the library makes of it. Lists have two elements a page. */
class Server {
  stores = [];
  files = [];
  attached = [];
  made = 0;
  failing = null;

  call = async (method, path, body) => {
    if (this.failing) {
      throw this.failing;
    }
    const { pathname, searchParams } = new URL(path, "http://server");
    const [, kind, store, , file, content] = pathname.slice(1).split("/");
    if (kind === "files") {
      return method === "GET" ? page(this.files, searchParams) : this.#remove("files", store);
    }
    if (store === undefined) {
      if (method === "GET") {
        return page(this.stores, searchParams);
      }
      this.stores.push({ id: `vs_${++this.made}`, ...body });
      return this.stores.at(-1);
    }
    if (content) {
      const next = searchParams.has("page") ? null : "2";
      return { data: [{ type: "text", text: next ? "first" : "second" }], has_more: next !== null, next_page: next };
    }
    if (method === "POST") {
      this.attached.push({ id: body.file_id, status: "in_progress", last_error: null });
      return this.attached.at(-1);
    }
    if (method === "DELETE") {
      return this.#remove("attached", file);
    }
    const found = this.attached.filter(({ status }) => [null, status].includes(searchParams.get("filter")));
    return file ? found.find(({ id }) => id === file) ?? missing() : page(found, searchParams);
  };

  upload = async (_, form, onProgress, signal) => {
    onProgress(0.5);
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const { name, size } = form.get("file");
    if (name === "refused") {
      throw new ApiError("Too large: 64 MiB at most.", { status: 413 });
    }
    this.files.push({ id: `file-${name}`, filename: name, bytes: size, purpose: form.get("purpose") });
    return this.files.at(-1);
  };

  #remove(kind, id) {
    const found = this[kind].find((file) => file.id === id) ?? missing();
    this[kind] = this[kind].filter((file) => file !== found);
    return { id, deleted: true };
  }
}

function missing() {
  throw new ApiError("No such thing", { status: 404 });
}

function page(all, search) {
  const begin = all.findIndex(({ id }) => id === search.get("after")) + 1;
  return { data: all.slice(begin, begin + 2), has_more: all.length > begin + 2 };
}

/** A library, and a promise of the next change that `test` is true of. */
function open(server) {
  let waiting = [];
  const ended = [];
  const library = new Library(server, (changed) => {
    if (changed) {
      ended.push([changed.name, changed.state]);
    }
    const over = waiting.filter(({ test }) => test());
    waiting = waiting.filter((one) => !over.includes(one));
    over.forEach(({ resolve }) => resolve());
  });
  const until = (test) => (test() ? Promise.resolve() : new Promise((resolve) => waiting.push({ test, resolve })));
  return { library, until, ended };
}

const states = (library) => library.documents.map(({ name, state }) => [name, state]);
const files = (...names) => names.map((name) => ({ file: new File(["text"], name) }));

test("files are uploaded into a store of the page's own, and read", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new Server();
  server.stores = ["a", "b", "c"].map((id) => ({ id, metadata: null }));
  const { library, until, ended } = open(server);
  await library.load();
  assert.equal(server.made, 0);
  library.add(files("one", "two", "refused"));
  assert.deepEqual(states(library).map(([, state]) => state), ["uploading", "uploading", "uploading"]);
  await until(() => library.documents[2].state === "failed");
  assert.equal(library.documents[2].error.status, 413);
  assert.deepEqual(states(library).slice(0, 2), [["one", "reading"], ["two", "reading"]]);
  assert.deepEqual(server.stores.at(-1), { id: "vs_1", name: "Chat page", metadata: { application: "panallama-chat-page" } });
  assert.equal(await library.storeId(), "vs_1");
  assert.equal(server.files[0].purpose, "assistants");

  Object.assign(server.attached[0], { status: "completed" });
  Object.assign(server.attached[1], { status: "failed", last_error: { code: "invalid_file", message: "It has no text." } });
  t.mock.timers.tick(1000);
  await until(() => library.documents[1].state === "failed");
  assert.equal(library.documents[1].reason, "It has no text.");
  assert.deepEqual(ended, [["refused", "failed"], ["one", "ready"], ["two", "failed"]]);
});

test("another page finds the store and its files again", async () => {
  const server = new Server();
  server.stores = ["x", "y", "z"].map((id) => ({ id, metadata: id === "z" ? { application: "panallama-chat-page" } : {} }));
  server.files = [1, 2, 3, 4, 5].map((n) => ({ id: `f${n}`, filename: `${n}.md`, bytes: n }));
  server.attached = [1, 3, 5].map((n) => ({ id: `f${n}`, status: "completed", last_error: null }));
  const { library, ended } = open(server);
  await library.load();
  assert.deepEqual(states(library), [["1.md", "ready"], ["3.md", "ready"], ["5.md", "ready"]]);
  assert.deepEqual(ended, []);
  assert.equal(await library.storeId(), "z");
  const [first] = library.documents;
  server.attached.pop();
  await library.load();
  assert.equal(library.documents[0], first);
  assert.equal(library.documents.length, 2);
});

test("a document is taken away everywhere, also while it is uploaded or gone already", async () => {
  const server = new Server();
  const { library, until } = open(server);
  library.add(files("one", "two"));
  await library.remove(library.documents[1]);
  await until(() => library.documents[0].state === "reading");
  assert.deepEqual(states(library), [["one", "reading"]]);
  server.attached = [];
  await library.remove(library.documents[0]);
  assert.deepEqual([library.documents, server.files, server.attached], [[], [], []]);
});

test("a server without a library is told from one that fails", async () => {
  const server = new Server();
  const { library } = open(server);
  for (const [status, code] of [[501, NO_LIBRARY], [404, NO_LIBRARY], [500, "internal"]]) {
    server.failing = new ApiError("words", { status, code: "internal" });
    await assert.rejects(library.load(), { code, status });
    await assert.rejects(library.storeId(), { code, status });
  }
  server.failing = null;
  assert.equal(await library.storeId(), "vs_1");
});

test("two that ask for the store at once make one", async () => {
  const server = new Server();
  const { library } = open(server);
  assert.deepEqual(await Promise.all([library.storeId(), library.storeId()]), ["vs_1", "vs_1"]);
  library.forget();
  server.stores = [];
  assert.equal(await library.storeId(), "vs_2");
});

test("the text of a document comes in pages, up to a limit", async () => {
  const { library } = open(new Server());
  assert.deepEqual(await library.text("f", 100), { text: "firstsecond", cut: false });
  assert.deepEqual(await library.text("f", 7), { text: "firstse", cut: true });
  assert.deepEqual(await library.text("f", 3), { text: "fir", cut: true });
});

test("a folder has failed before it is sent", () => {
  const { library, ended } = open(new Server());
  library.add([{ file: new File([], "folder"), error: new ApiError("", { code: "is_folder" }) }]);
  assert.deepEqual(ended, [["folder", "failed"]]);
});
