/** Opens the chat page in Debian's Chromium. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { chromium } from "playwright-core";

const PAGE = process.env.PAGE ?? "http://127.0.0.1:8090/";

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"], // A build runs as root, where Chromium's sandbox doesn't start.
});

/** The chat page, connected. */
export async function openPage(test, { uri = PAGE, ...options } = {}) {
  const page = await open(test, uri, options);
  await page.locator("#model:not(:disabled)").waitFor();
  return page;
}

/** The page to try the API, with its operations. */
export async function openDocs(test, options = {}) {
  const page = await open(test, new URL("/docs", PAGE).href, { baseURL: PAGE, ...options });
  await page.locator(".opblock").first().waitFor();
  return page;
}

/** A page of a fresh profile that fails the test on errors and on what its policy forbids. */
export async function open(test, uri, options = {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) {
      faults.push(message.text());
    }
  });
  test.after(async () => {
    await context.close();
    if (faults.length > 0) {
      throw new Error(`The page reported: ${faults.join("\n")}`);
    }
  });
  await page.goto(uri);
  return page;
}

export async function ask(page, question) {
  await page.fill("#prompt", question);
  await page.press("#prompt", "Enter");
}

/** Asks, and waits for the end of the answer. */
export async function askAndWait(page, question) {
  const before = await page.locator(".message").count();
  await ask(page, question);
  await page.locator(".message").nth(before + 1).waitFor();
  await ended(page);
}

export async function ended(page) {
  await page.locator("#send").waitFor();
  await page.locator('.message[aria-busy="true"]').waitFor({ state: "detached" });
}

/** Waits until the browser has stored a chat with this text. */
export async function stored(page, text) {
  const find = (wanted) =>
    new Promise((resolve) => {
      indexedDB.open("panallama").onsuccess = ({ target: { result: database } }) => {
        database.transaction("chats").objectStore("chats").getAll().onsuccess = ({ target: { result: chats } }) => {
          database.close();
          resolve(JSON.stringify(chats).includes(wanted));
        };
      };
    });
  const deadline = Date.now() + 10_000;
  while (!(await page.evaluate(find, text))) {
    assert.ok(Date.now() < deadline, `"${text}" was not stored.`);
  }
}

const CHECKER = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core finds on the page that is shown: "rule: element". */
export async function faultsOf(page) {
  await page.evaluate(CHECKER);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ""}`));
  });
}

/** A way to the server whose connections a test can cut. */
export async function cuttable(test) {
  const { hostname, port } = new URL(PAGE);
  const sockets = new Set();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [[client, upstream], [upstream, client]]) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  const listen = (at) => new Promise((resolve) => server.listen(at, "127.0.0.1", resolve));
  await listen(0);
  const at = server.address().port;
  const cut = () => sockets.forEach((socket) => socket.destroy());
  const down = () =>
    new Promise((resolve) => {
      server.close(resolve);
      cut();
    });
  test.after(() => (server.listening ? down() : undefined));
  return { uri: `http://127.0.0.1:${at}/`, cut, down, up: () => listen(at) };
}
