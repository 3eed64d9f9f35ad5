import { type Address, type Hex, toAddress } from '../../../crypto/index.ts';
import { API_EDGE_NODES_KEPT_MAX } from '../../../limits.ts';
import { bytesText } from '../decode/bytes-text.ts';
import type { ChainEvent, EventPlace } from './chain-event.ts';

/** An edge node as the registry's events describe it. */
export interface EdgeNodeRecord {
  readonly id: number;
  readonly account: Address;
  company: Address;
  latitudeE6: number;
  longitudeE6: number;
  capacity: number;
  inUse: number;
  priceWei: bigint;
  services: readonly string[];
  state: 'active' | 'withdrawn';
  matched: number;
  completed: number;
  failed: number;
  expired: number;
  readonly registered: EventPlace;
  updated: EventPlace;
}

export interface EdgeNodes {
  apply(event: ChainEvent, place: EventPlace): void;
  get(id: number): EdgeNodeRecord | undefined;
  /** In order of id. */
  all(): Iterable<EdgeNodeRecord>;
  readonly size: number;
  /** Nodes beyond the limit that are not remembered. */
  readonly hidden: number;
}

export function createEdgeNodes(): EdgeNodes {
  const nodes = new Map<number, EdgeNodeRecord>();
  let hidden = 0;

  const add = (args: Extract<ChainEvent, { eventName: 'NodeAdded' }>['args'], place: EventPlace): void => {
    const id = Number(args.nodeId);
    const offer = offerOf(args);
    const known = nodes.get(id);
    if (known !== undefined) {
      Object.assign(known, offer, { company: toAddress(args.company), state: 'active', updated: place });
      return;
    }
    if (nodes.size >= API_EDGE_NODES_KEPT_MAX) {
      hidden += 1;
      return;
    }
    const record = { inUse: 0, matched: 0, completed: 0, failed: 0, expired: 0, registered: place, updated: place };
    nodes.set(id, { id, account: toAddress(args.node), company: toAddress(args.company), state: 'active', ...offer, ...record });
  };
  const release = (nodeId: bigint, count: 'completed' | 'failed' | 'expired'): void => {
    const node = nodes.get(Number(nodeId));
    if (node === undefined) return;
    node.inUse = Math.max(0, node.inUse - 1);
    node[count] += 1;
  };

  return {
    apply(event, place) {
      if (event.source !== 'registry') return;
      switch (event.eventName) {
        case 'NodeAdded':
          return add(event.args, place);
        case 'NodeUpdated': {
          const node = nodes.get(Number(event.args.nodeId));
          if (node !== undefined) Object.assign(node, offerOf(event.args), { updated: place });
          return;
        }
        case 'NodeWithdrawn': {
          const node = nodes.get(Number(event.args.nodeId));
          if (node !== undefined) Object.assign(node, { state: 'withdrawn', updated: place });
          return;
        }
        case 'Matched': {
          const node = nodes.get(Number(event.args.nodeId));
          if (node === undefined) return;
          node.inUse += 1;
          node.matched += 1;
          return;
        }
        case 'TaskCompleted':
          return release(event.args.nodeId, 'completed');
        case 'TaskFailed':
          return release(event.args.nodeId, 'failed');
        case 'TaskExpired':
          return release(event.args.nodeId, 'expired');
      }
    },
    get: (id) => nodes.get(id),
    all: () => nodes.values(),
    get size() {
      return nodes.size;
    },
    get hidden() {
      return hidden;
    },
  };
}

interface OfferArgs {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly capacity: number;
  readonly priceWei: bigint;
  readonly services: readonly Hex[];
}

function offerOf(args: OfferArgs): Pick<EdgeNodeRecord, 'latitudeE6' | 'longitudeE6' | 'capacity' | 'priceWei' | 'services'> {
  const { latitudeE6, longitudeE6, capacity, priceWei } = args;
  return { latitudeE6, longitudeE6, capacity, priceWei, services: args.services.map(bytesText) };
}
