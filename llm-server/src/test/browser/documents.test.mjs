import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { askAndWait, browser, ended, faultsOf, openPage, stored } from "./browser.mjs";
import { documentServer } from "./documents.mjs";

after(() => browser.close());

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const CITED = {
  text: "The sky is blue [2], the 🐈 sleeps [1, 2]. No such thing [7].",
  annotations: [
    { type: "file_citation", file_citation: { index: 16, file_id: "file-2", filename: "sky & sea.md" } },
    { type: "file_citation", file_citation: { index: 34, file_id: "file-1", filename: "cats.md" } },
    { type: "file_citation", file_citation: { index: 34, file_id: "file-2", filename: "sky & sea.md" } },
  ],
};

const button = (scope, name) => scope.getByRole("button", { name, exact: true });
const file = (name) => ({ name, mimeType: "text/markdown", buffer: Buffer.from(`The text of ${name}`) });
const lastAnswer = (page) => page.locator(".message.assistant").last();
const panel = (page) => page.locator("#documents");
const row = (page, name) => page.locator("#document-list li").filter({ hasText: name });
const choice = (page) => page.getByRole("switch", { name: "Answer from documents" });

/** Opens the panel and has the server read these files. */
async function addDocuments(page, server, ...names) {
  await page.locator("#open-documents").click();
  await page.setInputFiles("#document-input", names.map(file));
  for (const name of names) {
    await row(page, name).getByText("being read").waitFor();
    server.ended(name);
    await row(page, name).getByText("ready").waitFor();
  }
}

async function closePanel(page) {
  await page.keyboard.press("Escape");
  await panel(page).waitFor({ state: "hidden" });
}

/** Drops a file on an element, as the browser does. */
async function drop(page, selector, name) {
  const data = await page.evaluateHandle((dropped) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["dropped"], dropped, { type: "text/plain" }));
    return transfer;
  }, name);
  for (const type of ["dragover", "drop"]) {
    await page.dispatchEvent(selector, type, { dataTransfer: data });
  }
}

test("documents are uploaded, read and taken away, and others see them", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri });
  await page.locator("#open-documents").click();
  await page.getByText("There are no documents yet.").waitFor();
  assert.equal(server.stores.length, 0);
  let release;
  server.held = new Promise((resolve) => (release = resolve));
  await page.setInputFiles("#document-input", [file("cats.md"), file("huge.md"), file("scan.pdf")]);
  await row(page, "cats.md").getByText("uploading, 100 %").waitFor();
  assert.equal(await row(page, "cats.md").getByRole("progressbar").getAttribute("aria-label"), "cats.md");
  await row(page, "scan.pdf").getByText("uploading, 0 %").waitFor();
  release();
  await row(page, "cats.md").getByText("being read").waitFor();
  await row(page, "huge.md").getByText("The request is too large. The file has more than 64 MiB (--max-file-size).").waitFor();
  await row(page, "scan.pdf").getByText("being read").waitFor();
  server.ended("cats.md");
  server.ended("scan.pdf", "This PDF has no text.");
  await row(page, "cats.md").getByText("0.1 kB · ready").waitFor();
  await row(page, "scan.pdf").getByText("This PDF has no text.").waitFor();
  assert.match(await page.locator("#documents-status").innerText(), /cats\.md is ready\.|scan\.pdf could not be added\./);
  const stores = server.stores.map(({ name, metadata }) => [name, metadata]);
  assert.deepEqual(stores, [["Chat page", { application: "panallama-chat-page" }]]);

  await row(page, "cats.md").getByRole("button", { name: "cats.md", exact: true }).click();
  await page.locator("#document-text").getByText("The text of cats.md").waitFor();
  await page.keyboard.press("Escape");
  await button(row(page, "huge.md"), "Remove huge.md").click();
  await row(page, "huge.md").waitFor({ state: "detached" });

  const other = await openPage(t, { uri: server.uri });
  await other.locator("#open-documents").click();
  await row(other, "scan.pdf").getByText("This PDF has no text.").waitFor();
  await row(other, "cats.md").getByText("ready").waitFor();
  assert.equal(await other.locator("#document-list li").count(), 2);
  await button(row(other, "scan.pdf"), "Remove scan.pdf").click();
  await row(other, "scan.pdf").waitFor({ state: "detached" });
  assert.deepEqual(server.files.map(({ filename }) => filename), ["cats.md"]);
  assert.deepEqual(server.attached.map(({ id }) => id), ["file-1"]);
});

test("files dropped on the panel become documents, elsewhere they are attached", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri });
  await drop(page, "body", "note.txt");
  await page.locator("#files").getByText("note.txt").waitFor();
  await page.locator("#open-documents").click();
  await page.getByText("There are no documents yet.").waitFor();
  await drop(page, "#documents-title", "cats.md");
  await row(page, "cats.md").getByText("being read").waitFor();
  assert.equal(await page.locator("#files li").count(), 1);
  assert.equal(await choice(page).isChecked(), true);
});

