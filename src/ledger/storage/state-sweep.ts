import { toHex } from '../../crypto/index.ts';
import type { Logger, Metrics, TableOperation } from '../../environment/index.ts';
import { SWEEP_STEP_NODES } from '../../limits.ts';
import { PREFIX } from '../chain/chain-keys.ts';
import type { ChainStore } from '../chain/chain-store.ts';
import type { Header } from '../chain/header.ts';
import type { TableStateStore } from '../execution/state-store.ts';
import { StateWalk } from '../snapshot/state-walk.ts';
import { MarkFilter } from './mark-filter.ts';

export interface StateSweepOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly store: ChainStore;
  readonly state: TableStateStore;
  readonly head: () => Header;
  /** Latest states that stay. */
  readonly statesKept: number;
  /** Bytes that the state may have, for the size of the filter. */
  readonly limitBytes: number;
  /** Fetches state that is lost: what a lost node leads to cannot be marked, so it has to be had first. */
  readonly fetch: (hashes: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;
  readonly pace: () => Promise<void>;
}

const STATE_END = Uint8Array.of(PREFIX.state + 1);

/**
 * Deletes state that no kept root leads to. A turn begins at some head H: all that its root leads to is marked, and so is
 * every node of every later block as it is stored. Once `statesKept` blocks have followed, all states that stay are H's or
 * later ones, each made of marked nodes, and what bears no mark is deleted.
 *
 * A crash at any moment leaves the states that stay whole: nothing that is marked is ever deleted, and the marks die with
 * the process. What an unfinished turn has left over, the next one finds.
 */
export class StateSweep {
  private readonly options: StateSweepOptions;
  private marks: MarkFilter | undefined;
  private stopMarking: () => void = () => undefined;
  private phase: 'idle' | 'marking' | 'marked' | 'sweeping' = 'idle';
  private base = 0;
  /** Turns that were given up carry an older number. */
  private turn = 0;
  private lastBase = 0;
  private suspended = 0;

  constructor(options: StateSweepOptions) {
    this.options = options;
  }

  /** Whether enough blocks have come since the last turn for another one to find something. */
  get isDue(): boolean {
    return this.phase === 'idle' && this.suspended === 0 && this.options.head().number >= this.lastBase + this.options.statesKept;
  }

  /** Whether marks are complete and all older states may go. */
  get isReady(): boolean {
    return this.phase === 'marked' && this.options.head().number >= this.base + this.options.statesKept - 1;
  }

  /** Begins no turn until the returned function is called, and gives up the one under way: state comes in another way than by blocks. */
  suspend(): () => void {
    this.cancel();
    this.suspended += 1;
    return () => {
      this.suspended -= 1;
    };
  }

  /** Gives the turn under way up. */
  cancel(): void {
    this.turn += 1;
    this.stopMarking();
    this.marks = undefined;
    this.phase = 'idle';
  }

  /** Marks everything that the present state leads to. */
  async mark(): Promise<void> {
    const { state, head, fetch, pace, limitBytes, log } = this.options;
    const turn = ++this.turn;
    const marks = new MarkFilter(limitBytes);
    // First what comes from now on, then where we are: no block falls in between.
    this.stopMarking = state.onStage((nodes) => {
      for (const hash of nodes.keys()) marks.add(hash);
    });
    const { number, stateRoot } = head();
    this.phase = 'marking';
    this.marks = marks;
    this.base = number;
    const walk = new StateWalk({
      read: (hash) => state.peek(hash),
      fetch,
      visit: (hash) => marks.add(hash),
      pace,
      stopped: () => this.turn !== turn,
    });
    try {
      if (await walk.walk(stateRoot)) this.phase = 'marked';
    } catch (error) {
      log.warn('state-not-marked', { height: number, reason: String(error) });
      if (this.turn === turn) this.cancel();
    }
  }

  /** Deletes what bears no mark; returns how many nodes went. */
  async sweep(): Promise<number> {
    const { store, log, metrics, pace } = this.options;
    const { turn, marks, base } = this;
    if (marks === undefined || !this.isReady) return 0;
    this.phase = 'sweeping';
    await store.raiseFloor({ state: base });
    let deleted = 0;
    for (let from: Uint8Array | undefined = Uint8Array.of(PREFIX.state); from !== undefined && this.turn === turn; ) {
      const step: { readonly deleted: number; readonly next: Uint8Array | undefined } = await this.step(from, marks, turn);
      deleted += step.deleted;
      from = step.next;
      await pace();
    }
    metrics.count('storage_state_deleted_total', deleted);
    if (this.turn !== turn) return deleted;
    log.info('state-swept', { deleted, kept: this.options.statesKept, from: base });
    this.lastBase = base;
    this.cancel();
    await store.exclusively((table) => table.compact({ from: Uint8Array.of(PREFIX.state), to: STATE_END }));
    return deleted;
  }

  private async step(from: Uint8Array, marks: MarkFilter, turn: number) {
    const { store } = this.options;
    const keys: Uint8Array[] = [];
    // No block is stored between the look at the marks and the deletion: it could need just what is deleted.
    return store.exclusively(async (table) => {
      const range = { from, to: STATE_END, limit: SWEEP_STEP_NODES, onDamaged: (key: Uint8Array) => void keys.push(key) };
      for await (const [key] of table.entries(range)) keys.push(key);
      const unused = keys.filter((key) => !marks.has(toHex(key.subarray(1)).slice(2)));
      const operations = unused.map((key): TableOperation => ({ type: 'del', key }));
      if (operations.length > 0 && this.turn === turn) await table.batch(operations);
      const last = keys.at(-1);
      const next = keys.length < SWEEP_STEP_NODES || last === undefined ? undefined : Uint8Array.of(...last, 0);
      return { deleted: operations.length, next };
    });
  }
}
