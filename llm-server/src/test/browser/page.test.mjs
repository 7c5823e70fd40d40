import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ask, askAndWait, browser, cuttable, ended, faultsOf, open, openPage, stored } from "./browser.mjs";

after(() => browser.close());

const answers = (page) => page.locator(".message.assistant .content > .body").allInnerTexts();
const inChat = (page, text, options) => page.locator("#messages").getByText(text, options);
const questions = (page) => page.locator(".message.user .bubble").allInnerTexts();
const lastAnswer = (page) => page.locator(".message.assistant").last();
const button = (scope, name) => scope.getByRole("button", { name, exact: true });

test("a question is answered, and a reload keeps the conversation", async (t) => {
  const page = await openPage(t);
  await askAndWait(page, "Hello there");
  await askAndWait(page, "And again");
  const before = await answers(page);
  assert.match(before[1], /^Answer \d+ to 3 messages\.$/);
  assert.match(await lastAnswer(page).locator(".outcome").innerText(), /tokens\/s · first token .* · 5 tokens · 4 of 12 prompt tokens cached/);
  assert.match(await page.locator("#context").innerText(), /^17 of 4,096 tokens/);
  await page.reload();
  await page.locator(".message").nth(3).waitFor();
  assert.deepEqual(await answers(page), before);
  assert.deepEqual(await questions(page), ["Hello there", "And again"]);
  assert.equal(await page.title(), "Hello there · Panallama");
  await page.locator("#model:not(:disabled)").waitFor();
  await askAndWait(page, "Third");
  assert.match((await answers(page))[2], /to 5 messages/);
});

test("an answer that is streamed can be stopped, and goes on when it is continued", async (t) => {
  const page = await openPage(t);
  await ask(page, "wait for it");
  await inChat(page, "A beginning").waitFor();
  await page.keyboard.press("Escape");
  await ended(page);
  assert.match(await lastAnswer(page).locator(".outcome").innerText(), /stopped/);
  await button(lastAnswer(page), "Continue").click();
  await inChat(page, "A beginning and more").waitFor();
  await ended(page);
  assert.equal(await page.locator(".message.assistant").count(), 1);
});

test("a reload in the middle of an answer keeps what had come", async (t) => {
  const page = await openPage(t);
  await ask(page, "wait for it");
  await inChat(page, "A beginning").waitFor();
  await stored(page, "A beginning");
  await page.reload();
  await inChat(page, "A beginning").waitFor();
  assert.match(await lastAnswer(page).locator(".outcome").innerText(), /interrupted/);
  await page.locator("#model:not(:disabled)").waitFor();
  await button(lastAnswer(page), "Continue").click();
  await inChat(page, "A beginning and more").waitFor();
});

test("a reload keeps what had come since the chat was stored last", async (t) => {
  const page = await openPage(t);
  await page.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (value) {
      return JSON.stringify(value).includes("A beginning") ? undefined : put.call(this, value);
    };
  });
  await ask(page, "wait for it");
  await inChat(page, "A beginning").waitFor();
  await page.reload();
  await inChat(page, "A beginning").waitFor();
  assert.match(await lastAnswer(page).locator(".outcome").innerText(), /interrupted/);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("unsaved"))), []);
});

test("a reload keeps the end of an answer that the database does not have yet", async (t) => {
  const page = await openPage(t);
  await ask(page, "wait for it");
  await inChat(page, "A beginning").waitFor();
  await stored(page, "A beginning");
  await page.evaluate(() => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (stores, mode) {
      const neverDone = { objectStore: () => ({ put() {} }) };
      return mode === "readwrite" ? neverDone : transaction.call(this, stores, mode);
    };
  });
  await page.keyboard.press("Escape");
  await ended(page);
  await page.reload();
  await inChat(page, "A beginning").waitFor();
  assert.match(await lastAnswer(page).locator(".outcome").innerText(), /stopped/);
});

