import type { MatchQuery } from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import type { RegistryEvent } from './registry-event.ts';
import type { RegisteredNode } from './search-all-nodes.ts';

/** A task that the registry still follows. */
export interface ReplayedTask {
  readonly query: MatchQuery;
  /** Nodes that it was given to so far. */
  readonly attempt: number;
  /** The node that holds it; undefined between a failure and the next match. */
  readonly nodeId: number | undefined;
  /** Ids of nodes that failed it. */
  readonly tried: readonly number[];
}

/** The registry as its events tell it, at the moment before the next event. */
export interface RegistryReplay {
  readonly nodes: ReadonlyMap<number, RegisteredNode>;
  task(taskId: Hex): ReplayedTask | undefined;
  /** Takes in the next event. Returns what the events before it do not allow, in words: then some are missing or were altered. */
  apply(event: RegistryEvent): readonly string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Named<N extends RegistryEvent['eventName']> = Extract<RegistryEvent, { readonly eventName: N }>['args'];
type Offer = Pick<RegisteredNode, 'latitudeE6' | 'longitudeE6' | 'capacity' | 'priceWei' | 'services'>;

/** An empty registry, to which the events are applied from the first one on. */
export function createRegistryReplay(): RegistryReplay {
  const nodes = new Map<number, Mutable<RegisteredNode>>();
  const tasks = new Map<Hex, ReplayedTask>();

  function added(args: Named<'NodeAdded'>): readonly string[] {
    const id = Number(args.nodeId);
    const known = nodes.get(id);
    const { node, company } = args;
    if (known === undefined) {
      const next = nodes.size + 1;
      nodes.set(id, { id, node, company, inUse: 0, active: true, ...offerOf(args) });
      return id === next ? [] : [`node ${id} was added, the next id is ${next}`];
    }
    const contradictions: string[] = [];
    if (known.active) contradictions.push(`node ${id} was added although it is listed`);
    if (known.node !== node) contradictions.push(`node ${id} came back as ${node}, it was ${known.node}`);
    // Tasks under way keep their places when a node leaves and comes back.
    Object.assign(known, { node, company, active: true }, offerOf(args));
    return contradictions;
  }

  function changed(nodeId: bigint, change: Partial<RegisteredNode>, what: string): readonly string[] {
    const known = nodes.get(Number(nodeId));
    if (known === undefined) return [`node ${nodeId} was ${what}, it was never added`];
    const contradictions = known.active ? [] : [`node ${nodeId} was ${what} although it is not listed`];
    Object.assign(known, change);
    return contradictions;
  }

  function matched(args: Named<'Matched'>): readonly string[] {
    const { taskId, latitudeE6, longitudeE6, service, maxPriceWei } = args;
    const nodeId = Number(args.nodeId);
    const before = tasks.get(taskId);
    const contradictions: string[] = [];
    const attempt = (before?.attempt ?? 0) + 1;
    if (before?.nodeId !== undefined) contradictions.push(`the task was matched although node ${before.nodeId} holds it`);
    if (args.attempt !== BigInt(attempt)) contradictions.push(`attempt ${args.attempt} follows attempt ${attempt - 1}`);
    const node = nodes.get(nodeId);
    if (node === undefined) contradictions.push(`node ${nodeId} was chosen, it was never added`);
    else node.inUse++;
    const query = { latitudeE6, longitudeE6, service, maxPriceWei };
    tasks.set(taskId, { query, attempt: Number(args.attempt), nodeId, tried: before?.tried ?? [] });
    return contradictions;
  }

  /** A node gives a place back. */
  function released(taskId: Hex, node: bigint, what: string): readonly string[] {
    const nodeId = Number(node);
    const contradictions: string[] = [];
    const holder = tasks.get(taskId)?.nodeId;
    if (holder !== nodeId)
      contradictions.push(`node ${nodeId} ${what} a task that ${holder === undefined ? 'no node' : `node ${holder}`} holds`);
    const known = nodes.get(nodeId);
    if (known !== undefined && known.inUse > 0) known.inUse--;
    else contradictions.push(`node ${nodeId} ${what} a task while none of its places was taken`);
    return contradictions;
  }

  function failed(args: Named<'TaskFailed'>): readonly string[] {
    const contradictions = released(args.taskId, args.nodeId, 'failed');
    const task = tasks.get(args.taskId);
    if (task !== undefined) tasks.set(args.taskId, { ...task, nodeId: undefined, tried: [...task.tried, Number(args.nodeId)] });
    return contradictions;
  }

  function ended(args: Named<'TaskCompleted' | 'TaskExpired'>, what: string): readonly string[] {
    const contradictions = released(args.taskId, args.nodeId, what);
    tasks.delete(args.taskId);
    return contradictions;
  }

  function notMatched({ taskId }: Named<'NotMatched'>): readonly string[] {
    const holder = tasks.get(taskId)?.nodeId;
    tasks.delete(taskId);
    return holder === undefined ? [] : [`the task was given up although node ${holder} holds it`];
  }

  return {
    nodes,
    task: (taskId) => tasks.get(taskId),
    apply(event) {
      switch (event.eventName) {
        case 'NodeAdded':
          return added(event.args);
        case 'NodeUpdated':
          return changed(event.args.nodeId, offerOf(event.args), 'updated');
        case 'NodeWithdrawn':
          return changed(event.args.nodeId, { active: false }, 'withdrawn');
        case 'Matched':
          return matched(event.args);
        case 'NotMatched':
          return notMatched(event.args);
        case 'TaskFailed':
          return failed(event.args);
        case 'TaskCompleted':
          return ended(event.args, 'completed');
        case 'TaskExpired':
          return ended(event.args, 'let expire');
        default:
          return [];
      }
    },
  };
}

function offerOf({ latitudeE6, longitudeE6, capacity, priceWei, services }: Offer): Offer {
  return { latitudeE6, longitudeE6, capacity, priceWei, services };
}
