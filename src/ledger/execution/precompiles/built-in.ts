import type { Address } from '../../../crypto/index.ts';
import type { PayloadCommitment } from '../../payload/payload.ts';
import type { GasMeter } from './gas-meter.ts';

/** A call of a built-in contract, from a transaction or from a contract. */
export interface BuiltInCall {
  /** Who calls: the sender of the transaction or the calling contract, 20 bytes. */
  readonly caller: Uint8Array;
  readonly data: Uint8Array;
  readonly value: bigint;
  /** Within a static call: nothing may be written or logged. */
  readonly isStatic: boolean;
  /** Reached by DELEGATECALL or CALLCODE: it would write what the caller believes to be its own state. */
  readonly isDelegated: boolean;
}

/** Where a call happens. */
export interface BuiltInPlace {
  readonly blockNumber: bigint;
  readonly timestampSeconds: bigint;
  /** The body that the transaction being executed carries. */
  readonly payload: PayloadCommitment | undefined;
  readonly storage: BuiltInStorage;
}

/** The storage of the built-in contract's own account. Slots are 32 bytes as a map key, values have no leading zeros. */
export interface BuiltInStorage {
  read(slot: string): Uint8Array | Promise<Uint8Array>;
}

export interface BuiltInLog {
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

export interface BuiltInOutput {
  readonly returnData: Uint8Array;
  /** The last value of each slot that changes. */
  readonly writes: ReadonlyMap<string, Uint8Array>;
  readonly logs: readonly BuiltInLog[];
}

/** Steps that stop where something has to be read from the disk first. */
export type Steps<T> = Generator<Promise<Uint8Array>, T, Uint8Array>;

/**
 * A contract that is part of the node. It runs without the interpreter and hands back what it would write, so that a
 * failure has nothing to undo. It throws {@link BuiltInRevert}, or the meter's {@link OutOfGas}, and nothing else.
 */
export interface BuiltIn {
  readonly address: Address;
  /** It keeps state: it answers only where the genesis has put an account for it, elsewhere its address is an empty one. */
  readonly needsAccount: boolean;
  run(call: BuiltInCall, place: BuiltInPlace, meter: GasMeter): Steps<BuiltInOutput>;
}

/** The call fails, is charged for what it did, and its caller gets `data`. */
export class BuiltInRevert extends Error {
  readonly data: Uint8Array;

  constructor(data: Uint8Array = new Uint8Array(0)) {
    super('the built-in contract refuses the call');
    this.data = data;
  }
}

/** The answer of a contract that only reads. */
export function answer(returnData: Uint8Array): BuiltInOutput {
  return { returnData, writes: NO_WRITES, logs: [] };
}

const NO_WRITES: ReadonlyMap<string, Uint8Array> = new Map();
