/** The chat page: puts its parts together. */

import { ApiError, streamAnswer, UNAUTHORIZED } from "./api.js";
import { Connection } from "./connection.js";
import { Documents } from "./documents.js";
import { announce, element, notify } from "./dom.js";
import { BROKEN_OFF, errorText, UNREACHABLE } from "./errors.js";
import { Attachments } from "./files.js";
import { chooseLanguage, number, savedLanguage, t, translate } from "./i18n.js";
import { MessageList } from "./messages.js";
import { summarize } from "./outcome.js";
import { AnswerBuilder, answerRequest, continueRequest } from "./request.js";
import { Settings } from "./settings.js";
import { Sidebar } from "./sidebar.js";
import { openStore } from "./store.js";
import { applyTheme } from "./theme.js";
import { Tools } from "./tools.js";
import { addNode, dropOldest, newChat, sentPath, shownPath, turnTo } from "./tree.js";
import { dropUnsaved, keepUnsaved, recoverUnsaved } from "./unsaved.js";

const SAVE_MS = 500;
const SPOKEN = 1000;
const NOT_FOUND = 404;

const byId = (id) => document.getElementById(id);
const prompt = byId("prompt");
const send = byId("send");
const stop = byId("stop");

chooseLanguage(savedLanguage());
applyTheme();
translate();

const store = await openStore();
try {
  await recoverUnsaved(store);
} catch (failure) {
  console.error(failure);
}
const running = new Map(); // By the chat's id: { chat, node, controller }.
const unsaved = new Map(); // By the chat's id: { chat, node } until the database has the end of the answer.
const removed = new WeakSet(); // Chats that must not be stored again.
const otherWindows = "BroadcastChannel" in globalThis ? new BroadcastChannel("panallama") : null;
let chat = newChat();

const connection = new Connection(() => {
  showContext();
  update();
});
const settings = new Settings(() => location.reload());
const tools = new Tools((count) => (byId("tool-count").textContent = count || ""));
const documents = new Documents(() => chat.documents === true, answerFromDocuments);
const attachments = new Attachments(update);
const sidebar = new Sidebar(store, { open: openChat, changed: rename, removed: forget });
const list = new MessageList({
  edit,
  regenerate,
  resume,
  turn,
  sendResults,
  begin: beginChat,
  dropOldest: dropAndRetry,
  shift: shiftAndRetry,
  sendAll,
  viewSource: (source) => documents.view(source),
  contextSize: () => connection.contextSize,
});

// What the reader does

function submit() {
  const content = prompt.value.trim();
  if ((content === "" && attachments.isEmpty) || running.has(chat.id) || !connection.isReady) {
    return;
  }
  prompt.value = "";
  const files = attachments.take();
  const parent = shownPath(chat).at(-1)?.id ?? "";
  addNode(chat, parent, { role: "user", content, ...(files.length > 0 && { files }) });
  answer(chat);
}

function edit(node, content) {
  const { role, parent } = node;
  if (role === "user") {
    const edited = addNode(chat, parent, { role, content, ...(node.files && { files: node.files }) });
    if (chat.from === node.id) {
      chat.from = edited.id;
    }
    answer(chat);
  } else {
    const { reasoning, sources } = node;
    addNode(chat, parent, { role, content, ...(reasoning && { reasoning }), ...(sources && { sources }) });
    persist(chat);
    show();
  }
}

/** Asks for another answer beside `node`, or in its place if there is nothing in it. */
function regenerate(node) {
  if (node.content === "" && !node.reasoning && !node.calls?.length) {
    chat.nodes = chat.nodes.filter((other) => other !== node);
  }
  chat.chosen[node.parent] = null;
  answer(chat, node.parent);
}

function resume(node) {
  const path = sentPath(chat);
  const builder = new AnswerBuilder(node.content, node.reasoning, node.sources);
  generate(chat, node, (options) => continueRequest(path, options), builder);
}

function turn(node, step) {
  turnTo(chat, node, step);
  persist(chat);
  show();
  document.querySelector(`[data-node="${chat.chosen[node.parent]}"] .turner button:not(:disabled)`)?.focus();
}

function sendResults(node, results) {
  let parent = node.id;
  for (const result of results) {
    parent = addNode(chat, parent, { role: "tool", ...result }).id;
  }
  answer(chat);
}

function dropAndRetry(node) {
  if (dropOldest(chat)) {
    retry(node);
  } else {
    notify(t("onlyOneLeft"));
  }
}

function shiftAndRetry(node) {
  chat.shift = true;
  retry(node);
}

