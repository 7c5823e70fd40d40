import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../../target/classes/io/panallama/server/page/store.js";
import { addNode, newChat } from "../../../target/classes/io/panallama/server/page/tree.js";
import { dropUnsaved, keepUnsaved, recoverUnsaved } from "../../../target/classes/io/panallama/server/page/unsaved.js";

/** As localStorage: its entries are properties, its methods are not its own. */
class FakeStorage {
  setItem(key, value) {
    this[key] = value;
  }
  getItem(key) {
    return this[key] ?? null;
  }
  removeItem(key) {
    delete this[key];
  }
}

async function stored(content, outcome) {
  const store = new MemoryStore();
  const chat = newChat();
  const node = addNode(chat, "", { role: "assistant", content, outcome });
  await store.put(chat);
  return { store, chat, node };
}

const content = async (store, chat) => (await store.get(chat.id)).nodes[0].content;

test("what had come of an answer is put into the database, once", async () => {
  const { store, chat, node } = await stored("A", { interrupted: true });
  const storage = new FakeStorage();
  storage.setItem("panallama.theme", '"dark"');
  keepUnsaved(chat, { ...node, content: "A beginning", thoughtFor: 3 }, storage);
  await recoverUnsaved(store, storage);
  assert.equal(await content(store, chat), "A beginning");
  assert.equal((await store.get(chat.id)).nodes[0].thoughtFor, 3);
  assert.deepEqual(Object.keys(storage), ["panallama.theme"]);
});

test("the end of an answer is put into the database, which has its text", async () => {
  const { store, chat, node } = await stored("A", { interrupted: true });
  const storage = new FakeStorage();
  keepUnsaved(chat, { ...node, outcome: { tokens: 1 } }, storage);
  await recoverUnsaved(store, storage);
  assert.deepEqual((await store.get(chat.id)).nodes[0].outcome, { tokens: 1 });
});

test("an answer that went further or has ended stays as it is", async () => {
  for (const [had, outcome] of [["A longer beginning", { interrupted: true }], ["A", { stopped: true }]]) {
    const { store, chat, node } = await stored(had, outcome);
    const storage = new FakeStorage();
    keepUnsaved(chat, { ...node, content: "A beginning" }, storage);
    await recoverUnsaved(store, storage);
    assert.equal(await content(store, chat), had);
    assert.deepEqual(Object.keys(storage), []);
  }
});

test("nothing is kept of a chat that was removed, or whose page lives on", async () => {
  const { store, chat, node } = await stored("A", { interrupted: true });
  const storage = new FakeStorage();
  keepUnsaved(chat, { ...node, content: "A beginning" }, storage);
  dropUnsaved(chat, storage);
  await recoverUnsaved(store, storage);
  assert.equal(await content(store, chat), "A");
  keepUnsaved(chat, { ...node, content: "A beginning" }, storage);
  await store.remove(chat.id);
  await recoverUnsaved(store, storage);
  assert.deepEqual(await store.all(), []);
  assert.deepEqual(Object.keys(storage), []);
});

test("blocked storage is no fault", async () => {
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      throw new Error("blocked");
    },
  });
  const { store, chat, node } = await stored("A", { interrupted: true });
  keepUnsaved(chat, node);
  dropUnsaved(chat);
  await recoverUnsaved(store);
});
