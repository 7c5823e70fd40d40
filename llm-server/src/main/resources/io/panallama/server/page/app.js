/** The chat page: wires the conversation to the elements of index.html. */

import { ApiError, fetchModel, streamAnswer, UNREACHABLE } from "./api.js";
import { Conversation, describe } from "./conversation.js";
import { copyButton, element, showMarkdown } from "./render.js";
import { Settings } from "./settings.js";

const SUGGESTIONS = ["Tell me a short story", "What can you help me with?", "Write a haiku about rain"];
const NEAR_END = 80;

const byId = (id) => document.getElementById(id);
const messages = byId("messages");
const scroller = byId("scroller");
const prompt = byId("prompt");
const send = byId("send");
const stop = byId("stop");

const conversation = new Conversation();
const settings = new Settings();
let model = null;
let running = null; // The AbortController of the answer that is being streamed.

function ask(question) {
  conversation.addUser(question);
  messages.append(element("li", { className: "message user" }, question));
  answer();
}

async function answer() {
  const view = new AnswerView();
  const controller = new AbortController();
  setRunning(controller);
  const started = performance.now();
  let text = "";
  let lost = false;
  const outcome = { pieces: 0 };
  try {
    for await (const part of streamAnswer(conversation.request(settings.values), controller.signal)) {
      if (part.text) {
        outcome.elapsed = performance.now() - started;
        outcome.ttft ??= outcome.elapsed;
        outcome.pieces++;
        text += part.text;
        view.show(text);
      } else {
        Object.assign(outcome, part);
      }
    }
    if (text === "") {
      outcome.ttft = undefined;
    }
  } catch (failure) {
    if (controller.signal.aborted) {
      outcome.stopped = true;
    } else {
      outcome.error = failure instanceof ApiError ? failure.message : String(failure);
      lost = failure.code === UNREACHABLE;
    }
  }
  if (lost) {
    reconnect();
  }
  if (running !== controller) {
    return; // A new chat has begun meanwhile.
  }
  conversation.addAnswer(text);
  view.end(text, outcome);
  setRunning(null);
}

/** Asks the last question again, in place of its answer. */
function retry(item) {
  if (running) {
    return;
  }
  conversation.dropAnswer();
  item.remove();
  answer();
}

/** One answer in the list, while it grows and when it is done. */
class AnswerView {
  #body = element("div", { className: "body" });
  #item = element("li", { className: "message answer waiting" }, this.#body);
  #text = "";
  #frame = 0;

  constructor() {
    this.#item.setAttribute("aria-busy", "true");
    messages.querySelectorAll(".retry").forEach((button) => button.remove());
    messages.append(this.#item);
    scrollToEnd(true);
  }

  /** Shows the text so far, at most once per frame. */
  show(text) {
    this.#text = text;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  end(text, outcome) {
    cancelAnimationFrame(this.#frame);
    this.#text = text;
    this.#draw();
    this.#item.className = "message answer";
    this.#item.removeAttribute("aria-busy");
    if (outcome.error) {
      this.#item.append(this.#errorBox(outcome.error));
    } else {
      this.#item.append(this.#footer(text, outcome));
    }
    scrollToEnd();
  }

  #draw() {
    this.#frame = 0;
    const follow = isNearEnd();
    this.#item.className = this.#text === "" ? "message answer waiting" : "message answer streaming";
    showMarkdown(this.#body, this.#text);
    scrollToEnd(follow);
  }

  #footer(text, outcome) {
    const actions = element("span", { className: "actions" });
    if (text !== "") {
      actions.append(copyButton(() => text));
    }
    actions.append(this.#retryButton());
    const summary = describe(outcome) || (text === "" ? "an empty answer" : "");
    return element("div", { className: "meta" }, element("span", {}, summary), actions);
  }

  #errorBox(message) {
    const box = element("div", { className: "error" }, element("span", {}, message), this.#retryButton());
    box.setAttribute("role", "alert");
    return box;
  }

  #retryButton() {
    const button = element("button", { type: "button", className: "quiet retry", textContent: "Try again" });
    button.addEventListener("click", () => retry(this.#item));
    return button;
  }
}

function isNearEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
}

/** Keeps the end in view, unless the reader has scrolled away from it. */
function scrollToEnd(follow = isNearEnd()) {
  if (follow) {
    scroller.scrollTop = scroller.scrollHeight;
  }
}

function setRunning(controller) {
  running = controller;
  stop.hidden = controller === null;
  send.hidden = controller !== null;
  byId("empty").hidden = !conversation.isEmpty;
  update();
}

function update() {
  send.disabled = model === null || prompt.value.trim() === "";
  prompt.style.height = "auto";
  prompt.style.height = `${prompt.scrollHeight}px`;
}

function submit() {
  const question = prompt.value.trim();
  if (question === "" || running || model === null) {
    return;
  }
  prompt.value = "";
  ask(question);
}

function newChat() {
  running?.abort();
  conversation.clear();
  messages.replaceChildren();
  setRunning(null);
  prompt.focus();
}

async function connect() {
  const chip = byId("model");
  try {
    model = await fetchModel();
    chip.textContent = model?.id ?? "loading the model…";
  } catch (failure) {
    model = null;
    chip.textContent = "not connected";
    chip.title = failure.message;
  }
  if (model === null) {
    setTimeout(connect, 1000);
  } else {
    chip.title = `${model.meta.description || model.id}, ${model.meta.n_ctx} tokens of context`;
    byId("demo").hidden = !model.meta.demo;
  }
  update();
}

/** The server went away: says so in the head of the page, and waits for it. */
function reconnect() {
  if (model !== null) {
    model = null;
    connect();
  }
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
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("settings").open) {
    running?.abort();
  }
});
stop.addEventListener("click", () => {
  running?.abort();
  if (matchMedia("(pointer: fine)").matches) {
    prompt.focus(); // Elsewhere that would open the keyboard on the screen.
  }
});
byId("new-chat").addEventListener("click", newChat);
for (const suggestion of SUGGESTIONS) {
  const button = element("button", { type: "button", textContent: suggestion });
  button.addEventListener("click", () => {
    prompt.value = suggestion;
    submit();
  });
  byId("suggestions").append(button);
}
setRunning(null);
connect();
