/** Talks to the server: its model, and streamed answers. */

import { SseParser } from "./sse.js";

/** The code of an ApiError when no answer came from the server. */
export const UNREACHABLE = "unreachable";

/** What went wrong, in words for the reader. */
export class ApiError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** The model that is served: { id, meta }. Null while it is being loaded. */
export async function fetchModel() {
  const response = await request("/v1/models");
  if (response.status === 503) {
    return null;
  }
  if (!response.ok) {
    throw await errorOf(response);
  }
  return (await response.json()).data[0];
}

/**
 * Streams the answer to a conversation.
 *
 * Yields { text } for every piece, and at the end { finish, detail, timings }. Throws ApiError; an abort by `signal` ends
 * it with the browser's AbortError.
 */
export async function* streamAnswer(body, signal) {
  const response = await request("/v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    // The page has one place for all that the model writes, its thinking included.
    body: JSON.stringify({ ...body, stream: true, reasoning_format: "none" }),
    signal,
  });
  if (!response.ok) {
    throw await errorOf(response);
  }
  for await (const { data } of events(response)) {
    if (data === "[DONE]") {
      return;
    }
    const chunk = JSON.parse(data);
    if (chunk.error) {
      throw new ApiError(chunk.error.message, chunk.error.code);
    }
    const choice = chunk.choices?.[0];
    if (choice?.delta?.content) {
      yield { text: choice.delta.content };
    }
    if (choice?.finish_reason) {
      yield { finish: choice.finish_reason, detail: choice.finish_detail, timings: chunk.timings };
    }
  }
  throw new ApiError("The connection ended before the answer did.");
}

async function* events(response) {
  const parser = new SseParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      yield* parser.push(part.value);
    }
  } catch (failure) {
    throw networkError(failure);
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function request(path, options) {
  try {
    return await fetch(path, options);
  } catch (failure) {
    throw networkError(failure);
  }
}

function networkError(failure) {
  return failure instanceof TypeError
    ? new ApiError("The server can't be reached. Is it still running?", UNREACHABLE)
    : failure;
}

async function errorOf(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // Not our server's JSON; the status has to do.
  }
  const wait = response.status === 429 ? response.headers.get("Retry-After") : null;
  let message = error.message ?? `The server answered ${response.status}.`;
  if (error.code === "context_length_exceeded") {
    message += " A new chat starts with an empty context.";
  }
  return new ApiError(wait ? `${message} (About ${wait} s from now.)` : message, error.code);
}
