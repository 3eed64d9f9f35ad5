import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHostEnvironment, folderObjects, type HostEnvironment } from '../../environment/host/index.ts';
import type { Reading } from '../../environment/index.ts';
import { createTelemetryLog, ledgerAnchor } from '../../twins/index.ts';
import { runTreadle } from '../testing/run-treadle.ts';
import { keyOf, type ServedLedger, serveLedger } from '../testing/served-ledger.ts';

const ORIGIN = 'plant-7.example/press';

let ledger: ServedLedger;
let environment: HostEnvironment;
let folder: string;
let log: string;
let genesis: string;
let older: string;
let owner: string;

const reading = (at: number): Reading => ({ twin: 'press-1', metric: 'temperature', timeMs: 1_000 * at, value: 20 + at / 8 });

beforeAll(async () => {
  ledger = await serveLedger();
  folder = await mkdtemp(join(ledger.folder, 'verify-'));
  log = join(folder, 'log');
  genesis = join(folder, 'genesis.json');
  older = join(folder, 'older.txt');
  await writeFile(genesis, JSON.stringify(ledger.genesis));
  const key = keyOf('owner of presses');
  owner = key.address;
  environment = await createHostEnvironment({ key, dataFolder: join(folder, 'node'), logLevel: 'silent' });
  const parts = { environment, objects: folderObjects(log), anchor: ledgerAnchor(ledger.clientOf(key)) };
  const service = await createTelemetryLog({ origin: ORIGIN }, parts);
  await service.add(Array.from({ length: 300 }, (_, at) => reading(at)));
  await service.flush();
  await cp(join(log, 'checkpoint'), older);
  await service.add(Array.from({ length: 400 }, (_, at) => reading(300 + at)));
  await service.flush();
  await service.close();
});
afterAll(async () => {
  await environment?.close();
  await ledger?.close();
});

const run = (...more: string[]) => runTreadle('verify', ...more, '--json');
const codeOf = async (outcome: ReturnType<typeof run>) => {
  const { exitCode, json } = await outcome;
  return [exitCode, (json()['error'] as { readonly code: string } | undefined)?.code];
};

describe('treadle verify, of one reading', () => {
  it('exports a bundle that anybody can verify offline', async () => {
    const bundle = join(folder, 'bundle.json');
    const exported = await run(
      log,
      '--export',
      bundle,
      '--index',
      '512',
      '--rpc',
      ledger.url,
      '--genesis',
      genesis,
      '--checkpoint',
      older,
    );
    expect(exported.json()).toEqual({ file: bundle, index: 512, size: 700, origin: ORIGIN, anchored: true });
    const verified = await run(bundle, '--genesis', genesis, '--checkpoint', older, '--author', owner);
    expect(verified.exitCode).toBe(0);
    expect(verified.json()).toMatchObject({
      proved: true,
      reading: reading(512),
      index: 512,
      size: 700,
      continues: 300,
      anchored: { author: owner },
    });
    const { stdout } = await runTreadle('verify', bundle);
    expect(stdout).toContain('proved: temperature of press-1 at 1970-01-01T00:08:32.000Z was 84');
    expect(stdout).toContain('not checked: whether the checkpoint is on the ledger');
    expect(await codeOf(run(log, '--export', bundle, '--index', '1'))).toEqual([1, 'CLI_FILE_EXISTS']);
  });

  it('finds the reading by twin, metric and time', async () => {
    const bundle = join(folder, 'found.json');
    const found = await run(log, '--export', bundle, '--twin', 'press-1', '--metric', 'temperature', '--time', '650000');
    expect(found.json()).toMatchObject({ index: 650, anchored: false });
    expect(await codeOf(run(bundle, '--genesis', genesis))).toEqual([1, 'TWINS_NOT_ANCHORED']);
    const none = run(log, '--export', `${bundle}2`, '--twin', 'press-1', '--metric', 'temperature', '--time', '1');
    expect(await codeOf(none)).toEqual([1, 'TWINS_NO_SUCH_READING']);
  });

  it('refuses a bundle that was altered, each with its code', async () => {
    const bundle = join(folder, 'good.json');
    await run(log, '--export', bundle, '--index', '7', '--rpc', ledger.url, '--genesis', genesis);
    const content = JSON.parse(await readFile(bundle, 'utf8'));
    const altered = join(folder, 'altered.json');
    const changed = async (change: object): Promise<string> => {
      await writeFile(altered, JSON.stringify({ ...content, ...change }));
      return altered;
    };
    const wrong = { ...content.reading, value: 1 };
    expect(await codeOf(run(await changed({ reading: wrong })))).toEqual([1, 'TWINS_INCLUSION_WRONG']);
    const anchor = { ...content.anchor, segment: { ...content.anchor.segment, toMs: 5 } };
    expect(await codeOf(run(await changed({ anchor }), '--genesis', genesis))).toEqual([1, 'TWINS_ANCHOR_WRONG']);
    expect(await codeOf(run(bundle, '--checkpoint', older))).toEqual([1, 'TWINS_CONSISTENCY_WRONG']);
    expect(await codeOf(run(bundle, '--genesis', genesis, '--author', ledger.url))).toEqual([1, 'CLI_BAD_OPTION']);
    expect(await codeOf(run(bundle, '--genesis', genesis, '--author', keyOf('x').address))).toEqual([1, 'TWINS_ANCHOR_WRONG']);
    await writeFile(altered, '{"format":"x"}');
    expect(await codeOf(run(altered))).toEqual([1, 'TWINS_BUNDLE_MALFORMED']);
    expect(await codeOf(run(bundle, '--genesis', altered))).toEqual([1, 'LIGHT_BAD_GENESIS']);
    expect(await codeOf(run(join(folder, 'none')))).toEqual([1, 'CLI_FILE_UNREADABLE']);
    expect(await codeOf(run(bundle, '--index', '1'))).toEqual([1, 'CLI_BAD_OPTION']);
  });
});

