import type { Clock, Logger, Metrics, Network, NodeId, Timer } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import {
  FETCH_PEERS_MAX,
  FETCH_TIMEOUT_MICROS,
  SYNC_BLOCKS_PER_REQUEST_MAX,
  SYNC_GRACE_MICROS,
  SYNC_RETRIES_MAX,
  SYNC_RETRY_MICROS,
  SYNC_STALL_BLOCKS,
} from '../../limits.ts';
import type { BlockRecord } from '../ledger.ts';
import { encode } from '../rlp-fields.ts';
import { type BlocksAnswer, readBlocksAnswer } from './block-server.ts';
import { reasonOf } from './gossip.ts';
import type { HeadAnnouncer } from './head-announcer.ts';
import { PEER_FAULTS } from './pieces.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface SynchroniserOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly announcer: HeadAnnouncer;
  readonly headNumber: () => number;
  /** True while this node votes: then its own consensus usually brings the next block sooner than a request would. */
  readonly isSealing: () => boolean;
  /** Checks and commits an encoded block. */
  readonly importBlock: (encoded: Uint8Array) => Promise<BlockRecord>;
  /** Blocks behind from which joining by snapshot is tried first. */
  readonly snapshotBehindBlocks: number;
  /** Joins by snapshot when the proved headers are at least `gapMin` blocks ahead; true when the head has moved. */
  readonly joinBySnapshot: (gapMin: number) => Promise<boolean>;
}

/** Brings the chain up to its peers'. One run at a time; every block is checked before anything of it is believed. */
export class Synchroniser {
  private readonly options: SynchroniserOptions;
  private running: Promise<void> | undefined;
  private again: Set<NodeId> | undefined;
  private retry: Timer | undefined;
  private grace: Timer | undefined;
  private retries = 0;
  /** Why blocks alone do not help: peers no longer have the next one, or this node has lost the state to execute it on. */
  private stuck: 'pruned' | 'damaged' | undefined;
  /** Where the run was when it was last looked at whether it comes closer. */
  private began = { height: 0, gap: 0 };
  private closed = false;

