import type { Address, Hex } from '../../crypto/index.ts';
import type { Outcome } from '../chain/receipt-codec.ts';
import type { Genesis } from '../genesis.ts';
import type { CallRequest, CallResult, HeaderRecord } from '../ledger.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import type { StateSnapshot } from './state-snapshot.ts';
import type { StateNodes, StateStore } from './state-store.ts';

/** Looks up the hash of an ancestor for `BLOCKHASH`. */
export type AncestorHash = (number: number) => Promise<Hex | undefined>;

export interface ExecutionRequest {
  readonly parent: HeaderRecord;
  readonly proposer: Address;
  readonly timestampMs: number;
  readonly transactions: readonly SignedTransaction[];
  /** `select`: leave out what cannot run or does not fit. `exact`: stop at the first that cannot. */
  readonly mode: 'select' | 'exact';
  readonly ancestorHash: AncestorHash;
  /** `select`: gas after which no further transaction is begun. */
  readonly gasBudget?: bigint;
}

export interface RefusedTransaction {
  readonly hash: Hex;
  readonly reason: string;
  /** `no-room`: it may fit the next block. `invalid`: it cannot run in this state. */
  readonly kind: 'no-room' | 'invalid';
}

/** Everything that a header commits to, and the state that it leads to. */
export interface Execution {
  readonly included: readonly SignedTransaction[];
  /** In `exact` mode at most one: then the rest was not run and the commitments mean nothing. */
  readonly refused: readonly RefusedTransaction[];
  readonly stateRoot: Hex;
  readonly transactionsRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Uint8Array;
  readonly gasUsed: bigint;
  readonly outcomes: readonly Outcome[];
  readonly nextSealers: readonly Address[];
  /** Why the governance contract's answer was not used, when it was asked and not used. */
  readonly sealersKept?: string;
  /** State that is new in this block, to be staged when it is committed. */
  readonly nodes: StateNodes;
}

/** The result of building block 0. */
export interface GenesisState {
  readonly stateRoot: Hex;
  readonly nodes: StateNodes;
}

/** A call without a transaction, after block `header`. */
export interface CallPlace {
  readonly header: HeaderRecord;
  readonly ancestorHash: AncestorHash;
}

/** Runs transactions and calls over a state store; knows no chain, no pool, no network. */
export interface Executor {
  readonly store: StateStore;
  /** Runs allocations and constructors. @throws TreadleError GENESIS_* */
  genesis(genesis: Genesis): Promise<GenesisState>;
  execute(request: ExecutionRequest): Promise<Execution>;
  /** @throws TreadleError LEDGER_GAS_TOO_LOW | LEDGER_BUSY */
  call(request: CallRequest, place: CallPlace): Promise<CallResult>;
  /** @throws TreadleError LEDGER_CALL_REVERTED | LEDGER_BUSY */
  estimateGas(request: CallRequest, place: CallPlace): Promise<bigint>;
  /** The state at a root, for reading. */
  snapshot(root: Hex): StateSnapshot;
}
