/** A server in front of the page's own that keeps documents, and reads and cites them as a test says. */

import { createServer, request as ask } from "node:http";

const PAGE = new URL(process.env.PAGE ?? "http://127.0.0.1:8090/");

/**
 * Starts one. `ended(name, failure)` says that a file has been read; uploads wait while `held` is set; `answer`, if there is one,
 * is the next answer of the model: its text and its annotations. `missing` are the words of a server without a library.
 */
export async function documentServer(test) {
  const kept = { stores: [], files: [], attached: [], chats: [], answer: null, missing: null, held: null };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, PAGE);
    const path = pathname.split("/").slice(2);
    const answer = (status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const refuse = (status, message) => answer(status, { error: { message, type: "invalid_request_error" } });
    if (path[0] !== "files" && path[0] !== "vector_stores" && !(path[0] === "chat" && kept.answer)) {
      passOn(request, response);
      return;
    }
    const body = await read(request);
    if (path[0] === "chat") {
      kept.chats.push(JSON.parse(body));
      response.writeHead(200, { "Content-Type": "text/event-stream" }).end(chunks(kept.answer));
      kept.answer = null;
    } else if (kept.missing) {
      refuse(501, kept.missing);
    } else if (path[0] === "files" && request.method === "POST") {
      await kept.held;
      const [, filename] = /filename="([^"]*)"/.exec(body);
      if (filename.startsWith("huge")) {
        refuse(413, "The file has more than 64 MiB (--max-file-size).");
        return;
      }
      kept.files.push({ id: `file-${kept.files.length + 1}`, object: "file", filename, bytes: 2048 });
      answer(200, kept.files.at(-1));
    } else {
      const [status, found] = documents(kept, request.method, path, searchParams, body);
      if (status === 200) {
        answer(200, found);
      } else {
        refuse(status, found);
      }
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const ended = (name, message) => {
    const { id } = kept.files.find(({ filename }) => filename === name);
    const file = kept.attached.find((attached) => attached.id === id);
    Object.assign(file, message ? { status: "failed", last_error: { code: "invalid_file", message } } : { status: "completed" });
  };
  return Object.assign(kept, { uri: `http://127.0.0.1:${server.address().port}/`, ended });
}

/** Answers a request about files or vector stores, but uploads: its status, and the body or the words of an error. */
function documents(kept, method, [kind, id, , file, content], search, body) {
  const remove = (name, of) => {
    const before = kept[name].length;
    kept[name] = kept[name].filter((other) => other.id !== of);
    return before > kept[name].length ? [200, { id: of, deleted: true }] : [404, `No such File object: ${of}`];
  };
  if (kind === "files") {
    return method === "DELETE" ? remove("files", id) : [200, list(kept.files)];
  }
  if (!id) {
    if (method === "POST") {
      kept.stores.push({ id: `vs_${kept.stores.length + 1}`, object: "vector_store", ...JSON.parse(body) });
    }
    return [200, method === "POST" ? kept.stores.at(-1) : list(kept.stores)];
  }
  if (!kept.stores.some((store) => store.id === id)) {
    return [404, `No such Vector store: ${id}`];
  }
  if (method === "POST") {
    kept.attached.push({ id: JSON.parse(body).file_id, object: "vector_store.file", status: "in_progress", last_error: null });
    return [200, kept.attached.at(-1)];
  }
  if (method === "DELETE") {
    return remove("attached", file);
  }
  const found = kept.attached.filter(({ status }) => [null, status].includes(search.get("filter")));
  if (!file) {
    return [200, list(found)];
  }
  const one = kept.attached.find((attached) => attached.id === file);
  if (!one) {
    return [404, `No such File object: ${file}`];
  }
  const text = `The text of ${kept.files.find((other) => other.id === file)?.filename}`;
  return [200, content ? { data: [{ type: "text", text }], has_more: false, next_page: null } : one];
}

function list(data) {
  return { object: "list", data, has_more: false };
}

async function read(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function chunks({ text, annotations }) {
  const deltas = [...text.split(/(?<= )/).map((content) => ({ content })), { content: "", annotations }];
  const choices = [...deltas.map((delta) => ({ index: 0, delta })), { index: 0, delta: {}, finish_reason: "stop" }];
  const events = [...choices.map((choice) => JSON.stringify({ choices: [choice] })), "[DONE]"];
  return events.map((data) => `data: ${data}\n\n`).join("");
}

function passOn(request, response) {
  const { method, headers, url } = request;
  const onward = ask({ hostname: PAGE.hostname, port: PAGE.port, path: url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