test("an edited question and another answer are branches", async (t) => {
  const page = await openPage(t);
  await askAndWait(page, "First");
  const [first] = await answers(page);
  await button(lastAnswer(page), "Answer again").click();
  await inChat(page, "2/2").waitFor();
  await ended(page);
  const [second] = await answers(page);
  assert.notEqual(first, second);
  await button(page, "Previous version").click();
  await inChat(page, "1/2").waitFor();
  assert.deepEqual(await answers(page), [first]);

  await page.locator(".message.user").hover();
  await button(page.locator(".message.user"), "Edit").click();
  await page.locator(".editor textarea").fill("Changed");
  await page.locator(".editor textarea").press("Enter");
  await page.locator(".message.user").getByText("2/2").waitFor();
  await ended(page);
  assert.deepEqual(await questions(page), ["Changed"]);
  await page.reload();
  await inChat(page, "Changed", { exact: true }).last().waitFor();
  await page.locator(".message.user").hover();
  await button(page.locator(".message.user"), "Previous version").click();
  await page.locator(".message.user").getByText("1/2").waitFor();
  assert.deepEqual(await answers(page), [first]);
  assert.deepEqual(await questions(page), ["First"]);

  await button(lastAnswer(page), "Edit").click();
  await page.locator(".editor textarea").fill("My own answer");
  await button(page, "Save").click();
  await page.locator(".message.assistant").getByText("3/3").waitFor();
  assert.deepEqual(await answers(page), ["My own answer"]);
});

test("thinking is folded and never sent back as text", async (t) => {
  const page = await openPage(t);
  await askAndWait(page, "think hard");
  assert.deepEqual(await answers(page), ["Here it is."]);
  const folded = lastAnswer(page).locator("details.thinking");
  assert.equal(await folded.evaluate((node) => node.open), false);
  await folded.locator("summary").click();
  await folded.getByText("The user wants an answer.").waitFor();

  await askAndWait(page, "tags too");
  assert.equal((await answers(page))[1], "The answer proper.");
  const sent = page.waitForRequest("**/v1/chat/completions");
  await ask(page, "Go on");
  const { messages } = (await sent).postDataJSON();
  assert.deepEqual(messages.map(({ role, content, reasoning_content }) => [role, content, reasoning_content]), [
    ["user", "think hard", undefined],
    ["assistant", "Here it is.", "The user wants an answer."],
    ["user", "tags too", undefined],
    ["assistant", "The answer proper.", "Raw thoughts"],
    ["user", "Go on", undefined],
  ]);
});

test("a full context is no dead end", async (t) => {
  const page = await openPage(t);
  await askAndWait(page, "full one");
  await askAndWait(page, "full two");
  await askAndWait(page, "full three");
  await inChat(page, "no longer fits into the model's context (4,096 tokens)").waitFor();
  await button(page, "Leave out the oldest messages").click();
  await ended(page);
  assert.match((await answers(page)).at(-1), /to 1 messages|to 3 messages/);
  await inChat(page, "The messages above are no longer sent.").waitFor();

  await askAndWait(page, "full four");
  await askAndWait(page, "full five");
  await button(page, "Discard the oldest tokens as needed").click();
  await ended(page);
  assert.match((await answers(page)).at(-1), /^Answer/);

  await askAndWait(page, "cut it");
  await inChat(page, "cut off: the context is full").waitFor();
  await button(lastAnswer(page), "Begin a new chat").click();
  assert.equal(await page.locator(".message").count(), 0);
  await askAndWait(page, "Hi");
  assert.match((await answers(page))[0], /to 1 messages/);
});

test("an error names what is wrong and offers another try; offline and a lost connection lose nothing", async (t) => {
  const way = await cuttable(t);
  const page = await openPage(t, { uri: way.uri });
  await askAndWait(page, "First");
  await page.context().setOffline(true);
  await askAndWait(page, "Second");
  await inChat(page, "The server can't be reached.").waitFor();
  await page.locator("#model:disabled").waitFor();
  await page.context().setOffline(false);
  await page.locator("#model:not(:disabled)").waitFor();
  await button(page, "Try again").click();
  await inChat(page, /Answer \d+ to 3 messages/).waitFor();
  await ended(page);

  await ask(page, "wait now");
  await inChat(page, "A beginning").waitFor();
  await way.down();
  await inChat(page, "The connection ended before the answer did.").waitFor();
  await page.locator("#model:disabled").waitFor();
  await way.up();
  await page.locator("#model:not(:disabled)").waitFor();
  assert.deepEqual(await questions(page), ["First", "Second", "wait now"]);
  await lastAnswer(page).locator(".error").getByRole("button", { name: "Continue" }).click();
  await inChat(page, "A beginning and more").waitFor();
});

