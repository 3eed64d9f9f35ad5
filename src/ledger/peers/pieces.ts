import { BoundedMap } from '../../bounded-map.ts';
import { fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import type { Logger, Metrics, Network, NodeId } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { FETCH_PEERS_MAX, FETCH_TIMEOUT_MICROS, PEERS_MAX, STATE_NODES_PER_REQUEST_MAX } from '../../limits.ts';
import { decodeBlock, type RawBlock } from '../chain/block-codec.ts';
import { decodePlace, decodeStoredHeader, type Place, type StoredHeader } from '../chain/chain-records.ts';
import { bytesOf, decode, encode, listOf } from '../rlp-fields.ts';
import { readBlocksAnswer } from './block-server.ts';
import { reasonOf } from './gossip.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface PiecesOptions {
  readonly network: Network;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Connected full nodes, those to be asked first in front. */
  readonly peers: () => readonly NodeId[];
}

/** Faults that only a peer which lies or is broken delivers. */
export const PEER_FAULTS: ReadonlySet<string> = new Set([
  'LEDGER_MALFORMED',
  'LEDGER_BAD_BLOCK',
  'LEDGER_BAD_CERTIFICATE',
  'LEDGER_BAD_PIECE',
]);

/** Reads and checks an answer. Undefined: the peer does not have it. @throws TreadleError with a code of PEER_FAULTS when the peer lies */
type Judge<T> = (answer: Uint8Array) => T | undefined | Promise<T | undefined>;

/**
 * Asks peers, one after another, for pieces of the chain that can be checked on their own: state by its hash, headers,
 * bodies and receipts by what commits to them. A peer whose piece is false is dropped, and the next one asked.
 */
export class Pieces {
  private readonly options: PiecesOptions;
  /** So that not every question goes to the same peer. */
  private turn = 0;
  /** Peers that failed when they were asked last: they come after the others until they answer again. */
  private readonly failing = new BoundedMap<NodeId, true>(2 * PEERS_MAX);

  constructor(options: PiecesOptions) {
    this.options = options;
  }

