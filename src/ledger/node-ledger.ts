import type { TypedTransaction } from '@ethereumjs/tx';
import type { Address, Hex } from '../crypto/index.ts';
import type { NodeId, Table } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { HEAL_RETRY_MICROS } from '../limits.ts';
import { setOf } from '../set-of.ts';
import { BlockPipeline } from './chain/block-pipeline.ts';
import type { ReadBlock } from './chain/chain-reader.ts';
import type { Header } from './chain/header.ts';
import { ClientDoor } from './client-door.ts';
import { readSender } from './execution/state-reader.ts';
import type {
  BlockId,
  BlockRecord,
  Certificate,
  CertificateVerifier,
  HeaderRecord,
  Ledger,
  Proposal,
  ProposalVerdict,
  ReceiptRecord,
  Submission,
  SubmitOptions,
  SyncStatus,
} from './ledger.ts';
import { LedgerReader, type LedgerReaderOptions } from './ledger-reader.ts';
import { createPayloadExchange } from './payload/exchange.ts';
import type { MemoryBudget, PayloadCommitment } from './payload/payload.ts';
import type { DiskPayloadStore } from './payload/payload-store.ts';
import { Payloads } from './payload/payloads.ts';
import { serveBlocks } from './peers/block-server.ts';
import { BodyExchange } from './peers/body-exchange.ts';
import { Gossip } from './peers/gossip.ts';
import { HeadAnnouncer } from './peers/head-announcer.ts';
import { Synchroniser } from './peers/synchroniser.ts';
import type { PoolLimits } from './pool/pool.ts';
import type { PoolLog } from './pool/pool-log.ts';
import { decodeTransaction, transactionHashOf } from './pool/transaction-codec.ts';
import { TransactionIntake } from './pool/transaction-intake.ts';
import type { HeldState } from './storage/held-state.ts';
import { Pauses } from './storage/pauses.ts';
import { Storage, type StorageSettings } from './storage/storage.ts';
import { RoomWaiter } from './storage/wait-for-room.ts';

export interface NodeLedgerOptions extends LedgerReaderOptions {
  readonly genesisHash: Hex;
  readonly genesis: Header;
  readonly readable: number;
  readonly held: HeldState;
  readonly storage: StorageSettings;
  readonly table: Table;
  readonly poolLog: PoolLog;
  readonly verifyCertificate: CertificateVerifier;
  readonly poolLimits?: PoolLimits;
  readonly standsAlone?: boolean;
  readonly memory: MemoryBudget;
  readonly payloadStore: DiskPayloadStore;
}

type HeadListener = (block: BlockRecord, receipts: readonly ReceiptRecord[]) => void;

/** A full node's ledger, put together from its parts; made by `openLedger`. */
export class NodeLedger extends LedgerReader implements Ledger {
  readonly genesisHash: Hex;
  private readonly options: NodeLedgerOptions;
  readonly memory: MemoryBudget;
  private readonly intake: TransactionIntake;
  private readonly payloads: Payloads;
  private readonly pipeline: BlockPipeline;
  private readonly gossip: Gossip;
  private readonly bodies: BodyExchange;
  private readonly announcer: HeadAnnouncer;
  private readonly synchroniser: Synchroniser;
  private readonly upkeep: Storage;
  private readonly pauses: Pauses;
  private readonly door: ClientDoor;
  private readonly headListeners = new Set<HeadListener>();
  private closed = false;

