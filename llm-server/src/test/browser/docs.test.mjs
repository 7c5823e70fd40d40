import assert from "node:assert/strict";
import { after, test } from "node:test";
import { browser, openDocs } from "./browser.mjs";

after(() => browser.close());

const operation = (page, id) => page.locator(`.opblock[id$="-${id}"]`);

/** Expands an operation, executes its example, or another body, and reads the answer. */
async function execute(page, id, body) {
  await operation(page, id).locator(".opblock-summary-control").click();
  if (body) {
    await operation(page, id).locator("textarea.body-param__text").fill(body);
  }
  await operation(page, id).getByRole("button", { name: "Execute" }).click();
  const answer = operation(page, id).locator(".live-responses-table .response").first();
  await answer.waitFor();
  return { status: await answer.locator(".response-col_status").innerText(), body: await answer.locator(".highlight-code").innerText() };
}

test("the example of chat completions is executed and answered", async (t) => {
  const page = await openDocs(t);
  const { status, body } = await execute(page, "createChatCompletion");
  assert.match(status, /^200/);
  assert.match(body, /"object": "chat.completion"/);
});

test("a request without a body is executed, and a changed example", async (t) => {
  const page = await openDocs(t);
  const models = await execute(page, "listModels");
  assert.match(models.status, /^200/);
  assert.match(models.body, /"object": "list"/);
  const { status, body } = await execute(page, "tokenize", '{"content": "Once upon a time"}');
  assert.match(status, /^200/);
  assert.match(body, /"tokens": \[/);
});

test("it is dark where the reader wants that", async (t) => {
  const light = await openDocs(t, { colorScheme: "light" });
  const dark = await openDocs(t, { colorScheme: "dark" });
  const colour = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.notEqual(await colour(light), await colour(dark));
  await dark.evaluate(() => localStorage.setItem("panallama.theme", '"light"'));
  await dark.reload();
  assert.equal(await colour(dark), await colour(light));
  assert.equal(await dark.locator("html.dark-mode").count(), 0);
});

test("the chat page leads to it and it leads back", async (t) => {
  const page = await openDocs(t);
  await page.getByRole("link", { name: "Chat", exact: true }).click();
  await page.locator("#prompt").waitFor();
  await page.getByRole("link", { name: "API" }).click();
  await operation(page, "createChatCompletion").waitFor();
});
