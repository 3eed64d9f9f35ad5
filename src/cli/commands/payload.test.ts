import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendPayload } from '../../contracts/index.ts';
import { encodeRlp } from '../../crypto/index.ts';
import { commitPayload } from '../../ledger/index.ts';
import { BATCH_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../../limits.ts';
import { runTreadle } from '../testing/run-treadle.ts';
import { keyOf, type ServedLedger, serveLedger } from '../testing/served-ledger.ts';

let ledger: ServedLedger;
let folder: string;
let key: string;
const to = keyOf('payload target').address;

beforeAll(async () => {
  ledger = await serveLedger();
  folder = await mkdtemp(join(ledger.folder, 'payload-'));
  key = await ledger.keyFile(ledger.companies[0]);
});
afterAll(() => ledger.close());

const bytes = (length: number, step: number) => Uint8Array.from({ length }, (_, at) => (at * step) & 0xff);

async function file(name: string, content: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('treadle payload', () => {
  it('sends a file of 1 MB and gets it back, over HTTP', async () => {
    const content = bytes(1_000_000, 7);
    const source = await file('samples.bin', content);
    const sent = await runTreadle(
      'payload',
      'send',
      source,
      '--to',
      to,
      '--media-type',
      'application/x-samples',
      '--rpc',
      ledger.url,
      '--key',
      key,
      '--json',
    );
    const { root } = commitPayload(content, 'application/x-samples');
    expect(sent.json()).toMatchObject({
      root,
      lengthBytes: 1_000_000,
      mediaType: 'application/x-samples',
      blockNumber: expect.any(Number) as number,
    });
    const { transactionHash } = sent.json() as { readonly transactionHash: string };
    const target = join(folder, 'back.bin');
    const got = await runTreadle('payload', 'get', transactionHash, '-o', target, '--rpc', ledger.url, '--json');
    expect(got.json()).toEqual({ file: target, root, lengthBytes: 1_000_000, mediaType: 'application/x-samples' });
    expect(Buffer.compare(await readFile(target), content)).toBe(0);
    const byRoot = await runTreadle('payload', 'get', root, '--out', join(folder, 'by-root.bin'), '--rpc', ledger.url);
    expect(byRoot.stdout).toContain('checked against the root');
    const again = await runTreadle('payload', 'get', root, '--out', target, '--rpc', ledger.url, '--json');
    expect(again.json()).toMatchObject({ error: { code: 'CLI_FILE_EXISTS' } });
  });

  it('sends the largest file there may be', async () => {
    const source = await file('largest.bin', bytes(PAYLOAD_BYTES_MAX, 11));
    const sent = await runTreadle('payload', 'send', source, '--to', to, '--rpc', ledger.url, '--key', key);
    expect(sent.stdout).toContain(`(${PAYLOAD_BYTES_MAX} bytes, application/octet-stream) is in block`);
  });

  it.each([
    ['an empty file', async () => [await file('empty.bin', new Uint8Array(0)), '--to', to], 'PAYLOAD_BAD_BODY'],
    [
      'a file that is too large',
      async () => [await file('large.bin', new Uint8Array(PAYLOAD_BYTES_MAX + 1)), '--to', to],
      'PAYLOAD_BAD_BODY',
    ],
    ['a file that is not there', async () => [join(folder, 'absent.bin'), '--to', to], 'CLI_FILE_UNREADABLE'],
    ['no account', async () => [await file('one.bin', Uint8Array.of(1)), '--to', 'somebody'], 'CLI_BAD_OPTION'],
    [
      'no media type',
      async () => [await file('two.bin', Uint8Array.of(1)), '--to', to, '--media-type', 'png'],
      'PAYLOAD_BAD_MEDIA_TYPE',
    ],
    ['odd call data', async () => [await file('three.bin', Uint8Array.of(1)), '--to', to, '--data', '0x123'], 'CLI_BAD_OPTION'],
  ])('refuses %s with words', async (_what, words, code) => {
    const run = await runTreadle('payload', 'send', ...(await words()), '--rpc', ledger.url, '--key', key, '--json');
    expect([run.exitCode, run.json()]).toMatchObject([1, { error: { code } }]);
  });

  it('says what it does not find', async () => {
    const get = (hash: string) =>
      runTreadle('payload', 'get', hash, '-o', join(folder, 'none.bin'), '--rpc', ledger.url, '--json');
    expect((await get('0x12')).json()).toMatchObject({ error: { code: 'CLI_BAD_OPTION' } });
    expect((await get(`0x${'12'.repeat(32)}`)).json()).toMatchObject({ error: { code: 'CLI_UNKNOWN_PAYLOAD' } });
    const { transactionHash } = await ledger.clientOf(ledger.companies[1]).transact({ to });
    expect((await get(transactionHash)).json()).toMatchObject({ error: { code: 'CLI_UNKNOWN_PAYLOAD' } });
  });
});

describe('the same from a program', () => {
  it('signs, sends and waits for the receipt', async () => {
    const client = ledger.clientOf(ledger.companies[2]);
    const receipt = await sendPayload(client, { to, body: bytes(70_000, 3), mediaType: 'text/csv' });
    expect(receipt).toMatchObject({ succeeded: true });
    await expect(sendPayload(client, { to, body: new Uint8Array(0) })).rejects.toMatchObject({ code: 'PAYLOAD_BAD_BODY' });
    // A refusal leaves no gap behind.
    expect(await sendPayload(client, { to, body: bytes(10, 3) })).toMatchObject({ succeeded: true });
  });
});

describe('POST /batch over HTTP', () => {
  it('takes more than a JSON body, and refuses what is larger than its own limit', async () => {
    const large = await fetch(`${ledger.url}/batch`, { method: 'POST', body: encodeRlp([new Uint8Array(6_000_000)]) });
    expect([large.status, await large.json()]).toMatchObject([200, [{ error: { data: { reason: 'POOL_TOO_LARGE' } } }]]);
    const tooLarge = await fetch(`${ledger.url}/batch`, { method: 'POST', body: new Uint8Array(BATCH_BYTES_MAX + 1) });
    expect(tooLarge.status).toBe(413);
  });
});
