import type { TypedTransaction } from '@ethereumjs/tx';
import type { Address, Hex } from '../crypto/index.ts';
import type { NodeId, Table } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { BlockPipeline } from './chain/block-pipeline.ts';
import type { ReadBlock } from './chain/chain-reader.ts';
import { readSender } from './execution/state-reader.ts';
import type {
  BlockRecord,
  Certificate,
  CertificateVerifier,
  HeaderRecord,
  Ledger,
  Proposal,
  ProposalVerdict,
  ReceiptRecord,
} from './ledger.ts';
import { LedgerReader, type LedgerReaderOptions } from './ledger-reader.ts';
import { serveBlocks } from './peers/block-server.ts';
import { BodyExchange } from './peers/body-exchange.ts';
import { Gossip } from './peers/gossip.ts';
import { HeadAnnouncer } from './peers/head-announcer.ts';
import { Synchroniser } from './peers/synchroniser.ts';
import type { PoolLimits } from './pool/pool.ts';
import type { PoolLog } from './pool/pool-log.ts';
import { transactionHashOf } from './pool/transaction-codec.ts';
import { TransactionIntake } from './pool/transaction-intake.ts';

export interface NodeLedgerOptions extends LedgerReaderOptions {
  readonly genesisHash: Hex;
  readonly table: Table;
  readonly poolLog: PoolLog;
  readonly verifyCertificate: CertificateVerifier;
  readonly poolLimits?: PoolLimits;
}

type HeadListener = (block: BlockRecord, receipts: readonly ReceiptRecord[]) => void;

/** A full node's ledger, put together from its parts; made by `openLedger`. */
export class NodeLedger extends LedgerReader implements Ledger {
  readonly genesisHash: Hex;
  private readonly options: NodeLedgerOptions;
  private readonly intake: TransactionIntake;
  private readonly pipeline: BlockPipeline;
  private readonly gossip: Gossip;
  private readonly bodies: BodyExchange;
  private readonly announcer: HeadAnnouncer;
  private readonly synchroniser: Synchroniser;
  private readonly headListeners = new Set<HeadListener>();
  private closed = false;

  constructor(options: NodeLedgerOptions) {
    super(options);
    this.options = options;
    this.genesisHash = options.genesisHash;
    const { environment, chainId, head, executor, reader, store } = options;
    const { network, log, metrics, clock } = environment;
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
      spread: (signed) => this.gossip.spread(signed),
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
      verifyCertificate: options.verifyCertificate,
      onCommitted: (block) => this.committed(block),
    });
    this.gossip = new Gossip({
      network,
      log,
      metrics,
      isSealer: (peer) => this.sealers().includes(peer),
      isPooled: (raw) => this.intake.pooled(transactionHashOf(raw)) !== undefined,
      admit: (raw) => this.whenOpen(() => this.intake.admit(raw)),
      pooled: () => this.intake.all(),
    });
    this.announcer = new HeadAnnouncer({
      network,
      genesisHash: options.genesisHash,
      head: () => head.header,
      onAhead: (peer) => this.synchroniser.noticeAhead(peer),
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
    });
  }

  /** Takes up the pool's log; part of opening. */
  recover(raws: readonly Uint8Array[]): Promise<void> {
    return this.intake.recover(raws);
  }

  start(): void {
    this.bodies.register();
    const { environment, store, reader } = this.options;
    const recent = (number: number) => reader.recent(number);
    serveBlocks({ network: environment.network, store, recent, headNumber: () => this.head.number });
    this.gossip.register();
    this.announcer.register();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.synchroniser.close();
    await this.pipeline.idle();
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

  peerHead(peer: NodeId): number | undefined {
    return this.announcer.headOf(peer);
  }

  onHead(listener: HeadListener): () => void {
    this.headListeners.add(listener);
    return () => this.headListeners.delete(listener);
  }

  // --- transactions --------------------------------------------------------------------------

  submit(raw: Uint8Array): Promise<Hex> {
    return this.whenOpen(() => this.intake.submit(raw));
  }

  onPending(listener: (hash: Hex) => void): () => void {
    return this.intake.onPending(listener);
  }

  pendingCount(): number {
    return this.intake.size;
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

  // --- within --------------------------------------------------------------------------------

  private async findBody(hash: Hex): Promise<Uint8Array | undefined> {
    const pooled = this.intake.pooled(hash);
    if (pooled !== undefined) return pooled.raw;
    const found = await this.options.reader.transaction(hash);
    return found?.block.transactions[found.index]?.raw;
  }

  private peersSealersFirst(): readonly NodeId[] {
    const peers = this.options.environment.network.peers();
    const sealers = this.sealers();
    return [...peers.filter((peer) => sealers.includes(peer)), ...peers.filter((peer) => !sealers.includes(peer))];
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
  }

  private whenOpen<T>(work: () => Promise<T>): Promise<T> {
    return this.closed ? Promise.reject(new TreadleError('LEDGER_CLOSED')) : work();
  }
}
