import assert from "node:assert/strict";
import { after, test } from "node:test";
import { browser, openDocs } from "./browser.mjs";

after(() => browser.close());

const operation = (page, id) => page.locator(`.opblock[id$="-${id}"]`);

/** Expands an operation, executes its example, and reads the answer. */
async function execute(page, id) {
  await operation(page, id).locator(".opblock-summary-control").click();
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

test("every operation that needs no identifier is answered", async (t) => {
  const page = await openDocs(t);
  const { paths } = await (await page.request.get("/openapi.json")).json();
  const runnable = Object.values(paths)
    .flatMap((methods) => Object.entries(methods))
    .filter(([method, { parameters, requestBody }]) => {
      const example = requestBody?.content["application/json"].example;
      return !parameters?.some(({ required, example: value }) => required && value === undefined) && (method === "get" || example);
    })
    .map(([, { operationId }]) => operationId);
  assert.ok(runnable.length > 20, String(runnable));
  for (const id of runnable) {
    const { status } = await execute(page, id);
    assert.match(status, /^200/, id);
  }
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
  await page.getByRole("link", { name: "Chat" }).click();
  await page.locator("#prompt").waitFor();
  await page.getByRole("link", { name: "API" }).click();
  await operation(page, "createChatCompletion").waitFor();
});
