import { describe, expect, it } from 'vitest';
import { toHex } from '../crypto/index.ts';
import {
  type Environment,
  memoryTelemetry,
  type NodeId,
  type Objects,
  type Reading,
  type TelemetryStore,
  tableObjects,
} from '../environment/index.ts';
import { testKey } from '../ledger/testing/fixtures.ts';
import { parseCheckpoint, streamOfOrigin } from './checkpoint.ts';
import { createTelemetryLog, ledgerAnchor, type TelemetryLog } from './index.ts';
import { decodeReading } from './reading-entry.ts';
import { readSegmentRecord } from './segment-record.ts';
import { type LedgerWorld, ledgerWorld } from './testing/ledger-world.ts';
import { naiveRoot } from './testing/naive-tree.ts';
import { readBundle } from './tile-tree.ts';

const ORIGIN = 'plant-7.example/press';
const STREAM = streamOfOrigin(ORIGIN);
const OWNER = testKey(3);
const NODE = `0x${'77'.repeat(20)}` as NodeId;
const SECOND = 1_000_000;

const reading = (at: number): Reading => ({
  twin: `press-${at % 3}`,
  metric: 'temperature',
  timeMs: 1_000 * at,
  value: 20 + at / 8,
});
const readings = (from: number, count: number): Reading[] => Array.from({ length: count }, (_, at) => reading(from + at));

interface Opened {
  readonly log: TelemetryLog;
  readonly objects: Objects;
  readonly environment: Environment;
}

/** Runs a log on a node of a simulated world. */
async function openOn(
  { world, clientOf }: LedgerWorld,
  environment: Environment,
  options: { readonly reachable?: () => boolean; readonly store?: TelemetryStore } = {},
): Promise<Opened> {
  const objects = tableObjects(await world.run(environment.disk.table('tiles')));
  const anchor = ledgerAnchor(clientOf(OWNER, environment, options.reachable));
  const { store } = options;
  const log = await world.run(
    createTelemetryLog(
      { origin: ORIGIN, anchorIntervalMicros: 10 * SECOND },
      { environment, objects, anchor, ...(store && { store }) },
    ),
  );
  return { log, objects, environment };
}

/** All readings below the checkpoint of the folder, after checking them against its root. */
async function published({ world }: LedgerWorld, objects: Objects): Promise<{ size: number; readings: Reading[] }> {
  const bytes = await world.run(objects.get('checkpoint'));
  if (bytes === undefined) return { size: 0, readings: [] };
  const { size, root } = parseCheckpoint(new TextDecoder().decode(bytes));
  const entries: Uint8Array[] = [];
  for (let index = 0; index * 256 < size; index++)
    entries.push(...(await world.run(readBundle(objects, index, Math.min(256, size - index * 256)))));
  expect(toHex(naiveRoot(entries))).toBe(toHex(root));
  return { size, readings: entries.map((entry) => decodeReading(entry)?.reading as Reading) };
}

