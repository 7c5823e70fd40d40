/**
 * Stands between an agent and the server: notes every request with the status of its answer, and may force the model, once, to
 * call a tool. The embedded model calls none by itself; what it is forced to call, and with which arguments, is written in the
 * request as any client may write it, so that the server's grammar does it. All else passes unchanged.
 */

import { createServer, request as send } from 'node:http';
import { once } from 'node:events';

/** How a dialect names a tool, its schema and the choice of it, and whether a request holds a tool's result. */
const DIALECTS = {
  '/v1/chat/completions': {
    name: (tool) => tool.function?.name,
    narrow: (tool, parameters) => ({ ...tool, function: { ...tool.function, parameters } }),
    choice: (name) => ({ tool_choice: { type: 'function', function: { name } } }),
    results: (body) => body.messages.filter(({ role }) => role === 'tool').map(({ content }) => content),
  },
  '/v1/responses': {
    name: (tool) => (tool.type === 'function' ? tool.name : undefined),
    narrow: (tool, parameters) => ({ ...tool, parameters }),
    choice: (name) => ({ tool_choice: { type: 'function', name } }),
    results: (body) => [body.input].flat().filter(({ type }) => type === 'function_call_output').map(({ output }) => output),
  },
  '/v1/messages': {
    name: (tool) => tool.name,
    narrow: (tool, parameters) => ({ ...tool, input_schema: parameters }),
    choice: (name) => ({ tool_choice: { type: 'tool', name, disable_parallel_tool_use: true } }),
    results: (body) =>
      body.messages
        .flatMap(({ content }) => content)
        .filter(({ type }) => type === 'tool_result')
        .map(({ content }) => content),
  },
};

/** A schema that only these arguments fit. */
function only(values) {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { type: 'string', enum: [value] }])),
    required: Object.keys(values),
    additionalProperties: false,
  };
}

export class Proxy {
  /** What passed: { method, path, status, bytes, forced, results, ignored }; a status of 0 if there was no answer. */
  requests = [];

  /** Null or { tool, arguments }: the first request that offers the tool has to call it so. */
  force = null;

  #target;
  #server;
  #called = false;

  constructor(target) {
    this.#target = new URL(target);
    this.#server = createServer((request, response) => this.#pass(request, response));
  }

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #pass(request, response) {
    const { method, url } = request;
    const entry = { method, path: url, status: 0, forced: false, results: [] };
    this.requests.push(entry);
    let body = Buffer.concat(await request.toArray());
    const dialect = DIALECTS[url.split('?')[0]];
    if (method === 'POST' && dialect) {
      const fields = JSON.parse(body);
      entry.results = dialect.results(fields);
      entry.bytes = body.length;
      if (this.force && !this.#called && fields.tools?.some((tool) => dialect.name(tool) === this.force.tool)) {
        this.#called = true;
        entry.forced = true;
        body = Buffer.from(JSON.stringify(this.#forced(fields, dialect)));
      }
    }
    const headers = { ...request.headers, host: this.#target.host };
    if (body.length > 0) {
      delete headers['transfer-encoding'];
      headers['content-length'] = body.length;
    }
    const { hostname, port } = this.#target;
    const onward = send({ hostname, port, method, path: url, headers }, (answer) => {
      entry.status = answer.statusCode;
      entry.ignored = answer.headers['panallama-ignored'];
      response.writeHead(answer.statusCode, answer.headers);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end(body);
  }

  #forced(fields, dialect) {
    const { tool, arguments: values } = this.force;
    const tools = fields.tools.map((each) => (dialect.name(each) === tool ? dialect.narrow(each, only(values)) : each));
    return { ...fields, tools, ...dialect.choice(tool) };
  }
}
