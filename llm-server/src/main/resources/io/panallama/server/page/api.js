/** Talks to the server: its models, and streamed answers. */

import { askForKey, authorization } from "./key.js";
import { SseParser } from "./sse.js";

/** The code of an ApiError when no answer came from the server. */
export const UNREACHABLE = "unreachable";

/** The code of an ApiError when an answer broke off. */
export const BROKEN_OFF = "broken_off";

/** What went wrong; `code` is the server's or one of the above, `wait` the seconds until another try makes sense. */
export class ApiError extends Error {
  constructor(message, code, wait = null) {
    super(message);
    this.code = code;
    this.wait = wait;
  }
}

/** The models that are served: [{ id, meta }]. Null while none is loaded. */
export async function fetchModels() {
  const response = await request("/v1/models");
  if (response.status === 503) {
    return null;
  }
  if (!response.ok) {
    throw await errorOf(response);
  }
  const models = (await response.json()).data;
  return models.length === 0 ? null : models;
}

/**
 * Streams the answer to a request.
 *
 * Yields { text }, { thinking } or { calls } (pieces of tool calls) as they come, and at the end { finish, detail, timings }
 * and { usage }. Throws ApiError; an abort by `signal` ends it with the browser's AbortError.
 */
export async function* streamAnswer(body, signal) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  };
  const response = await request("/v1/chat/completions", options, true);
  if (!response.ok) {
    throw await errorOf(response);
  }
  let finished = false;
  for await (const { data } of events(response)) {
    if (data === "[DONE]") {
      return;
    }
    const chunk = JSON.parse(data);
    if (chunk.error) {
      throw new ApiError(chunk.error.message, chunk.error.code);
    }
    const choice = chunk.choices?.[0];
    const { content, reasoning_content: thinking, tool_calls: calls } = choice?.delta ?? {};
    if (thinking) {
      yield { thinking };
    }
    if (content) {
      yield { text: content };
    }
    if (calls) {
      yield { calls };
    }
    if (choice?.finish_reason) {
      finished = true;
      yield { finish: choice.finish_reason, detail: choice.finish_detail, timings: chunk.timings };
    }
    if (chunk.usage) {
      yield { usage: chunk.usage };
    }
  }
  if (!finished) {
    throw new ApiError("The connection ended before the answer did.", BROKEN_OFF);
  }
}

async function* events(response) {
  const parser = new SseParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      yield* parser.push(part.value);
    }
  } catch (failure) {
    throw networkError(failure, BROKEN_OFF);
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The server's answer. If it wants a key, the reader is asked for one, with `byReader` even if that was declined before. */
async function request(path, options = {}, byReader = false) {
  let response = await send(path, options);
  while (response.status === 401 && (await askForKey(byReader))) {
    response = await send(path, options);
  }
  return response;
}

async function send(path, options) {
  try {
    return await fetch(path, { ...options, headers: { ...options.headers, ...authorization() } });
  } catch (failure) {
    throw networkError(failure, UNREACHABLE);
  }
}

function networkError(failure, code) {
  return failure instanceof TypeError ? new ApiError("The server can't be reached.", code) : failure;
}

async function errorOf(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // Not our server's JSON; the status has to do.
  }
  const wait = response.status === 429 ? response.headers.get("Retry-After") : null;
  return new ApiError(error.message ?? `The server answered ${response.status}.`, error.code, wait);
}
