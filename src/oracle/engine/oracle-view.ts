import type { OraclePlace } from '../../contracts/index.ts';
import type { Address, BlsKey } from '../../crypto/index.ts';
import type { Micros, NodeId } from '../../environment/index.ts';
import type { OracleRequest } from '../job.ts';

/** A registered node in a term's set. */
export interface Seat {
  /** The number under which the registry keeps it. */
  readonly id: number;
  readonly account: Address;
  /** Where it can be asked. */
  readonly node: NodeId;
  /** Its BLS key, compressed. */
  readonly publicKey: Uint8Array;
}

/** What this node works with: its number in the registry and the key that is registered; undefined while it is not. */
export type OwnSeat = () => { readonly id: number; readonly key: BlsKey } | undefined;

/** Who works in a term: the master, and the work nodes in the order in which they may transmit. */
export interface Group {
  readonly term: number;
  readonly master: Seat;
  readonly members: readonly Seat[];
}

/** Who may bring an answer, and from which block on. */
export interface Turn {
  readonly seat: Seat;
  /** -1: the master. */
  readonly position: number;
  readonly fromBlock: number;
}

/** The oracle's contract as this node's ledger has it now. */
export interface OracleView {
  readonly place: OraclePlace;
  readonly head: { readonly number: number; readonly timestampMs: number };
  /** Those that are pending, oldest first. */
  readonly pending: ReadonlyMap<bigint, OracleRequest>;
  /** Resolves when the ledger has this block, or the time is over. */
  reached(height: number, withinMicros: Micros): Promise<void>;
  /** Resolves when all blocks that came are taken in. */
  settled(): Promise<void>;
  /** The term whose group answers now: the present one when its election is over, else the one before. */
  servingTerm(): number;
  /** Whether the contract takes answers of this term now. */
  isAnswerable(term: number): boolean;
  /** The group of so many; undefined when the set of the term is too small. */
  group(term: number, size: number): Promise<Group | undefined>;
  /** When who may bring an answer to a request; undefined for a node that has no part in it. */
  turnOf(group: Group, node: NodeId, requestedIn: number): Turn | undefined;
}
