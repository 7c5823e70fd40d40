/** Talks to the server: its models, streamed answers, its other routes, and uploads. */

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
 * Yields { text }, { thinking }, { calls } (pieces of tool calls) or { annotations } as they come, and at the end
 * { finish, detail, timings } and { usage }. Throws ApiError; an abort by `signal` ends it with the browser's AbortError.
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
    const { content, reasoning_content: thinking, tool_calls: calls, annotations } = choice?.delta ?? {};
    if (thinking) {
      yield { thinking };
    }
    if (content) {
      yield { text: content };
    }
    if (calls) {
      yield { calls };
    }
    if (annotations) {
      yield { annotations };
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

/** The JSON that the server answers to a request with a body of JSON, or with none. Throws ApiError. */
export async function call(method, path, body) {
  const sent = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await request(path, { method, ...sent });
  if (!response.ok) {
    throw await errorOf(response);
  }
  return response.json();
}

/**
 * Sends a form and returns the JSON that the server answers. `onProgress` is given the part of it that has been sent, from 0 to
 * 1. Throws ApiError; an abort by `signal` ends it with the signal's reason.
 */
export function upload(path, form, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest(); // fetch does not tell how much of a body has been sent.
    sending.open("POST", path);
    Object.entries(authorized()).forEach(([name, value]) => sending.setRequestHeader(name, value));
    sending.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    sending.onload = () => {
      const { status, responseText: text } = sending;
      if (status >= 200 && status < 300) {
        resolve(JSON.parse(text));
      } else {
        reject(errorFrom(text, status, sending.getResponseHeader("Retry-After")));
      }
    };
    sending.onerror = () => reject(networkError(new TypeError(), UNREACHABLE));
    sending.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => sending.abort());
    sending.send(form);
  });
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
  return errorFrom(await response.text().catch(() => ""), response.status, response.headers.get("Retry-After"));
}

function errorFrom(text, status, retryAfter) {
  let error = {};
  try {
    error = JSON.parse(text).error ?? {};
  } catch {
    // Not our server's JSON; the status has to do.
  }
  const wait = status === 429 ? Number(retryAfter) : 0;
  return new ApiError(error.message ?? `HTTP ${status}`, { code: error.code ?? undefined, status, wait: wait || undefined });
}
