import type { Logger, Metrics, NodeId } from '../../environment/index.ts';
import { hasCode, invariant, TreadleError } from '../../errors.ts';
import { HEADERS_PER_REQUEST_MAX, SNAPSHOT_ATTEMPTS_MAX, SNAPSHOT_PIVOT_BLOCKS_MAX } from '../../limits.ts';
import type { ChainStore, StoredHeader } from '../chain/chain-store.ts';
import type { Header } from '../chain/header.ts';
import type { Outcome } from '../chain/receipt-codec.ts';
import type { Certificate, CertificateVerifier } from '../ledger.ts';
import type { Pieces } from '../peers/pieces.ts';
import { readHeaders } from '../peers/pieces.ts';
import { LEDGER_PROTOCOLS } from '../peers/protocols.ts';
import { decodeTransaction, type SignedTransaction } from '../pool/transaction-codec.ts';
import { encode } from '../rlp-fields.ts';
import { provedOutcomes } from '../storage/repair.ts';
import { orderedTrie } from '../trie/ordered-trie.ts';
import { followingHeaders } from './header-chain.ts';
import { StateWalk } from './state-walk.ts';

/** A block whose state is whole here although its ancestors were not executed here. */
export interface AdoptedBlock {
  readonly header: Header;
  readonly certificate: Certificate;
  readonly transactions: readonly SignedTransaction[];
  readonly outcomes: readonly Outcome[];
  readonly transactionCount: number;
}

export interface SnapshotSyncOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly chainId: number;
  readonly pieces: Pieces;
  readonly store: ChainStore;
  readonly head: () => Header;
  readonly verifyCertificate: CertificateVerifier;
  /** The highest head that a peer has announced. */
  readonly bestKnown: () => number;
  /** State as this node holds it, and where it puts what it gets. */
  readonly state: {
    readonly read: (hash: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
    readonly put: (nodes: ReadonlyMap<string, Uint8Array>) => Promise<void>;
  };
  /** Makes the block the head. */
  readonly adopt: (block: AdoptedBlock) => Promise<void>;
  readonly stopped: () => boolean;
}

/** How far a join by snapshot has come. */
export interface SnapshotProgress {
  readonly phase: 'headers' | 'state' | 'block';
  /** The header that is proved so far. */
  readonly header: number;
  /** The block whose state is fetched. */
  readonly pivot: number;
  /** Nodes and codes fetched. */
  readonly stateNodes: number;
}

/**
 * Joins by snapshot: headers by their certificates from the head of this node on, then the state of the newest of them by
 * hash, then that block. What was fetched stays on the disk, so a join that is cut off goes on where it was; a pivot
 * whose state the peers no longer keep is given up for a newer one, with which it shares nearly all of its state.
 */
export class SnapshotSync {
  private readonly options: SnapshotSyncOptions;
  private readonly walk: StateWalk;
  private current: SnapshotProgress | undefined;
  private claims = new Map<number, number>();

  constructor(options: SnapshotSyncOptions) {
    this.options = options;
    this.walk = new StateWalk({
      read: options.state.read,
      fetch: (hashes) => this.fetchState(hashes),
      stopped: () => options.stopped() || this.isPivotOld(),
    });
  }

  /** Where a run stands; undefined while there is none. */
  get progress(): SnapshotProgress | undefined {
    return this.current;
  }

  /**
   * @param gapMin - blocks by which the proved headers must be ahead of the head: what peers merely claim counts for nothing
   * @returns true when the head has moved
   */
  async run(gapMin = 1): Promise<boolean> {
    const { log, head, stopped, metrics } = this.options;
    const from = head().number;
    this.current = { phase: 'headers', header: from, pivot: from, stateNodes: 0 };
    log.info('snapshot-started', { head: from, best: this.options.bestKnown() });
    try {
      for (let attempt = 0, pivotBefore = from; attempt < SNAPSHOT_ATTEMPTS_MAX && !stopped(); attempt++) {
        const pivot = await this.followHeaders();
        // Nothing newer than what failed before: nobody can help for now.
        if (pivot.header.number <= pivotBefore || pivot.header.number < from + gapMin) return false;
        pivotBefore = pivot.header.number;
        if (await this.take(pivot)) {
          metrics.count('snapshot_joins_total');
          log.info('snapshot-joined', { height: pivot.header.number, stateNodes: this.current.stateNodes });
          return true;
        }
      }
      return false;
    } finally {
      this.current = undefined;
      this.claims.clear();
    }
  }

