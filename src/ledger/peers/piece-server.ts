import { type Hex, toHex } from '../../crypto/index.ts';
import type { Network } from '../../environment/index.ts';
import { HEADERS_PER_REQUEST_MAX, STATE_NODES_PER_REQUEST_MAX, SYNC_RESPONSE_BYTES_MAX } from '../../limits.ts';
import { encodePlace, encodeStoredHeader } from '../chain/chain-records.ts';
import type { ChainStore } from '../chain/chain-store.ts';
import { bytesOf, decode, encode, listOf, numberOf } from '../rlp-fields.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface PieceServerOptions {
  readonly network: Network;
  readonly store: ChainStore;
  /** A trie node or code by its hash without `0x`, as this node has it now. */
  readonly stateNode: (hash: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
  readonly headNumber: () => number;
}

/**
 * Answers peers that join or that repair their disks. It gives only what this node has and has checked: it never asks
 * others in turn, so that two nodes with the same loss do not ask each other for ever.
 */
export function servePieces(options: PieceServerOptions): void {
  const { network, store, headNumber } = options;
  network.onRequest(LEDGER_PROTOCOLS.nodes, async (_from, request) => {
    const hashes = listOf(decode(request, 'request for state'), 'request for state').slice(0, STATE_NODES_PER_REQUEST_MAX);
    return nodesFor(
      hashes.map((item) => toHex(bytesOf(item, 'state hash', 32)).slice(2)),
      options,
    );
  });
  network.onRequest(LEDGER_PROTOCOLS.headers, async (_from, request) => {
    const [from, count] = listOf(decode(request, 'request for headers'), 'request for headers', 2);
    const first = Math.max(1, numberOf(from, 'first header'));
    const last = Math.min(headNumber(), first + Math.min(numberOf(count, 'count of headers'), HEADERS_PER_REQUEST_MAX) - 1);
    const headers: Uint8Array[] = [];
    let sizeBytes = 0;
    for (let number = first; number <= last && sizeBytes < SYNC_RESPONSE_BYTES_MAX; number++) {
      const stored = await store.peekHeader(number);
      if (stored === undefined) break;
      const encoded = encodeStoredHeader(stored);
      headers.push(encoded);
      sizeBytes += encoded.length;
    }
    return encode(headers);
  });
  network.onRequest(LEDGER_PROTOCOLS.receipts, async (_from, request) => {
    const number = numberOf(decode(request, 'request for receipts'), 'block number');
    const content = number < store.firstBlock || number > headNumber() ? undefined : await store.peekContent(number);
    return content?.outcomes ?? new Uint8Array(0);
  });
  network.onRequest(LEDGER_PROTOCOLS.find, async (_from, request) => {
    const place = await locate(store, toHex(bytesOf(request, 'hash', 32)));
    return place === undefined ? new Uint8Array(0) : encodePlace(place);
  });
}

/** In the order asked for; from the first that does not fit on, they are left out. */
async function nodesFor(hashes: readonly string[], { stateNode }: PieceServerOptions): Promise<Uint8Array> {
  const nodes: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const hash of hashes) {
    const node = (await stateNode(hash)) ?? new Uint8Array(0);
    if (nodes.length > 0 && sizeBytes + node.length > SYNC_RESPONSE_BYTES_MAX) break;
    nodes.push(node);
    sizeBytes += node.length;
  }
  return encode(nodes);
}

async function locate(store: ChainStore, hash: Hex): Promise<{ readonly number: number; readonly index: number } | undefined> {
  const place = await store.peekPlace(hash);
  if (place !== undefined) return place;
  const number = await store.peekNumber(hash);
  return number === undefined ? undefined : { number, index: 0 };
}