  /** What can be had of these trie nodes and code, by hash without `0x`. */
  async nodes(hashes: readonly string[], peer?: NodeId): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (const each of peer === undefined ? this.peersInTurn() : [peer]) {
      const wanted = hashes.filter((hash) => !found.has(hash)).slice(0, STATE_NODES_PER_REQUEST_MAX);
      if (wanted.length === 0) break;
      await this.ask(each, LEDGER_PROTOCOLS.nodes, encode(wanted.map((hash) => fromHex(hash))), (answer) => {
        for (const [hash, node] of readNodes(answer, wanted)) found.set(hash, node);
        return true;
      });
    }
    return found;
  }

  /** The header `number` and its certificate, as the first peer says of which `accept` approves. */
  header(number: number, accept: (stored: StoredHeader) => boolean | Promise<boolean>): Promise<StoredHeader | undefined> {
    return this.askEach(LEDGER_PROTOCOLS.headers, encode([number, 1]), async (answer) => {
      const [stored] = readHeaders(answer);
      if (stored === undefined) return undefined;
      if (await accept(stored)) return stored;
      throw badPiece(`header ${number} is not the one of this chain`);
    });
  }

  /** Block `number`, when `accept` approves of it. */
  block(number: number, accept: (block: RawBlock) => boolean, from?: readonly NodeId[]): Promise<RawBlock | undefined> {
    const judge = (answer: Uint8Array): RawBlock | undefined => {
      const [encoded] = readBlocksAnswer(answer).blocks;
      if (encoded === undefined) return undefined;
      const block = decodeBlock(encoded);
      if (accept(block)) return block;
      throw badPiece(`block ${number} is not the one of this chain`);
    };
    return this.askEach(LEDGER_PROTOCOLS.blocks, encode([number, 1]), judge, from);
  }

  /** What the transactions of block `number` came to, when `read` can make it out and finds it right. */
  receipts<T>(number: number, read: (stored: Uint8Array) => T, from?: readonly NodeId[]): Promise<T | undefined> {
    return this.askEach(
      LEDGER_PROTOCOLS.receipts,
      encode(number),
      (answer) => (answer.length === 0 ? undefined : read(answer)),
      from,
    );
  }

  /** Where a transaction (or, with index 0, a block) of this hash stands, when `accept` approves of it. */
  find(hash: Hex, accept: (place: Place) => Promise<boolean>): Promise<Place | undefined> {
    return this.askEach(LEDGER_PROTOCOLS.find, fromHex(hash), async (answer) => {
      if (answer.length === 0) return undefined;
      const place = decodePlace(answer);
      if (await accept(place)) return place;
      throw badPiece(`${hash} is not in block ${place.number}`);
    });
  }

  /** Asks one peer. Undefined when it does not answer, does not have it, or lies; who lies is dropped. */
  async ask<T>(peer: NodeId, protocol: string, request: Uint8Array, judge: Judge<T>): Promise<T | undefined> {
    const { network, log, metrics } = this.options;
    try {
      const answer = await network.request(peer, protocol, request, { timeoutMicros: FETCH_TIMEOUT_MICROS });
      metrics.count('storage_fetched_bytes_total', answer.length);
      const piece = await judge(answer);
      this.failing.delete(peer);
      return piece;
    } catch (error) {
      if (!(error instanceof TreadleError)) throw error;
      this.failing.set(peer, true);
      log.debug('piece-not-delivered', { peer, protocol, reason: reasonOf(error) });
      if (PEER_FAULTS.has(error.code)) {
        metrics.count('storage_lies_total');
        network.penalise(peer, reasonOf(error));
      }
      return undefined;
    }
  }

  /** Full nodes, beginning with another one each time. */
  peersInTurn(): readonly NodeId[] {
    const peers = this.options.peers();
    const start = peers.length === 0 ? 0 : this.turn++ % peers.length;
    const inTurn = [...peers.slice(start), ...peers.slice(0, start)];
    const fails = (peer: NodeId): boolean => this.failing.get(peer) !== undefined;
    return [...inTurn.filter((peer) => !fails(peer)), ...inTurn.filter(fails)].slice(0, FETCH_PEERS_MAX);
  }

  private async askEach<T>(
    protocol: string,
    request: Uint8Array,
    judge: Judge<T>,
    peers: readonly NodeId[] = this.peersInTurn(),
  ): Promise<T | undefined> {
    for (const peer of peers) {
      const piece = await this.ask(peer, protocol, request, judge);
      if (piece !== undefined) return piece;
    }
    return undefined;
  }
}

/** The nodes of an answer, in the order in which they were asked for; an empty one is not held. */
function* readNodes(answer: Uint8Array, wanted: readonly string[]): Iterable<readonly [string, Uint8Array]> {
  const items = listOf(decode(answer, 'answer with state'), 'answer with state');
  if (items.length > wanted.length) throw badPiece('more state came than was asked for');
  for (const [at, item] of items.entries()) {
    const node = bytesOf(item, 'state node');
    if (node.length === 0) continue;
    const hash = toHex(keccak256(node)).slice(2);
    if (hash !== wanted[at]) throw badPiece('a state node has another hash than was asked for');
    yield [hash, node];
  }
}

/** The stored headers of an answer, not proved yet. @throws TreadleError LEDGER_MALFORMED | LEDGER_BAD_BLOCK */
export function readHeaders(answer: Uint8Array): readonly StoredHeader[] {
  return listOf(decode(answer, 'answer with headers'), 'answer with headers').map((item) =>
    decodeStoredHeader(bytesOf(item, 'certified header')),
  );
}

export function badPiece(detail: string): TreadleError {
  return new TreadleError('LEDGER_BAD_PIECE', { detail });
}
