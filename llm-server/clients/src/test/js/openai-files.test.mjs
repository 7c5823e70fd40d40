// npm openai: files, uploads in parts, vector stores, file batches, searches.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import OpenAI, { BadRequestError, NotFoundError, toFile } from 'openai';
import { key, url } from './server.mjs';

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 60_000 });

const upload = async (name, text) => client.files.create({ file: await toFile(Buffer.from(text), name), purpose: 'assistants' });

test('a file is uploaded, listed, read and deleted', async () => {
  const file = await upload('naïve "quoted" 日本.md', '# Llamas\n\nA llama hums.\n');
  assert.match(file.id, /^file-/);
  assert.equal(file.object, 'file');
  assert.equal(file.filename, 'naïve "quoted" 日本.md');
  assert.equal(file.bytes, 24);
  assert.deepEqual(await client.files.retrieve(file.id), file);
  assert.equal((await client.files.waitForProcessing(file.id)).status, 'processed');
  const ids = [];
  for await (const each of client.files.list({ purpose: 'assistants', limit: 1 })) {
    ids.push(each.id);
  }
  assert.ok(ids.includes(file.id));
  assert.equal(await (await client.files.content(file.id)).text(), '# Llamas\n\nA llama hums.\n');
  assert.deepEqual(await client.files.delete(file.id), { id: file.id, object: 'file', deleted: true });
  await assert.rejects(client.files.retrieve(file.id), NotFoundError);
});

test('a file is uploaded in parts, or given up', async () => {
  const text = ['# Llamas\n\n', 'A llama hums, '.repeat(20_000), 'and weighs 130 kg.\n'];
  const bytes = Buffer.byteLength(text.join(''));
  const announced = { filename: 'naïve 日本.md', purpose: 'assistants', bytes, mime_type: 'text/markdown' };
  const upload = await client.uploads.create({ ...announced, expires_after: { anchor: 'created_at', seconds: 86_400 } });
  assert.equal(upload.object, 'upload');
  assert.equal(upload.status, 'pending');
  assert.equal(upload.bytes, bytes);
  assert.ok(upload.expires_at > upload.created_at);
  const parts = await Promise.all(
    text.toReversed().map(async (each) => client.uploads.parts.create(upload.id, { data: await toFile(Buffer.from(each), 'part') })),
  );
  assert.ok(parts.every((part) => part.object === 'upload.part' && part.upload_id === upload.id));
  const ids = parts.map((part) => part.id).reverse();
  await assert.rejects(client.uploads.complete(upload.id, { part_ids: ids.slice(1) }), BadRequestError);
  await assert.rejects(client.uploads.complete(upload.id, { part_ids: ids, md5: '0'.repeat(32) }), BadRequestError);
  const md5 = createHash('md5').update(text.join('')).digest('hex');
  const completed = await client.uploads.complete(upload.id, { part_ids: ids, md5 });
  assert.equal(completed.status, 'completed');
  assert.deepEqual(completed.file, await client.files.retrieve(completed.file.id));
  assert.equal(completed.file.filename, 'naïve 日本.md');
  assert.equal(await (await client.files.content(completed.file.id)).text(), text.join(''));
  await assert.rejects(client.uploads.cancel(upload.id), BadRequestError);
  await client.files.delete(completed.file.id);

  const given = await client.uploads.create(announced);
  await client.uploads.parts.create(given.id, { data: await toFile(Buffer.from('x'), 'part') });
  assert.equal((await client.uploads.cancel(given.id)).status, 'cancelled');
  await assert.rejects(client.uploads.cancel('upload_none'), NotFoundError);
});

test('a vector store is filled by a batch, searched, listed and deleted', async () => {
  const store = await client.vectorStores.create({ name: 'js', metadata: { team: 'a' }, expires_after: { anchor: 'last_active_at', days: 1 } });
  assert.match(store.id, /^vs_/);
  assert.equal(store.file_counts.total, 0);
  const files = await Promise.all(
    ['The wombat digs burrows.', 'The llama hums.', 'The car has wheels.'].map((text, i) => toFile(Buffer.from(text), `doc${i}.txt`)),
  );
  const batch = await client.vectorStores.fileBatches.uploadAndPoll(store.id, { files });
  assert.equal(batch.object, 'vector_store.files_batch');
  assert.equal(batch.status, 'completed');
  assert.equal(batch.file_counts.completed, 3);
  const ofBatch = [];
  for await (const each of client.vectorStores.fileBatches.listFiles(batch.id, { vector_store_id: store.id, limit: 2 })) {
    ofBatch.push(each.id);
  }
  assert.equal(ofBatch.length, 3);

  const single = await upload('setup.exe', 'MZ\0\u0001');
  const failed = await client.vectorStores.files.createAndPoll(store.id, { file_id: single.id, attributes: { kind: 'program' } });
  assert.equal(failed.status, 'failed');
  assert.equal(failed.last_error.code, 'unsupported_file');
  const failures = await client.vectorStores.files.list(store.id, { filter: 'failed' });
  assert.deepEqual(failures.data.map((each) => each.id), [single.id]);

  const found = await client.vectorStores.search(store.id, { query: 'wombat burrows', max_num_results: 2 });
  assert.equal(found.data.length, 2);
  assert.equal(found.data[0].filename, 'doc0.txt');
  assert.equal(found.data[0].content[0].type, 'text');
  assert.ok(found.data[0].score >= 0 && found.data[0].score <= 1);
  const wombat = found.data[0].file_id;
  const updated = await client.vectorStores.files.update(wombat, { vector_store_id: store.id, attributes: { animal: true, year: 2026 } });
  assert.deepEqual(updated.attributes, { animal: true, year: 2026 });
  const animals = await client.vectorStores.search(store.id, {
    query: ['llama', 'car'],
    filters: { type: 'and', filters: [{ type: 'eq', key: 'animal', value: true }, { type: 'gte', key: 'year', value: 2026 }] },
  });
  assert.deepEqual(animals.data.map((each) => each.file_id), [wombat]);
  const content = await client.vectorStores.files.content(wombat, { vector_store_id: store.id });
  assert.equal(content.data[0].text, 'The wombat digs burrows.');

  await client.vectorStores.files.delete(single.id, { vector_store_id: store.id });
  const left = [];
  for await (const each of client.vectorStores.files.list(store.id, { limit: 1, order: 'asc' })) {
    left.push(each.id);
    await client.files.delete(each.id);
  }
  assert.deepEqual(left, [...ofBatch].reverse());
  assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.total, 0);
  assert.equal((await client.vectorStores.update(store.id, { name: 'other' })).name, 'other');
  const all = await client.vectorStores.list();
  assert.ok(all.data.some((each) => each.id === store.id));
  assert.equal((await client.vectorStores.delete(store.id)).deleted, true);
  await client.files.delete(single.id);
});

test('mistakes have the types of the SDK', async () => {
  await assert.rejects(client.vectorStores.retrieve('vs_none'), NotFoundError);
  await assert.rejects(client.vectorStores.create({ file_ids: ['file-none'] }), NotFoundError);
  await assert.rejects(client.files.list({ after: 'nothing' }), BadRequestError);
});
