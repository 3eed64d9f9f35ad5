import { ClassicLevel } from 'classic-level';
import { TreadleError } from '../../errors.ts';
import { checkOpen, damagedValue, diskFull } from '../disk-names.ts';
import type { Metrics, Table, TableOperation, TableRange } from '../environment.ts';
import { openValue, sealBatch } from './checked-value.ts';
import { isDiskFull } from './files.ts';
import type { FreeRoom } from './free-room.ts';
import { ensureChecksums } from './table-format.ts';

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** Opens a LevelDB folder. @throws TreadleError DISK_IN_USE */
export async function openLevel(folder: string): Promise<Level> {
  const level: Level = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    await level.open();
  } catch (error) {
    if (isLocked(error))
      throw new TreadleError('DISK_IN_USE', { detail: `${folder} is in use by another process`, cause: error });
    throw error;
  }
  return level;
}

export interface HostTableDependencies {
  readonly room: FreeRoom;
  readonly metrics: Metrics;
  readonly onClose: () => void;
}

/** A table in a LevelDB folder of its own. */
export async function hostTable(folder: string, dependencies: HostTableDependencies): Promise<Table> {
  await ensureChecksums(folder);
  const level = await openLevel(folder);
  return new HostTable(folder, level, dependencies);
}

class HostTable implements Table {
  private readonly folder: string;
  private readonly with: HostTableDependencies;
  private level: Level;
  private closed = false;
  /** After a failed write LevelDB refuses all others until it is opened anew. */
  private refusing = false;
  private reopening: Promise<void> | undefined;

  constructor(folder: string, level: Level, dependencies: HostTableDependencies) {
    this.folder = folder;
    this.level = level;
    this.with = dependencies;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    checkOpen(this.closed, this.folder);
    if (this.reopening !== undefined) await this.reopening;
    const stored = await storedUnder(this.level, key).catch((error: unknown) => {
      if (isCorrupt(error)) throw this.damaged(key);
      throw error;
    });
    if (stored === undefined) return undefined;
    const value = openValue(key, stored);
    if (value === undefined) throw this.damaged(key);
    return value;
  }

  async batch(operations: readonly TableOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    checkOpen(this.closed, this.folder);
    const sealed = sealBatch(operations);
    // What only deletes makes room, so it may use the reserve.
    if (operations.some(({ type }) => type === 'put')) await this.with.room.check(this.folder);
    if (this.refusing) await this.reopen();
    try {
      await this.level.batch(sealed, { sync: options?.sync ?? false });
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.refusing = true;
      throw diskFull(this.folder, error);
    }
  }

  async *entries(range: TableRange = {}): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    checkOpen(this.closed, this.folder);
    if (this.reopening !== undefined) await this.reopening;
    const { from, to, reverse, limit, onDamaged } = range;
    const found = this.level.iterator({
      ...(from !== undefined && { gte: from }),
      ...(to !== undefined && { lt: to }),
      ...(reverse !== undefined && { reverse }),
      ...(limit !== undefined && { limit }),
    });
    for await (const [storedKey, stored] of readable(found, this.folder)) {
      const key = new Uint8Array(storedKey.buffer, storedKey.byteOffset, storedKey.byteLength);
      const value = openValue(key, stored);
      if (value !== undefined) yield [key, value] as const;
      else if (onDamaged === undefined) throw this.damaged(key);
      else {
        this.with.metrics.count('disk_values_damaged_total');
        onDamaged(key);
      }
    }
  }

  async keys(range: TableRange & { readonly limit: number }): Promise<readonly Uint8Array[]> {
    const keys: Uint8Array[] = [];
    for await (const [key] of this.entries(range)) keys.push(key);
    return keys;
  }

  async compact(range: Pick<TableRange, 'from' | 'to'> = {}): Promise<void> {
    checkOpen(this.closed, this.folder);
    if (this.refusing) await this.reopen();
    await this.level.compactRange(range.from ?? new Uint8Array(0), range.to ?? new Uint8Array(64).fill(255));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.reopening?.catch(() => undefined);
    await this.level.close();
    this.with.onClose();
  }

  private damaged(key: Uint8Array): TreadleError {
    this.with.metrics.count('disk_values_damaged_total');
    return damagedValue(this.folder, key);
  }

  private reopen(): Promise<void> {
    const again = async (): Promise<void> => {
      await this.level.close();
      try {
        this.level = await openLevel(this.folder);
        this.refusing = false;
      } catch (error) {
        throw isDiskFull(error) ? diskFull(this.folder, error) : error;
      }
    };
    this.reopening ??= again().finally(() => {
      this.reopening = undefined;
    });
    return this.reopening;
  }
}

/**
 * What stands under a key, read by way of an iterator. LevelDB counts every `get` that has to look into more than one of its files
 * against the first of them and, after some hundred, merges that file with all that it overlaps: for a table with random keys,
 * that is megabytes written anew for a few kilobytes read. Of iterators it counts one in a megabyte.
 */
async function storedUnder(level: Level, key: Uint8Array): Promise<Uint8Array | undefined> {
  const found = level.values({ gte: key, lte: key, limit: 1, fillCache: true });
  try {
    return await found.next();
  } finally {
    await found.close();
  }
}

/** An iteration in which damage that LevelDB itself notices is told as what it is. @throws TreadleError DISK_DAMAGED */
async function* readable<T>(entries: AsyncIterable<T>, table: string): AsyncGenerator<T> {
  try {
    yield* entries;
  } catch (cause) {
    if (!isCorrupt(cause)) throw cause;
    throw new TreadleError('DISK_DAMAGED', { detail: `a part of table ${table} cannot be read`, data: { table }, cause });
  }
}

function isLocked(error: unknown): boolean {
  return hasLevelCode(error, 'LEVEL_LOCKED');
}

/** True when LevelDB itself noticed that a block of its files is spoilt. */
function isCorrupt(error: unknown): boolean {
  return hasLevelCode(error, 'LEVEL_CORRUPTION');
}

function hasLevelCode(error: unknown, code: string): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ((at as { code?: unknown }).code === code) return true;
  }
  return false;
}
