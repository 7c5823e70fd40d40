import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { chooseLanguage, direction, language, LANGUAGES, t } from "../../../target/classes/io/panallama/server/page/i18n.js";

const PAGE = new URL("../../../target/classes/io/panallama/server/page/", import.meta.url);

test("the reader's choice comes first, then the browser's languages, then English", () => {
  chooseLanguage("es", ["de-DE"]);
  assert.equal(language(), "es");
  chooseLanguage("", ["xx", "de-AT", "en"]);
  assert.equal(language(), "de");
  chooseLanguage("nonsense", []);
  assert.equal(language(), "en");
  assert.equal(direction(), "ltr");
});

test("numbers and plurals follow the language", () => {
  chooseLanguage("de");
  assert.equal(t("contextUsed", { used: 1234, size: 4096 }), "1.234 von 4.096 Token Kontext");
  chooseLanguage("en");
  assert.equal(t("imported", { count: 1 }), "One chat was imported.");
  assert.equal(t("imported", { count: 2 }), "2 chats were imported.");
});

test("every language has the texts and the values of the English one", async () => {
  const placeholders = (text) => [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort();
  const { default: en } = await import(new URL("locales/en.js", PAGE));
  const own = new Set(["top_p", "top_k", "min_p", "typical_p", "top_n_sigma", "xtc_probability", "xtc_threshold", "dry_multiplier"]);
  for (const code of Object.keys(LANGUAGES)) {
    const { default: texts } = await import(new URL(`locales/${code}.js`, PAGE));
    for (const key of Object.keys(en)) {
      assert.ok(key in texts || own.has(key), `${code} lacks ${key}`);
      assert.deepEqual(placeholders(texts[key] ?? en[key]), placeholders(en[key]), `${code}: ${key}`);
    }
    assert.deepEqual(Object.keys(texts).filter((key) => !(key in en) && key !== "direction"), [], code);
  }
});

test("every text that the page names exists, and every one is used", async () => {
  const { default: en } = await import(new URL("locales/en.js", PAGE));
  const sources = readdirSync(PAGE).filter((name) => /\.(js|html)$/.test(name)).map((name) => readFileSync(new URL(name, PAGE), "utf8"));
  const named = sources.flatMap((source) => [...source.matchAll(/\bt\("(\w+)"|data-t(?:-\w+)?="(\w+)"/g)].map((match) => match[1] ?? match[2]));
  assert.deepEqual(named.filter((key) => !(key in en)), []);
  const all = sources.join("\n");
  assert.deepEqual(Object.keys(en).filter((key) => key !== "language" && !all.includes(`"${key}"`)), []);
});
