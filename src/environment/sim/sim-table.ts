import { rememberByIdentity } from '../../remember.ts';
import { checkOpen, damagedValue, diskFull } from '../disk-names.ts';
import type { Micros, RandomStream, Table, TableOperation, TableRange } from '../environment.ts';
import { type Incarnation, never } from './incarnation.ts';
import { EventKind } from './kernel.ts';
import type { Room } from './sim-append-log.ts';

/** The operating system writes dirty pages back by itself after about this long. */
const WRITEBACK_MICROS = 5_000_000;

/** What an unsynced batch replaced, to be put back when a crash loses it. */
interface Undo {
  readonly batch: number;
  readonly at: Micros;
  readonly before: readonly (readonly [key: string, value: Uint8Array | undefined, damaged: boolean])[];
}

/** The content of a table. Keys are held as Latin-1 strings, whose order is the order of the bytes. */
export class StoredTable {
  open = false;
  readonly values = new Map<string, Uint8Array>();
  /** Keys whose values fail their checksum. */
  readonly damaged = new Set<string>();
  /** Of all keys and values. */
  sizeBytes = 0;
  /** The keys in order as of the last time that somebody asked for them, and those that came since. */
  private ordered: readonly string[] | undefined;
  private added: string[] = [];
  private undo: Undo[] = [];
  private nextBatch = 0;

  /** Applies a batch, visible at once; returns its number for {@link commit}. */
  apply(operations: readonly TableOperation[], now: Micros): number {
    const before: [string, Uint8Array | undefined, boolean][] = [];
    for (const operation of operations) {
      const key = keyOf(operation.key);
      before.push([key, this.values.get(key), this.damaged.has(key)]);
      this.set(key, operation.type === 'put' ? operation.value : undefined);
    }
    const batch = this.nextBatch++;
    this.undo.push({ batch, at: now, before });
    if ((this.undo[0] as Undo).at + WRITEBACK_MICROS <= now)
      this.undo = this.undo.filter((entry) => entry.at + WRITEBACK_MICROS > now);
    return batch;
  }

  /** Makes a batch durable, and with it those before it: they stand before it in the same journal. */
  commit(batch: number): void {
    this.undo = this.undo.filter((entry) => entry.batch > batch);
  }

  /** A crash loses what was neither synced nor written back. */
  crash(now: Micros): void {
    this.open = false;
    for (const entry of this.undo.reverse()) {
      if (entry.at + WRITEBACK_MICROS <= now) continue;
      for (const [key, value, damaged] of [...entry.before].reverse()) {
        this.set(key, value);
        if (damaged) this.damaged.add(key);
      }
    }
    this.undo = [];
  }

  /** Bit rot: `count` stored values, drawn at random, fail their checksums from now on. Returns how many there were to spoil. */
  rot(count: number, random: RandomStream): number {
    const sound = this.inOrder().filter((key) => !this.damaged.has(key));
    const spoilt = Math.min(count, sound.length);
    for (let left = spoilt; left > 0; left--) this.damaged.add(sound.splice(random.integer(sound.length), 1)[0] as string);
    return spoilt;
  }

  /** The same content on another disk. Stored bytes never change, so they are shared. */
  copy(): StoredTable {
    const copy = new StoredTable();
    for (const [key, value] of this.values) copy.values.set(key, value);
    for (const key of this.damaged) copy.damaged.add(key);
    copy.sizeBytes = this.sizeBytes;
    copy.undo = [...this.undo];
    return copy;
  }

  /** The keys of a range, in the order asked for. */
  keys(range: TableRange): readonly string[] {
    const ordered = this.inOrder();
    const from = range.from === undefined ? 0 : lowerBound(ordered, latin(range.from));
    const to = range.to === undefined ? ordered.length : lowerBound(ordered, latin(range.to));
    const count = Math.max(0, Math.min(to - from, range.limit ?? Number.POSITIVE_INFINITY));
    return range.reverse ? ordered.slice(to - count, to).reverse() : ordered.slice(from, from + count);
  }

  /** Iterations are rare and writes are many, so the order is made when it is asked for. */
  private inOrder(): readonly string[] {
    if (this.ordered === undefined) this.ordered = [...this.values.keys()].sort(byCode);
    else if (this.added.length > 0) this.ordered = merged(this.ordered, this.added.sort(byCode));
    this.added = [];
    return this.ordered;
  }

  private set(key: string, value: Uint8Array | undefined): void {
    const before = this.values.get(key);
    if (before !== undefined) this.sizeBytes -= key.length + before.length;
    if (value !== undefined) this.sizeBytes += key.length + value.length;
    if (this.damaged.size > 0) this.damaged.delete(key);
    if (value === undefined) {
      if (this.values.delete(key)) this.ordered = undefined;
      return;
    }
    if (this.ordered !== undefined && !this.values.has(key)) this.added.push(key);
    this.values.set(key, value);
  }
}

/** A table on the simulated disk. Reads cost no time: a node's working set is cached. */
export function simTable(
  life: Incarnation,
  name: string,
  stored: StoredTable,
  disk: { readonly room: Room; readonly syncMicros: Micros },
): Table {
  const { room, syncMicros } = disk;
  let closed = false;
  return {
    get: async (key) => {
      checkOpen(closed, name);
      if (!life.alive) return never();
      const at = latin(key);
      if (stored.damaged.has(at)) throw damagedValue(name, key);
      return stored.values.get(at)?.slice();
    },
    batch: async (operations, options) => {
      checkOpen(closed, name);
      if (!life.alive) return never();
      if (room.full && operations.some(({ type }) => type === 'put')) throw diskFull(`table ${name}`);
      const batch = stored.apply(operations, life.now);
      if (options?.sync) await life.later(syncMicros, EventKind.disk, () => stored.commit(batch));
    },
    entries: async function* (range = {}) {
      checkOpen(closed, name);
      if (!life.alive) await never();
      // A snapshot, as LevelDB's iterators are: writes during the iteration are not seen.
      const snapshot = stored
        .keys(range)
        .map((key) => [key, stored.values.get(key) as Uint8Array, stored.damaged.has(key)] as const);
      for (const [key, value, damaged] of snapshot) {
        if (!damaged) yield [bytesOf(key), value.slice()] as const;
        else if (range.onDamaged === undefined) throw damagedValue(name, bytesOf(key));
        else range.onDamaged(bytesOf(key));
      }
    },
    keys: async (range) => {
      checkOpen(closed, name);
      if (!life.alive) return never();
      const sound: Uint8Array[] = [];
      for (const key of stored.keys(range)) {
        if (!stored.damaged.has(key)) sound.push(bytesOf(key));
        else if (range.onDamaged === undefined) throw damagedValue(name, bytesOf(key));
        else range.onDamaged(bytesOf(key));
      }
      return sound;
    },
    compact: async () => checkOpen(closed, name),
    close: async () => {
      closed = true;
      stored.open = false;
    },
  };
}

/** Nodes that store the same block hand over the same arrays: then they share the keys as well. */
const keyOf = rememberByIdentity(latin);

function latin(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

function bytesOf(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = key.charCodeAt(at);
  return bytes;
}

function byCode(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Two ordered lists as one. */
function merged(left: readonly string[], right: readonly string[]): readonly string[] {
  const all: string[] = [];
  let at = 0;
  for (const key of left) {
    while (at < right.length && (right[at] as string) < key) all.push(right[at++] as string);
    all.push(key);
  }
  while (at < right.length) all.push(right[at++] as string);
  return all;
}

/** The first position whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