test("a chat that is answered from documents sends their store, and its answer shows what it cites", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri });
  await addDocuments(page, server, "cats.md", "sky & sea.md");
  await closePanel(page);
  server.answer = CITED;
  await askAndWait(page, "What is blue?");
  assert.deepEqual(server.chats[0].tools, [{ type: "file_search", vector_store_ids: ["vs_1"] }]);

  const check = async () => {
    const sources = lastAnswer(page).locator(".sources");
    assert.deepEqual(await sources.locator(".source").allInnerTexts(), ["[1]\ncats.md", "[2]\nsky & sea.md"]);
    const markers = lastAnswer(page).locator(".body .marker");
    assert.deepEqual(await markers.allInnerTexts(), ["[2]", "1", "2"]);
    assert.equal(await markers.first().getAttribute("title"), "sky & sea.md");
    assert.equal(await lastAnswer(page).locator(".body").innerText(), CITED.text);
    await button(lastAnswer(page), "Source 1: cats.md").click();
    assert.equal(await page.evaluate(() => document.activeElement.innerText.includes("cats.md")), true);
  };
  await check();
  await page.keyboard.press("Enter");
  await page.locator("#document").getByText("The text of cats.md").waitFor();
  await page.keyboard.press("Escape");

  await stored(page, "sky & sea.md");
  await page.reload();
  await lastAnswer(page).locator(".marker").first().waitFor();
  await check();

  await page.locator("#chats li").hover();
  await page.locator("#chats summary").click();
  const downloading = page.waitForEvent("download");
  await button(page.locator("#chats"), "Export").click();
  const path = await (await downloading).path();
  const [chat] = JSON.parse(await readFile(path, "utf8")).chats;
  assert.equal(chat.documents, true);
  await page.setInputFiles("#import-input", path);
  await page.getByText("One chat was imported.").waitFor();
  await lastAnswer(page).locator(".marker").first().waitFor();
  await check();
});

test("the choice belongs to a chat and is kept with it", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri });
  await askAndWait(page, "Plain chat");
  await button(page, "New chat").click();
  await askAndWait(page, "Informed chat");
  const isOn = async () => {
    await page.locator("#open-documents").click();
    const on = await choice(page).isChecked();
    assert.equal(await page.locator("#documents-on").isVisible(), on);
    await closePanel(page);
    return on;
  };
  assert.equal(await isOn(), false);
  await page.locator("#open-documents").click();
  await choice(page).check();
  await closePanel(page);
  await stored(page, '"documents":true');
  const show = async (title) => {
    await page.locator("#chats a").getByText(title).click();
    await page.locator(".message.user").getByText(title).waitFor();
  };
  await show("Plain chat");
  assert.equal(await isOn(), false);
  await show("Informed chat");
  assert.equal(await isOn(), true);
  await page.reload();
  await page.locator(".message.user").getByText("Informed chat").waitFor();
  assert.equal(await isOn(), true);
  assert.equal(server.stores.length, 0);
});

test("a store that the server lost is made anew at the next try", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri });
  await addDocuments(page, server, "cats.md");
  await closePanel(page);
  const lost = { error: { message: "No such Vector store: vs_1" } };
  await page.route("**/v1/chat/completions", (route) => route.fulfill({ status: 404, json: lost }));
  await askAndWait(page, "What is blue?");
  await page.locator(".error").getByText("The server refused the request.").waitFor();
  await page.unroute("**/v1/chat/completions");
  server.stores = [{ id: "vs_9", metadata: { application: "panallama-chat-page" } }];
  server.answer = CITED;
  await button(page, "Try again").click();
  await lastAnswer(page).locator(".sources").waitFor();
  assert.deepEqual(server.chats[0].tools[0].vector_store_ids, ["vs_9"]);
});

test("a server without a library says how to start it, and everything else goes on", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri });
  await page.locator("#open-documents").click();
  await choice(page).check();
  await closePanel(page);
  server.missing = "This server has no model that gives embeddings; start it with --embedding-model FILE.";
  await askAndWait(page, "What is blue?");
  await page.locator(".error").getByText("This server keeps no documents.").waitFor();

  await page.locator("#open-documents").click();
  await panel(page).getByText("It does when it is started with").waitFor();
  await panel(page).getByText("--embedding-model minilm").waitFor();
  assert.equal(await page.locator("#add-documents").isVisible(), false);
  await panel(page).getByText("Details").click();
  await panel(page).getByText(server.missing).waitFor();
  assert.deepEqual(await faultsOf(page), []);
  await choice(page).uncheck();
  await closePanel(page);
  await button(page, "Try again").click();
  await ended(page);
  assert.match(await lastAnswer(page).locator(".body").innerText(), /^Answer/);
  await page.locator("#open-documents").click();
  await panel(page).getByText("It does when").waitFor();
  // The panel shows what it knew until the server has answered again.
  await choice(page).waitFor({ state: "hidden" });
});

