/** Makes requests of conversations and settings, and answers of what comes back. Pure. */

import { addSources } from "./citations.js";
import { openCalls } from "./tree.js";

const THINK_OPEN = /^\s*<(think|thinking|reasoning)>\s*/;

/**
 * The messages of a path as the API takes them.
 *
 * What the model thought travels as reasoning_content, never as content, and its template decides what to show. Answers
 * without text and calls without a result leave no trace. Questions that follow each other are asked together, because many
 * templates insist on taking turns.
 */
export function messagesOf(path, system = "") {
  const messages = system.trim() === "" ? [] : [{ role: "system", content: system }];
  const usable = new Set();
  for (const node of path) {
    if (node.role === "assistant" && node.calls?.length > 0 && openCalls(node, path).length === 0) {
      node.calls.forEach((call) => usable.add(call.id));
    }
  }
  for (const node of path) {
    const last = messages.at(-1);
    if (node.role === "user") {
      const content = withFiles(node);
      if (last?.role === "user") {
        last.content += `\n\n${content}`;
      } else {
        messages.push({ role: "user", content });
      }
    } else if (node.role === "assistant") {
      const calls = (node.calls ?? []).filter((call) => usable.has(call.id));
      if (node.content === "" && calls.length === 0) {
        continue;
      }
      messages.push({
        role: "assistant",
        content: node.content,
        ...(node.reasoning && { reasoning_content: node.reasoning }),
        ...(calls.length > 0 && { tool_calls: calls.map(toolCall) }),
      });
    } else if (node.role === "tool" && usable.has(node.callId)) {
      messages.push({ role: "tool", tool_call_id: node.callId, name: node.name, content: node.content });
    }
  }
  return messages;
}

function toolCall(call) {
  return { id: call.id, type: "function", function: { name: call.name, arguments: call.arguments || "{}" } };
}

/** A question with its files in front, each in a fence that its text can't close. */
function withFiles({ content, files = [] }) {
  const parts = files.map(({ name, text }) => {
    const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
    const fence = "`".repeat(longest + 1);
    return `${name}:\n${fence}\n${text}\n${fence}`;
  });
  return [...parts, content].filter((part) => part !== "").join("\n\n");
}

/** The body of a request for the next answer; `documents` is the id of the vector store that is searched for it, if one is. */
export function answerRequest(path, options) {
  const { system = "", fields = {}, tools = [], toolChoice = "auto", model, shift = false, documents } = options;
  const body = { messages: messagesOf(path, system), ...fields };
  if (model) {
    body.model = model;
  }
  if (shift) {
    body.context_overflow = "shift";
  }
  const search = documents ? [{ type: "file_search", vector_store_ids: [documents] }] : [];
  const callable = toolChoice === "none" && documents ? [] : tools; // "none" would forbid the search, too.
  if (callable.length + search.length > 0) {
    body.tools = [...callable, ...search];
  }
  if (callable.length > 0 && toolChoice !== "auto") {
    body.tool_choice = toolChoice;
  }
  return body;
}

/** The body of a request that continues the last answer of a path, be it in its text or in its thinking. */
export function continueRequest(path, options) {
  const last = path.at(-1);
  const inThinking = last.content === "" && Boolean(last.reasoning);
  const body = answerRequest(inThinking ? path.slice(0, -1) : path, options);
  if (inThinking) {
    body.messages.push({ role: "assistant", content: "", reasoning_content: last.reasoning });
  }
  return { ...body, continue_final_message: inThinking ? "reasoning_content" : true, add_generation_prompt: false };
}

/**
 * Takes thinking that a model wrote between tags, which its template does not tell, out of a text.
 * Returns { reasoning, content, open }; `open` says that the thinking has not ended.
 */
export function splitThinking(text) {
  const start = THINK_OPEN.exec(text);
  if (!start) {
    return { reasoning: "", content: text, open: false };
  }
  const rest = text.slice(start[0].length);
  const close = `</${start[1]}>`;
  const end = rest.indexOf(close);
  return end < 0
    ? { reasoning: rest, content: "", open: true }
    : { reasoning: rest.slice(0, end).trimEnd(), content: rest.slice(end + close.length).trimStart(), open: false };
}

/** Collects the parts of a streamed answer into the fields of a node. */
export class AnswerBuilder {
  #content;
  #reasoning;
  #calls = [];
  #sources;
  #begin;

  /** Begins with what there is already, for an answer that is continued. */
  constructor(content = "", reasoning = "", sources = []) {
    this.#content = content;
    this.#reasoning = reasoning;
    this.#sources = sources;
    this.#begin = content.length;
  }

  take({ text, thinking, calls, annotations }) {
    this.#content += text ?? "";
    this.#reasoning += thinking ?? "";
    for (const part of calls ?? []) {
      const call = (this.#calls[part.index ?? 0] ??= { id: "", name: "", arguments: "" });
      call.id ||= part.id ?? "";
      call.name += part.function?.name ?? "";
      call.arguments += part.function?.arguments ?? "";
    }
    this.#sources = addSources(this.#sources, annotations, this.#content, this.#begin);
  }

  /** { content, reasoning, calls } so far, and { sources } if the answer cites any. */
  get fields() {
    const calls = this.#calls.filter(Boolean).map((call) => ({ ...call }));
    const sources = this.#sources.length > 0 && { sources: this.#sources };
    if (this.#reasoning !== "") {
      return { content: this.#content, reasoning: this.#reasoning, calls, ...sources };
    }
    const { reasoning, content } = splitThinking(this.#content);
    return { content, reasoning, calls, ...sources };
  }
}
