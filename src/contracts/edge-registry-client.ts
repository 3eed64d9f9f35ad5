import type { Address, Hex } from '../crypto/index.ts';
import { EDGE_REGISTRY_ADDRESS } from './addresses.ts';
import type { Page } from './consortium-client.ts';
import type { DecodedEvent } from './contract-catalog.ts';
import { contractPort, type Executed, eventNamed, nameOf } from './contract-port.ts';
import { edgeRegistryArtifact } from './generated/edge-registry.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** Why there is no match, in the contract's order. */
export const matchReasons = ['none', 'noneOffersService', 'noneHasCapacity', 'allAboveLimit', 'attemptsExhausted'] as const;
export type MatchReason = (typeof matchReasons)[number];
export type NoMatchReason = Exclude<MatchReason, 'none'>;
export const nodeStates = ['none', 'active', 'withdrawn'] as const;
export type NodeState = (typeof nodeStates)[number];
export const taskStatuses = ['none', 'matched', 'completed', 'failed', 'expired'] as const;
export type TaskStatus = (typeof taskStatuses)[number];
export const skipReasons = ['none', 'notYours', 'notMatched', 'leaseRuns'] as const;
export type SkipReason = (typeof skipReasons)[number];
/** What a device may say of a node that failed it; the index is what stands on the ledger. */
export const failureReasons = ['other', 'unreachable', 'timedOut', 'refused', 'badResult', 'paymentRefused'] as const;
export type FailureReason = (typeof failureReasons)[number];

/** What a company offers. Positions are integer micro-degrees. */
export interface NodeOffer {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  /** Tasks at a time. */
  readonly capacity: number;
  /** Per task. */
  readonly priceWei: bigint;
  /** Ids as `serviceId` makes them, 1 to 16. */
  readonly services: readonly Hex[];
}

export interface NodeRecord extends NodeOffer {
  readonly id: bigint;
  readonly state: NodeState;
  readonly node: Address;
  readonly company: Address;
  readonly inUse: number;
  readonly completed: number;
  readonly failed: number;
  readonly expired: number;
}

export interface TaskRecord {
  readonly status: TaskStatus;
  readonly device: Address;
  readonly nodeId: bigint;
  readonly node: Address;
  readonly attempt: bigint;
  readonly service: Hex;
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly maxPriceWei: bigint;
  /** Seconds since the Unix epoch. */
  readonly leaseEndsAt: bigint;
  /** Ids of nodes that failed this task, oldest first. */
  readonly tried: readonly number[];
}

export interface MatchQuery {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly service: Hex;
  readonly maxPriceWei: bigint;
}

export interface Match {
  readonly matched: true;
  readonly nodeId: bigint;
  readonly node: Address;
  readonly priceWei: bigint;
  /** In square micro-degrees. */
  readonly distanceSquared: bigint;
  /** Nodes that the search looked at. */
  readonly considered: bigint;
}

export interface NoMatch {
  readonly matched: false;
  readonly reason: NoMatchReason;
}

/** A match that holds a slot for a task. */
export interface TaskMatch extends Match {
  readonly company: Address;
  readonly attempt: bigint;
  /** The nearest eligible nodes in order, the chosen one first. */
  readonly among: readonly number[];
}

export type MatchOutcome = (TaskMatch | NoMatch) & { readonly receipt: TransactionReceipt };

export interface BatchOutcome {
  readonly done: readonly Hex[];
  readonly skipped: readonly { readonly taskId: Hex; readonly reason: SkipReason }[];
  readonly receipt: TransactionReceipt;
}

/**
 * The EdgeRegistry contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does.
 */
export interface EdgeRegistryClient {
  addNode(node: Address, offer: NodeOffer): Promise<{ readonly id: bigint; readonly receipt: TransactionReceipt }>;
  updateNode(id: bigint, offer: NodeOffer): Promise<TransactionReceipt>;
  withdrawNode(id: bigint): Promise<TransactionReceipt>;
  nodeCount(): Promise<bigint>;
  /** 0 for an account that was never added. */
  nodeIdOf(node: Address): Promise<bigint>;
  node(id: bigint, block?: BlockTag): Promise<NodeRecord>;
  /** In order of id, withdrawn ones included. */
  nodes(page: Page): Promise<readonly NodeRecord[]>;
  services(page: Page): Promise<readonly { readonly service: Hex; readonly nodes: bigint }[]>;
  /** Asks without taking a slot. */
  edgeMatch(query: MatchQuery, block?: BlockTag): Promise<Match | NoMatch>;
  /** Asks for a task and takes a slot. `taskId` comes from `taskIdOf` with this client's account as the device. */
  requestMatch(taskId: Hex, query: MatchQuery): Promise<MatchOutcome>;
  /** Says that the node of a task failed; returns the next one. */
  reportFailure(taskId: Hex, why: FailureReason): Promise<MatchOutcome>;
  /** A node reports its tasks as done, at most 256. */
  complete(taskIds: readonly Hex[]): Promise<BatchOutcome>;
  /** Frees the slots of tasks whose lease has run out, at most 256. */
  expire(taskIds: readonly Hex[]): Promise<BatchOutcome>;
  /** A task nobody asked for has the status `none`. */
  task(taskId: Hex, block?: BlockTag): Promise<TaskRecord>;
}

