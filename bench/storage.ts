/**
 * What checksums cost: batches as a loaded block writes them, into a table with checksums and into a bare LevelDB, and
 * reads of them, each by its median. Both take turns, so that what else the machine does hits both alike.
 *
 *   node bench/run.ts storage [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { keyFrom } from '../src/crypto/index.ts';
import { createHostEnvironment } from '../src/environment/host/index.ts';
import type { TableOperation } from '../src/environment/index.ts';

const BATCHES = 60;
/** A block of 2,000 transactions: places, trie nodes, and one large body. */
const PLACES = 2_000;
const NODES = 4_000;
const BODY_BYTES = 600_000;

const folder = await mkdtemp(join(tmpdir(), 'treadle-bench-storage-'));
const environment = await createHostEnvironment({
  key: keyFrom(new Uint8Array(32).fill(1)),
  dataFolder: join(folder, 'node'),
  logLevel: 'silent',
});
const table = await environment.disk.table('chain');
const bare = new ClassicLevel<Uint8Array, Uint8Array>(join(folder, 'bare'), { keyEncoding: 'view', valueEncoding: 'view' });

const write = { checked: [] as number[], bare: [] as number[] };
const read = { checked: [] as number[], bare: [] as number[] };
const keys: Uint8Array[] = [];
for (let number = 0; number < BATCHES; number++) {
  const operations = blockOf(number);
  keys.push(...operations.filter((_, at) => at % 40 === 0).map(({ key }) => key));
  const turns = [
    async () => {
      write.checked.push(await timed(() => table.batch(operations, { sync: true })));
    },
    async () => {
      write.bare.push(await timed(() => bare.batch([...operations], { sync: true })));
    },
  ];
  for (const turn of number % 2 === 0 ? turns : turns.reverse()) await turn();
}
for (const [at, key] of keys.entries()) {
  const turns = [
    async () => {
      read.checked.push(await timed(() => table.get(key)));
    },
    async () => {
      read.bare.push(await timed(() => bare.get(key)));
    },
  ];
  for (const turn of at % 2 === 0 ? turns : turns.reverse()) await turn();
}
await bare.close();
await environment.close();
await rm(folder, { recursive: true, force: true });

const report = {
  batchMs: round(median(write.checked)),
  bareBatchMs: round(median(write.bare)),
  writeOverhead: round(median(write.checked) / median(write.bare) - 1),
  readMicros: round(median(read.checked) * 1000),
  bareReadMicros: round(median(read.bare) * 1000),
  readOverhead: round(median(read.checked) / median(read.bare) - 1),
};
if (process.argv.includes('--json')) console.log(JSON.stringify(report));
else {
  console.log(`a batch of ${PLACES + NODES + 1} entries, synced: ${report.batchMs} ms, bare ${report.bareBatchMs} ms`);
  console.log(`a read: ${report.readMicros} us, bare ${report.bareReadMicros} us`);
}

function blockOf(number: number): Extract<TableOperation, { type: 'put' }>[] {
  const put = (key: Uint8Array, sizeBytes: number) => ({ type: 'put', key, value: noise(sizeBytes, key[1] ?? 0) }) as const;
  const keyOf = (prefix: number, at: number): Uint8Array => {
    const key = noise(33, number * 10_000 + at);
    key[0] = prefix;
    return key;
  };
  return [
    ...Array.from({ length: PLACES }, (_, at) => put(keyOf(0x74, at), 6)),
    ...Array.from({ length: NODES }, (_, at) => put(keyOf(0x73, at), 180)),
    put(Uint8Array.of(0x62, number), BODY_BYTES),
  ];
}

function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The mean would say most of what else runs on the machine. */
function median(times: readonly number[]): number {
  return [...times].sort((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
