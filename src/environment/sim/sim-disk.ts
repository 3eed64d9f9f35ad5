import { sha256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { rememberByIdentity } from '../../remember.ts';
import { checkDiskName, diskFull } from '../disk-names.ts';
import type { Blobs, Disk, Logger, Metrics, Micros, RandomStream } from '../environment.ts';
import { type Incarnation, never } from './incarnation.ts';
import { EventKind } from './kernel.ts';
import { StoredLog, simAppendLog } from './sim-append-log.ts';
import { StoredTable, simTable } from './sim-table.ts';

/** What a node's disk holds; it outlives the node's crashes. */
export class StoredDisk {
  readonly logs = new Map<string, StoredLog>();
  readonly tables = new Map<string, StoredTable>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly damagedBlobs = new Set<string>();
  full = false;

  get sizeBytes(): number {
    let sizeBytes = 0;
    for (const log of this.logs.values()) sizeBytes += log.sizeBytes;
    for (const table of this.tables.values()) sizeBytes += table.sizeBytes;
    for (const blob of this.blobs.values()) sizeBytes += blob.length;
    return sizeBytes;
  }

  /** What a backup of this disk holds: all that would survive a power cut now, damage included. */
  copy(now: Micros): StoredDisk {
    const copy = new StoredDisk();
    for (const [name, log] of this.logs) copy.logs.set(name, log.copy());
    for (const [name, table] of this.tables) copy.tables.set(name, table.copy());
    for (const [hash, blob] of this.blobs) copy.blobs.set(hash, blob);
    for (const hash of this.damagedBlobs) copy.damagedBlobs.add(hash);
    copy.crash(now, undefined);
    return copy;
  }

  /** Bit rot: `count` blobs, drawn at random, are not what their hashes say from now on. Returns how many there were to spoil. */
  rotBlobs(count: number, random: RandomStream): number {
    const sound = [...this.blobs.keys()].filter((hash) => !this.damagedBlobs.has(hash)).sort();
    const spoilt = Math.min(count, sound.length);
    for (let left = spoilt; left > 0; left--) this.damagedBlobs.add(sound.splice(random.integer(sound.length), 1)[0] as string);
    return spoilt;
  }

  /** A power cut: what was not synced is lost; with `torn`, the tail of each log is cut somewhere in its unsynced part. */
  crash(now: Micros, torn: RandomStream | undefined): void {
    for (const log of this.logs.values()) log.crash(torn);
    for (const table of this.tables.values()) table.crash(now);
  }
}

export interface SimDiskDependencies {
  readonly life: Incarnation;
  readonly stored: StoredDisk;
  readonly syncMicros: Micros;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The disk of one life of a node. */
export function simDisk({ life, stored, syncMicros, log, metrics }: SimDiskDependencies): Disk {
  return {
    log: async (name, options) => {
      const content = opened(stored.logs, name, () => new StoredLog());
      const findings = content.recover(name, { salvage: options?.salvage ?? false });
      if (findings.cut > 0) {
        metrics.count('disk_log_torn_total');
        log.warn('log_tail_cut', { log: name });
      }
      if (findings.damaged > 0) {
        metrics.count('disk_log_damaged_total', findings.damaged);
        log.error('log_damaged', { log: name, places: findings.damaged });
      }
      content.open = true;
      return simAppendLog(life, name, content, { room: stored, syncMicros, findings });
    },
    table: async (name) => {
      const content = opened(stored.tables, name, () => new StoredTable());
      content.open = true;
      return simTable(life, name, content, { room: stored, syncMicros });
    },
    blobs: async () => simBlobs({ life, stored, syncMicros, log, metrics }),
    usedBytes: async () => stored.sizeBytes,
  };
}

function opened<T extends { readonly open: boolean }>(map: Map<string, T>, name: string, create: () => T): T {
  checkDiskName(name);
  let content = map.get(name);
  if (content === undefined) {
    content = create();
    map.set(name, content);
  }
  if (content.open) throw new TreadleError('DISK_CLOSED', { detail: `${name} is open already` });
  return content;
}

/** The disks of many nodes hold the same array: it is hashed once. */
const blobName = rememberByIdentity((content: Uint8Array): string => toHex(sha256(content)).slice(2));

function simBlobs({ life, stored, syncMicros, log, metrics }: SimDiskDependencies): Blobs {
  const { blobs, damagedBlobs } = stored;
  const drop = (hash: string): void => {
    blobs.delete(hash);
    damagedBlobs.delete(hash);
  };
  return {
    put: (content) => {
      const hash = blobName(content);
      if (blobs.has(hash) && !damagedBlobs.has(hash)) return life.later(0, EventKind.disk, () => hash);
      return life.later(syncMicros, EventKind.disk, () => {
        if (stored.full) throw diskFull('a blob');
        damagedBlobs.delete(hash);
        blobs.set(hash, content);
        return hash;
      });
    },
    get: async (hash) => {
      if (!life.alive) return never();
      if (!damagedBlobs.has(hash)) return blobs.get(hash);
      drop(hash);
      metrics.count('disk_blobs_damaged_total');
      log.error('blob_damaged', { hash });
      return undefined;
    },
    delete: (hash) => life.later(0, EventKind.disk, () => drop(hash)),
  };
}
