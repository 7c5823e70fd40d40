/**
 * Puts the libraries of the pages where the build wants them: node page-libraries.mjs FOLDER
 *
 * npm fetches what package-lock.json names and checks its hashes; node_modules is kept, so a further build needs no network.
 * Only the files that the page loads, and their licences, are copied.
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(HERE, "node_modules");
const STAMP = join(MODULES, ".panallama");
const KATEX_FONTS = "katex/dist/fonts";

const FILES = {
  "marked.js": "marked/lib/marked.esm.js",
  "dompurify.js": "dompurify/dist/purify.es.mjs",
  "highlight.js": "@highlightjs/cdn-assets/es/highlight.min.js",
  "katex.js": "katex/dist/katex.mjs",
  "katex.css": "katex/dist/katex.min.css",
  "swagger-ui.js": "swagger-ui-dist/swagger-ui-bundle.js",
  "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
  "marked-LICENSE.txt": "marked/LICENSE",
  "dompurify-LICENSE.txt": "dompurify/LICENSE",
  "highlight-LICENSE.txt": "@highlightjs/cdn-assets/LICENSE",
  "katex-LICENSE.txt": "katex/LICENSE",
  "swagger-ui-LICENSE.txt": "swagger-ui-dist/LICENSE",
  "swagger-ui-NOTICE.txt": "swagger-ui-dist/NOTICE",
  "swagger-ui-parts-LICENSE.txt": "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt",
};

function fetchLibraries() {
  const wanted = createHash("sha256").update(readFileSync(join(HERE, "package-lock.json"))).digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) {
    return;
  }
  execFileSync("npm", ["ci", "--prefer-offline", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: HERE,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32", // There it is a script.
  });
  writeFileSync(STAMP, wanted);
}

function copyLibraries(target) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, "fonts"), { recursive: true });
  const files = { ...FILES };
  for (const font of readdirSync(join(MODULES, KATEX_FONTS)).filter((name) => name.endsWith(".woff2"))) {
    files[`fonts/${font}`] = `${KATEX_FONTS}/${font}`;
  }
  for (const [name, source] of Object.entries(files)) {
    copyFileSync(join(MODULES, source), join(target, name));
  }
  writeFileSync(join(target, "files.txt"), Object.keys(files).sort().join("\n") + "\n");
}

fetchLibraries();
copyLibraries(process.argv[2]);
