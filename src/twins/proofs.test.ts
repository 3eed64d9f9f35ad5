import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../crypto/index.ts';
import { type Environment, type NodeId, type Objects, type Reading, tableObjects } from '../environment/index.ts';
import { parseCertificate, type RpcCertificate } from '../ledger/light/index.ts';
import { testGenesis, testKey } from '../ledger/testing/fixtures.ts';
import { encodeBundle } from './entry-bundle.ts';
import {
  auditLog,
  type BundleAnchor,
  brokenSegment,
  createTelemetryLog,
  encodeReading,
  findReading,
  formatBundle,
  formatCheckpoint,
  ledgerAnchor,
  makeBundle,
  type ProofBundle,
  parseBundle,
  proveAnchor,
  readCheckpoint,
  readSegmentRecords,
  type SegmentRecord,
  verifyBundle,
} from './index.ts';
import { type LedgerWorld, ledgerWorld } from './testing/ledger-world.ts';
import { type MemoryObjects, memoryObjects } from './testing/memory-objects.ts';
import { EMPTY_EDGE, growTree, readBundle } from './tile-tree.ts';

const ORIGIN = 'plant-7.example/press';
const OWNER = testKey(3);
const NODE = `0x${'77'.repeat(20)}` as NodeId;

const reading = (at: number): Reading => ({
  twin: `press-${at % 3}`,
  metric: at % 5 === 0 ? 'state' : 'temperature',
  timeMs: 1_000 * at,
  value: at % 5 === 0 ? `läuft ${at}` : 20 + at / 8,
});

interface Finished {
  readonly ledger: LedgerWorld;
  /** The folder, as a copy that tests may alter. */
  readonly copy: () => MemoryObjects;
  readonly objects: Objects;
  readonly anchor: BundleAnchor;
  readonly segments: readonly SegmentRecord[];
  /** Texts of all checkpoints. */
  readonly checkpoints: readonly string[];
}

/** A log of 700 readings in three checkpoints: 100, 300, 700. */
async function finishedLog(): Promise<Finished> {
  const ledger = await ledgerWorld('proofs');
  const { world } = ledger;
  const environment: Environment = world.addNode(NODE);
  const kept = memoryObjects();
  const table = tableObjects(await world.run(environment.disk.table('tiles')));
  const objects: Objects = {
    get: table.get,
    put: async (all) => {
      await table.put(all);
      await kept.put(all);
    },
    delete: async (paths) => {
      await table.delete(paths);
      await kept.delete(paths);
    },
  };
  const anchor = ledgerAnchor(ledger.clientOf(OWNER, environment));
  const log = await world.run(createTelemetryLog({ origin: ORIGIN }, { environment, objects, anchor }));
  const checkpoints: string[] = [];
  for (const [from, to] of [
    [0, 100],
    [100, 300],
    [300, 700],
  ] as const) {
    await world.run(log.add(Array.from({ length: to - from }, (_, at) => reading(from + at))));
    await world.run(log.flush());
    checkpoints.push((await world.run(readCheckpoint(objects))).text);
  }
  const segments = await readSegmentRecords(kept);
  const proof = await world.run(
    proveAnchor({
      rpc: ledger.rpc.call,
      genesis: ledger.genesis,
      origin: ORIGIN,
      segment: segments[2] as SegmentRecord,
      follow: async (rpc, light) => {
        const newest = Number(await rpc('eth_blockNumber', []));
        for (const number of [1, newest]) {
          const [header] = (await rpc('treadle_headers', [number, 1])) as { rlp: string; certificate: RpcCertificate }[];
          light.accept(fromHex(header?.rlp ?? ''), parseCertificate(header?.certificate as RpcCertificate));
        }
      },
    }),
  );
  const copy = (): MemoryObjects => {
    const other = memoryObjects();
    for (const [path, bytes] of kept.content) other.content.set(path, bytes.slice());
    return other;
  };
  return { ledger, copy, objects: kept, anchor: proof, segments, checkpoints };
}

let made: Finished;
beforeAll(async () => {
  made = await finishedLog();
});

