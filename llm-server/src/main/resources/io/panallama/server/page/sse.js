/**
 * Parses server-sent events (WHATWG HTML, section 9.2.6) from text that arrives in arbitrary pieces.
 *
 * Pure: text in, events out. An event is { type, data }; comments, ids and retry times are skipped, and an event without
 * data is dropped, as the standard says.
 */
export class SseParser {
  #rest = "";
  #type = "";
  #data = [];
  #started = false;

  /** Takes the next piece of the stream; returns the events that are complete with it. */
  push(text) {
    this.#rest += text;
    if (!this.#started && this.#rest.length > 0) {
      this.#started = true;
      if (this.#rest.startsWith("\uFEFF")) {
        this.#rest = this.#rest.slice(1);
      }
    }
    const events = [];
    for (let line = this.#nextLine(); line !== null; line = this.#nextLine()) {
      this.#take(line, events);
    }
    return events;
  }

  /** The next whole line without its end: LF, CR or CRLF. Null if there is none yet. */
  #nextLine() {
    const end = this.#rest.search(/[\r\n]/);
    if (end < 0) {
      return null;
    }
    const cr = this.#rest[end] === "\r";
    if (cr && end + 1 === this.#rest.length) {
      return null; // The LF of a CRLF may come with the next piece.
    }
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + (cr && this.#rest[end + 1] === "\n" ? 2 : 1));
    return line;
  }

  #take(line, events) {
    if (line === "") {
      if (this.#data.length > 0) {
        events.push({ type: this.#type || "message", data: this.#data.join("\n") });
      }
      this.#type = "";
      this.#data = [];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) {
      return;
    }
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.#data.push(value);
    } else if (field === "event") {
      this.#type = value;
    }
  }
}
