import { BoundedMap } from '../../bounded-map.ts';
import type { Network } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { BLOCKS_ENCODED_MAX, SYNC_BLOCKS_PER_REQUEST_MAX, SYNC_RESPONSE_BYTES_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import { encodeRawBlock } from '../chain/block-codec.ts';
import type { ReadBlock } from '../chain/chain-reader.ts';
import type { ChainStore } from '../chain/chain-store.ts';
import { bytesOf, decode, encode, listOf, numberOf } from '../rlp-fields.ts';
import { LEDGER_PROTOCOLS } from './protocols.ts';

export interface BlockServerOptions {
  readonly network: Network;
  readonly store: ChainStore;
  /** A block that is in memory. */
  readonly recent: (number: number) => ReadBlock | undefined;
  readonly headNumber: () => number;
}

/** Answers peers that catch up: blocks as they are stored, with their certificates. */
export function serveBlocks(options: BlockServerOptions): void {
  const latest = new BoundedMap<number, Uint8Array>(BLOCKS_ENCODED_MAX);
  const encodedBlock = async (number: number): Promise<Uint8Array | undefined> => {
    const known = latest.get(number);
    if (known !== undefined) return known;
    const block = recentBlock(options.recent(number)) ?? (await storedBlock(options.store, number));
    if (block === undefined) return undefined;
    if (number > options.headNumber() - BLOCKS_ENCODED_MAX) latest.set(number, block);
    return block;
  };
  // Followers ask for the same block at the same time: the answer is put together once.
  const answers = new BoundedMap<string, Uint8Array>(BLOCKS_ENCODED_MAX);
  options.network.onRequest(LEDGER_PROTOCOLS.blocks, async (_from, request) => {
    const [from, count] = listOf(decode(request, 'request for blocks'), 'request for blocks', 2);
    const first = Math.max(1, numberOf(from, 'first block'));
    const wanted = Math.min(numberOf(count, 'count of blocks'), SYNC_BLOCKS_PER_REQUEST_MAX);
    const head = options.headNumber();
    const last = Math.min(head, first + wanted - 1);
    const { firstBlock } = options.store;
    if (first < firstBlock && first <= head) {
      throw new TreadleError('LEDGER_PRUNED', {
        detail: `block ${first} is no longer kept here, the oldest one with its transactions is ${firstBlock}`,
        data: { number: first, first: firstBlock },
      });
    }
    const key = `${head} ${first} ${last}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = encode([head, await blocksFrom(encodedBlock, { first, last })]);
    if (first === head) answers.set(key, answer);
    return answer;
  });
}

function recentBlock(block: ReadBlock | undefined): Uint8Array | undefined {
  const certificate = block?.record.certificate;
  if (block === undefined || certificate === undefined) return undefined;
  const raws = block.transactions.map(({ raw }) => raw);
  return encodeRawBlock(block.header.rlp, raws, certificate);
}

async function storedBlock(store: ChainStore, number: number): Promise<Uint8Array | undefined> {
  const stored = await store.peekHeader(number);
  const content = await store.peekContent(number);
  if (stored?.certificate !== undefined && content !== undefined)
    return encodeRawBlock(stored.header.rlp, content.body, stored.certificate);
  // Whoever asks has to ask another; for the next one this node mends it, which takes its peers.
  void Promise.all([store.header(number), store.body(number), store.outcomes(number)]).catch(() => undefined);
  return undefined;
}

/** What {@link serveBlocks} answered. */
export interface BlocksAnswer {
  readonly head: number;
  readonly blocks: readonly Uint8Array[];
}

/** Reads an answer of {@link serveBlocks}. @throws TreadleError LEDGER_MALFORMED */
export const readBlocksAnswer = rememberByIdentity((answer: Uint8Array): BlocksAnswer => {
  const [head, blocks] = listOf(decode(answer, 'answer with blocks'), 'answer with blocks', 2);
  return {
    head: numberOf(head, 'head number'),
    blocks: listOf(blocks, 'blocks').map((block) => bytesOf(block, 'block')),
  };
});

async function blocksFrom(
  encodedBlock: (number: number) => Promise<Uint8Array | undefined>,
  range: { readonly first: number; readonly last: number },
): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (let number = range.first; number <= range.last; number++) {
    const block = await encodedBlock(number);
    if (block === undefined) break;
    if (blocks.length > 0 && sizeBytes + block.length > SYNC_RESPONSE_BYTES_MAX) break;
    blocks.push(block);
    sizeBytes += block.length;
  }
  return blocks;
}