const bundleFor = (index: number): Promise<ProofBundle> =>
  makeBundle(made.objects, { index, older: made.checkpoints[0] as string, anchor: made.anchor });

describe('a proof bundle', () => {
  it('proves a reading up to the ledger, offline', async () => {
    for (const index of [0, 99, 100, 255, 256, 699]) {
      const bundle = parseBundle(formatBundle(await bundleFor(index)));
      expect(bundle.reading).toEqual(reading(index));
      const verdict = verifyBundle(bundle, {
        genesis: made.ledger.genesis,
        older: made.checkpoints[0] as string,
        author: OWNER.address,
      });
      expect(verdict).toMatchObject({
        origin: ORIGIN,
        index,
        size: 700,
        continues: 100,
        anchored: { author: OWNER.address, blockNumber: 3 },
      });
    }
  });

  it('finds readings by twin, metric and time', async () => {
    expect(await findReading(made.objects, 700, reading(612))).toBe(612);
    await expect(findReading(made.objects, 700, reading(700))).rejects.toMatchObject({ code: 'TWINS_NO_SUCH_READING' });
    await expect(makeBundle(made.objects, { index: 700 })).rejects.toMatchObject({ code: 'TWINS_NO_SUCH_READING' });
    await expect(
      makeBundle(made.objects, { index: 1, older: 'other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n' }),
    ).rejects.toMatchObject({ code: 'TWINS_CONSISTENCY_WRONG' });
  });

  it('falls with every part of it that is altered', async () => {
    const bundle = await bundleFor(300);
    const { genesis } = made.ledger;
    const other = `0x${'12'.repeat(32)}` as const;
    const anchor = bundle.anchor as BundleAnchor;
    const cases: readonly (readonly [string, Partial<ProofBundle>])[] = [
      ['TWINS_INCLUSION_WRONG', { reading: { ...bundle.reading, value: 1 } }],
      ['TWINS_INCLUSION_WRONG', { reading: { ...bundle.reading, twin: 'press-9' } }],
      ['TWINS_INCLUSION_WRONG', { reading: { ...bundle.reading, timeMs: 1 } }],
      ['TELEMETRY_INVALID', { reading: { ...bundle.reading, twin: '' } }],
      ['TWINS_INCLUSION_WRONG', { salt: `0x${'00'.repeat(16)}` }],
      ['TWINS_INCLUSION_WRONG', { index: 301 }],
      ['TWINS_INCLUSION_WRONG', { index: 700 }],
      ['TWINS_INCLUSION_WRONG', { inclusion: [...bundle.inclusion.slice(1), other] }],
      ['TWINS_INCLUSION_WRONG', { inclusion: [] }],
      ['TWINS_CHECKPOINT_MALFORMED', { checkpoint: 'nothing' }],
      ['TWINS_CONSISTENCY_WRONG', { consistency: { checkpoint: made.checkpoints[0] as string, path: [other] } }],
      [
        'TWINS_CONSISTENCY_WRONG',
        { consistency: { checkpoint: made.checkpoints[1] as string, path: bundle.consistency?.path ?? [] } },
      ],
      // A checkpoint of another log that has the same root.
      ['TWINS_CONSISTENCY_WRONG', { checkpoint: bundle.checkpoint.replace('press', 'drill') }],
      ['TWINS_ANCHOR_WRONG', { checkpoint: bundle.checkpoint.replace('press', 'drill'), consistency: undefined as never }],
      ['TWINS_ANCHOR_WRONG', { anchor: { ...anchor, author: testKey(4).address } }],
      ['TWINS_ANCHOR_WRONG', { anchor: { ...anchor, segment: { ...anchor.segment, count: 401 } } }],
      ['TWINS_ANCHOR_WRONG', { anchor: { ...anchor, segment: { ...anchor.segment, previous: other } } }],
      ['TWINS_ANCHOR_WRONG', { anchor: { ...anchor, headers: anchor.headers.slice(0, 1) } }],
      [
        'TWINS_ANCHOR_WRONG',
        { anchor: { ...anchor, proof: { ...anchor.proof, storageProof: anchor.proof.storageProof.slice(0, 1) } } },
      ],
      ['TWINS_ANCHOR_WRONG', { anchor: { ...anchor, proof: { ...anchor.proof, storageHash: other } } }],
    ];
    for (const [code, change] of cases) {
      const spoilt = { ...bundle, ...change };
      expect([code, codeOf(() => verifyBundle(spoilt, { genesis }))]).toEqual([code, code]);
    }
  });

  it('says what it did not prove', async () => {
    const bundle = await makeBundle(made.objects, { index: 5 });
    expect(verifyBundle(bundle)).not.toHaveProperty('anchored');
    const { genesis } = made.ledger;
    expect(codeOf(() => verifyBundle(bundle, { genesis }))).toBe('TWINS_NOT_ANCHORED');
    expect(codeOf(() => verifyBundle(bundle, { author: OWNER.address }))).toBe('TWINS_NOT_ANCHORED');
    expect(codeOf(() => verifyBundle(bundle, { older: made.checkpoints[1] as string }))).toBe('TWINS_CONSISTENCY_WRONG');
    expect(verifyBundle(bundle, { older: made.checkpoints[2] as string }).continues).toBe(700);
    const whole = await bundleFor(5);
    expect(codeOf(() => verifyBundle(whole, { genesis: { ...testGenesis(), chainId: 1 } }))).toBe('TWINS_ANCHOR_WRONG');
    expect(codeOf(() => verifyBundle(whole, { genesis, author: testKey(4).address }))).toBe('TWINS_ANCHOR_WRONG');
    // Size is not bound by the root alone: the ledger says how many readings there were.
    const shorter = whole.checkpoint.replace('\n700\n', '\n699\n');
    expect(['TWINS_INCLUSION_WRONG', 'TWINS_CONSISTENCY_WRONG', 'TWINS_ANCHOR_WRONG']).toContain(
      codeOf(() => verifyBundle({ ...whole, checkpoint: shorter }, { genesis })),
    );
  });

  it('is refused with the name of the field that cannot be read', async () => {
    const bundle = await bundleFor(5);
    const broken = (change: object): string => JSON.stringify({ ...bundle, ...change });
    for (const [text, words] of [
      ['{', 'no JSON'],
      ['[]', 'no object'],
      [broken({ format: 'x' }), 'format'],
      [broken({ salt: '0x00' }), 'salt'],
      [broken({ index: -1 }), 'index'],
      [broken({ index: 1.5 }), 'index'],
      [broken({ reading: { ...bundle.reading, value: null } }), 'reading.value'],
      [broken({ inclusion: ['0x12'] }), 'inclusion'],
      [broken({ inclusion: Array.from({ length: 65 }, () => bundle.inclusion[0]) }), 'inclusion'],
      [broken({ anchor: { ...bundle.anchor, headers: [] } }), 'anchor.headers'],
      [broken({ anchor: { ...bundle.anchor, author: '0x12' } }), 'anchor.author'],
    ] as const) {
      expect(() => parseBundle(text)).toThrow(
        expect.objectContaining({ code: 'TWINS_BUNDLE_MALFORMED', message: expect.stringContaining(words) }),
      );
    }
  });
});