/** An answer that was cut off goes on, one that failed is asked for again. */
function retry(node) {
  if (node.content !== "" && !node.calls?.length) {
    resume(node);
  } else {
    regenerate(node);
  }
}

function sendAll() {
  chat.from = null;
  persist(chat);
  show();
}

function answerFromDocuments(on) {
  chat.documents = on;
  documents.showChoice();
  if (chat.nodes.length > 0) {
    persist(chat);
  }
}

// Answers

/** What every request of a chat holds. */
async function options(of) {
  return {
    system: settings.system,
    fields: settings.fields,
    tools: tools.offered,
    toolChoice: tools.choice,
    model: connection.model?.id,
    shift: of.shift,
    documents: of.documents ? await documents.storeId() : null,
  };
}

/** Asks for the answer to a path that ends at `parent`, or at the last message that is shown. */
function answer(of, parent = shownPath(of).at(-1).id) {
  const path = shownPath(of);
  const end = path.findIndex((node) => node.id === parent) + 1;
  const sent = sentPath(of, path.slice(0, end));
  const node = addNode(of, parent, { role: "assistant" });
  if (of === chat && location.hash !== hashOf(of)) {
    history.replaceState(null, "", hashOf(of));
  }
  generate(of, node, (options) => answerRequest(sent, options), new AnswerBuilder());
  list.scrollToEnd();
}

/** Streams the answer to `request(options)` into a node, whichever chat is shown meanwhile. */
async function generate(of, node, request, builder) {
  const controller = new AbortController();
  running.set(of.id, { chat: of, node, controller });
  unsaved.set(of.id, { chat: of, node });
  delete node.error;
  node.outcome = { interrupted: true }; // What a reload finds.
  persist(of);
  show();
  announce(t("answering"));
  const run = { pieces: 0 };
  const started = performance.now();
  let frame = 0;
  let saving = 0;
  try {
    const body = request(await options(of));
    for await (const part of streamAnswer(body, controller.signal)) {
      const { text, thinking, calls, annotations, ...end } = part;
      Object.assign(run, end);
      if (!text && !thinking && !calls && !annotations) {
        continue;
      }
      run.elapsed = performance.now() - started;
      run.ttft ??= run.elapsed;
      run.pieces++;
      builder.take(part);
      Object.assign(node, builder.fields);
      if (text && node.reasoning && node.content !== "") {
        node.thoughtFor ??= Math.max(1, Math.round(run.elapsed / 1000));
      }
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        if (of === chat && running.get(of.id)?.node === node) {
          list.grow(node);
        }
      });
      saving ||= setTimeout(() => {
        saving = 0;
        persist(of);
      }, SAVE_MS);
    }
  } catch (failure) {
    if (controller.signal.aborted) {
      run.stopped = true;
    } else {
      node.error = plain(failure);
      if (failure.code === UNREACHABLE || failure.code === BROKEN_OFF || failure.status === UNAUTHORIZED) {
        connection.reconnect();
      } else if (failure.status === NOT_FOUND) {
        documents.forget();
      }
    }
  }
  cancelAnimationFrame(frame);
  clearTimeout(saving);
  node.outcome = summarize(run);
  running.delete(of.id);
  of.updated = Date.now();
  persistEnd(of, node);
  if (of === chat) {
    show();
    const last = byId("messages").lastElementChild.querySelector(".content");
    announce(node.error ? errorText(node.error, connection.contextSize) : last.innerText.slice(0, SPOKEN));
  }
}

/** What is kept of a failure. */
function plain(failure) {
  const { message, code, status, wait } = failure instanceof ApiError ? failure : { message: String(failure) };
  return JSON.parse(JSON.stringify({ message, code, status, wait })); // Without what is not known.
}

function stopAnswer() {
  running.get(chat.id)?.controller.abort();
}

// Chats

/** Stores a chat, tells the list and other windows, and says whether it is stored. */
async function persist(of) {
  if (removed.has(of)) {
    return false;
  }
  let stored = false;
  try {
    await store.put(of);
    stored = true;
    otherWindows?.postMessage(of.id);
  } catch (failure) {
    console.error(failure);
    notify(t("notKept"));
  }
  sidebar.refresh();
  return stored;
}

/** Stores a chat whose answer has ended. */
async function persistEnd(of, node) {
  if ((await persist(of)) && unsaved.get(of.id)?.node === node && !running.has(of.id)) {
    unsaved.delete(of.id);
  }
}

function hashOf(of) {
  return `#/chat/${of.id}`;
}

