import type { Address, Hex } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import type { ChainHead } from './chain/chain-head.ts';
import type { ChainReader } from './chain/chain-reader.ts';
import type { ChainStore } from './chain/chain-store.ts';
import { queryLogs } from './chain/log-query.ts';
import type { CallPlace, Executor } from './execution/executor.ts';
import { readAccount, readCode, readProof, readStorage } from './execution/state-reader.ts';
import type { StateSnapshot } from './execution/state-snapshot.ts';
import type {
  AccountProof,
  AccountRecord,
  BlockId,
  BlockRecord,
  CallRequest,
  CallResult,
  CertifiedRecord,
  HeaderRecord,
  LogFilter,
  LogRecord,
  ReceiptProof,
  ReceiptRecord,
} from './ledger.ts';

export interface LedgerReaderOptions {
  readonly environment: Environment;
  readonly chainId: number;
  readonly store: ChainStore;
  readonly reader: ChainReader;
  readonly head: ChainHead;
  readonly executor: Executor;
}

/** The reading half of a ledger: chain and state at any block. */
export class LedgerReader {
  readonly chainId: number;
  private readonly sources: LedgerReaderOptions;

  constructor(sources: LedgerReaderOptions) {
    this.sources = sources;
    this.chainId = sources.chainId;
  }

  get head(): HeaderRecord {
    return this.sources.head.header;
  }

  // --- reading the chain ---------------------------------------------------------------------

  header(id: BlockId): Promise<HeaderRecord | undefined> {
    return this.sources.reader.header(id);
  }

  async certified(id: BlockId): Promise<CertifiedRecord | undefined> {
    return this.sources.reader.certified(id);
  }

  firstBlock(): number {
    return this.sources.store.firstBlock;
  }

  async block(id: BlockId): Promise<BlockRecord | undefined> {
    return (await this.sources.reader.block(id))?.record;
  }

  async receipts(id: BlockId): Promise<readonly ReceiptRecord[] | undefined> {
    return (await this.sources.reader.block(id))?.receipts;
  }

  async receipt(hash: Hex): Promise<ReceiptRecord | undefined> {
    const found = await this.sources.reader.transaction(hash);
    return found?.block.receipts[found.index];
  }

  receiptProof(hash: Hex): Promise<ReceiptProof | undefined> {
    return this.sources.reader.receiptProof(hash);
  }

  logs(filter: LogFilter): Promise<readonly LogRecord[]> {
    return queryLogs(filter, this.sources);
  }

  transactionCount(): number {
    return this.sources.head.transactionCount;
  }

  // --- reading the state ---------------------------------------------------------------------

  async call(request: CallRequest, at: BlockId): Promise<CallResult> {
    const result = await this.sources.executor.call(request, await this.placeOf(at));
    await this.sources.environment.cpu.run({ operation: 'evm_gas', units: Number(result.gasUsed) }, () => undefined);
    return result;
  }

  async estimateGas(request: CallRequest, at: BlockId): Promise<bigint> {
    return this.sources.executor.estimateGas(request, await this.placeOf(at));
  }

  async account(address: Address, at: BlockId): Promise<AccountRecord | undefined> {
    return readAccount(await this.stateAt(at), address);
  }

  async code(address: Address, at: BlockId): Promise<Uint8Array> {
    return readCode(await this.stateAt(at), address);
  }

  async storage(address: Address, slot: Uint8Array, at: BlockId): Promise<Uint8Array> {
    return readStorage(await this.stateAt(at), address, slot);
  }

  async proof(address: Address, slots: readonly Uint8Array[], at: BlockId): Promise<AccountProof> {
    return readProof(await this.stateAt(at), address, slots);
  }

  // --- for the writing half ------------------------------------------------------------------

  protected headState(): StateSnapshot {
    return this.sources.executor.snapshot(this.head.stateRoot);
  }

  private async stateAt(at: BlockId): Promise<StateSnapshot> {
    const { reader, store, executor } = this.sources;
    const header = await reader.headerOrThrow(at);
    store.assertStateKept(header.number);
    return executor.snapshot(header.stateRoot);
  }

  private async placeOf(at: BlockId): Promise<CallPlace> {
    const { reader, store } = this.sources;
    const header = await reader.headerOrThrow(at);
    store.assertStateKept(header.number);
    return { header, ancestorHash: (number) => reader.hashOf(number) };
  }
}
