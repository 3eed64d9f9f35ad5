import type { ChainFeed } from '../../contracts/index.ts';
import {
  type MatchOutcome as ContractOutcome,
  decodeEvent,
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryArtifact,
  edgeRegistryClient,
  type LedgerClient,
  type RawLog,
  serviceId,
  serviceName,
  type TaskMatch,
  type TaskStatus,
} from '../../contracts/index.ts';
import { type Address, type Hex, toAddress } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { LOGS_RANGE_BLOCKS_MAX, MATCHES_REMEMBERED_MAX } from '../../limits.ts';
import { eventTopics } from './event-topics.ts';
import type { Match, MatchChain, MatchOutcome, TaskChange } from './match-chain.ts';

const TOPICS = eventTopics(edgeRegistryArtifact.abi, ['Matched', 'NotMatched', 'TaskCompleted', 'TaskExpired']);
const ENDINGS: ReadonlyMap<Hex, Match['state']> = new Map([
  [TOPICS.NotMatched, 'failed'],
  [TOPICS.TaskCompleted, 'completed'],
  [TOPICS.TaskExpired, 'expired'],
]);
const STATES: Readonly<Record<TaskStatus, Match['state']>> = {
  none: 'failed',
  matched: 'open',
  completed: 'completed',
  failed: 'failed',
  expired: 'expired',
};

export interface MatchChainDependencies {
  /** Acts with this node's key; a node that only reads needs none. */
  readonly client: LedgerClient;
  /** Without it no changes are heard of and nothing is remembered: right for a device, which waits for its own transactions alone. */
  readonly feed?: ChainFeed;
}

/** The newest match of a task: as its log, until somebody asks, for a node hears of many matches and needs few. */
interface Remembered {
  readonly log: RawLog;
  readonly timestampMs: number;
  readonly state: Match['state'];
}

/** The registry's port over the EdgeRegistry contract, on behalf of the client's account. */
export function createMatchChain({ client, feed }: MatchChainDependencies): MatchChain {
  const contract = EDGE_REGISTRY_ADDRESS;
  const registry = edgeRegistryClient(client, contract);
  const remembered = new Map<Hex, Remembered>();
  const listeners = new Set<(change: TaskChange) => void>();
  let lease: Promise<number> | undefined;

  /** Length of a lease: a constant of the contract, read once. */
  function leaseMs(): Promise<number> {
    lease ??= client
      .call({ to: contract, abi: edgeRegistryArtifact.abi, functionName: 'LEASE_SECONDS', args: [] })
      .then((seconds) => Number(seconds) * 1000);
    lease.catch(() => {
      lease = undefined;
    });
    return lease;
  }

  function remember(taskId: Hex, match: Remembered): void {
    remembered.delete(taskId);
    remembered.set(taskId, match);
    if (remembered.size > MATCHES_REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as Hex);
  }

  function tell(change: TaskChange): void {
    for (const listener of listeners) listener(change);
  }

  function onLog(log: RawLog, timestampMs: number): void {
    const [topic, taskId] = log.topics;
    if (topic === undefined || taskId === undefined) return;
    if (topic === TOPICS.Matched) {
      remember(taskId, { log, timestampMs, state: 'open' });
      // The first word of the data is the node's address.
      tell({ taskId, node: toAddress(`0x${log.data.slice(26, 66)}`) });
      return;
    }
    const state = ENDINGS.get(topic);
    if (state === undefined) return;
    const known = remembered.get(taskId);
    if (known !== undefined) remembered.set(taskId, { ...known, state });
    tell({ taskId });
  }

  feed?.onBlock(({ logs, timestampMs }) => {
    for (const log of logs) if (log.address === contract) onLog(log, timestampMs);
  });

  /** A match from before this node's memory. */
  async function search(taskId: Hex): Promise<Match | undefined> {
    const task = await registry.task(taskId);
    if (task.status === 'none') return undefined;
    const fromBlock = feed === undefined ? 'earliest' : Math.max(0, feed.head.number - LOGS_RANGE_BLOCKS_MAX + 1);
    const logs = await client.logs({ address: contract, topics: [TOPICS.Matched, taskId], fromBlock, toBlock: 'latest' });
    const last = logs.at(-1);
    if (last === undefined) return undefined;
    return { ...matchOf(taskId, matchedIn(last), Number(task.leaseEndsAt) * 1_000_000), state: STATES[task.status] };
  }

  async function outcomeOf(taskId: Hex, { receipt, ...outcome }: ContractOutcome): Promise<MatchOutcome> {
    if (!outcome.matched) return { matched: false, reason: outcome.reason };
    // Our own transaction may be known here before its block comes through the feed.
    const { leaseEndsAt } = await registry.task(taskId, receipt.blockNumber);
    return { matched: true, match: matchOf(taskId, outcome as TaskMatch & MatchedArguments, Number(leaseEndsAt) * 1_000_000) };
  }

  return {
    domain: { chainId: client.chainId, contract },
    async requestMatch({ taskId, latitudeE6, longitudeE6, service, priceLimitWei }) {
      const query = { latitudeE6, longitudeE6, service: serviceId(service), maxPriceWei: priceLimitWei };
      return outcomeOf(taskId, await registry.requestMatch(taskId, query));
    },
    reportFailure: async ({ taskId, reason }) => outcomeOf(taskId, await registry.reportFailure(taskId, reason)),
    complete: async (taskIds) => void (await registry.complete(taskIds)),
    expire: async (taskIds) => void (await registry.expire(taskIds)),
    async task(taskId) {
      const known = remembered.get(taskId);
      if (known === undefined) return search(taskId);
      const { log, state, timestampMs } = known;
      return { ...matchOf(taskId, matchedIn(log), (timestampMs + (await leaseMs())) * 1000), state };
    },
    onTask(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** What the event Matched says beside what the client hands out. */
interface MatchedArguments extends TaskMatch {
  readonly device: Address;
  readonly service: Hex;
}

function matchedIn(log: RawLog): MatchedArguments {
  const event = decodeEvent(log);
  if (event?.name !== 'Matched')
    throw new TreadleError('CONTRACT_BAD_ANSWER', { detail: 'a log of the registry does not decode as Matched' });
  return event.args as unknown as MatchedArguments;
}

function matchOf(taskId: Hex, matched: MatchedArguments, expiresAtMicros: number): Match {
  const { node, nodeId, priceWei, attempt, service, distanceSquared, considered, among } = matched;
  return {
    taskId,
    // The registry takes only task ids that begin with the device's address.
    device: toAddress(taskId.slice(0, 42)),
    node,
    service: serviceName(service),
    priceWei,
    attempt: Number(attempt),
    state: 'open',
    expiresAtMicros,
    choice: { nodeId: Number(nodeId), distanceSquared, considered: Number(considered), among },
  };
}