describe('an audit of the whole log', () => {
  const audit = async (objects: Objects, more: { readonly reference?: Objects } = {}) => {
    const { checkpoint } = await readCheckpoint(made.objects);
    return auditLog(objects, { checkpoint, segments: made.segments, ...more });
  };

  /** Writes another reading at `index`, in the bundle only. */
  async function alter(objects: MemoryObjects, index: number): Promise<Uint8Array[]> {
    const at = Math.floor(index / 256);
    const path = [...objects.content.keys()].find((name) =>
      name.startsWith(`tile/entries/${String(at).padStart(3, '0')}`),
    ) as string;
    const width = path.includes('.p/') ? Number(path.split('.p/')[1]) : 256;
    const entries = await readBundle(objects, at, width);
    entries[index % 256] = encodeReading({ reading: { ...reading(index), value: -1 }, salt: new Uint8Array(16) });
    objects.content.set(path, encodeBundle(entries));
    return entries;
  }

  it('finds nothing in one that was left alone', async () => {
    expect(await audit(made.objects)).toEqual({ checked: 700, alteredTiles: [] });
    expect(brokenSegment(made.segments)).toBeUndefined();
  });

  it.each([0, 255, 256, 511, 650, 699])('names reading %i when it was altered', async (index) => {
    const objects = made.copy();
    await alter(objects, index);
    if (index < 600) await alter(objects, index + 50);
    const { altered } = await audit(objects);
    expect(altered).toMatchObject({
      index,
      lastIndex: index,
      reading: { twin: `press-${index % 3}`, timeMs: 1_000 * index, value: -1 },
    });
    expect(altered?.expected).not.toBe(altered?.actual);
  });

  it('names the first reading that is missing', async () => {
    const objects = made.copy();
    objects.content.delete('tile/entries/001');
    expect((await audit(objects)).altered).toMatchObject({ index: 256, lastIndex: 256 });
    const cut = made.copy();
    cut.content.set('tile/entries/001', (cut.content.get('tile/entries/001') as Uint8Array).slice(0, -3));
    expect((await audit(cut)).altered).toMatchObject({ index: 256 });
  });

  it('bounds the place when the tile of the reading was altered as well', async () => {
    const objects = made.copy();
    await alter(objects, 300);
    const tile = objects.content.get('tile/0/001') as Uint8Array;
    tile[44 * 32] = (tile[44 * 32] as number) ^ 1;
    expect(await audit(objects)).toMatchObject({ altered: { index: 256, lastIndex: 511 }, alteredTiles: ['tile/0/001'] });
    // Somebody who kept the tiles can name it.
    expect((await audit(objects, { reference: made.copy() })).altered).toMatchObject({ index: 300, lastIndex: 300 });
  });

  it('bounds the place by checkpoints when the owner built a new tree', async () => {
    const objects = made.copy();
    const first = await readBundle(objects, 0, 256);
    const second = await readBundle(objects, 1, 256);
    const third = await readBundle(objects, 2, 188);
    const entries = [...first, ...second, ...third];
    entries[150] = encodeReading({ reading: { ...reading(150), value: -1 }, salt: new Uint8Array(16) });
    await objects.put(growTree(EMPTY_EDGE, entries).objects);
    // Between the checkpoints of 100 and 300 readings.
    expect((await audit(objects)).altered).toMatchObject({ index: 100, lastIndex: 299 });
    expect((await audit(objects, { reference: made.copy() })).altered).toMatchObject({ index: 150, lastIndex: 150 });
  });

  it('passes over tiles that were altered alone, and says which', async () => {
    const objects = made.copy();
    (objects.content.get('tile/0/000') as Uint8Array)[5] = 7;
    expect(await audit(objects)).toEqual({ checked: 700, alteredTiles: ['tile/0/000'] });
  });

  it('sees records of checkpoints that do not chain, or do not lead to the ledger', async () => {
    const [first, second, third] = made.segments as readonly [SegmentRecord, SegmentRecord, SegmentRecord];
    expect(brokenSegment([first, { ...second, count: 1 }, third])).toBe(1);
    expect(brokenSegment([first, { ...second, toMs: second.toMs + 1 }, third])).toBe(2);
    expect(brokenSegment([first, second, third], `0x${'12'.repeat(32)}`)).toBe(2);
  });

  it('goes by the checkpoint that it is given', async () => {
    const { checkpoint } = await readCheckpoint(made.objects);
    const earlier = { ...checkpoint, size: 300, root: fromHex((made.segments[1] as SegmentRecord).root) };
    expect(formatCheckpoint(earlier)).toBe(made.checkpoints[1]);
    expect(await auditLog(made.objects, { checkpoint: earlier, segments: made.segments })).toMatchObject({ checked: 300 });
    const wrong = { ...checkpoint, root: new Uint8Array(32) };
    expect((await auditLog(made.objects, { checkpoint: wrong, segments: [] })).altered).toMatchObject({
      index: 0,
      lastIndex: 699,
    });
    expect(toHex(checkpoint.root)).toBe((made.segments[2] as SegmentRecord).root);
  });
});

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
  return 'none';
}
