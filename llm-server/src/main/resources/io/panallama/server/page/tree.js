/**
 * A conversation as a tree: an edited question or another answer is a new branch beside the old one, and nothing is lost.
 * Pure; a chat is plain data, which is what the browser stores and what an export holds.
 *
 * Chat: { id, title, named, created, updated, nodes: [node], chosen: { [parent]: id }, from, shift, documents }
 * Node: { id, parent, role, content, reasoning, calls: [{ id, name, arguments }], callId, name, files: [{ name, text }],
 *         sources: [{ number, fileId, name }], outcome, error, created }
 *
 * The parent of a first message is the empty id. `named` says that the reader chose the title. Messages before `from` are
 * no longer sent; `shift` lets the server discard the oldest tokens when the context is full; `documents` has it answer from
 * the documents that it keeps.
 */

const TITLE_LENGTH = 60;

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("").slice(0, 16);
}

export function newChat(now = Date.now()) {
  return { id: newId(), title: "", named: false, created: now, updated: now, nodes: [], chosen: {}, from: null, shift: false };
}

/** Adds a message below `parent` and makes it the branch that is shown. */
export function addNode(chat, parent, fields, now = Date.now()) {
  const node = { id: newId(), parent, content: "", created: now, ...fields };
  chat.nodes.push(node);
  chat.chosen[parent] = node.id;
  chat.updated = now;
  if (!chat.named && node.role === "user" && chat.title === "") {
    chat.title = titleOf(node);
  }
  return node;
}

/** The messages that lie beside each other below `parent`, oldest first. */
export function branches(chat, parent) {
  return chat.nodes.filter((node) => node.parent === parent);
}

/** The messages that are shown, from the first to the last. */
export function shownPath(chat) {
  const below = new Map();
  for (const node of chat.nodes) {
    below.set(node.parent, [...(below.get(node.parent) ?? []), node]);
  }
  const path = [];
  const seen = new Set();
  for (let parent = ""; ; ) {
    const siblings = below.get(parent);
    if (!siblings) {
      return path;
    }
    const node = siblings.find((sibling) => sibling.id === chat.chosen[parent]) ?? siblings.at(-1);
    if (seen.has(node.id)) {
      return path; // A file from elsewhere may hold a circle.
    }
    seen.add(node.id);
    path.push(node);
    parent = node.id;
  }
}

/** Shows the branch that lies `step` further than `node` among its siblings. */
export function turnTo(chat, node, step) {
  const siblings = branches(chat, node.parent);
  const next = siblings[siblings.indexOf(node) + step];
  if (next) {
    chat.chosen[node.parent] = next.id;
  }
  return next;
}

/** The messages of the shown path that are sent. */
export function sentPath(chat, path = shownPath(chat)) {
  const from = path.findIndex((node) => node.id === chat.from);
  return from < 0 ? path : path.slice(from);
}

/**
 * Leaves out the older half of the turns that are sent, at least one and never the last. Returns whether there was one to
 * leave out.
 */
export function dropOldest(chat) {
  const questions = sentPath(chat).filter((node) => node.role === "user");
  if (questions.length < 2) {
    return false;
  }
  chat.from = questions[Math.ceil(questions.length / 2)].id;
  return true;
}

/** The calls of `node` that have no result on this path. */
export function openCalls(node, path) {
  const answered = new Set(path.filter((other) => other.role === "tool").map((other) => other.callId));
  return (node.calls ?? []).filter((call) => !answered.has(call.id));
}

/** A title made of the first words of a message. */
export function titleOf(node) {
  const words = (node.content || node.files?.[0]?.name || "").trim().replace(/\s+/g, " ");
  if (words.length <= TITLE_LENGTH) {
    return words;
  }
  const cut = words.slice(0, TITLE_LENGTH);
  const end = cut.lastIndexOf(" ");
  return `${(end > TITLE_LENGTH / 2 ? cut.slice(0, end) : cut).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Everything in a chat that a search looks through. */
export function searchText(chat) {
  return [chat.title, ...chat.nodes.map((node) => node.content)].join("\n").toLocaleLowerCase();
}
