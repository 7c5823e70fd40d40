/** Talks to the server: its models, and streamed answers. */

import { BROKEN_OFF, UNREACHABLE } from "./errors.js";
import { authorized } from "./key.js";
import { SseParser } from "./sse.js";

/** The status of an answer to a request without the key that the server asks for. */
export const UNAUTHORIZED = 401;

/**
 * What went wrong; `code` is the server's or one of errors.js, `status` that of HTTP if an answer came, `wait` the seconds until another
 * try makes sense.
 */
export class ApiError extends Error {
  constructor(message, { code, status, wait } = {}) {
    super(message);
    Object.assign(this, { code, status, wait });
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
  const response = await request("/v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
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
      throw new ApiError(chunk.error.message, { code: chunk.error.code });
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
    throw new ApiError("The connection ended before the answer did.", { code: BROKEN_OFF });
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

async function request(path, options = {}) {
  try {
    return await fetch(path, { ...options, headers: authorized(options.headers) });
  } catch (failure) {
    throw networkError(failure, UNREACHABLE);
  }
}

function networkError(failure, code) {
  return failure instanceof TypeError ? new ApiError("The server can't be reached.", { code }) : failure;
}

async function errorOf(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // Not our server's JSON; the status has to do.
  }
  const { status } = response;
  const wait = status === 429 ? Number(response.headers.get("Retry-After")) : 0;
  return new ApiError(error.message ?? `HTTP ${status}`, { code: error.code ?? undefined, status, wait: wait || undefined });
}