  constructor(options: NodeLedgerOptions) {
    super(options);
    this.options = options;
    this.genesisHash = options.genesisHash;
    const { environment, chainId, head, executor, reader, store, memory, payloadStore } = options;
    const { network, log, metrics, clock } = environment;
    this.memory = memory;
    this.door = new ClientDoor({ environment, sealers: () => this.sealers(), standsAlone: options.standsAlone === true });
    this.pauses = new Pauses(clock);
    this.payloads = new Payloads({
      environment,
      store: payloadStore,
      exchange: createPayloadExchange({ environment, store: payloadStore, budget: memory, sealers: () => this.sealers() }),
      peers: () => this.peersSealersFirst(),
      onHeld: (root) => this.intake.bodyHeld(root),
      onAbsent: (root) => this.intake.bodyAbsent(root),
    });
    this.intake = new TransactionIntake({
      environment,
      chainId,
      poolLog: options.poolLog,
      pool: {
        blockGasLimit: head.header.gasLimit,
        account: (sender) => readSender(this.headState(), sender),
        ...(options.poolLimits !== undefined && { limits: options.poolLimits }),
      },
      blockOf: async (hash) => (await store.place(hash))?.number,
      spread: (transactions) => this.gossip.spread(transactions),
      payloads: this.payloads,
      memory,
    });
    this.bodies = new BodyExchange({ network, log, find: (hash) => this.findBody(hash), peers: () => this.peersSealersFirst() });
    this.pipeline = new BlockPipeline({
      environment,
      chainId,
      executor,
      store,
      reader,
      head,
      intake: this.intake,
      bodies: this.bodies,
      payloads: this.payloads,
      verifyCertificate: options.verifyCertificate,
      room: new RoomWaiter({ log, metrics, pauses: this.pauses }),
      onCommitted: (block) => this.committed(block),
    });
    this.gossip = new Gossip({
      clock,
      network,
      log,
      metrics,
      isSealer: (peer) => setOf(this.sealers()).has(peer),
      isPooled: (raw) => this.intake.pooled(transactionHashOf(raw)) !== undefined,
      admit: (raw) => this.whenOpen(() => this.intake.admit(raw)),
      pooled: () => this.intake.all(),
      memory,
    });
    this.announcer = new HeadAnnouncer({
      network,
      genesisHash: options.genesisHash,
      head: () => head.header,
      sealers: () => this.sealers(),
      pauses: this.pauses,
      onAhead: (peer) => this.synchroniser.noticeAhead(peer),
    });
    this.upkeep = new Storage({
      ...options,
      settings: options.storage,
      pauses: this.pauses,
      peers: () => this.peersSealersFirst().filter((peer) => this.announcer.headOf(peer) !== undefined),
      bestKnown: () => this.announcer.best(),
      adopt: (block) => this.pipeline.adopt(block),
      dropPayload: (root) => this.payloads.prune(root, store.firstBlock),
    });
    this.synchroniser = new Synchroniser({
      network,
      clock,
      log,
      metrics,
      announcer: this.announcer,
      headNumber: () => head.header.number,
      isSealing: () => this.sealers().includes(network.self),
      importBlock: (encoded) => this.importBlock(encoded),
      snapshotBehindBlocks: this.upkeep.snapshotBehindBlocks,
      joinBySnapshot: (gapMin) => this.upkeep.join(gapMin),
    });
  }

  /** Takes up the pool's log; part of opening. Where the state that it is judged by is lost, that waits for peers. */
  async recover(raws: readonly Uint8Array[]): Promise<void> {
    try {
      await this.intake.recover(raws);
    } catch (error) {
      if (!hasCode(error, 'LEDGER_DAMAGED')) throw error;
      for (const raw of raws) this.options.poolLog.recall(decodeTransaction(raw, this.chainId));
      this.pauses.after(HEAL_RETRY_MICROS, () => void this.recover(raws).catch(this.logRecovery), 'the pool of before');
    }
    await this.payloads.sweep();
  }

  start(): void {
    this.bodies.register();
    this.payloads.start();
    const { environment, store, reader } = this.options;
    const recent = (number: number) => reader.recent(number);
    serveBlocks({ network: environment.network, store, recent, headNumber: () => this.head.number });
    this.upkeep.start();
    this.gossip.register();
    this.announcer.register();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.pauses.close();
    await this.synchroniser.close();
    await this.pipeline.idle();
    await this.upkeep.idle();
    await this.payloads.close();
    await this.options.poolLog.close();
    await this.options.table.close();
  }

  // --- the chain grows -----------------------------------------------------------------------

  sealers(): readonly Address[] {
    return this.head.nextSealers;
  }

  propose(options: { readonly proposer: Address; readonly timestampMs: number }): Promise<Proposal> {
    return this.whenOpen(() => this.pipeline.propose(options));
  }

  check(
    proposal: Uint8Array,
    options: { readonly digest: Hex; readonly from: Address; readonly nowMs: number },
  ): Promise<ProposalVerdict> {
    return this.whenOpen(() => this.pipeline.check(proposal, options));
  }

  commit(options: {
    readonly digest: Hex;
    readonly proposal: Uint8Array;
    readonly certificate: Certificate;
  }): Promise<BlockRecord> {
    return this.whenOpen(() => this.pipeline.commit(options));
  }

