import type { TypedTransaction } from '@ethereumjs/tx';
import type { Address, Hex } from '../crypto/index.ts';
import type { TreadleError } from '../errors.ts';
import type { MemoryBudget, PayloadCommitment } from './payload/payload.ts';

/** A list of recoverable signatures that makes a block final; the same shape as consensus' certificate, which this folder does not import. */
export interface Certificate {
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
  readonly signatures: readonly Uint8Array[];
}

/** Checks a certificate of `sealers`; plugged in by `node/`. Returns the reason when it is invalid. */
export type CertificateVerifier = (certificate: Certificate, sealers: readonly Address[]) => string | undefined;

/** A header as the house needs it, beside its Ethereum RLP. */
export interface HeaderRecord {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly proposer: Address;
  readonly timestampMs: number;
  readonly stateRoot: Hex;
  readonly transactionsRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
  /** Who votes for block number + 1: the governance contract's answer in this block's post-state, ascending. */
  readonly nextSealers: readonly Address[];
  readonly rlp: Uint8Array;
}

export interface EncodedTransaction {
  readonly hash: Hex;
  readonly raw: Uint8Array;
}

export interface BlockRecord {
  readonly header: HeaderRecord;
  readonly transactions: readonly TypedTransaction[];
  /** The same transactions as they are stored, for readers that need no more; absent where the block comes from elsewhere. */
  readonly encoded?: readonly EncodedTransaction[];
  /** Absent for genesis only. */
  readonly certificate?: Certificate;
}

/** A header with what made it final. */
export interface CertifiedRecord {
  readonly header: HeaderRecord;
  /** Absent for genesis only. */
  readonly certificate?: Certificate;
}

/** How a node that is behind comes up to the others. */
export interface SyncStatus {
  /** `idle`: it is not behind, or waits for peers. */
  readonly mode: 'idle' | 'blocks' | 'snapshot';
  /** Of a join by snapshot: the header proved so far, the block whose state is fetched, and the parts of it that have come. */
  readonly snapshot?: { readonly phase: string; readonly header: number; readonly pivot: number; readonly stateNodes: number };
}

/** One transaction's outcome, with the fields Ethereum tools expect. */
export interface ReceiptRecord {
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
  readonly blockHash: Hex;
  readonly blockNumber: number;
  readonly from: Address;
  readonly to: Address | undefined;
  readonly contractAddress: Address | undefined;
  readonly status: 0 | 1;
  readonly gasUsed: bigint;
  readonly cumulativeGasUsed: bigint;
  readonly logsBloom: Uint8Array;
  readonly logs: readonly LogRecord[];
  readonly type: number;
  /** Return data of a reverted transaction, kept so that `treadle` can say why. */
  readonly revertData?: Hex;
}

export interface LogRecord {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  /** Index within the block. */
  readonly logIndex: number;
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
  readonly blockHash: Hex;
  readonly blockNumber: number;
}

export interface CallRequest {
  readonly from?: Address;
  readonly to?: Address;
  readonly data?: Uint8Array;
  readonly value?: bigint;
  readonly gas?: bigint;
}

export interface CallResult {
  readonly success: boolean;
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  /** Human-readable VM error ("revert", "out of gas", ...) when not successful. */
  readonly error?: string;
}

export interface AccountRecord {
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Hex;
  readonly storageRoot: Hex;
}

/** A block is identified by number, hash or tag; `latest`, `safe`, `finalized` are the same block here; `pending` reads as latest. */
export type BlockId = number | Hex | 'latest' | 'earliest' | 'pending' | 'safe' | 'finalized';

/** What JSON-RPC, light clients and services read and ask of a full node's ledger. */
export interface LedgerView {
  readonly chainId: number;
  readonly head: HeaderRecord;
  header(id: BlockId): Promise<HeaderRecord | undefined>;
  /** A header with its certificate, also where the rest of the block is no longer kept. */
  certified(id: BlockId): Promise<CertifiedRecord | undefined>;
  /** From this block on transactions and receipts are kept here; reading older ones throws LEDGER_PRUNED, as does reading old states. */
  firstBlock(): number;
  block(id: BlockId): Promise<BlockRecord | undefined>;
  receipts(id: BlockId): Promise<readonly ReceiptRecord[] | undefined>;
  /** A committed transaction with its place, or a pooled one without. */
  transaction(
    hash: Hex,
  ): Promise<
    | { readonly transaction: TypedTransaction; readonly place?: { readonly block: HeaderRecord; readonly index: number } }
    | undefined
  >;
  receipt(hash: Hex): Promise<ReceiptRecord | undefined>;
  call(request: CallRequest, at: BlockId): Promise<CallResult>;
  /** Smallest gas limit with which the call succeeds. @throws TreadleError LEDGER_CALL_REVERTED with data.returnData */
  estimateGas(request: CallRequest, at: BlockId): Promise<bigint>;
  account(address: Address, at: BlockId): Promise<AccountRecord | undefined>;
  code(address: Address, at: BlockId): Promise<Uint8Array>;
  storage(address: Address, slot: Uint8Array, at: BlockId): Promise<Uint8Array>;
  /** Merkle proof of an account and of storage slots, as `eth_getProof` returns it. */
  proof(address: Address, slots: readonly Uint8Array[], at: BlockId): Promise<AccountProof>;
  /** Receipts trie proof of one transaction's receipt: nodes from the root of `receiptsRoot`. */
  receiptProof(hash: Hex): Promise<ReceiptProof | undefined>;
  /** Next usable nonce of a sender, pooled transactions counted. */
  pendingNonce(address: Address): Promise<bigint>;
  /** Pooled transactions that a block could hold now: those whose bodies, where they have one, are here. */
  pendingCount(): number;
  /** Pooled transactions, oldest first. */
  pending(): readonly TypedTransaction[];
  /** Checks and pools a signed transaction, passes it on to peers, returns its hash. @throws TreadleError POOL_* */
  submit(raw: Uint8Array): Promise<Hex>;
  /**
   * The same for many in their order, payload transactions with their bodies; they share one flush, and each is answered on
   * its own: with its hash once it and its body are durable here, or with why it was not taken (POOL_* | PAYLOAD_*).
   */
  submitMany(submissions: readonly Submission[], options?: SubmitOptions): Promise<readonly (Hex | TreadleError)[]>;
  /** Whether clients' transactions are refused (POOL_NOT_MEMBER): a node that no member talks to any more would promise in vain. */
  turnClientsAway(isOutside: boolean): void;
  /** A body by its root; undefined when this node does not hold it. */
  payload(root: Hex): Promise<{ readonly commitment: PayloadCommitment; readonly body: Uint8Array } | undefined>;
  /** What this node may keep in memory for others. */
  readonly memory: MemoryBudget;
  /** Called for each block after it is durable, in order; returns the unsubscriber. */
  onHead(listener: (block: BlockRecord, receipts: readonly ReceiptRecord[]) => void): () => void;
  onPending(listener: (hash: Hex) => void): () => void;
  /** Transactions in all blocks so far. */
  transactionCount(): number;
  /**
   * Logs of the blocks `fromBlock..toBlock` (both included) that match, in order.
   * @throws TreadleError LEDGER_LOGS_RANGE | LEDGER_LOGS_TOO_MANY | LEDGER_UNKNOWN_BLOCK
   */
  logs(filter: LogFilter): Promise<readonly LogRecord[]>;
}

