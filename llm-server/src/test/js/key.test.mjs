import assert from "node:assert/strict";
import { test } from "node:test";

const PAGE = new URL("../../main/resources/io/panallama/server/page/", import.meta.url);

/** Just enough of a document for the dialog: what is typed into it is the next of these answers; empty closes it. */
function reader(...answers) {
  let asked = 0;
  class Node {
    listeners = {};
    returnValue = "";
    constructor(name) {
      this.name = name;
    }
    append(...children) {
      this.children = [...(this.children ?? []), ...children];
    }
    setAttribute() {}
    addEventListener(event, listener) {
      this.listeners[event] = listener;
    }
    remove() {}
    find(name) {
      return this.name === name ? this : this.children?.map((child) => child.find?.(name)).find(Boolean);
    }
    showModal() {
      asked++;
      this.find("input").value = answers.shift() ?? "";
      this.returnValue = this.find("input").value ? "ok" : "";
      queueMicrotask(() => this.listeners.close());
    }
  }
  globalThis.document = { createElement: (name) => new Node(name), body: new Node("body") };
  return { asked: () => asked };
}

/** A server with a key, and the headers that it got. */
function server(key) {
  const got = [];
  globalThis.fetch = async (path, options) => {
    const given = options.headers.Authorization;
    got.push(given);
    const body = given === `Bearer ${key}` ? { data: [{ id: "m" }] } : { error: { message: "no", code: "invalid_api_key" } };
    return { status: body.error ? 401 : 200, ok: !body.error, json: async () => body };
  };
  return got;
}

async function page(stored = {}) {
  globalThis.localStorage = { getItem: (name) => stored[name] ?? null, setItem: (name, value) => (stored[name] = value) };
  const fresh = `?${Math.random()}`;
  // The modules keep the key, so each test has its own; api.js imports key.js by its plain name.
  const key = await import(new URL(`key.js${fresh}`, PAGE));
  return { key, stored };
}

test("the key is asked for, kept and sent", async () => {
  const asked = reader("wrong", "right");
  const { key, stored } = await page();
  assert.deepEqual(key.authorization(), {});
  assert.equal(await key.askForKey(false), true);
  assert.deepEqual(key.authorization(), { Authorization: "Bearer wrong" });
  assert.equal(await key.askForKey(false), true);
  assert.deepEqual(key.authorization(), { Authorization: "Bearer right" });
  assert.equal(stored["panallama.key"], "right");
  assert.equal(asked.asked(), 2);
  assert.deepEqual((await page(stored)).key.authorization(), { Authorization: "Bearer right" });
});

test("who declines is asked again only when sending, and all requests share a question", async () => {
  const asked = reader("", "k");
  const { key } = await page();
  assert.equal(await key.askForKey(false), false);
  assert.equal(await key.askForKey(false), false);
  assert.equal(asked.asked(), 1);
  assert.deepEqual(await Promise.all([key.askForKey(true), key.askForKey(true)]), [true, true]);
  assert.equal(asked.asked(), 2);
});

test("a refused request is sent again with the key", async () => {
  reader("wrong", "right");
  await page();
  const got = server("right");
  const { fetchModels } = await import(new URL("api.js", PAGE));
  assert.deepEqual(await fetchModels(), [{ id: "m" }]);
  assert.deepEqual(got, [undefined, "Bearer wrong", "Bearer right"]);
});
