/** Small things that are kept in this browser (localStorage), as JSON. Where it is blocked they last as long as the page. */

const PREFIX = "panallama.";
const fallback = new Map();

export function load(name, otherwise) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return fallback.get(name) ?? otherwise;
  }
}

export function save(name, value) {
  fallback.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Blocked or full.
  }
}