describe('a telemetry log', () => {
  it('adds readings to its tiles by count and by age, and puts checkpoints on the ledger', async () => {
    const ledger = await ledgerWorld('log');
    const { world } = ledger;
    const environment = world.addNode(NODE);
    const store = memoryTelemetry();
    const { log, objects } = await openOn(ledger, environment, { store });
    expect(await world.run(log.add(readings(0, 5)))).toBe(0);
    expect(await world.run(log.add(readings(5, 4_096)))).toBe(5);
    await world.runUntil(() => log.status().anchoredSize === 4_101, 20 * SECOND);
    expect(log.status()).toEqual({ origin: ORIGIN, size: 4_101, pending: 0, anchoredSize: 4_101, anchoredSegments: 1 });
    // The next checkpoint keeps its distance; the tiles do not wait for it.
    await world.run(log.add(readings(4_101, 3)));
    await world.runFor(2 * SECOND);
    expect(log.status()).toMatchObject({ size: 4_104, pending: 0, anchoredSize: 4_101 });
    await world.runUntil(() => log.status().anchoredSize === 4_104, 20 * SECOND);
    const onLedger = await world.run(ledgerAnchor(ledger.clientOf(OWNER, environment)).current(STREAM));
    expect(onLedger).toMatchObject({ count: 4_104, segments: 2 });
    expect(await published(ledger, objects)).toEqual({ size: 4_104, readings: readings(0, 4_104) });
    const second = await world.run(readSegmentRecord(objects, 1));
    expect(second).toMatchObject({ size: 4_104, count: 3, author: OWNER.address, blockNumber: 2 });
    // Partial tiles of earlier sizes are gone.
    expect(await world.run(objects.get('tile/entries/016.p/5'))).toBeUndefined();
    expect(await world.run(objects.get('tile/entries/016.p/8'))).toBeDefined();
    expect((await store.range({ twin: 'press-0', metric: 'temperature' })).readings).toHaveLength(1_368);
    await world.run(log.close());
    await expect(log.add(readings(0, 1))).rejects.toMatchObject({ code: 'TWINS_LOG_CLOSED' });
  });

  it('keeps what it took while the ledger is away, says so, and catches up', async () => {
    const ledger = await ledgerWorld('away');
    const { world } = ledger;
    let away = true;
    const { log } = await openOn(ledger, world.addNode(NODE), { reachable: () => !away });
    await world.run(log.add(readings(0, 300)));
    await world.runUntil(() => log.status().failure !== undefined, 600 * SECOND);
    expect(log.status()).toMatchObject({ size: 300, anchoredSize: 0, failure: { code: 'TWINS_ANCHOR_FAILED' } });
    await expect(world.run(log.flush())).rejects.toMatchObject({ code: 'TWINS_ANCHOR_FAILED' });
    await world.run(log.add(readings(300, 300)));
    away = false;
    await world.runUntil(() => log.status().anchoredSize === 600, 600 * SECOND);
    expect(log.status().failure).toBeUndefined();
  });

  it('does not let tiles wait for the next checkpoint', async () => {
    const ledger = await ledgerWorld('age');
    const { world } = ledger;
    const { log } = await openOn(ledger, world.addNode(NODE));
    await world.run(log.add(readings(0, 1)));
    await world.runUntil(() => log.status().anchoredSize === 1, 20 * SECOND);
    for (let size = 2; size <= 4; size++) {
      await world.run(log.add(readings(size, 1)));
      await world.runFor(1.5 * SECOND);
      expect(log.status()).toMatchObject({ size, anchoredSize: 1 });
    }
    await world.runUntil(() => log.status().anchoredSize === 4, 20 * SECOND);
  });

  it('refuses readings that cannot be stored, and bad names', async () => {
    const ledger = await ledgerWorld('bad');
    const { world } = ledger;
    const environment = world.addNode(NODE);
    const { log, objects } = await openOn(ledger, environment);
    const bad = { ...reading(1), value: Number.NaN };
    await expect(world.run(log.add([reading(0), bad]))).rejects.toMatchObject({ code: 'TELEMETRY_INVALID' });
    expect(log.status().pending).toBe(0);
    const anchor = ledgerAnchor(ledger.clientOf(OWNER, environment));
    const open = (origin: string) => createTelemetryLog({ origin }, { environment, objects, anchor });
    await expect(open('two\nlines')).rejects.toMatchObject({ code: 'TWINS_ORIGIN_INVALID' });
  });

  it('stops anchoring when the ledger holds another history', async () => {
    const ledger = await ledgerWorld('fork');
    const { world } = ledger;
    const { log, environment, objects } = await openOn(ledger, world.addNode(NODE));
    await world.run(log.add(readings(0, 10)));
    await world.run(log.flush());
    const image = world.copyDisk(environment.node);
    await world.run(log.add(readings(10, 10)));
    await world.run(log.flush());
    world.crash(environment.node);
    world.restoreDisk(environment.node, image);
    const old = await openOn(ledger, world.restart(environment.node));
    await world.run(old.log.add(readings(10, 10)));
    await expect(world.run(old.log.flush())).rejects.toMatchObject({ code: 'TWINS_LOG_FORKED' });
    expect(objects).toBeDefined();
  });

  it('keeps what it acknowledged when the power goes at that very moment', async () => {
    const ledger = await ledgerWorld('acknowledged');
    const { world } = ledger;
    let { log, environment } = await openOn(ledger, world.addNode(NODE));
    for (let at = 0; at < 5; at++) {
      await world.run(log.add(readings(10 * at, 10)));
      world.crash(environment.node);
      ({ log, environment } = await openOn(ledger, world.restart(environment.node)));
      expect(log.status().pending + log.status().size).toBe(10 * (at + 1));
    }
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'loses and changes nothing that was anchored or acknowledged, whenever it crashes (%i)',
    async (seed) => {
      const ledger = await ledgerWorld(`crash ${seed}`);
      const { world } = ledger;
      let opened = await openOn(ledger, world.addNode(NODE));
      const random = world.addNode(`0x${'99'.repeat(20)}`).random.stream('crashes');
      const acknowledged: number[] = [];
      let [next, anchored] = [0, 0];
      let before: Reading[] = [];
      for (let life = 0; life < 12; life++) {
        const { log } = opened;
        // Several batches are under way when the power goes, at a moment of its own in each life.
        for (let batch = 0; batch < 4; batch++) {
          const [from, count] = [next, 1 + random.integer(400)];
          next += count;
          log.add(readings(from, count)).then(
            () => acknowledged.push(...Array.from({ length: count }, (_, at) => from + at)),
            () => undefined,
          );
          await world.runFor(random.integer(700_000));
        }
        if (random.integer(2) === 0) log.flush().catch(() => undefined);
        await world.runFor(random.integer(60_000));
        world.crash(NODE, { tornTail: true });
        // While it is down, what it sent may get into a block.
        await world.runFor(random.integer(400_000));
        opened = await openOn(ledger, world.restart(NODE));
        const now = await published(ledger, opened.objects);
        expect(now.size).toBeGreaterThanOrEqual(anchored);
        expect(now.readings.slice(0, before.length)).toEqual(before);
        [anchored, before] = [now.size, now.readings];
      }
      await world.run(opened.log.flush());
      const end = await published(ledger, opened.objects);
      expect(end.readings.slice(0, before.length)).toEqual(before);
      const times = new Set(end.readings.map(({ timeMs }) => timeMs / 1_000));
      expect(acknowledged.filter((at) => !times.has(at))).toEqual([]);
      const onLedger = await world.run(ledgerAnchor(ledger.clientOf(OWNER, opened.environment)).current(STREAM));
      expect(onLedger).toMatchObject({ count: end.size, segments: opened.log.status().anchoredSegments });
    },
  );
});