test("the panel can be used by the keyboard alone", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri });
  await page.locator("#open-documents").focus();
  await page.keyboard.press("Enter");
  await page.getByText("There are no documents yet.").waitFor();
  await page.setInputFiles("#document-input", ["a.md", "b.md", "c.md"].map(file));
  await row(page, "c.md").getByText("being read").waitFor();
  ["a.md", "b.md", "c.md"].forEach((name) => server.ended(name));
  await row(page, "c.md").getByText("ready").waitFor();
  await choice(page).focus();
  await page.keyboard.press("Space");
  assert.equal(await choice(page).isChecked(), false);
  const focused = () => page.locator("*:focus").evaluate((node) => (node.getAttribute("aria-label") ?? node.innerText).trim());
  const names = [];
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press("Tab");
    names.push(await focused());
  }
  assert.deepEqual(names, ["Add documents", "a.md", "Remove a.md"]);
  for (const next of ["Remove b.md", "Remove c.md", "Add documents"]) {
    await page.keyboard.press("Enter");
    await page.locator("#documents *:focus").and(page.getByRole("button", { name: next, exact: true })).waitFor();
  }
  await closePanel(page);
  assert.equal(await page.evaluate(() => document.activeElement.id), "open-documents");
});

test("an accessibility checker finds nothing, in light and dark, and a phone has room", async (t) => {
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", ...PHONE }]) {
    const server = await documentServer(t);
    const page = await openPage(t, { uri: server.uri, ...options });
    await addDocuments(page, server, "cats.md", "sky & sea.md");
    await page.setInputFiles("#document-input", [file("huge.md"), file("a-very-long-name-".repeat(8) + ".md")]);
    await row(page, "huge.md").getByText("failed").waitFor();
    await row(page, "a-very").getByText("being read").waitFor();
    assert.deepEqual(await faultsOf(page), []);
    assert.equal(await panel(page).evaluate((node) => node.scrollWidth <= node.clientWidth), true);
    await button(row(page, "cats.md"), "cats.md").click();
    await page.locator("#document-text").getByText("The text").waitFor();
    assert.deepEqual(await faultsOf(page), []);
    await page.keyboard.press("Escape");
    await closePanel(page);
    server.answer = CITED;
    await askAndWait(page, "What is blue?");
    assert.deepEqual(await faultsOf(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  }
});

test("from right to left, each name keeps its own direction", async (t) => {
  const server = await documentServer(t);
  const page = await openPage(t, { uri: server.uri, locale: "ar" });
  await page.locator("#open-documents").click();
  await page.setInputFiles("#document-input", [file("cats.md")]);
  await row(page, "cats.md").getByText("تجري قراءته").waitFor();
  const boxOf = (part) => row(page, "cats.md").locator(part).boundingBox();
  const [name, remove] = [await boxOf(".document-name"), await boxOf(".remove")];
  assert.ok(remove.x < name.x);
});

test("the server's own library keeps, reads, finds and forgets documents", async (t) => {
  const page = await openPage(t);
  await page.locator("#open-documents").click();
  await page.setInputFiles("#document-input", [
    { name: "cats.md", mimeType: "text/markdown", buffer: Buffer.from("# Cats\n\nCats sleep on the sofa at noon.") },
    { name: "picture.bin", mimeType: "application/octet-stream", buffer: Buffer.from([0x89, 0x50, 0, 0xff]) },
  ]);
  await row(page, "cats.md").getByText("ready").waitFor();
  await row(page, "picture.bin").getByText("failed").waitFor();
  assert.notEqual(await row(page, "picture.bin").locator(".fault").innerText(), "");
  await button(row(page, "cats.md"), "cats.md").click();
  await page.locator("#document-text").getByText("Cats sleep on the sofa at noon.").waitFor();
  await page.keyboard.press("Escape");
  await closePanel(page);
  await askAndWait(page, "echo Where do cats sleep?");
  assert.match(await lastAnswer(page).locator(".body").innerText(), /Cats sleep on the sofa at noon\./);
  assert.deepEqual(await lastAnswer(page).locator(".source").allInnerTexts(), ["[1]\ncats.md"]);

  await page.reload();
  await page.locator("#open-documents").click();
  await row(page, "cats.md").getByText("ready").waitFor();
  for (const name of ["cats.md", "picture.bin"]) {
    await button(row(page, name), `Remove ${name}`).click();
    await row(page, name).waitFor({ state: "detached" });
  }
  await closePanel(page);
  await lastAnswer(page).locator(".source").click();
  await page.getByText("This document is no longer on the server.").waitFor();
  const { data } = await page.evaluate(async () => (await fetch("/v1/files")).json());
  assert.deepEqual(data, []);
});
