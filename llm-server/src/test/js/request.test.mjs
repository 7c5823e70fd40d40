import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AnswerBuilder,
  answerRequest,
  continueRequest,
  messagesOf,
  splitThinking,
} from "../../../target/classes/io/panallama/server/page/request.js";

const user = (content, more) => ({ role: "user", content, ...more });
const assistant = (content, more) => ({ role: "assistant", content, ...more });

test("a request holds the turns and only what was set", () => {
  assert.deepEqual(answerRequest([user("q")], {}), { messages: [user("q")] });
  const body = answerRequest([user("q")], {
    system: "s",
    fields: { temperature: 0 },
    tools: [{ type: "function" }],
    toolChoice: "required",
    model: "m",
    shift: true,
  });
  assert.deepEqual(body, {
    messages: [{ role: "system", content: "s" }, user("q")],
    temperature: 0,
    model: "m",
    context_overflow: "shift",
    tools: [{ type: "function" }],
    tool_choice: "required",
  });
});

test("documents are searched beside the tools, also where these may not be called", () => {
  const tools = [{ type: "function" }];
  const search = { type: "file_search", vector_store_ids: ["vs_1"] };
  const sent = (options) => {
    const { tools: offered, tool_choice: choice } = answerRequest([user("q")], { documents: "vs_1", ...options });
    return [offered, choice];
  };
  assert.deepEqual(sent({}), [[search], undefined]);
  assert.deepEqual(sent({ toolChoice: "required" }), [[search], undefined]);
  assert.deepEqual(sent({ tools, toolChoice: "required" }), [[...tools, search], "required"]);
  assert.deepEqual(sent({ tools, toolChoice: "none" }), [[search], undefined]);
});

test("unanswered questions are asked together", () => {
  assert.deepEqual(messagesOf([user("q"), assistant(""), user("r")]), [user("q\n\nr")]);
});

test("thinking is sent beside the text", () => {
  assert.deepEqual(messagesOf([user("q"), assistant("a", { reasoning: "r" })])[1], {
    role: "assistant",
    content: "a",
    reasoning_content: "r",
  });
});

test("calls are sent with their results, or not at all", () => {
  const calls = [{ id: "1", name: "f", arguments: "" }];
  const path = [user("q"), assistant("", { calls }), { role: "tool", callId: "1", name: "f", content: "x" }];
  assert.deepEqual(messagesOf(path), [
    user("q"),
    { role: "assistant", content: "", tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "1", name: "f", content: "x" },
  ]);
  assert.deepEqual(messagesOf([...path.slice(0, 2), user("never mind")]), [user("q\n\nnever mind")]);
});

test("files stand in front of the question, in fences that hold", () => {
  const files = [{ name: "a.md", text: "```\nx\n```" }];
  assert.equal(messagesOf([user("q", { files })])[0].content, "a.md:\n````\n```\nx\n```\n````\n\nq");
});

test("an answer is continued in its text or in its thinking", () => {
  const body = continueRequest([user("q"), assistant("a")], {});
  assert.equal(body.continue_final_message, true);
  assert.equal(body.add_generation_prompt, false);
  assert.equal(body.messages.at(-1).content, "a");
  const inThinking = continueRequest([user("q"), assistant("", { reasoning: "r" })], {});
  assert.equal(inThinking.continue_final_message, "reasoning_content");
  assert.deepEqual(inThinking.messages.at(-1), { role: "assistant", content: "", reasoning_content: "r" });
});

test("tags of thinking are taken out of a text, also while they grow", () => {
  assert.deepEqual(splitThinking("plain <think>x</think>"), { reasoning: "", content: "plain <think>x</think>", open: false });
  assert.deepEqual(splitThinking("\n<think>\nx"), { reasoning: "x", content: "", open: true });
  assert.deepEqual(splitThinking("<think>x\n</think>\n\ny"), { reasoning: "x", content: "y", open: false });
});

test("what an answer cites is kept with it", () => {
  const cite = (index, file_id) => ({ type: "file_citation", file_citation: { index, file_id, filename: "a.md" } });
  const builder = new AnswerBuilder("One [1]", "", [{ number: 1, fileId: "a", name: "a.md" }]);
  builder.take({ text: " two [2]" });
  builder.take({ annotations: [cite(5, "b")] });
  assert.deepEqual(builder.fields.sources, [
    { number: 1, fileId: "a", name: "a.md" },
    { number: 2, fileId: "b", name: "a.md" },
  ]);
});

test("the pieces of an answer are put together", () => {
  const builder = new AnswerBuilder("so ", "thought ");
  builder.take({ text: "far" });
  builder.take({ thinking: "more" });
  builder.take({ calls: [{ index: 1, id: "b", function: { name: "g", arguments: "" } }] });
  builder.take({ calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{" } }] });
  builder.take({ calls: [{ index: 0, function: { arguments: "}" } }] });
  assert.deepEqual(builder.fields, {
    content: "so far",
    reasoning: "thought more",
    calls: [
      { id: "a", name: "f", arguments: "{}" },
      { id: "b", name: "g", arguments: "" },
    ],
  });
});