test("chats are listed, searched, renamed, deleted, exported and imported", async (t) => {
  const page = await openPage(t);
  const rows = page.locator("#chats li");
  await askAndWait(page, "Apples and pears");
  await button(page, "New chat").click();
  await askAndWait(page, "Bread\nand butter, and a very long line that goes on and on and on and on until it is cut");
  await rows.nth(1).waitFor();
  assert.equal(await rows.first().locator("a").innerText(), "Bread and butter, and a very long line that goes on and on…");

  await page.keyboard.press("Control+k");
  await page.keyboard.type("pears apples");
  await page.waitForFunction(() => document.querySelectorAll("#chats li").length === 1);
  await rows.first().getByText("Apples and pears").click();
  await page.locator(".message.user").getByText("Apples and pears").waitFor();
  await page.fill("#search", "nothing like that");
  await page.getByText("No chat has these words.").waitFor();
  await page.fill("#search", "");
  await rows.nth(1).waitFor();

  const choose = async (row, name) => {
    await row.hover();
    await row.locator("summary").click();
    await button(row, name).click();
  };
  await choose(rows.filter({ hasText: "Apples" }), "Rename");
  await page.locator("#chats input").fill("Fruit");
  await page.locator("#chats input").press("Enter");
  await rows.getByText("Fruit").waitFor();
  assert.equal(await page.title(), "Fruit · Panallama");

  const downloading = page.waitForEvent("download");
  await choose(rows.filter({ hasText: "Fruit" }), "Export");
  const file = await (await downloading).path();

  await choose(rows.filter({ hasText: "Fruit" }), "Delete");
  await page.getByText("“Fruit” was deleted.").waitFor();
  assert.equal(await page.locator(".message").count(), 0);
  assert.equal(await rows.count(), 1);
  await button(page, "Undo").click();
  await rows.nth(1).waitFor();

  await page.setInputFiles("#import-input", file);
  await page.getByText("One chat was imported.").waitFor();
  await page.locator(".message.user").getByText("Apples and pears").waitFor();
  assert.equal(await rows.filter({ hasText: "Fruit" }).count(), 2);
});