  constructor(options: SynchroniserOptions) {
    this.options = options;
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Starts a run, or joins the running one, which then looks at `hints` too. */
  catchUp(hints: readonly NodeId[] = []): Promise<void> {
    if (this.closed) return Promise.resolve();
    if (this.running !== undefined) {
      this.again ??= new Set();
      for (const peer of hints) this.again.add(peer);
      return this.running;
    }
    this.running = this.run(hints).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** A peer announced a head above ours. */
  noticeAhead(peer: NodeId): void {
    const { isSealing, announcer, headNumber, clock } = this.options;
    if (!isSealing() || announcer.best() > headNumber() + 1) {
      this.start([peer]);
      return;
    }
    if (this.closed || this.grace !== undefined) return;
    const lookAgain = (): void => {
      this.grace = undefined;
      if (announcer.ahead().length > 0) this.start();
    };
    this.grace = clock.set(SYNC_GRACE_MICROS, lookAgain, 'ledger catch-up grace');
  }

  private start(hints: readonly NodeId[] = []): void {
    this.catchUp(hints).catch((error: unknown) => this.options.log.error('catch-up-failed', { reason: reasonOf(error) }));
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.grace !== undefined) this.options.clock.cancel(this.grace);
    if (this.retry !== undefined) this.options.clock.cancel(this.retry);
    await this.running?.catch(() => undefined);
  }

  private async run(hints: readonly NodeId[]): Promise<void> {
    const { announcer, network, headNumber } = this.options;
    const failed = new Set<NodeId>();
    const before = headNumber();
    let asked: readonly NodeId[] = hints.length > 0 ? hints : announcer.ahead();
    // Nobody announced anything: ask around, a restarted node knows no better.
    if (asked.length === 0) asked = network.peers();
    this.began = { height: before, gap: announcer.best() - before };
    await this.joinWhenFar();
    for (;;) {
      const start = headNumber();
      this.stuck = undefined;
      for (const peer of asked.slice(0, FETCH_PEERS_MAX)) {
        if (this.closed) return;
        if (failed.has(peer) || this.isPassed(peer, before)) continue;
        if (!(await this.follow(peer))) failed.add(peer);
      }
      if (this.isStalled()) await this.join('stalled', this.began.gap);
      // As long as some peer brings blocks, it does not matter that another has none to give.
      else if (this.stuck !== undefined && headNumber() === start && (await this.join(this.stuck, 1))) failed.clear();
      const later = [...(this.again ?? [])];
      this.again = undefined;
      const open = announcer.ahead().filter((peer) => !failed.has(peer));
      asked = [...new Set([...later.filter((peer) => !failed.has(peer)), ...open])];
      // A round without progress ends the run, unless a peer that was not asked in it has come up.
      if (asked.length === 0 || (headNumber() === start && later.length === 0)) break;
    }
    if (headNumber() > before) this.retries = 0;
    if (announcer.ahead().length > 0) this.retryLater();
  }

  /** Blocks are executed one by one; from far away it is sooner done to fetch what they led to. */
  private async joinWhenFar(): Promise<void> {
    const { announcer, headNumber, snapshotBehindBlocks } = this.options;
    if (announcer.best() - headNumber() > snapshotBehindBlocks) await this.join('far', snapshotBehindBlocks);
  }

  private async join(why: string, gapMin: number): Promise<boolean> {
    if (this.closed) return false;
    this.options.log.info('joining-by-snapshot', { why, head: this.options.headNumber() });
    const joined = await this.options.joinBySnapshot(gapMin);
    if (joined) this.retries = 0;
    this.began = { height: this.options.headNumber(), gap: this.options.announcer.best() - this.options.headNumber() };
    return joined;
  }

  /** Many blocks were executed and the others are no nearer: they make them as fast as this node takes them. */
  private isStalled(): boolean {
    const { announcer, headNumber } = this.options;
    const { height, gap } = this.began;
    return headNumber() - height >= SYNC_STALL_BLOCKS && announcer.best() - headNumber() >= Math.max(gap, SYNC_STALL_BLOCKS);
  }

  /** True when this run has already brought, from another peer, all that this one claims to have. */
  private isPassed(peer: NodeId, before: number): boolean {
    const { announcer, headNumber } = this.options;
    const claimed = announcer.headOf(peer);
    return claimed !== undefined && headNumber() > before && claimed <= headNumber();
  }

  /** Some peer claims more than it could show just now: try again a bounded number of times. */
  private retryLater(): void {
    if (this.closed || this.retry !== undefined || this.retries >= SYNC_RETRIES_MAX) return;
    this.retries += 1;
    const again = (): void => {
      this.retry = undefined;
      this.start();
    };
    this.retry = this.options.clock.set(SYNC_RETRY_MICROS, again, 'ledger catch-up retry');
  }

  /** Takes all blocks that one peer has beyond ours; false when it failed to deliver. */
  private async follow(peer: NodeId): Promise<boolean> {
    const { network, announcer, headNumber, log } = this.options;
    for (;;) {
      const first = headNumber() + 1;
      let answer: BlocksAnswer;
      try {
        const request = encode([first, SYNC_BLOCKS_PER_REQUEST_MAX]);
        const bytes = await network.request(peer, LEDGER_PROTOCOLS.blocks, request, { timeoutMicros: FETCH_TIMEOUT_MICROS });
        answer = readBlocksAnswer(bytes);
      } catch (error) {
        if (error instanceof TreadleError && PEER_FAULTS.has(error.code)) network.penalise(peer, reasonOf(error));
        if (hasCode(error, 'LEDGER_PRUNED')) this.stuck = 'pruned';
        log.debug('blocks-not-delivered', { peer, first, reason: reasonOf(error) });
        return false;
      }
      if (answer.blocks.length === 0) {
        // A peer that claims more than it shows is not asked again until it announces something new.
        announcer.note(peer, Math.min(answer.head, headNumber()));
        return answer.head < first;
      }
      if (!(await this.importAll(peer, answer.blocks)) || this.closed) return false;
      if (headNumber() < first) return false;
      if (this.isStalled()) return true;
      // Every new head of the peer is announced, so there is no need to ask whether this was the last one.
      if (headNumber() >= Math.max(answer.head, announcer.headOf(peer) ?? 0)) return true;
    }
  }

  private async importAll(peer: NodeId, blocks: readonly Uint8Array[]): Promise<boolean> {
    const { network, log, metrics } = this.options;
    for (const block of blocks) {
      try {
        await this.options.importBlock(block);
        metrics.count('ledger_blocks_fetched_total');
      } catch (error) {
        if (!(error instanceof TreadleError)) throw error;
        // The consensus of this very node may have committed the block in the meantime.
        if (error.code === 'LEDGER_NOT_NEXT' && (error.data.number as number) <= this.options.headNumber()) continue;
        if (PEER_FAULTS.has(error.code)) network.penalise(peer, reasonOf(error));
        else log.warn('block-not-imported', { peer, code: error.code, reason: error.detail });
        if (error.code === 'LEDGER_DAMAGED') this.stuck = 'damaged';
        if (error.code === 'LEDGER_DIVERGED') throw error;
        return false;
      }
    }
    return true;
  }
}
