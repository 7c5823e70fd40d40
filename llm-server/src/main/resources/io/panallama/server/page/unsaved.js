/**
 * What a page keeps of answers whose end the database does not have when it goes away. What it then asks the database to
 * store may be lost, but localStorage writes at once; the next page puts it where it belongs.
 */

const PREFIX = "panallama.unsaved.";

function local() {
  try {
    return globalThis.localStorage;
  } catch {
    return null; // Blocked, as in the functions below.
  }
}

/** Keeps a message of a chat that the database has. */
export function keepUnsaved(chat, node, storage = local()) {
  try {
    storage.setItem(PREFIX + chat.id, JSON.stringify(node));
  } catch {
    // Full.
  }
}

/** Drops what was kept of a chat, whose page lives on. */
export function dropUnsaved(chat, storage = local()) {
  try {
    storage.removeItem(PREFIX + chat.id);
  } catch {
    // There is nothing.
  }
}

/** Puts everything that was kept into the database. */
export async function recoverUnsaved(store, storage = local()) {
  for (const [key, kept] of entries(storage)) {
    const chat = await store.get(key.slice(PREFIX.length));
    const node = chat?.nodes.find(({ id }) => id === kept?.id);
    if (node?.outcome?.interrupted && size(kept) >= size(node)) {
      Object.assign(node, kept);
      await store.put(chat);
    }
    storage.removeItem(key);
  }
}

function entries(storage) {
  try {
    return Object.keys(storage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => [key, JSON.parse(storage.getItem(key))]);
  } catch {
    return [];
  }
}

function size({ content, reasoning, calls, sources }) {
  return JSON.stringify([content, reasoning, calls, sources]).length;
}
