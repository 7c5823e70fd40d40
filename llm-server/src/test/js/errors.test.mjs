import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorDetails, errorKey, errorText } from "../../../target/classes/io/panallama/server/page/errors.js";
import { chooseLanguage } from "../../../target/classes/io/panallama/server/page/i18n.js";

test("an error is said in the reader's language, with the time to wait", () => {
  const full = { code: "context_length_exceeded", status: 400, message: "This model's maximum context length is 4096 tokens." };
  chooseLanguage("de");
  assert.equal(errorText(full, 4096), "Die Unterhaltung passt nicht mehr in den Kontext des Modells (4.096 Token).");
  assert.match(errorText({ code: "queue_full", status: 429, wait: 3 }), /^Zu viele Anfragen warten\. .*3 s/);
  chooseLanguage("en");
  assert.equal(errorText({ code: "not_ready", status: 503 }), "The model is being loaded. Try again in a moment.");
});

test("an error without a known code is named by its status", () => {
  assert.equal(errorKey({ status: 400, code: "something_new" }), "errorRefused");
  assert.equal(errorKey({ status: 401 }), "keyWrong");
  assert.equal(errorKey({ status: 413 }), "errorTooLarge");
  assert.equal(errorKey({ status: 500 }), "errorFailed");
  assert.equal(errorKey({ code: "internal_error" }), "errorFailed");
  assert.equal(errorKey({}), "errorFailed");
});

test("the server's words are the details", () => {
  assert.equal(errorDetails({ status: 400, message: "Unknown parameter: x." }), "Unknown parameter: x.");
  assert.equal(errorDetails({ code: "unreachable", message: "The server can't be reached." }), "");
});

/** A code that the server no longer has, or has under another name, would silently lose its text. */
test("the codes are the server's", () => {
  const server = readFileSync("src/main/java/io/panallama/server/dialect/Failures.java", "utf8");
  const codes = ["context_length_exceeded", "not_ready", "engine_restarting", "draining", "engine_closed", "queue_full"];
  for (const code of [...codes, "model_not_found", "no_token_left", "grammar_limit", "malformed_output"]) {
    assert.ok(server.includes(`"${code}"`), code);
    assert.ok(!["errorRefused", "errorFailed"].includes(errorKey({ code, status: 400 })), code);
  }
});
