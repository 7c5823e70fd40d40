/** The key that the server asks for, kept in this browser. */

import { load, save } from "./kept.js";

const NAME = "key";

/** The key; empty if there is none. */
export function key() {
  return load(NAME, "");
}

export function keepKey(value) {
  save(NAME, value);
}

/** Headers with the key, unless they have one already. */
export function authorized(headers = {}) {
  return key() === "" || headers.Authorization ? headers : { ...headers, Authorization: `Bearer ${key()}` };
}
