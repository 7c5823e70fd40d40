/** The page to read and try the API: Swagger UI on the server's own description, in the chat page's theme. */

import { chooseLanguage, savedLanguage, t } from "./i18n.js";
import { authorized } from "./key.js";
import { applyTheme, followTheme } from "./theme.js";

applyTheme();
followTheme((dark) => document.documentElement.classList.toggle("dark-mode", dark));
chooseLanguage(savedLanguage());
document.getElementById("to-chat").textContent = t("toChat");

globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tagsSorter: (a, b) => (a === "server") - (b === "server"), // What a model answers comes first.
  tryItOutEnabled: true,
  validatorUrl: null, // It would ask a server on the Internet.
  requestInterceptor: (request) => Object.assign(request, { headers: authorized(request.headers) }),
});