/** A client of the EdgeRegistry contract. */
export function edgeRegistryClient(ledger: LedgerClient, address: Address = EDGE_REGISTRY_ADDRESS): EdgeRegistryClient {
  const port = contractPort(ledger, address, edgeRegistryArtifact.abi);
  return {
    async addNode(node, offer) {
      const done = await port.write('addNode', [{ node, ...offer }]);
      return { id: eventNamed(done, 'NodeAdded').args['nodeId'] as bigint, receipt: done.receipt };
    },
    async updateNode(id, { latitudeE6, longitudeE6, capacity, priceWei, services }) {
      return (await port.write('updateNode', [id, latitudeE6, longitudeE6, capacity, priceWei, services])).receipt;
    },
    withdrawNode: async (id) => (await port.write('withdrawNode', [id])).receipt,
    nodeCount: () => port.read('nodeCount', []),
    nodeIdOf: (node) => port.read('nodeIdOf', [node]),
    node: async (id, block) => nodeRecord(await port.read('node', [id], block)),
    nodes: async ({ offset, limit }) => (await port.read('nodesPage', [offset, limit])).map(nodeRecord),
    services: ({ offset, limit }) => port.read('servicesPage', [offset, limit]),
    async edgeMatch({ latitudeE6, longitudeE6, service, maxPriceWei }, block) {
      const answer = await port.read('edgeMatch', [latitudeE6, longitudeE6, service, maxPriceWei], block);
      const [reason, nodeId, node, priceWei, distanceSquared, considered] = answer;
      const name = nameOf(matchReasons, reason);
      if (name !== 'none') return { matched: false, reason: name };
      return { matched: true, nodeId, node, priceWei, distanceSquared, considered };
    },
    async requestMatch(taskId, { latitudeE6, longitudeE6, service, maxPriceWei }) {
      return matchOutcome(taskId, await port.write('requestMatch', [taskId, latitudeE6, longitudeE6, service, maxPriceWei]));
    },
    async reportFailure(taskId, why) {
      return matchOutcome(taskId, await port.write('reportFailure', [taskId, failureReasons.indexOf(why)]));
    },
    complete: async (taskIds) => batchOutcome(await port.write('complete', [taskIds]), 'TaskCompleted'),
    expire: async (taskIds) => batchOutcome(await port.write('expire', [taskIds]), 'TaskExpired'),
    async task(taskId, block) {
      const view = await port.read('task', [taskId], block);
      return { ...view, status: nameOf(taskStatuses, view.status) };
    },
  };
}

function nodeRecord<T extends { readonly state: number }>(view: T) {
  return { ...view, state: nameOf(nodeStates, view.state) };
}

/** What became of this very task: a node that lies may show the genuine receipt of another. */
function matchOutcome(taskId: Hex, { receipt, events }: Executed): MatchOutcome {
  const own = events.filter(({ args }) => args['taskId'] === taskId);
  const refused = own.find((event) => event.name === 'NotMatched');
  if (refused !== undefined) return { ...noMatch(refused), receipt };
  return { ...taskMatch(eventNamed({ receipt, events: own }, 'Matched')), receipt };
}

function noMatch({ args }: DecodedEvent): NoMatch {
  return { matched: false, reason: nameOf(matchReasons, args['reason']) as NoMatchReason };
}

function taskMatch({ args }: DecodedEvent): TaskMatch {
  return { matched: true, ...(args as unknown as Omit<TaskMatch, 'matched'>) };
}

function batchOutcome({ events, receipt }: Executed, doneName: string): BatchOutcome {
  const done = events.filter(({ name }) => name === doneName).map(({ args }) => args['taskId'] as Hex);
  const skipped = events
    .filter(({ name }) => name === 'TaskSkipped')
    .map(({ args }) => ({ taskId: args['taskId'] as Hex, reason: nameOf(skipReasons, args['reason']) }));
  return { done, skipped, receipt };
}
