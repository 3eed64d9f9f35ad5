import type { NodeFile, ObserverCertificate, WireVersions } from '../consortium/index.ts';
import type { Address, NodeKey } from '../crypto/index.ts';
import type { NodeId } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { Dataset, KernelBytes } from '../learning/index.ts';
import type { Executor, Genesis, StateStore } from '../ledger/index.ts';
import type { Siblings } from './relay/siblings.ts';

/** What a node is made of: its file, its key, the chain it is on, and for observers their certificate. */
export interface NodeSetup {
  readonly file: NodeFile;
  readonly key: NodeKey;
  readonly genesis: Genesis;
  readonly certificate?: ObserverCertificate;
  /** The key of the company's or proxy's account, where the node runs with another one. */
  readonly accountKey?: NodeKey;
  /** ONNX models of an edge node, by the name of the service that runs them. */
  readonly models?: ReadonlyMap<string, Uint8Array>;
  /** What the node speaks; by default all that this release can. */
  readonly wireVersions?: WireVersions;
}

/** The key that acts on the ledger for this node: of its account, which is its own key unless the two were separated. */
export function actingKey({ key, accountKey }: Pick<NodeSetup, 'key' | 'accountKey'>): NodeKey {
  return accountKey ?? key;
}

/** @throws TreadleError NODE_MISCONFIGURED when the keys of a sealer do not fit its account */
export function checkAccountKey({ file, key, accountKey }: NodeSetup): void {
  if (accountKey !== undefined && accountKey.address !== file.company) {
    throw new TreadleError('NODE_MISCONFIGURED', {
      detail: `"accountKeyFile" holds the key of ${accountKey.address}, "company" is ${file.company}`,
    });
  }
  // A proxy pays with its account; a company only lists its edge nodes, and may do that by hand.
  if (file.role === 'proxy' && accountKey === undefined && file.company !== key.address) {
    throw new TreadleError('NODE_MISCONFIGURED', {
      detail: `the proxy ${file.company} runs with the key ${key.address}: name the key of its account as "accountKeyFile"`,
    });
  }
}

/** What the world that the node runs in provides beyond its environment. */
export interface Platform {
  readonly version: string;
  /** Shared among simulated nodes, so that a block is executed once; each real node has its own. */
  readonly executor?: Executor;
  readonly stateStore?: StateStore;
  /** What the node may keep in memory for others, by default NODE_MEMORY_BYTES_MAX. */
  readonly memoryBytes?: number;
  /** Compiled kernels for models; without them the same answers take longer. */
  readonly kernels?: KernelBytes;
  /** Data sets by their names; without it those that are made. @throws TreadleError DATASET_* */
  readonly datasets?: (name: string) => Promise<Dataset>;
  /** The full nodes of this process, where it has nodes of several ledgers. */
  readonly siblings?: Siblings;
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
  /**
   * Goes on with a later certificate: tells the connected peers, and the ledger where the node is registered there.
   * @throws TreadleError NODE_MISCONFIGURED when it is not for this node
   */
  renewCertificate(certificate: ObserverCertificate): Promise<void>;
}

export const NO_WORK: WorkCounts = { requested: 0, completed: 0, failed: 0, vouchers: 0 };

/** The parts of a node that its setup decides. */
export function identity(setup: NodeSetup): Pick<TreadleNode, 'id' | 'role' | 'name' | 'company'> {
  const { file, key } = setup;
  return { id: key.address, role: file.role, name: file.name, company: file.company };
}
