import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "../../../target/classes/io/panallama/server/page/store.js";
import { addNode, newChat } from "../../../target/classes/io/panallama/server/page/tree.js";

test("without a database chats last as long as the page, and are copies", async () => {
  const store = await openStore(undefined);
  assert.equal(store.lasting, false);
  const chat = newChat(1);
  addNode(chat, "", { role: "user", content: "Hello World" }, 2);
  await store.put(chat, newChat(9));
  chat.title = "changed";
  assert.equal((await store.get(chat.id)).title, "Hello World");
  assert.deepEqual((await store.list()).map(({ updated }) => updated), [9, 2]);
  assert.deepEqual(await store.search(["world", "hello"]), new Set([chat.id]));
  assert.equal(await store.get("none"), undefined);
  await store.remove(chat.id);
  assert.equal((await store.all()).length, 1);
});
