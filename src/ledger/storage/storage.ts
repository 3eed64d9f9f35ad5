import type { Hex } from '../../crypto/index.ts';
import type { Environment, NodeId, Table } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { BLOCKS_KEPT_MIN, HEAL_RETRY_MICROS, SNAPSHOT_BEHIND_BLOCKS, STATES_KEPT_MIN } from '../../limits.ts';
import type { ChainHead } from '../chain/chain-head.ts';
import type { ReadBlock } from '../chain/chain-reader.ts';
import type { ChainStore } from '../chain/chain-store.ts';
import type { Header } from '../chain/header.ts';
import type { BlockId, CertificateVerifier } from '../ledger.ts';
import { servePieces } from '../peers/piece-server.ts';
import { Pieces } from '../peers/pieces.ts';
import { type AdoptedBlock, SnapshotSync } from '../snapshot/snapshot-sync.ts';
import { StateWalk } from '../snapshot/state-walk.ts';
import type { HeldState } from './held-state.ts';
import type { Pauses } from './pauses.ts';
import { Pruner } from './pruner.ts';
import { Repair } from './repair.ts';
import { Scrub } from './scrub.ts';
import { StateSweep } from './state-sweep.ts';

/** What an operator sets of a node's storage. */
export interface StorageSettings {
  /** Bytes that the data folder may take; 0 (the default) keeps everything. */
  readonly limitBytes?: number;
  /** Blocks behind from which the node joins by snapshot; default SNAPSHOT_BEHIND_BLOCKS. */
  readonly snapshotBehindBlocks?: number;
  /** Latest states and latest blocks with their transactions that stay whatever the limit is. */
  readonly statesKept?: number;
  readonly blocksKept?: number;
}

export interface StorageOptions {
  readonly environment: Environment;
  readonly chainId: number;
  readonly settings: StorageSettings;
  readonly table: Table;
  readonly store: ChainStore;
  readonly held: HeldState;
  readonly head: ChainHead;
  readonly genesis: Header;
  /** See {@link OpenedChain.readable}. */
  readonly readable: number;
  readonly pauses: Pauses;
  readonly verifyCertificate: CertificateVerifier;
  /** Full nodes that are connected, the best first. */
  readonly peers: () => readonly NodeId[];
  readonly bestKnown: () => number;
  readonly adopt: (block: AdoptedBlock) => Promise<void>;
  readonly dropPayload?: (root: Hex) => Promise<void>;
}

/** What a node does for its disk beside writing blocks: serving and mending pieces, scrubbing, pruning, joining by snapshot. */
export class Storage {
  readonly snapshot: SnapshotSync;
  readonly scrub: Scrub;
  private readonly options: StorageOptions;
  private readonly repair: Repair;
  private readonly pruner: Pruner;
  private readonly sweep: StateSweep | undefined;
  private readonly pieces: Pieces;
  private healing: Promise<void> | undefined;
  private whole: boolean;

  constructor(options: StorageOptions) {
    this.options = options;
    const { environment, chainId, store, held, head, pauses, verifyCertificate, settings } = options;
    const { log, metrics, network } = environment;
    const limitBytes = settings.limitBytes ?? 0;
    this.whole = options.readable === head.header.number;
    const pieces = new Pieces({ network, log, metrics, peers: options.peers });
    this.pieces = pieces;
    const common = { log, metrics, chainId, store, pieces, verifyCertificate, head: () => head.header };
    this.repair = new Repair({ ...common, genesis: options.genesis });
    store.mendWith(this.repair);
    held.onDisk?.mendWith((hash) => this.repair.stateNode(hash));
    this.sweep =
      held.onDisk &&
      new StateSweep({
        log,
        metrics,
        store,
        state: held.onDisk,
        head: () => head.header,
        statesKept: settings.statesKept ?? STATES_KEPT_MIN,
        limitBytes,
        fetch: (hashes) => this.fetchState(hashes),
        pace: () => pauses.short(),
      });
    this.pruner = new Pruner({
      environment,
      chainId,
      store,
      ...(this.sweep !== undefined && { sweep: this.sweep }),
      head: () => head.header,
      limitBytes,
      blocksKept: settings.blocksKept ?? BLOCKS_KEPT_MIN,
      ...(options.dropPayload !== undefined && { dropPayload: options.dropPayload }),
      pauses,
    });
    this.scrub = new Scrub({ log, metrics, table: options.table, store, head, repair: this.repair, pauses });
    this.snapshot = new SnapshotSync({
      ...common,
      bestKnown: options.bestKnown,
      state: held,
      adopt: options.adopt,
      stopped: () => pauses.closed,
    });
  }

  get snapshotBehindBlocks(): number {
    return this.options.settings.snapshotBehindBlocks ?? SNAPSHOT_BEHIND_BLOCKS;
  }

  /** Begins to serve, to scrub and to keep to the limit. */
  start(): void {
    const { environment, store, held, head } = this.options;
    const headNumber = (): number => head.header.number;
    servePieces({ network: environment.network, store, stateNode: (hash) => held.read(hash), headNumber });
    this.pruner.start();
    this.scrub.start();
    if (!this.whole) this.healing = this.heal();
  }

  /** Joins by snapshot, if the proved headers are so many blocks ahead; true when the head has moved. */
  async join(gapMin: number): Promise<boolean> {
    // What comes in by snapshot bears no mark of a sweep that is under way, and must not be swept while it comes.
    const resume = this.sweep?.suspend();
    try {
      return await this.snapshot.run(gapMin);
    } finally {
      resume?.();
    }
  }

  /** A block is the head now. */
  noteCommitted(block: ReadBlock): void {
    const bytes = block.transactions.reduce((sum, { raw, payload }) => sum + raw.length + (payload?.lengthBytes ?? 0), 0);
    this.pruner.noteWritten(bytes + block.header.rlp.length);
  }

  readableBlock(): BlockId {
    return this.whole ? 'latest' : this.options.readable;
  }

  /** Resolves when nothing is under way any more; the pauses must be closed first. */
  async idle(): Promise<void> {
    this.sweep?.cancel();
    await Promise.all([this.pruner.idle(), this.scrub.idle(), this.healing]);
  }

  /** Fetches what is lost of the head's state, until it is whole. */
  private async heal(): Promise<void> {
    const { head, held, pauses, environment } = this.options;
    for (let root = ''; !pauses.closed; ) {
      root = head.header.stateRoot;
      const walk = new StateWalk({
        read: (hash) => held.read(hash),
        fetch: (hashes) => this.fetchState(hashes),
        // A later head shares most of its state, and it is that one's which has to be whole.
        stopped: () => pauses.closed,
      });
      try {
        if ((await walk.walk(root)) && head.header.stateRoot === root) {
          this.whole = true;
          environment.log.info('ledger-state-healed', { height: head.header.number });
          return;
        }
      } catch (error) {
        if (!hasCode(error, 'LEDGER_DAMAGED') && !hasCode(error, 'DISK_FULL')) {
          environment.log.error('healing-failed', { reason: String(error) });
          return;
        }
      }
      await pauses.wait(HEAL_RETRY_MICROS, 'peers that have the state of the head');
    }
  }

  private async fetchState(hashes: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const { held, environment } = this.options;
    const nodes = await this.pieces.nodes(hashes);
    await held.put(nodes);
    environment.metrics.count('storage_repaired_total', nodes.size);
    return nodes;
  }
}
