import { fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import type { Logger, Network, NodeId } from '../../environment/index.ts';
import { BODIES_PER_REQUEST_MAX, FETCH_PEERS_MAX, FETCH_TIMEOUT_MICROS, SYNC_RESPONSE_BYTES_MAX } from '../../limits.ts';
import { bytesOf, decode, encode, listOf } from '../rlp-fields.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface BodyExchangeOptions {
  readonly network: Network;
  readonly log: Logger;
  /** An encoded transaction that this node holds. */
  readonly find: (hash: Hex) => Promise<Uint8Array | undefined>;
  /** Connected peers, the most likely holders first. */
  readonly peers: () => readonly NodeId[];
}

/** Asks peers for the transactions that a proposal names, and answers when they ask. */
export class BodyExchange {
  private readonly options: BodyExchangeOptions;

  constructor(options: BodyExchangeOptions) {
    this.options = options;
  }

  register(): void {
    this.options.network.onRequest(LEDGER_PROTOCOLS.bodies, (_from, body) => this.answer(body));
  }

  /** Fetches what it can of `hashes`, from `first` first. Every body returned has the hash that it is filed under. */
  async fetch(hashes: readonly Hex[], first: NodeId): Promise<ReadonlyMap<Hex, Uint8Array>> {
    const found = new Map<Hex, Uint8Array>();
    const { network } = this.options;
    const others = this.options.peers().filter((peer) => peer !== first);
    const peers = (first === network.self ? others : [first, ...others]).slice(0, FETCH_PEERS_MAX);
    for (const peer of peers) {
      if (found.size === hashes.length) break;
      await this.fetchFrom(peer, hashes, found);
    }
    return found;
  }

  /** Asks one peer until it has nothing more that is wanted. Each request that goes on brought at least one body. */
  private async fetchFrom(peer: NodeId, hashes: readonly Hex[], found: Map<Hex, Uint8Array>): Promise<void> {
    const { network, log } = this.options;
    for (;;) {
      const wanted = hashes.filter((hash) => !found.has(hash)).slice(0, BODIES_PER_REQUEST_MAX);
      if (wanted.length === 0) return;
      let bodies: readonly Uint8Array[];
      try {
        const answer = await network.request(peer, LEDGER_PROTOCOLS.bodies, encode(wanted.map(fromHex)), {
          timeoutMicros: FETCH_TIMEOUT_MICROS,
        });
        bodies = bodiesOf(answer);
      } catch (error) {
        log.debug('bodies-not-delivered', { peer, wanted: wanted.length, reason: String(error) });
        return;
      }
      const open = new Set(wanted);
      for (const body of bodies) {
        const hash = toHex(keccak256(body));
        if (!open.delete(hash)) {
          network.penalise(peer, 'answered with a transaction that was not asked for');
          return;
        }
        found.set(hash, body);
      }
      if (bodies.length === 0) return;
    }
  }

  private async answer(request: Uint8Array): Promise<Uint8Array> {
    const hashes = listOf(decode(request, 'request for bodies'), 'request for bodies').slice(0, BODIES_PER_REQUEST_MAX);
    const bodies: Uint8Array[] = [];
    let sizeBytes = 0;
    for (const item of hashes) {
      const body = await this.options.find(toHex(bytesOf(item, 'transaction hash', 32)));
      if (body === undefined) continue;
      if (bodies.length > 0 && sizeBytes + body.length > SYNC_RESPONSE_BYTES_MAX) break;
      bodies.push(body);
      sizeBytes += body.length;
    }
    return encode(bodies);
  }
}

function bodiesOf(answer: Uint8Array): readonly Uint8Array[] {
  return listOf(decode(answer, 'answer with bodies'), 'answer with bodies').map((item) => bytesOf(item, 'body'));
}