describe('treadle verify, of a whole log', () => {
  /** A copy of the folder with the first byte of a reading's value altered. */
  async function tampered(name: string, index: number): Promise<string> {
    const copy = join(folder, name);
    await cp(log, copy, { recursive: true });
    const file = join(copy, 'tile/entries', index < 512 ? `00${Math.floor(index / 256)}` : '002.p/188');
    const bytes = await readFile(file);
    let at = 0;
    for (let skip = index % 256; skip > 0; skip--) at += 2 + bytes.readUInt16BE(at);
    bytes.writeDoubleBE(-1, at + 2 + bytes.readUInt16BE(at) - 8);
    await writeFile(file, bytes);
    return copy;
  }

  it('finds an unaltered one as it was, against the ledger, a checkpoint, or itself', async () => {
    const byLedger = await run(log, '--rpc', ledger.url, '--genesis', genesis, '--author', owner, '--checkpoint', older);
    expect(byLedger.json()).toEqual({ checked: 700, alteredTiles: [], origin: ORIGIN, size: 700, against: 'ledger' });
    expect((await run(log, '--checkpoint', older)).json()).toMatchObject({ checked: 300, against: 'checkpoint' });
    expect((await run(log)).json()).toMatchObject({ checked: 700, against: 'itself' });
    expect((await runTreadle('verify', log)).stdout).toContain('name --rpc and --genesis');
  });

  it.each([0, 511, 600])('names reading %i when the owner altered it', async (index) => {
    const copy = await tampered(`tampered-${index}`, index);
    const { exitCode, json } = await run(copy, '--rpc', ledger.url, '--genesis', genesis);
    expect(exitCode).toBe(1);
    expect(json()['error']).toMatchObject({
      code: 'TWINS_READING_ALTERED',
      data: { index, lastIndex: index, twin: 'press-1', metric: 'temperature', timeMs: 1_000 * index, value: -1 },
    });
    const { expected, actual } = (json()['error'] as { readonly data: Record<string, string> }).data;
    expect([expected, actual]).toEqual([expect.stringMatching(/^0x[0-9a-f]{64}$/), expect.stringMatching(/^0x[0-9a-f]{64}$/)]);
    expect(expected).not.toBe(actual);
  });

  it('names it by another copy of the tiles when the owner altered the tile as well', async () => {
    const copy = await tampered('tile-too', 300);
    const tile = join(copy, 'tile/0/001');
    const bytes = await readFile(tile);
    bytes[44 * 32] = (bytes[44 * 32] as number) ^ 1;
    await writeFile(tile, bytes);
    const trust = ['--rpc', ledger.url, '--genesis', genesis];
    expect((await run(copy, ...trust)).json()['error']).toMatchObject({ data: { index: 256, lastIndex: 511 } });
    expect((await run(copy, ...trust, '--tiles', log)).json()['error']).toMatchObject({ data: { index: 300, lastIndex: 300 } });
  });

  it('sees that a folder is another than the ledger knows', async () => {
    const copy = join(folder, 'rewritten');
    await cp(log, copy, { recursive: true });
    const record = join(copy, 'segment/001');
    const content = JSON.parse(await readFile(record, 'utf8'));
    await writeFile(record, JSON.stringify({ ...content, root: content.previous }));
    const trust = ['--rpc', ledger.url, '--genesis', genesis];
    expect(await codeOf(run(copy, ...trust))).toEqual([1, 'TWINS_ANCHOR_WRONG']);
    // The record is as it was, the checkpoint is not.
    await cp(join(log, 'segment/001'), record);
    const text = await readFile(join(log, 'checkpoint'), 'utf8');
    await writeFile(join(copy, 'checkpoint'), text.replace(/\n.{44}\n$/, '\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'));
    expect(await codeOf(run(copy, ...trust))).toEqual([1, 'TWINS_ANCHOR_WRONG']);
    await rm(record);
    expect(await codeOf(run(copy, ...trust))).toEqual([1, 'TWINS_LOG_DAMAGED']);
  });

  it('says which options do not go together', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    expect(await codeOf(run(empty))).toEqual([1, 'TWINS_NO_SUCH_READING']);
    for (const options of [
      ['--rpc', ledger.url],
      ['--genesis', genesis],
      ['--index', '1'],
      ['--export', join(folder, 'x.json')],
      ['--export', join(folder, 'x.json'), '--index', 'one'],
    ])
      expect([options, ...(await codeOf(run(log, ...options)))]).toEqual([options, 1, 'CLI_BAD_OPTION']);
  });
});