  importBlock(encodedBlock: Uint8Array): Promise<BlockRecord> {
    return this.whenOpen(() => this.pipeline.importBlock(encodedBlock));
  }

  catchUp(peers?: readonly Address[]): Promise<void> {
    return this.whenOpen(() => this.synchroniser.catchUp(peers));
  }

  bestKnown(): number {
    return this.announcer.best();
  }

  announceHead(peer: NodeId): void {
    this.announcer.tell(peer);
  }

  syncStatus(): SyncStatus {
    const snapshot = this.upkeep.snapshot.progress;
    if (snapshot !== undefined) return { mode: 'snapshot', snapshot };
    return { mode: this.synchroniser.isRunning ? 'blocks' : 'idle' };
  }

  readableBlock(): BlockId {
    return this.upkeep.readableBlock();
  }

  peerHead(peer: NodeId): number | undefined {
    return this.announcer.headOf(peer);
  }

  onHead(listener: HeadListener): () => void {
    this.headListeners.add(listener);
    return () => this.headListeners.delete(listener);
  }

  // --- transactions --------------------------------------------------------------------------

  async submit(raw: Uint8Array): Promise<Hex> {
    const [result] = await this.submitMany([{ raw }]);
    if (typeof result === 'string') return result;
    throw result;
  }

  submitMany(submissions: readonly Submission[], options?: SubmitOptions): Promise<readonly (Hex | TreadleError)[]> {
    const refusal = this.door.refusal();
    if (refusal !== undefined) return Promise.resolve(submissions.map(() => refusal));
    return this.whenOpen(() => this.intake.submit(submissions, options));
  }

  turnClientsAway(isOutside: boolean): void {
    this.door.turnAway(isOutside);
  }

  async payload(root: Hex): Promise<{ readonly commitment: PayloadCommitment; readonly body: Uint8Array } | undefined> {
    const { payloadStore } = this.options;
    const [commitment, body] = [payloadStore.commitmentOf(root), await payloadStore.body(root)];
    return commitment === undefined || body === undefined ? undefined : { commitment, body };
  }

  onPending(listener: (hash: Hex) => void): () => void {
    return this.intake.onPending(listener);
  }

  pendingCount(): number {
    return this.intake.readyCount;
  }

  pending(): readonly TypedTransaction[] {
    return [...this.intake.all()].map(({ transaction }) => transaction);
  }

  async pendingNonce(address: Address): Promise<bigint> {
    const { nonce } = await readSender(this.headState(), address);
    return this.intake.nextNonce(address, nonce);
  }

  async transaction(
    hash: Hex,
  ): Promise<
    | { readonly transaction: TypedTransaction; readonly place?: { readonly block: HeaderRecord; readonly index: number } }
    | undefined
  > {
    const found = await this.options.reader.transaction(hash);
    if (found !== undefined) {
      const { block, index } = found;
      return { transaction: block.record.transactions[index] as TypedTransaction, place: { block: block.header, index } };
    }
    const pooled = this.intake.pooled(hash);
    return pooled === undefined ? undefined : { transaction: pooled.transaction };
  }

  private readonly logRecovery = (error: unknown): void =>
    this.options.environment.log.error('pool-not-recovered', { reason: String(error) });

  // --- within --------------------------------------------------------------------------------

  private async findBody(hash: Hex): Promise<Uint8Array | undefined> {
    const pooled = this.intake.pooled(hash);
    if (pooled !== undefined) return pooled.raw;
    const found = await this.options.reader.transaction(hash);
    return found?.block.transactions[found.index]?.raw;
  }

  private peersSealersFirst(): readonly NodeId[] {
    const peers = this.options.environment.network.peers();
    const sealers = setOf(this.sealers());
    return [...peers.filter((peer) => sealers.has(peer)), ...peers.filter((peer) => !sealers.has(peer))];
  }

  private committed(block: ReadBlock): void {
    for (const listener of [...this.headListeners]) {
      try {
        listener(block.record, block.receipts);
      } catch (error) {
        this.options.environment.log.error('head-listener-failed', { height: block.header.number, reason: String(error) });
      }
    }
    this.announcer.announce();
    this.upkeep.noteCommitted(block);
  }

  private whenOpen<T>(work: () => Promise<T>): Promise<T> {
    return this.closed ? Promise.reject(new TreadleError('LEDGER_CLOSED')) : work();
  }
}
