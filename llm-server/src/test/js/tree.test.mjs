import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addNode,
  branches,
  dropOldest,
  newChat,
  openCalls,
  searchText,
  sentPath,
  shownPath,
  titleOf,
  turnTo,
} from "../../../target/classes/io/panallama/server/page/tree.js";

const texts = (path) => path.map((node) => node.content);

/** A chat with these messages in turn, the user's first. */
function chatOf(...contents) {
  const chat = newChat();
  let parent = "";
  contents.forEach((content, i) => {
    parent = addNode(chat, parent, { role: i % 2 === 0 ? "user" : "assistant", content }).id;
  });
  return chat;
}

test("the newest branch is shown, and turning shows the others with all that follows", () => {
  const chat = chatOf("q", "a", "r", "b");
  const [question, answer] = shownPath(chat);
  const other = addNode(chat, question.id, { role: "assistant", content: "a2" });
  assert.deepEqual(texts(shownPath(chat)), ["q", "a2"]);
  assert.deepEqual(branches(chat, question.id), [answer, other]);
  assert.equal(turnTo(chat, other, 1), undefined);
  assert.equal(turnTo(chat, other, -1), answer);
  assert.deepEqual(texts(shownPath(chat)), ["q", "a", "r", "b"]);
});

test("the first question makes the title, unless the reader chose one", () => {
  assert.equal(chatOf("  Hello\n  there ", "a", "more").title, "Hello there");
  const named = Object.assign(newChat(), { named: true, title: "Mine" });
  addNode(named, "", { role: "user", content: "q" });
  assert.equal(named.title, "Mine");
  assert.equal(titleOf({ content: "", files: [{ name: "a.txt" }] }), "a.txt");
  assert.equal(titleOf({ content: "word ".repeat(30) }), `${"word ".repeat(11)}word…`);
  assert.equal(titleOf({ content: "😀".repeat(40) }), `${"😀".repeat(30)}…`);
  assert.equal(titleOf({ content: `x${"😀".repeat(40)}` }), `x${"😀".repeat(29)}…`);
});

test("the oldest turns are left out by halves, never the last", () => {
  const chat = chatOf("1", "a", "2", "b", "3", "c", "4", "d", "5");
  assert.ok(dropOldest(chat));
  assert.deepEqual(texts(sentPath(chat)), ["4", "d", "5"]);
  assert.ok(dropOldest(chat));
  assert.deepEqual(texts(sentPath(chat)), ["5"]);
  assert.equal(dropOldest(chat), false);
  assert.equal(shownPath(chat).length, 9);
});

test("calls are open until they have a result on the path", () => {
  const chat = chatOf("q");
  const calls = [{ id: "1", name: "f", arguments: "{}" }, { id: "2", name: "g", arguments: "{}" }];
  const node = addNode(chat, shownPath(chat)[0].id, { role: "assistant", calls });
  addNode(chat, node.id, { role: "tool", callId: "1", content: "x" });
  assert.deepEqual(openCalls(node, shownPath(chat)), [calls[1]]);
});

test("a circle ends", () => {
  const chat = newChat();
  chat.nodes.push({ id: "a", parent: "", content: "1" }, { id: "b", parent: "a", content: "2" }, { id: "a", parent: "b", content: "3" });
  assert.deepEqual(texts(shownPath(chat)), ["1", "2"]);
});

test("a search looks through the title and every branch", () => {
  const chat = chatOf("Apples", "PEARS");
  chat.title = "Fruit";
  assert.match(searchText(chat), /fruit[^]*apples[^]*pears/);
});
