import type { NodeFile, ObserverCertificate } from '../consortium/index.ts';
import type { Address, NodeKey } from '../crypto/index.ts';
import type { NodeId } from '../environment/index.ts';
import type { Executor, Genesis, StateStore } from '../ledger/index.ts';

/** What a node is made of: its file, its key, the chain it is on, and for observers their certificate. */
export interface NodeSetup {
  readonly file: NodeFile;
  readonly key: NodeKey;
  readonly genesis: Genesis;
  readonly certificate?: ObserverCertificate;
}

/** What the world that the node runs in provides beyond its environment. */
export interface Platform {
  readonly version: string;
  /** Shared among simulated nodes, so that a block is executed once; each real node has its own. */
  readonly executor?: Executor;
  readonly stateStore?: StateStore;
  /** The node cannot go on. */
  readonly fatal: (error: unknown) => void;
}

/** Tasks and payments of a node since it started, for progress lines and reports. */
export interface WorkCounts {
  readonly requested: number;
  readonly completed: number;
  readonly failed: number;
  readonly vouchers: number;
}

/** A running node of any role. */
export interface TreadleNode {
  readonly id: NodeId;
  readonly role: NodeFile['role'];
  readonly name: string;
  readonly company: Address;
  /** Joins the network and begins its work; resolves when the node can be asked. */
  start(): Promise<void>;
  /** Finishes what is under way and closes its files. */
  stop(): Promise<void>;
  work(): WorkCounts;
}

export const NO_WORK: WorkCounts = { requested: 0, completed: 0, failed: 0, vouchers: 0 };

/** The parts of a node that its setup decides. */
export function identity(setup: NodeSetup): Pick<TreadleNode, 'id' | 'role' | 'name' | 'company'> {
  const { file, key } = setup;
  return { id: key.address, role: file.role, name: file.name, company: file.company };
}
