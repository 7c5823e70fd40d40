/** The messages of the chat that is open, as elements. */

import { copyButton, element, icon, iconButton, textButton } from "./dom.js";
import { CONTEXT_FULL, errorDetails, errorText } from "./errors.js";
import { fileChip } from "./files.js";
import { number, t } from "./i18n.js";
import { describe } from "./outcome.js";
import { showMarkdown } from "./render.js";
import { linkMarkers, showSource, sourceList } from "./sources.js";
import { branches, openCalls, shownPath } from "./tree.js";

const NEAR_END = 80;

/**
 * The list of messages. `actions` are what the reader can do with one: edit(node, content), regenerate(node), resume(node),
 * turn(node, step), sendResults(node, results), begin(), dropOldest(node), shift(node), sendAll(), viewSource(source),
 * contextSize().
 */
export class MessageList {
  #list = document.getElementById("messages");
  #scroller = document.getElementById("scroller");
  #actions;
  #views = new Map();
  #chat = null;
  #atEnd = true;

  constructor(actions) {
    this.#actions = actions;
    this.#scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
      this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    });
    const resized = new ResizeObserver(() => this.#atEnd && this.scrollToEnd());
    resized.observe(this.#list);
    resized.observe(this.#scroller);
  }

  /** Shows a chat; `running` is the node whose answer is being written, if there is one. */
  show(chat, running = null) {
    if (chat !== this.#chat) {
      this.#views.clear();
      this.#list.replaceChildren();
      this.#chat = chat;
    }
    const path = shownPath(chat);
    const from = path.findIndex((node) => node.id === chat.from);
    const items = [];
    path.forEach((node, i) => {
      if (i === from && i > 0) {
        items.push(this.#divider());
      }
      const siblings = branches(chat, node.parent);
      const context = {
        last: i === path.length - 1,
        busy: running !== null,
        growing: node === running,
        index: siblings.indexOf(node) + 1,
        count: siblings.length,
        open: node.role === "assistant" ? openCalls(node, path).map((call) => call.id) : [],
        unsent: i < from,
      };
      let view = this.#views.get(node.id);
      if (!view || view.node !== node) {
        view = new MessageView(node, this.#actions);
        this.#views.set(node.id, view);
      }
      view.update(context);
      items.push(view.item);
    });
    items.forEach((item, i) => {
      if (this.#list.children[i] !== item) {
        this.#list.insertBefore(item, this.#list.children[i] ?? null);
      }
    });
    while (this.#list.children.length > items.length) {
      this.#list.lastElementChild.remove();
    }
  }

  /** Draws what has come of a growing answer. */
  grow(node) {
    this.#views.get(node.id)?.draw();
  }

  edit(node) {
    this.#views.get(node.id)?.edit();
  }

  /** Shows the end, and keeps it in view while the list grows, until the reader scrolls away from it. */
  scrollToEnd() {
    this.#atEnd = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #divider() {
    return element(
      "li",
      { className: "divider" },
      element("span", {}, t("notSent")),
      textButton(t("sendAll"), () => this.#actions.sendAll()),
    );
  }
}

class MessageView {
  node;
  item;
  #actions;
  #context = {};
  #shown = "";
  #body = element("div", { className: "body" });
  #thinking = null;
  #calls = element("div", { className: "calls" });
  #below = element("div", { className: "below" });
  #content = element("div", { className: "content" });

  constructor(node, actions) {
    this.node = node;
    this.#actions = actions;
    const speaker = { user: "you", assistant: "assistant" }[node.role];
    const heading = speaker ? element("h2", { className: "hidden" }, t(speaker)) : null;
    this.item = element("li", { className: `message ${node.role}` }, heading, this.#content, this.#below);
    this.item.dataset.node = node.id;
  }

  /** Shows the node, where it or what surrounds it has changed. */
  update(context) {
    const state = JSON.stringify([this.node, context]);
    if (state === this.#shown) {
      return;
    }
    this.#shown = state;
    this.#context = context;
    this.item.classList.toggle("unsent", context.unsent);
    this.item.setAttribute("aria-busy", String(context.growing));
    this.draw();
    this.#below.replaceChildren(...this.#footer().filter(Boolean));
  }

  draw() {
    const { node } = this;
    if (node.role === "assistant") {
      this.#drawAnswer();
    } else if (node.role === "tool") {
      this.#content.replaceChildren(folded("tool", t("result", { name: node.name }), node.content, "result"));
    } else {
      const files = node.files?.length > 0 && element("ul", { className: "files" }, ...node.files.map(fileChip));
      const text = node.content !== "" && element("div", { className: "bubble", dir: "auto" }, node.content);
      this.#content.replaceChildren(...[files, text].filter(Boolean));
    }
  }

  #drawAnswer() {
    const { node } = this;
    const { growing } = this.#context;
    if (this.#body.parentElement === null || this.#content.querySelector("form")) {
      this.#content.replaceChildren(this.#body, this.#calls);
    }
    const waiting = growing && node.content === "" && !node.calls?.length;
    this.item.classList.toggle("waiting", waiting && !node.reasoning);
    this.item.classList.toggle("streaming", growing && node.content !== "");
    this.#drawThinking(waiting);
    showMarkdown(this.#body, node.content, !growing);
    if (!growing && node.sources) {
      linkMarkers(this.#body, node.sources, (source) => showSource(this.#below, source));
    }
    this.#drawCalls();
  }

  #drawThinking(open) {
    const { reasoning, thoughtFor } = this.node;
    if (!reasoning) {
      this.#thinking?.box.remove();
      this.#thinking = null;
      return;
    }
    if (!this.#thinking) {
      const title = element("span", {});
      const body = element("div", { className: "body" });
      const box = element("details", { className: "folded thinking" }, element("summary", {}, icon("think"), title), body);
      this.#thinking = { box, title, body };
      box.addEventListener("toggle", () => box.open && showMarkdown(body, this.node.reasoning));
      this.#content.prepend(box);
    }
    const { box, title, body } = this.#thinking;
    box.classList.toggle("busy", open);
    title.textContent = open ? t("thinking") : thoughtFor ? t("thoughtFor", { seconds: number(thoughtFor) }) : t("thought");
    if (box.open) {
      showMarkdown(body, reasoning, !open);
    }
  }

  #drawCalls() {
    const calls = this.node.calls ?? [];
    while (this.#calls.children.length > calls.length) {
      this.#calls.lastElementChild.remove();
    }
    calls.forEach((call, i) => {
      const old = this.#calls.children[i];
      if (old && old.callText === call.name + call.arguments) {
        return;
      }
      const box = folded("tool", t("call", { name: call.name }), pretty(call.arguments), "call");
      box.callText = call.name + call.arguments;
      box.open = old?.open ?? false;
      if (old) {
        old.replaceWith(box);
      } else {
        this.#calls.append(box);
      }
    });
  }

  /** What stands below the message. */
  #footer() {
    const { node } = this;
    const { growing, busy, last, open } = this.#context;
    if (growing) {
      return [];
    }
    const parts = [];
    if (node.sources?.length > 0) {
      parts.push(sourceList(node.sources, this.#actions.viewSource));
    }
    if (node.error) {
      parts.push(this.#errorBox());
    } else if (node.role === "assistant" && last && node.outcome?.detail === "context_full" && !busy) {
      const words = errorText({ code: CONTEXT_FULL }, this.#actions.contextSize());
      parts.push(element("div", { className: "warning" }, element("span", {}, words), this.#contextButtons()));
    }
    if (last && !busy && open.length > 0) {
      parts.push(this.#resultForm());
    }
    parts.push(this.#meta());
    return parts;
  }

  #meta() {
    const { node } = this;
    const { busy, last, open } = this.#context;
    const actions = element("span", { className: "actions" });
    if (node.content !== "") {
      actions.append(copyButton(() => node.content));
    }
    if (!busy && node.role !== "tool" && (node.content !== "" || node.role === "user")) {
      actions.append(iconButton("edit", t("edit"), () => this.edit()));
    }
    if (!busy && node.role === "assistant") {
      actions.append(iconButton("again", t("regenerate"), () => this.#actions.regenerate(node)));
      if (last && open.length === 0 && (node.content !== "" || node.reasoning) && !node.calls?.length) {
        actions.append(iconButton("more", t("continue"), () => this.#actions.resume(node)));
      }
    }
    const parts = node.outcome ? describe(node.outcome) : [];
    if (node.role === "assistant" && node.content === "" && !node.calls?.length && !node.error) {
      parts.push(t("emptyAnswer"));
    }
    return element(
      "div",
      { className: "meta" },
      this.#turner(),
      parts.length > 0 && element("span", { className: "outcome" }, ...parts.flatMap((part, i) => [i > 0 && " · ", element("bdi", {}, part)])),
      actions,
    );
  }

  /** Leads to the other versions of a message. */
  #turner() {
    const { index, count, busy } = this.#context;
    if (count < 2) {
      return false;
    }
    const back = iconButton("previous", t("previousBranch"), () => this.#actions.turn(this.node, -1));
    const on = iconButton("next", t("nextBranch"), () => this.#actions.turn(this.node, 1));
    back.disabled = busy || index === 1;
    on.disabled = busy || index === count;
    const place = element("span", { "aria-label": t("branch", { index, count }), role: "img" }, `${number(index)}/${number(count)}`);
    return element("span", { className: "turner" }, back, place, on);
  }

  #errorBox() {
    const { error } = this.node;
    const { last, busy } = this.#context;
    const full = error.code === CONTEXT_FULL;
    const said = errorDetails(error);
    const words = element("span", {}, errorText(error, this.#actions.contextSize()));
    const buttons = full ? this.#contextButtons() : element("span", { className: "buttons" });
    if (!full) {
      buttons.append(textButton(t("tryAgain"), () => this.#actions.regenerate(this.node)));
      if (this.node.content !== "" && !this.node.calls?.length) {
        buttons.append(textButton(t("continue"), () => this.#actions.resume(this.node)));
      }
    }
    const box = element("div", { className: "error" }, words, said !== "" && details(said), last && !busy && buttons);
    box.setAttribute("role", "alert");
    return box;
  }

  /** A full context is no dead end. */
  #contextButtons() {
    return element(
      "span",
      { className: "buttons" },
      textButton(t("dropOldest"), () => this.#actions.dropOldest(this.node)),
      textButton(t("shiftContext"), () => this.#actions.shift(this.node)),
      textButton(t("beginAnew"), () => this.#actions.begin()),
    );
  }

  /** Asks for what the tools answer. */
  #resultForm() {
    const calls = this.node.calls.filter((call) => this.#context.open.includes(call.id));
    const fields = calls.map((call) => {
      const id = `result-${this.node.id}-${call.id}`;
      const input = element("textarea", { id, rows: 2, dir: "auto", spellcheck: false });
      return { call, input, label: element("label", { htmlFor: id }, t("resultFor", { name: call.name })) };
    });
    const form = element(
      "form",
      { className: "results" },
      ...fields.flatMap(({ label, input }) => [label, input]),
      element(
        "div",
        { className: "buttons" },
        element("button", { type: "submit", className: "primary" }, t("sendResults", { count: calls.length })),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#actions.sendResults(
        this.node,
        fields.map(({ call, input }) => ({ callId: call.id, name: call.name, content: input.value })),
      );
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    return form;
  }

  /** Puts a field in the place of the text; what is kept becomes a new branch. */
  edit() {
    const { node } = this;
    const input = element("textarea", { value: node.content, rows: 1, dir: "auto", "aria-label": t("edit") });
    const end = () => {
      this.#shown = "";
      this.update(this.#context);
    };
    const keep = () => {
      if (input.value.trim() === "") {
        return;
      }
      end();
      if (input.value !== node.content || node.role === "user") {
        this.#actions.edit(node, input.value);
      }
    };
    const form = element(
      "form",
      { className: "editor" },
      input,
      element(
        "div",
        { className: "buttons" },
        textButton(t("cancel"), end),
        element("button", { type: "submit", className: "primary" }, t(node.role === "user" ? "sendEdited" : "save")),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      keep();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        end();
      } else if (event.key === "Enter" && !event.isComposing && node.role === "user" && !event.shiftKey) {
        event.preventDefault();
        keep();
      }
    });
    const grow = () => {
      input.style.height = "auto";
      input.style.height = `${input.scrollHeight + 2}px`;
    };
    input.addEventListener("input", grow);
    this.#content.replaceChildren(form);
    this.#below.replaceChildren();
    this.#thinking = null;
    grow();
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  }
}

function folded(name, title, text, className) {
  return element(
    "details",
    { className: `folded ${className}` },
    element("summary", {}, icon(name), element("span", {}, title)),
    element("pre", { tabIndex: 0, dir: "auto" }, text),
  );
}

/** The server's words, which are English. */
function details(words) {
  return element(
    "details",
    { className: "details" },
    element("summary", {}, t("details")),
    element("p", { lang: "en", dir: "ltr" }, words),
  );
}

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json; // Not whole yet, or cut off.
  }
}
