import type { Hex } from '../../crypto/index.ts';
import { EXCHANGE_FRAMES_BYTES_MAX } from '../../limits.ts';
import { encodeChunkFrame } from './exchange-wire.ts';
import type { MemoryBudget, PayloadStore } from './payload.ts';

/** One chunk of one body. The exchange has one such object per chunk, so that it can stand for the chunk in sets. */
export interface ChunkName {
  readonly root: Hex;
  readonly index: number;
}

interface Kept {
  readonly frame: Uint8Array;
  readonly giveBack: () => void;
}

/** The frames of chunks that are being sent: each is read and encoded once for all peers, and kept while there is memory for it. */
export class ChunkFrames {
  private readonly store: PayloadStore;
  private readonly budget: MemoryBudget;
  private readonly gathered: (name: ChunkName) => Uint8Array | undefined;
  private readonly kept = new Map<ChunkName, Kept>();
  private readonly loading = new Map<ChunkName, Promise<Uint8Array | undefined>>();
  private keptBytes = 0;

  /** @param gathered - finds the frame of a chunk that has come and is not stored yet */
  constructor(store: PayloadStore, budget: MemoryBudget, gathered: (name: ChunkName) => Uint8Array | undefined) {
    this.store = store;
    this.budget = budget;
    this.gathered = gathered;
  }

  /** The frame, when it is in memory. */
  get(name: ChunkName): Uint8Array | undefined {
    return this.kept.get(name)?.frame ?? this.gathered(name);
  }

  /** Reads the chunk; undefined when it is not held any more. Callers of one chunk share one read. */
  load(name: ChunkName): Promise<Uint8Array | undefined> {
    const known = this.loading.get(name);
    if (known !== undefined) return known;
    const read = this.read(name).finally(() => this.loading.delete(name));
    this.loading.set(name, read);
    return read;
  }

  /** Keeps a frame that came from a peer and goes on to others as it is. The oldest frames make room. */
  keep(name: ChunkName, frame: Uint8Array): void {
    if (this.kept.has(name)) return;
    for (const [oldest] of this.kept) {
      if (this.keptBytes + frame.length <= EXCHANGE_FRAMES_BYTES_MAX) break;
      this.drop(oldest);
    }
    // What can be read again must not crowd out what comes in.
    const crowded = this.budget.usedBytes + frame.length > this.budget.limitBytes / 2;
    const giveBack = crowded ? undefined : this.budget.take(frame.length);
    if (giveBack === undefined) return;
    this.kept.set(name, { frame, giveBack });
    this.keptBytes += frame.length;
  }

  /** Nobody waits for the chunk any more. */
  drop(name: ChunkName): void {
    const kept = this.kept.get(name);
    if (kept === undefined) return;
    this.kept.delete(name);
    this.keptBytes -= kept.frame.length;
    kept.giveBack();
  }

  /** Gives the memory of all frames back; those that are needed are read again. */
  clear(): void {
    for (const name of [...this.kept.keys()]) this.drop(name);
  }

  private async read(name: ChunkName): Promise<Uint8Array | undefined> {
    const chunk = await this.store.chunk(name.root, name.index);
    if (chunk === undefined) return undefined;
    const frame = encodeChunkFrame(name.root, chunk);
    this.keep(name, frame);
    return frame;
  }
}