test("settings go with the request, and presets keep them", async (t) => {
  const page = await openPage(t);
  await button(page, "Settings").click();
  const dialog = page.locator("#settings");
  await dialog.getByLabel("System prompt").fill("Be brief.");
  await dialog.getByLabel("Temperature").fill("0.25");
  await dialog.getByLabel("Top K").fill("7");
  await dialog.getByText("Length and format").click();
  await dialog.getByLabel("Longest answer, in tokens").fill("99");
  await dialog.getByLabel("Stop texts, one a line").fill("END\n###");
  await dialog.getByLabel("Format of the answer").selectOption("json_schema");
  await dialog.getByLabel("JSON schema").fill('{"type":"object"}');
  await dialog.getByText("More", { exact: true }).click();
  await dialog.getByLabel("Further fields").fill("[1]");
  await dialog.getByText("This must be a JSON object.").waitFor();
  await dialog.getByLabel("Further fields").fill('{"mirostat": 2}');
  await dialog.locator("#preset-name").fill("Terse");
  await button(dialog, "Save as").click();
  await button(dialog, "Done").click();
  const first = page.waitForRequest("**/v1/chat/completions");
  await ask(page, "Hello");
  const body = (await first).postDataJSON();
  assert.deepEqual(body.messages[0], { role: "system", content: "Be brief." });
  const { temperature, top_k, max_tokens, stop, mirostat, response_format } = body;
  assert.deepEqual({ temperature, top_k, max_tokens, stop, mirostat }, { temperature: 0.25, top_k: 7, max_tokens: 99, stop: ["END", "###"], mirostat: 2 });
  assert.deepEqual(response_format, { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" } } });
  await ended(page);

  await page.reload();
  await page.locator("#model:not(:disabled)").waitFor();
  await page.keyboard.press("Control+,");
  await button(dialog, "Reset").click();
  assert.equal(await dialog.getByLabel("System prompt").inputValue(), "");
  await dialog.locator("#preset").selectOption("Terse");
  assert.equal(await dialog.getByLabel("Temperature").inputValue(), "0.25");
  assert.equal(await dialog.getByLabel("System prompt").inputValue(), "Be brief.");
  await button(dialog, "Delete preset").click();
  assert.equal(await dialog.locator("#preset option").count(), 1);
});

test("tools are edited by hand, and so are their results", async (t) => {
  const page = await openPage(t);
  await page.locator("#open-tools").click();
  const dialog = page.locator("#tools");
  await button(dialog, "Add a tool").click();
  await dialog.getByLabel("Name").fill("get weather");
  await button(dialog, "Save").click();
  await dialog.getByText("A name has 1 to 128 letters").waitFor();
  await dialog.getByLabel("Name").fill("get_weather");
  await dialog.getByLabel("What it does").fill("Says how the weather is");
  await button(dialog, "Save").click();
  await button(dialog, "Done").click();
  assert.equal(await page.locator("#tool-count").innerText(), "1");
  const first = page.waitForRequest("**/v1/chat/completions");
  await ask(page, "call it");
  const { tools } = (await first).postDataJSON();
  assert.equal(tools[0].function.name, "get_weather");
  assert.deepEqual(tools[0].function.parameters.required, ["city"]);
  await inChat(page, "Call of get_weather").click();
  assert.match(await page.locator(".call pre").innerText(), /"city": "Rome"/);
  await page.getByLabel("What does get_weather answer?").fill("sunny");
  await button(page, "Send the result").click();
  await inChat(page, "The tool said: sunny").waitFor();
  await ended(page);
  await page.reload();
  await inChat(page, "The tool said: sunny").waitFor();
  await inChat(page, "Result of get_weather").waitFor();
});

test("Markdown is shown, and nothing in it runs", async (t) => {
  const page = await openPage(t);
  await askAndWait(page, "markdown please");
  const body = lastAnswer(page).locator(".content > .body");
  await body.locator(".hljs-keyword").first().waitFor();
  await body.locator(".katex-display").waitFor();
  assert.equal(await body.locator(".katex").count(), 2);
  assert.equal(await body.locator("table td").count(), 2);
  assert.equal(await body.locator("h3").innerText(), "Title");
  const links = await body.locator("a").evaluateAll((all) => all.map((a) => [a.href, a.rel, a.target]));
  assert.deepEqual(links, [
    ["https://example.com/page", "noopener noreferrer nofollow", "_blank"],
    ["https://example.com/x.png", "noopener noreferrer nofollow", "_blank"],
  ]);
  assert.match(await body.innerText(), /It costs \$5 and \$6\./);
  assert.match(await body.innerText(), /<script>window\.hacked = true<\/script>/);
  assert.equal(await body.locator("script, img").count(), 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

test("text files are attached, others are refused", async (t) => {
  const page = await openPage(t);
  await page.setInputFiles("#file-input", [
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some ``` notes") },
    { name: "image.png", mimeType: "image/png", buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0]) },
  ]);
  await page.getByText("image.png is not a text file.").waitFor();
  const sent = page.waitForRequest("**/v1/chat/completions");
  await ask(page, "Read this");
  assert.equal((await sent).postDataJSON().messages[0].content, "notes.txt:\n````\nsome ``` notes\n````\n\nRead this");
  await page.locator(".message.user .file").getByText("notes.txt").waitFor();
  await ended(page);
});

test("the page speaks the reader's language, and follows a choice", async (t) => {
  const page = await openPage(t, { locale: "de-DE" });
  await page.getByText("Worüber möchten Sie sprechen?").waitFor();
  await page.locator("#open-settings").click();
  await page.getByText("Darstellung").click();
  await page.locator("#language").selectOption("es");
  await page.getByText("¿De qué le gustaría hablar?").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "es");
});

test("a script from right to left turns the page round, and each text keeps its own direction", async (t) => {
  const page = await openPage(t, { locale: "ar" });
  assert.equal(await page.locator("html").getAttribute("dir"), "rtl");
  await ask(page, "echo مرحبا");
  await ended(page);
  const directionOf = (text) => inChat(page, text).first().evaluate((node) => getComputedStyle(node).direction);
  assert.equal(await directionOf("echo مرحبا"), "ltr");
  const [list, main] = await Promise.all(["#sidebar", "#main"].map((part) => page.locator(part).boundingBox()));
  assert.ok(list.x > main.x);
});

test("the page can be used by the keyboard alone", async (t) => {
  const page = await openPage(t);
  await page.keyboard.type("Typed at once");
  await page.keyboard.press("Enter");
  await inChat(page, /^Answer/).waitFor();
  await ended(page);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.type(" and changed");
  await page.keyboard.press("Enter");
  await page.locator(".message.user").getByText("2/2").waitFor();
  await ended(page);
  assert.deepEqual(await questions(page), ["Typed at once and changed"]);
  assert.match(await page.locator("#status").innerText(), /^Answer/);
  await page.keyboard.press("Control+/");
  await page.locator("#shortcuts[open]").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+b");
  await page.locator("#sidebar").waitFor({ state: "hidden" });
  await page.keyboard.press("Control+Shift+O");
  await page.locator("#empty").waitFor();
});

test("on a phone the list lies over the page and gives way", async (t) => {
  const page = await openPage(t, { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
  await askAndWait(page, "Small screen");
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(width, 390);
  assert.equal(await page.locator("#sidebar").isVisible(), false);
  await button(page, "Show the list of chats").click();
  await page.locator("#chats a").getByText("Small screen").click();
  await page.locator("#sidebar").waitFor({ state: "hidden" });
});

test("a chat goes on while another one is shown", async (t) => {
  const page = await openPage(t);
  await ask(page, "wait in the background");
  await inChat(page, "A beginning").waitFor();
  await button(page, "New chat").click();
  await askAndWait(page, "Meanwhile");
  await page.locator("#chats a").getByText("wait in the background").click();
  await inChat(page, "A beginning").waitFor();
  await page.locator("#stop").click();
  await ended(page);
  assert.match(await lastAnswer(page).locator(".outcome").innerText(), /stopped/);
});

test("two windows show the same chats", async (t) => {
  const page = await openPage(t);
  await askAndWait(page, "In the first window");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await inChat(other, "In the first window").waitFor();
  await askAndWait(page, "And more there");
  await inChat(other, "And more there").waitFor();
  await inChat(other, /to 3 messages/).waitFor();
});

test("an accessibility checker finds nothing, in light and dark", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await openPage(t, { colorScheme });
    await askAndWait(page, "think hard");
    await askAndWait(page, "markdown please");
    await lastAnswer(page).locator(".hljs-keyword").first().waitFor();
    await askAndWait(page, "full");
    await inChat(page, "no longer fits").waitFor();
    assert.deepEqual(await faultsOf(page), []);
    for (const dialog of ["settings", "tools", "shortcuts"]) {
      await page.locator(`#open-${dialog}`).click();
      assert.deepEqual(await faultsOf(page), [], dialog);
      await page.keyboard.press("Escape");
    }
  }
});

test("an error is said in the reader's language, with the server's words folded", async (t) => {
  const page = await openPage(t, { locale: "de-DE" });
  await page.route("**/v1/chat/completions", (route) =>
    route.fulfill({ status: 500, json: { error: { message: "The server failed; its log says more.", code: "internal_error" } } }),
  );
  await askAndWait(page, "Hallo");
  const error = page.locator(".error");
  await error.getByText("Im Server ist ein Fehler aufgetreten.").waitFor();
  const words = error.getByText("its log says more");
  assert.equal(await words.isVisible(), false);
  await error.getByText("Einzelheiten").click();
  await words.waitFor();
});

test("a server with a key asks for it, once", async (t) => {
  const page = await open(t, "about:blank");
  const seen = [];
  await page.route("**/v1/**", (route) => {
    const sent = route.request().headers().authorization;
    seen.push(sent);
    return sent === "Bearer right"
      ? route.continue()
      : route.fulfill({ status: 401, json: { error: { message: "Invalid API Key", code: "invalid_api_key" } } });
  });
  await page.goto(process.env.PAGE);
  await page.getByText("This server asks for a key.").waitFor();
  await page.fill("#key", "wrong");
  await page.press("#key", "Enter");
  await page.getByText("The server does not accept the key.").waitFor();
  await page.fill("#key", "right");
  await button(page, "Use this key").click();
  await page.locator("#model:not(:disabled)").waitFor();
  assert.equal(await page.locator("#key-form").isVisible(), false);
  await askAndWait(page, "Hello");
  assert.equal((await answers(page)).length, 1);
  await page.reload();
  await page.locator("#model:not(:disabled)").waitFor();
  assert.equal(seen.at(-1), "Bearer right");
  assert.deepEqual([...new Set(seen)], [undefined, "Bearer wrong", "Bearer right"]);
});
