/**
 * A tool's whole round trip of coding agents against the server:
 *
 *   ./panallama serve --ctx-size 32768 --rope-freq-scale 0.03125 --port 8080
 *   cd llm-server/clients/src/test/agents && npm ci && node agents.mjs http://127.0.0.1:8080 [AGENT ...]
 *
 * Each agent is asked to read a file, twice. The first time it talks to the server as it is, and the embedded model answers some
 * text. The second time the proxy forces the model to call the agent's tool that reads the file; the agent runs it and sends what it
 * holds back. Every request must be answered 2xx, and the agent must end normally. An agent is a folder's worth of binaries and the
 * embedded model needs a context that it was not trained for, so this is not a part of the build.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Proxy } from './proxy.mjs';

const LIMIT_MS = 900_000;
const KEY = 'sk-none'; // The server asks for none, but agents insist on one.
const MODEL = 'demo';
const SECRET = 'pomegranate';
const TASK = 'Read hello.txt and say the secret word.';

/** The folder of an installed package. Binaries are started from the packages of the platform: npm ran no scripts. */
function installed(name) {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}

const platform = `${process.platform}-${process.arch}`;

/** Each agent: its command, its environment, and the call that reads the file. */
const AGENTS = {
  codex: (url) => ({
    command: [
      process.execPath,
      join(installed('@openai/codex'), 'bin/codex.js'),
      'exec',
      '--skip-git-repo-check',
      '--dangerously-bypass-approvals-and-sandbox', // It reads a file in a folder of its own.
      ...['-c', 'model_provider="local"'],
      ...['-c', `model_providers.local={name="local",base_url="${url}/v1",wire_api="responses",env_key="KEY"}`],
      ...['-m', MODEL, TASK],
    ],
    environment: { KEY },
    force: () => ({ tool: 'exec_command', arguments: { cmd: 'cat hello.txt' } }),
  }),
  opencode: (url) => ({
    command: [join(installed(`opencode-${platform}`), 'bin/opencode'), 'run', '--model', `local/${MODEL}`, TASK],
    environment: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        provider: {
          local: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${url}/v1`, apiKey: KEY },
            models: { [MODEL]: { tool_call: true, limit: { context: 32_768, output: 64 } } },
          },
        },
      }),
    },
    force: (folder) => ({ tool: 'read', arguments: { filePath: join(folder, 'hello.txt') } }),
  }),
  claude: (url) => ({
    command: [join(installed(`@anthropic-ai/claude-code-${platform}`), 'claude'), '-p', TASK, '--output-format', 'json'],
    environment: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: KEY,
      ANTHROPIC_MODEL: MODEL,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    },
    force: (folder) => ({ tool: 'Read', arguments: { file_path: join(folder, 'hello.txt') } }),
  }),
  qwen: (url) => ({
    command: [
      process.execPath,
      join(installed('@qwen-code/qwen-code'), 'cli-entry.js'),
      ...['--auth-type', 'openai', '--openai-base-url', `${url}/v1`, '--openai-api-key', KEY, '--model', MODEL, '--yolo', '-p', TASK],
    ],
    // It asks for up to 32,000 tokens by default, and for more where a limit ended the answer; the embedded model would fill the context.
    environment: { QWEN_CODE_MAX_OUTPUT_TOKENS: '64' },
    force: (folder) => ({ tool: 'read_file', arguments: { file_path: join(folder, 'hello.txt') } }),
  }),
};

/** Runs an agent in a folder and with a home of its own; tells how it ended, what it printed and what it asked. */
async function run(name, server, forced) {
  const home = mkdtempSync(join(tmpdir(), 'panallama-agent-'));
  const folder = join(home, 'work');
  mkdirSync(folder);
  writeFileSync(join(folder, 'hello.txt'), `The secret word is ${SECRET}.\n`);
  const proxy = new Proxy(server);
  try {
    await proxy.start();
    const { command, environment, force } = AGENTS[name](proxy.url);
    proxy.force = forced ? force(folder) : null;
    const child = spawn(command[0], command.slice(1), {
      cwd: folder,
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let printed = '';
    child.stdout.on('data', (piece) => (printed += piece));
    child.stderr.on('data', (piece) => (printed += piece));
    const end = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
    return { end, printed, requests: proxy.requests };
  } finally {
    proxy.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** What is wrong with a run. */
function faults({ end, requests }, forced) {
  const wrong = requests.filter(({ status }) => status < 200 || status > 299).map(({ method, path, status }) => `${method} ${path}: ${status}`);
  if (end !== 0) {
    wrong.push(`it ended with ${end}`);
  }
  if (requests.length === 0) {
    wrong.push('it sent no request');
  }
  if (forced && !requests.some(({ results }) => JSON.stringify(results).includes(SECRET))) {
    wrong.push('it sent no result of the tool that holds the secret');
  }
  return wrong;
}

const [server, ...chosen] = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(AGENTS)) {
  for (const forced of [false, true]) {
    const began = Date.now();
    const result = await run(name, server, forced);
    const wrong = faults(result, forced);
    const seconds = Math.round((Date.now() - began) / 1000);
    console.log(`${wrong.length === 0 ? 'ok' : 'FAILED'} ${name}, ${forced ? 'forced to call' : 'as it is'}, ${seconds} s`);
    for (const { method, path, status, bytes, forced: call, results, ignored } of result.requests) {
      const size = bytes === undefined ? '' : `, ${bytes} bytes`;
      const what = [call && 'forced', results.length > 0 && `${results.length} results`, ignored && `ignored: ${ignored}`].filter(Boolean);
      console.log(`  ${method} ${path} ${status}${size}${what.map((each) => `, ${each}`).join('')}`);
    }
    if (wrong.length > 0) {
      console.log(`  ${wrong.join('\n  ')}\n${result.printed}`);
      process.exitCode = 1;
    }
  }
}
