import { type Hex, toHex } from '../crypto/index.ts';
import type { Objects, Reading } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { CHECKPOINT_PATH } from './anchor-round.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import './errors.ts';
import { consistencyPath, inclusionPath, rootAt } from './merkle-proofs.ts';
import { BUNDLE_FORMAT, type BundleAnchor, type ProofBundle } from './proof-bundle.ts';
import { decodeReading } from './reading-entry.ts';
import { readSegmentRecord, type SegmentRecord } from './segment-record.ts';
import { TILE_WIDTH } from './tile-paths.ts';
import { readBundle, tileReader } from './tile-tree.ts';

/** The text of the latest checkpoint of a log that is on the ledger. @throws TreadleError TWINS_NO_SUCH_READING when there is none yet */
export async function readCheckpoint(objects: Objects): Promise<{ readonly text: string; readonly checkpoint: Checkpoint }> {
  const bytes = await objects.get(CHECKPOINT_PATH);
  if (bytes === undefined) throw new TreadleError('TWINS_NO_SUCH_READING', { detail: 'the log has no checkpoint yet' });
  const text = new TextDecoder().decode(bytes);
  return { text, checkpoint: parseCheckpoint(text) };
}

/** The records of all checkpoints of a log, oldest first. @throws TreadleError TWINS_LOG_DAMAGED */
export async function readSegmentRecords(objects: Objects): Promise<readonly SegmentRecord[]> {
  const records: SegmentRecord[] = [];
  for (
    let next = await readSegmentRecord(objects, 0);
    next !== undefined;
    next = await readSegmentRecord(objects, records.length)
  )
    records.push(next);
  return records;
}

/** The bundle of entries with this number, as far as the first `size` entries reach. */
export function bundleOf(objects: Objects, index: number, size: number): Promise<Uint8Array[]> {
  return readBundle(objects, index, Math.min(TILE_WIDTH, size - index * TILE_WIDTH));
}

/** The index of the first entry of this twin, metric and time below `size`. @throws TreadleError TWINS_NO_SUCH_READING */
export async function findReading(objects: Objects, size: number, wanted: Omit<Reading, 'value'>): Promise<number> {
  for (let at = 0; at * TILE_WIDTH < size; at++) {
    const entries = await bundleOf(objects, at, size);
    const within = entries.findIndex((entry) => {
      const reading = decodeReading(entry)?.reading;
      return reading?.timeMs === wanted.timeMs && reading.twin === wanted.twin && reading.metric === wanted.metric;
    });
    if (within >= 0) return at * TILE_WIDTH + within;
  }
  const { twin, metric, timeMs } = wanted;
  throw new TreadleError('TWINS_NO_SUCH_READING', {
    detail: `no reading of ${metric} of ${twin} at ${timeMs} among the ${size} of the checkpoint`,
    data: { twin, metric, timeMs, size },
  });
}

export interface BundleRequest {
  readonly index: number;
  /** An older checkpoint of this log, which the bundle shows to be continued. */
  readonly older?: string;
  /** What shows that the latest checkpoint is on the ledger. */
  readonly anchor?: BundleAnchor;
}

/** Makes proofs under one checkpoint of a log; the tiles read last are kept in memory. */
export interface Prover {
  readonly checkpoint: Checkpoint;
  /** @throws TreadleError TWINS_NO_SUCH_READING | TWINS_LOG_DAMAGED | TWINS_CONSISTENCY_WRONG | TWINS_CHECKPOINT_MALFORMED */
  prove(request: BundleRequest): Promise<ProofBundle>;
}

/** A prover under the latest checkpoint of a log. @throws TreadleError TWINS_NO_SUCH_READING when there is none yet */
export async function openProver(objects: Objects): Promise<Prover> {
  const { text, checkpoint } = await readCheckpoint(objects);
  const { size, origin } = checkpoint;
  const read = tileReader(objects, size);
  return {
    checkpoint,
    async prove({ index, older, anchor }) {
      if (index >= size)
        throw new TreadleError('TWINS_NO_SUCH_READING', {
          detail: `the checkpoint has ${size} readings: there is no reading ${index} (the first is 0)`,
          data: { index, size },
        });
      const entry = (await bundleOf(objects, Math.floor(index / TILE_WIDTH), size))[index % TILE_WIDTH] as Uint8Array;
      const salted = decodeReading(entry);
      if (salted === undefined)
        throw new TreadleError('TWINS_LOG_DAMAGED', { detail: `entry ${index} is not that of a reading`, data: { index } });
      const path = older === undefined ? [] : await pathFrom(read, parseCheckpoint(older), { size, origin });
      return {
        format: BUNDLE_FORMAT,
        reading: salted.reading,
        salt: toHex(salted.salt),
        index,
        checkpoint: text,
        inclusion: (await inclusionPath(read, index, size)).map(toHex),
        ...(older !== undefined && { consistency: { checkpoint: older, path } }),
        ...(anchor && { anchor }),
      };
    },
  };
}

/** The proof of one reading under the latest checkpoint of a log. @throws what {@link Prover.prove} throws */
export async function makeBundle(objects: Objects, request: BundleRequest): Promise<ProofBundle> {
  return (await openProver(objects)).prove(request);
}

async function pathFrom(
  read: ReturnType<typeof tileReader>,
  older: Checkpoint,
  { size, origin }: Pick<Checkpoint, 'size' | 'origin'>,
): Promise<readonly Hex[]> {
  const isOlder = older.origin === origin && older.size <= size;
  if (!isOlder || toHex(await rootAt(read, older.size)) !== toHex(older.root))
    throw new TreadleError('TWINS_CONSISTENCY_WRONG', {
      detail: `the checkpoint of size ${older.size} of ${older.origin} is not an older one of this log`,
    });
  return (await consistencyPath(read, older.size, size)).map(toHex);
}

/**
 * The index of the entry of this twin and metric that was logged last below `size`, or of the one of a certain time that was.
 * Looks through `bundles` bundles of entries, the latest first.
 * @throws TreadleError TWINS_NO_SUCH_READING
 */
export async function findLatest(
  objects: Objects,
  wanted: { readonly twin: string; readonly metric: string; readonly timeMs?: number },
  { size, bundles }: { readonly size: number; readonly bundles: number },
): Promise<number> {
  const { twin, metric, timeMs } = wanted;
  const last = Math.ceil(size / TILE_WIDTH) - 1;
  for (let at = last; at >= 0 && at > last - bundles; at--) {
    const within = (await bundleOf(objects, at, size)).findLastIndex((entry) => {
      const reading = decodeReading(entry)?.reading;
      return reading?.twin === twin && reading.metric === metric && (timeMs === undefined || reading.timeMs === timeMs);
    });
    if (within >= 0) return at * TILE_WIDTH + within;
  }
  throw new TreadleError('TWINS_NO_SUCH_READING', {
    detail: `no reading of ${metric} of ${twin}${timeMs === undefined ? '' : ` at ${timeMs}`} among the last ${Math.min(size, bundles * TILE_WIDTH)} of the checkpoint`,
    data: { twin, metric, size, ...(timeMs !== undefined && { timeMs }) },
  });
}
