/** The messages of a chat, as the API takes them. Pure. */
export class Conversation {
  #turns = [];

  get isEmpty() {
    return this.#turns.length === 0;
  }

  addUser(content) {
    this.#turns.push({ role: "user", content });
  }

  /** Records what was answered; an empty answer leaves no trace. */
  addAnswer(content) {
    if (content !== "") {
      this.#turns.push({ role: "assistant", content });
    }
  }

  /** Takes the last answer back, so that the last question can be asked again. */
  dropAnswer() {
    if (this.#turns.at(-1)?.role === "assistant") {
      this.#turns.pop();
    }
  }

  clear() {
    this.#turns = [];
  }

  /** A question that got no answer is asked together with the next one: many templates insist on taking turns. */
  #alternating() {
    const messages = [];
    for (const { role, content } of this.#turns) {
      const last = messages.at(-1);
      if (last?.role === role) {
        last.content += `\n\n${content}`;
      } else {
        messages.push({ role, content });
      }
    }
    return messages;
  }

  /** The body of a request; what is not set is left to the server. */
  request({ system, temperature, maxTokens }) {
    const messages = this.#alternating();
    if (system.trim() !== "") {
      messages.unshift({ role: "system", content: system });
    }
    const body = { messages };
    if (temperature !== null) {
      body.temperature = temperature;
    }
    if (maxTokens !== null) {
      body.max_tokens = maxTokens;
    }
    return body;
  }
}

/** What ended an answer early, by the server's finish_detail. */
const CUT_OFF = {
  context_full: "cut off: the context is full",
  time_limit: "cut off: the time is up",
};

/**
 * One line about how an answer went: { ttft } in milliseconds, { timings } of the server, { finish } and, where a limit
 * was reached, { detail }. A stopped answer has no timings; its rate is that of the { pieces } that came in { elapsed }
 * milliseconds: mostly a token each.
 */
export function describe({ ttft, timings, finish, detail, stopped, pieces, elapsed }) {
  const parts = [];
  if (timings?.predicted_per_second > 0) {
    parts.push(`${round(timings.predicted_per_second)} tokens/s`);
  } else if (stopped && pieces > 1 && elapsed > ttft) {
    parts.push(`about ${round(((pieces - 1) * 1000) / (elapsed - ttft))} tokens/s`);
  }
  if (ttft !== undefined) {
    parts.push(`first token ${ttft < 1000 ? `${Math.round(ttft)} ms` : `${(ttft / 1000).toFixed(1)} s`}`);
  }
  if (timings?.predicted_n !== undefined) {
    parts.push(`${timings.predicted_n} ${timings.predicted_n === 1 ? "token" : "tokens"}`);
  }
  if (stopped) {
    parts.push("stopped");
  } else if (finish === "length") {
    parts.push(CUT_OFF[detail] ?? "cut off at the length limit");
  }
  return parts.join(" · ");
}

function round(rate) {
  return rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}