/** A transaction as a client hands it in. */
export interface Submission {
  readonly raw: Uint8Array;
  /** Of a payload transaction. It must not be changed afterwards. */
  readonly body?: Uint8Array;
}

export interface SubmitOptions {
  /** The caller has taken the memory of the bodies from the node's budget already. */
  readonly memoryTaken?: boolean;
}

/** What {@link LedgerView.logs} looks for. */
export interface LogFilter {
  readonly fromBlock: BlockId;
  readonly toBlock: BlockId;
  /** Emitters; empty means any. */
  readonly addresses: readonly Address[];
  /** By position: the alternatives accepted there; an empty list accepts anything. */
  readonly topics: readonly (readonly Hex[])[];
}

/** A block that is proposed: its header hash, and RLP of `[header, [transaction hash...]]`. Bodies travel apart from it. */
export interface Proposal {
  readonly digest: Hex;
  readonly proposal: Uint8Array;
}

export type ProposalVerdict = { readonly valid: true } | { readonly valid: false; readonly reason: string };

/** A full node's ledger: what is read, and what the consensus driver and the synchroniser need. */
export interface Ledger extends LedgerView {
  readonly genesisHash: Hex;
  /** The sealers that vote for block head + 1. */
  sealers(): readonly Address[];
  /** Builds and executes the next block from the pool. */
  propose(options: { readonly proposer: Address; readonly timestampMs: number }): Promise<Proposal>;
  /**
   * Judges another node's proposal; fetches the bodies that are missing, executes it and compares every commitment of its header.
   * @throws TreadleError LEDGER_BODIES_MISSING when no peer has them: that says nothing of the proposer
   */
  check(
    proposal: Uint8Array,
    options: { readonly digest: Hex; readonly from: Address; readonly nowMs: number },
  ): Promise<ProposalVerdict>;
  /** Makes an agreed block part of the chain; durable when it resolves; a second call for the same block returns it. */
  commit(options: {
    readonly digest: Hex;
    readonly proposal: Uint8Array;
    readonly certificate: Certificate;
  }): Promise<BlockRecord>;
  /**
   * Takes a block that others agreed on: checks its certificate, executes it, compares, commits.
   * @throws TreadleError LEDGER_BAD_BLOCK | LEDGER_BAD_CERTIFICATE | LEDGER_NOT_NEXT | LEDGER_DIVERGED
   */
  importBlock(encodedBlock: Uint8Array): Promise<BlockRecord>;
  /** Registers the network protocols; call it before the network starts. */
  start(): void;
  /** Fetches blocks until no peer is known to have more; one run at a time, a second call joins the running one. */
  catchUp(peers?: readonly Address[]): Promise<void>;
  /** Highest block number a peer has announced, or head's. */
  bestKnown(): number;
  /** Tells a connected peer where this chain ends, so that a peer which lags behind fetches what it lacks. */
  announceHead(peer: Address): void;
  /** How this node catches up, if it does. */
  syncStatus(): SyncStatus;
  /**
   * The newest block at which the governance contract can be read here. It is the head, except on a node whose disk has lost
   * a part of the head's state and that has not met a peer yet who could give it back.
   */
  readableBlock(): BlockId;
  /** The head that a connected peer announced last. */
  peerHead(peer: Address): number | undefined;
  close(): Promise<void>;
}

export interface AccountProof {
  readonly account: AccountRecord;
  readonly accountProof: readonly Uint8Array[];
  readonly storageProof: readonly {
    readonly slot: Uint8Array;
    readonly value: Uint8Array;
    readonly proof: readonly Uint8Array[];
  }[];
}

export interface ReceiptProof {
  readonly header: HeaderRecord;
  readonly certificate: Certificate;
  /** RLP-encoded key of the receipts trie (the transaction's index). */
  readonly index: number;
  readonly proof: readonly Uint8Array[];
  /** The transaction itself in the trie of `transactionsRoot`, at the same index: it says whose receipt this is. */
  readonly transactionProof: readonly Uint8Array[];
}