  /** Extends the proved headers as far as peers have them, and returns the last one. */
  private async followHeaders(): Promise<StoredHeader> {
    const { pieces, store, bestKnown, stopped } = this.options;
    let last = await this.storedAhead();
    for (let failed = new Set<NodeId>(); !stopped() && last.header.number < bestKnown(); ) {
      const peer = pieces.peersInTurn().find((each) => !failed.has(each));
      if (peer === undefined) break;
      const headers = await this.headersOf(peer, last.header);
      if (headers === undefined || headers.length === 0) {
        failed.add(peer);
        continue;
      }
      for (const { header, transactionCount } of headers)
        if (transactionCount !== undefined) this.claims.set(header.number, transactionCount);
      // How many transactions there were is only told: it is stored with the block that is adopted, not with each header.
      await store.appendHeaders(headers.map(({ header, certificate }) => ({ header, ...(certificate && { certificate }) })));
      for (const { header } of headers.slice(0, -1)) this.claims.delete(header.number);
      last = headers.at(-1) as StoredHeader;
      failed = new Set();
      this.note({ phase: 'headers', header: last.header.number });
    }
    return last;
  }

  /** Headers above the head that an earlier run has proved and stored. */
  private async storedAhead(): Promise<StoredHeader> {
    const { store, head } = this.options;
    let last: StoredHeader = { header: head() };
    for (;;) {
      const next = await store.peekHeader(last.header.number + 1);
      if (next?.certificate === undefined || next.header.parentHash !== last.header.hash) return last;
      last = next;
    }
  }

  private headersOf(peer: NodeId, trusted: Header): Promise<readonly StoredHeader[] | undefined> {
    const { pieces, verifyCertificate } = this.options;
    const request = encode([trusted.number + 1, HEADERS_PER_REQUEST_MAX]);
    return pieces.ask(peer, LEDGER_PROTOCOLS.headers, request, (answer) =>
      followingHeaders(readHeaders(answer), { trusted, verifyCertificate }),
    );
  }

  /** Fetches state and block of the pivot and moves the head there; false when its state cannot be had any more. */
  private async take(pivot: StoredHeader): Promise<boolean> {
    const { adopt, head, log } = this.options;
    const { number, stateRoot } = pivot.header;
    this.note({ phase: 'state', pivot: number });
    try {
      if (!(await this.walk.walk(stateRoot))) return false;
    } catch (error) {
      if (!hasCode(error, 'LEDGER_DAMAGED')) throw error;
      log.info('snapshot-pivot-lost', { pivot: number, reason: error.detail });
      return false;
    }
    this.note({ phase: 'block' });
    const block = await this.blockOf(pivot);
    if (block === undefined || this.options.stopped()) return false;
    if (head().number >= number) return true;
    await adopt(block);
    return true;
  }

  private async blockOf({ header, certificate }: StoredHeader): Promise<AdoptedBlock | undefined> {
    const { pieces, chainId } = this.options;
    invariant(certificate !== undefined, 'a header above genesis has a certificate');
    const raw = await pieces.block(
      header.number,
      (block) => block.header.hash === header.hash && orderedTrie(block.transactions).root === header.transactionsRoot,
    );
    if (raw === undefined) return undefined;
    const transactions = raw.transactions.map((each) => decodeTransaction(each, chainId));
    const outcomes = await pieces.receipts(header.number, (stored) => provedOutcomes(stored, header, transactions));
    if (outcomes === undefined) return undefined;
    const transactionCount = this.claims.get(header.number) ?? transactions.length;
    return { header, certificate, transactions, outcomes, transactionCount };
  }

  private async fetchState(hashes: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const { pieces, state, metrics, stopped } = this.options;
    if (stopped()) throw new TreadleError('LEDGER_CLOSED');
    const nodes = await pieces.nodes(hashes);
    await state.put(nodes);
    metrics.count('snapshot_state_nodes_total', nodes.size);
    this.note({ stateNodes: (this.current?.stateNodes ?? 0) + nodes.size });
    return nodes;
  }

  /** Peers keep the latest states only: a pivot is left while they still have all of it. */
  private isPivotOld(): boolean {
    return this.current !== undefined && this.options.bestKnown() - this.current.pivot > SNAPSHOT_PIVOT_BLOCKS_MAX;
  }

  private note(change: Partial<SnapshotProgress>): void {
    const { metrics } = this.options;
    if (this.current === undefined) return;
    this.current = { ...this.current, ...change };
    metrics.gauge('snapshot_header', this.current.header);
    metrics.gauge('snapshot_pivot', this.current.pivot);
  }
}
