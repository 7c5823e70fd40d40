/** What an error means, in the reader's language. Pure. */

import { t } from "./i18n.js";

/** The code of an ApiError when no answer came from the server. */
export const UNREACHABLE = "unreachable";

/** The code of an ApiError when an answer broke off. */
export const BROKEN_OFF = "broken_off";

/** The code of an ApiError for a folder in the place of a file. */
export const IS_FOLDER = "is_folder";

/** The code of an ApiError when the server has no place for documents. */
export const NO_LIBRARY = "no_document_library";

export const CONTEXT_FULL = "context_length_exceeded";

/** The texts for the server's codes and those above. */
const BY_CODE = {
  [UNREACHABLE]: "unreachable",
  [BROKEN_OFF]: "brokenOff",
  [CONTEXT_FULL]: "contextFull",
  [NO_LIBRARY]: "noLibrary",
  [IS_FOLDER]: "isFolder",
  not_ready: "errorLoading",
  engine_restarting: "errorLoading",
  draining: "errorEnding",
  engine_closed: "errorEnding",
  queue_full: "errorBusy",
  rate_limit_exceeded: "errorLimit",
  model_not_found: "errorModel",
  no_token_left: "errorFormat",
  grammar_limit: "errorFormat",
  malformed_output: "errorOutput",
};

const BY_STATUS = { 401: "keyWrong", 403: "errorRefused", 413: "errorTooLarge", 429: "errorBusy", 503: "errorLoading" };

/** The name of the text for an error. */
export function errorKey({ code, status = 0 }) {
  return BY_CODE[code] ?? BY_STATUS[status] ?? (status >= 400 && status < 500 ? "errorRefused" : "errorFailed");
}

/** An error in a sentence or two. */
export function errorText(error, contextSize = 0) {
  const words = t(errorKey(error), { size: contextSize });
  return error.wait ? `${words} ${t("wait", { seconds: error.wait })}` : words;
}

/** The server's own words, or nothing if they say no more than the text does. */
export function errorDetails({ code, message }) {
  return code === UNREACHABLE || code === BROKEN_OFF ? "" : (message ?? "");
}
