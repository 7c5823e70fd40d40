import assert from "node:assert/strict";
import { test } from "node:test";
import { exportChats, importChats } from "../../../target/classes/io/panallama/server/page/transfer.js";
import { addNode, newChat, shownPath } from "../../../target/classes/io/panallama/server/page/tree.js";

test("an export comes back with its branches, under ids of its own", () => {
  const chat = newChat(1000);
  const question = addNode(chat, "", { role: "user", content: "q", files: [{ name: "f", text: "t" }] }, 1001);
  const answer = addNode(chat, question.id, { role: "assistant", content: "a", reasoning: "r" }, 1002);
  addNode(chat, question.id, { role: "assistant", content: "b", calls: [{ id: "1", name: "f", arguments: "{}" }] }, 1003);
  chat.chosen[question.id] = answer.id;
  chat.documents = true;
  answer.sources = [{ number: 1, fileId: "f", name: "a.md" }, { fileId: "g", name: "b.md" }];
  const [back] = importChats(exportChats([chat]));
  assert.notEqual(back.id, chat.id);
  assert.equal(back.title, "q");
  assert.equal(back.updated, 1003);
  assert.equal(back.nodes.length, 3);
  assert.deepEqual(shownPath(back).map(({ content, reasoning }) => [content, reasoning]), [["q", undefined], ["a", "r"]]);
  assert.equal(back.documents, true);
  assert.deepEqual(back.nodes[1].sources, answer.sources);
  assert.deepEqual(back.nodes[0].files, [{ name: "f", text: "t" }]);
  assert.deepEqual(back.nodes[2].calls, [{ id: "1", name: "f", arguments: "{}" }]);
});

test("messages as the API takes them become a chat", () => {
  const messages = [
    { role: "system", content: "s" },
    { role: "user", content: [{ type: "text", text: "q" }] },
    { role: "assistant", content: null, tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "1", content: "x" },
  ];
  for (const data of [messages, { messages }]) {
    const [chat] = importChats(JSON.stringify(data));
    assert.equal(chat.title, "q");
    assert.deepEqual(shownPath(chat).map(({ role, content }) => [role, content]), [["user", "q"], ["assistant", ""], ["tool", "x"]]);
    assert.equal(shownPath(chat)[2].callId, "1");
  }
});

test("anything else is refused, and nothing foreign comes in", () => {
  for (const bad of ["", "{}", "[]", "null", '{"format":"panallama-chats"}', '{"format":"panallama-chats","chats":[{"nodes":[]}]}']) {
    assert.throws(() => importChats(bad), bad);
  }
  const odd = { nodes: [{ id: "a", parent: "", role: "user", content: 5, html: "<b>" }, { id: "b", parent: "zzz", role: "user" }] };
  const [chat] = importChats(JSON.stringify({ format: "panallama-chats", chats: [odd] }));
  assert.equal(chat.nodes.length, 1);
  assert.equal(chat.nodes[0].content, "");
  assert.equal("html" in chat.nodes[0], false);
});
