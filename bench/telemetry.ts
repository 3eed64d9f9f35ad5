/**
 * Telemetry: readings stored by SQLite, leaves added to a log's tree with its tiles, proofs made and checked, by processor seconds.
 *
 *   node bench/run.ts telemetry [--json]
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderObjects, sqliteTelemetry } from '../src/environment/host/index.ts';
import type { Objects, Reading } from '../src/environment/index.ts';
import {
  EMPTY_EDGE,
  encodeReading,
  formatCheckpoint,
  growTree,
  openProver,
  type ProofBundle,
  verifyBundle,
} from '../src/twins/index.ts';

const BATCH = 5_000;
const ROWS = 200_000;
const LEAVES = 200_000;
const PROOFS = 2_000;
const ORIGIN = 'bench.example/telemetry';

interface Rate {
  /** Of what is named, per processor second (user and system). */
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

const folder = await mkdtemp(join(tmpdir(), 'treadle-bench-telemetry-'));
try {
  const report = { sqlite: await ingest(), log: await append(), proofs: await prove() };
  if (process.argv.includes('--json')) console.log(JSON.stringify(report));
  else {
    const { sqlite, log, proofs } = report;
    console.log(
      `SQLite: ${text(sqlite.ingest)} rows in batches of ${BATCH}, synced; ${sqlite.bytesPerRow.toFixed(1)} bytes a row`,
    );
    console.log(`SQLite: ${text(sqlite.pages)} pages of 100 rows read`);
    console.log(`log: ${text(log.append)} leaves salted, hashed and stored in tiles of files, with a checkpoint each ${BATCH}`);
    console.log(`proofs: ${text(proofs.made)} made from the files of ${LEAVES} leaves, ${text(proofs.checked)} checked`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function text({ perCpuSecond, perSecond }: Rate): string {
  return `${Math.round(perCpuSecond)} per processor second (${Math.round(perSecond)} per second)`;
}

function reading(at: number): Reading {
  return {
    twin: `machine-${at % 50}`,
    metric: `metric-${at % 4}`,
    timeMs: 1_700_000_000_000 + 20 * at,
    value: 20 + Math.sin(at),
  };
}

async function ingest() {
  const file = join(folder, 'readings.sqlite');
  const store = sqliteTelemetry({ file });
  const batches = Array.from({ length: ROWS / BATCH }, (_, batch) =>
    Array.from({ length: BATCH }, (_, at) => reading(batch * BATCH + at)),
  );
  const rate = await measured(ROWS, async () => {
    for (const batch of batches) await store.append(batch);
  });
  const pages = await measured(PROOFS, async () => {
    for (let at = 0; at < PROOFS; at++) {
      const twin = `machine-${at % 50}`;
      await store.range({
        twin,
        metric: `metric-${at % 2 === 0 ? at % 4 : 1}`,
        fromMs: 1_700_000_000_000 + 1_000 * at,
        limit: 100,
      });
    }
  });
  await store.close();
  return { ingest: rate, pages, bytesPerRow: (await stat(file)).size / ROWS };
}

async function append() {
  const objects = folderObjects(join(folder, 'log'));
  let edge = EMPTY_EDGE;
  const rate = await measured(LEAVES, async () => {
    for (let from = 0; from < LEAVES; from += BATCH) {
      const salt = new Uint8Array(16).fill(from % 251);
      const entries = Array.from({ length: BATCH }, (_, at) => encodeReading({ reading: reading(from + at), salt }));
      const grown = growTree(edge, entries);
      edge = grown.edge;
      await objects.put(grown.objects);
      const checkpoint = formatCheckpoint({ origin: ORIGIN, size: edge.size, root: grown.root });
      await objects.put(new Map([['checkpoint', new TextEncoder().encode(checkpoint)]]));
    }
  });
  return { append: rate };
}

async function prove() {
  const objects = inMemory(folderObjects(join(folder, 'log')));
  const bundles: ProofBundle[] = [];
  const prover = await openProver(objects);
  const made = await measured(PROOFS, async () => {
    for (let at = 0; at < PROOFS; at++) bundles.push(await prover.prove({ index: (at * 7_919) % LEAVES }));
  });
  const checked = await measured(PROOFS, async () => {
    for (const bundle of bundles) verifyBundle(bundle);
  });
  return { made, checked };
}

/** The file system's cache is not what is measured here. */
function inMemory(objects: Objects): Objects {
  const known = new Map<string, Promise<Uint8Array | undefined>>();
  return {
    ...objects,
    get: (path) => {
      const present = known.get(path) ?? objects.get(path);
      known.set(path, present);
      return present;
    },
  };
}

async function measured(count: number, work: () => Promise<void>): Promise<Rate> {
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { perCpuSecond: count / ((user + system) / 1e6), perSecond: count / ((performance.now() - start) / 1000) };
}