function openChat(id) {
  location.hash = `#/chat/${id}`;
}

function beginChat() {
  if (location.hash !== "") {
    history.pushState(null, "", location.pathname);
  }
  route();
  prompt.focus();
}

/** Shows the chat that the address names, or a new one. */
async function route() {
  const id = /^#\/chat\/(\w+)$/.exec(location.hash)?.[1];
  const found = id && (running.get(id)?.chat ?? (await store.get(id)));
  if (id && !found) {
    history.replaceState(null, "", location.pathname);
  }
  chat = found || newChat();
  sidebar.mark(found ? chat.id : null);
  show();
  list.scrollToEnd();
}

async function rename(changed) {
  const live = changed.id === chat.id ? chat : running.get(changed.id)?.chat;
  const kept = live ?? changed;
  Object.assign(kept, { title: changed.title, named: changed.named });
  await persist(kept);
  show();
}

function forget(id) {
  const run = running.get(id);
  if (run) {
    removed.add(run.chat);
    run.controller.abort();
  }
  if (id === chat.id) {
    removed.add(chat);
    beginChat();
  }
}

if (otherWindows) {
  otherWindows.onmessage = async ({ data: id }) => {
    sidebar.refresh();
    if (id === chat.id && !running.has(id)) {
      const changed = await store.get(id);
      if (changed && chat.id === id && !running.has(id)) {
        chat = changed;
        show();
      }
    }
  };
}

// The page

function show() {
  const run = running.get(chat.id);
  list.show(chat, run?.node ?? null);
  byId("empty").hidden = chat.nodes.length > 0;
  document.title = chat.title ? `${chat.title} · Panallama` : t("title");
  stop.hidden = run === undefined;
  send.hidden = run !== undefined;
  sidebar.mark(chat.id);
  documents.showChoice();
  showContext();
  update();
}

function showContext() {
  const size = connection.contextSize;
  const used = shownPath(chat).findLast((node) => node.outcome?.context)?.outcome.context;
  byId("context").textContent = size && used ? t("contextUsed", { used: number(used), size: number(size) }) : "";
  byId("context").classList.toggle("nearly-full", used > 0.9 * size);
}

function update() {
  send.disabled = !connection.isReady || (prompt.value.trim() === "" && attachments.isEmpty);
  prompt.style.height = "auto";
  prompt.style.height = `${prompt.scrollHeight}px`;
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
prompt.addEventListener("input", update);
prompt.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  } else if (event.key === "ArrowUp" && prompt.value === "" && !running.has(chat.id)) {
    const last = shownPath(chat).findLast((node) => node.role === "user");
    if (last) {
      event.preventDefault();
      list.edit(last);
    }
  }
});
stop.addEventListener("click", () => {
  stopAnswer();
  if (matchMedia("(pointer: fine)").matches) {
    prompt.focus(); // Elsewhere that would open the keyboard on the screen.
  }
});
byId("new-chat").addEventListener("click", () => {
  beginChat();
  sidebar.giveWay();
});
byId("open-shortcuts").addEventListener("click", () => byId("shortcuts").showModal());
for (const key of ["suggestion1", "suggestion2", "suggestion3"]) {
  const button = element("button", { type: "button", textContent: t(key) });
  button.addEventListener("click", () => {
    prompt.value = button.textContent;
    submit();
  });
  byId("suggestions").append(button);
}

const SHORTCUTS = {
  k: () => sidebar.focusSearch(),
  b: () => sidebar.toggle(),
  ",": () => settings.open(),
  "/": () => byId("shortcuts").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) {
    return;
  }
  if (event.key === "Escape") {
    stopAnswer();
  } else if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    const key = event.key.toLowerCase();
    const action = event.shiftKey ? { o: beginChat }[key] : SHORTCUTS[key];
    if (action) {
      event.preventDefault();
      action();
    }
  }
});
addEventListener("hashchange", route);
addEventListener("popstate", route);
addEventListener("pagehide", () => {
  for (const { chat: of, node } of unsaved.values()) {
    if (!removed.has(of)) {
      keepUnsaved(of, node);
      persist(of);
    }
  }
});
addEventListener("pageshow", () => unsaved.forEach(({ chat: of }) => dropUnsaved(of))); // The page was only put aside.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    unsaved.forEach(({ chat: of }) => persist(of)); // A page in the background may end without a word.
  }
});

if (!store.lasting) {
  notify(t("notKept"));
}
await route();
sidebar.refresh();
connection.connect();
prompt.focus();
