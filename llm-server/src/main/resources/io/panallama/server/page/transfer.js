/** Writes conversations to files and reads them back. Pure. */

import { addNode, newChat, newId, titleOf } from "./tree.js";

const FORMAT = "panallama-chats";
const ROLES = new Set(["user", "assistant", "tool"]);

export function exportChats(chats) {
  return JSON.stringify({ format: FORMAT, version: 1, chats }, null, 2);
}

/**
 * The chats in a text: an export of this page, or requests as the API takes them ({ messages } or a list of messages).
 * Each gets an id of its own, so that nothing is overwritten. Throws an Error if it holds none.
 */
export function importChats(text) {
  const data = JSON.parse(text);
  const chats = data?.format === FORMAT ? data.chats.map(checkedChat) : [chatOfMessages(Array.isArray(data) ? data : data?.messages)];
  const found = chats.filter((chat) => chat.nodes.length > 0);
  if (found.length === 0) {
    throw new Error("no messages");
  }
  return found;
}

/** Takes only what a chat has, so that a file can't bring in anything else. */
function checkedChat(chat) {
  const fresh = newChat(number(chat.created));
  fresh.title = string(chat.title);
  fresh.named = chat.named === true;
  fresh.updated = number(chat.updated);
  fresh.shift = chat.shift === true;
  fresh.documents = chat.documents === true;
  const ids = new Map([["", ""]]);
  for (const node of chat.nodes) {
    ids.set(string(node.id), newId());
  }
  for (const node of chat.nodes) {
    if (ROLES.has(node.role) && ids.has(node.parent)) {
      fresh.nodes.push({ ...checkedNode(node), id: ids.get(node.id), parent: ids.get(node.parent) });
    }
  }
  for (const [parent, child] of Object.entries(chat.chosen ?? {})) {
    if (ids.has(parent) && ids.has(child)) {
      fresh.chosen[ids.get(parent)] = ids.get(child);
    }
  }
  fresh.from = ids.get(chat.from) ?? null;
  return fresh;
}

function checkedNode(node) {
  const checked = { role: node.role, content: string(node.content), created: number(node.created) };
  if (node.reasoning) {
    checked.reasoning = string(node.reasoning);
  }
  if (Array.isArray(node.calls)) {
    checked.calls = node.calls.map((call) => ({
      id: string(call.id),
      name: string(call.name),
      arguments: string(call.arguments),
    }));
  }
  if (Array.isArray(node.files)) {
    checked.files = node.files.map((file) => ({ name: string(file.name), text: string(file.text) }));
  }
  if (Array.isArray(node.sources)) {
    checked.sources = node.sources.map(({ number: n, fileId, name }) => ({
      ...(Number.isInteger(n) && { number: n }),
      fileId: string(fileId),
      name: string(name),
    }));
  }
  if (node.role === "tool") {
    checked.callId = string(node.callId);
    checked.name = string(node.name);
  }
  return checked;
}

function chatOfMessages(messages) {
  const chat = newChat();
  let parent = "";
  for (const message of Array.isArray(messages) ? messages : []) {
    if (!ROLES.has(message?.role)) {
      continue; // A system message is a setting here.
    }
    const node = checkedNode({
      role: message.role,
      content: textOf(message.content),
      reasoning: message.reasoning_content,
      callId: message.tool_call_id,
      name: message.name,
      calls: message.tool_calls?.map((call) => ({ id: call.id, ...call.function })),
    });
    parent = addNode(chat, parent, node).id;
  }
  chat.title ||= chat.nodes.length > 0 ? titleOf(chat.nodes[0]) : "";
  return chat;
}

function textOf(content) {
  return Array.isArray(content) ? content.map((part) => string(part?.text)).join("\n\n") : string(content);
}

function string(value) {
  return typeof value === "string" ? value : "";
}

function number(value) {
  return Number.isFinite(value) ? value : Date.now();
}
