import { sha256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { checkDiskName } from '../disk-names.ts';
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
    log: async (name) => {
      const content = opened(stored.logs, name, () => new StoredLog());
      const lost = content.recover(name);
      if (lost > 0) {
        metrics.count('disk_log_torn_total');
        log.warn('log_tail_cut', { log: name });
      }
      content.open = true;
      return simAppendLog(life, name, content, syncMicros);
    },
    table: async (name) => {
      const content = opened(stored.tables, name, () => new StoredTable());
      content.open = true;
      return simTable(life, name, content, syncMicros);
    },
    blobs: async () => simBlobs(life, stored.blobs, syncMicros),
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

function simBlobs(life: Incarnation, blobs: Map<string, Uint8Array>, syncMicros: Micros): Blobs {
  return {
    put: (content) => {
      const copy = new Uint8Array(content);
      const hash = toHex(sha256(copy)).slice(2);
      if (blobs.has(hash)) return life.later(0, EventKind.disk, () => hash);
      return life.later(syncMicros, EventKind.disk, () => {
        blobs.set(hash, copy);
        return hash;
      });
    },
    get: (hash) => (life.alive ? Promise.resolve(blobs.get(hash)?.slice()) : never()),
    delete: (hash) => life.later(0, EventKind.disk, () => void blobs.delete(hash)),
  };
}
