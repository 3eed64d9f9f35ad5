import { BoundedMap } from '../../bounded-map.ts';
import type { Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { BLOCKHASHES_CACHED_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import type { BlockId, BlockRecord, ReceiptProof, ReceiptRecord } from '../ledger.ts';
import { decodeTransaction, type SignedTransaction } from '../pool/transaction-codec.ts';
import { orderedProof, orderedTrie } from '../trie/ordered-trie.ts';
import type { ChainStore, StoredHeader } from './chain-store.ts';
import type { Header } from './header.ts';
import { encodeConsensusReceipt, receiptsOf } from './receipt-codec.ts';
import { RecentBlocks } from './recent-blocks.ts';

/** A block as readers want it. */
export interface ReadBlock {
  readonly record: BlockRecord;
  readonly header: Header;
  readonly transactions: readonly SignedTransaction[];
  readonly receipts: readonly ReceiptRecord[];
}

export interface ChainReaderOptions {
  readonly chainId: number;
  readonly store: ChainStore;
  readonly head: () => Header;
}

/** Finds blocks, transactions and receipts in the stored chain; the latest blocks are kept decoded. */
export class ChainReader {
  private readonly options: ChainReaderOptions;
  private readonly blocks = new RecentBlocks<ReadBlock>();
  private readonly hashes = new BoundedMap<number, Hex>(BLOCKHASHES_CACHED_MAX);

  constructor(options: ChainReaderOptions) {
    this.options = options;
  }

  /**
   * Reads the hashes that contracts can ask for: execution then never waits for this node's disk, which matters where
   * one execution serves several nodes and one of them may crash.
   */
  async warmUp(): Promise<void> {
    const { number } = this.options.head();
    const range = [Math.max(0, number - 256), number] as const;
    for await (const { header } of this.options.store.headers(...range, { tolerant: true }))
      this.hashes.set(header.number, header.hash);
  }

  /** Keeps a block that was just stored. */
  remember(block: ReadBlock): void {
    this.hashes.set(block.header.number, block.header.hash);
    this.blocks.set(block.header.number, block);
  }

  /** A block that is in memory. */
  recent(number: number): ReadBlock | undefined {
    return this.blocks.get(number);
  }

  /** The number that a block id means here, or undefined when there is no such block. */
  async resolve(id: BlockId): Promise<number | undefined> {
    const head = this.options.head();
    if (typeof id === 'number') return Number.isSafeInteger(id) && id >= 0 && id <= head.number ? id : undefined;
    if (id === 'earliest') return 0;
    if (!id.startsWith('0x') || id === head.hash) return head.number;
    const number = await this.options.store.numberOf(id as Hex);
    // Headers that are stored ahead of the head belong to no block yet.
    return number !== undefined && number <= head.number ? number : undefined;
  }

  async header(id: BlockId): Promise<Header | undefined> {
    const head = this.options.head();
    const number = await this.resolve(id);
    if (number === undefined) return undefined;
    if (number === head.number) return head;
    return this.blocks.get(number)?.header ?? (await this.options.store.header(number))?.header;
  }

  /** A header with what made it final, also where the block's transactions are no longer kept. */
  async certified(id: BlockId): Promise<StoredHeader | undefined> {
    const number = await this.resolve(id);
    if (number === undefined) return undefined;
    const record = this.blocks.get(number);
    const certificate = record?.record.certificate;
    if (record !== undefined && certificate !== undefined) return { header: record.header, certificate };
    return this.options.store.header(number);
  }

  /** @throws TreadleError LEDGER_UNKNOWN_BLOCK */
  async headerOrThrow(id: BlockId): Promise<Header> {
    const header = await this.header(id);
    if (header === undefined)
      throw new TreadleError('LEDGER_UNKNOWN_BLOCK', { detail: `block ${id} is not known here`, data: { block: id } });
    return header;
  }

  async block(id: BlockId): Promise<ReadBlock | undefined> {
    const number = await this.resolve(id);
    return number === undefined ? undefined : (this.blocks.get(number) ?? this.load(number));
  }

  async hashOf(number: number): Promise<Hex | undefined> {
    return this.hashes.get(number) ?? (await this.header(number))?.hash;
  }

  /** A committed transaction and the block that it stands in. */
  async transaction(hash: Hex): Promise<{ readonly block: ReadBlock; readonly index: number } | undefined> {
    const place = await this.options.store.place(hash);
    const block = place === undefined ? undefined : await this.block(place.number);
    return place === undefined || block === undefined ? undefined : { block, index: place.index };
  }

  /** The proof that a transaction's receipt is in its block; undefined for what is in no block. */
  async receiptProof(hash: Hex): Promise<ReceiptProof | undefined> {
    const found = await this.transaction(hash);
    const certificate = found?.block.record.certificate;
    if (found === undefined || certificate === undefined) return undefined;
    const proof = await orderedProof(receiptTrieOf(found.block.receipts), found.index);
    const transactionProof = await orderedProof(transactionTrieOf(found.block.transactions), found.index);
    return { header: found.block.header, certificate, index: found.index, proof, transactionProof };
  }

  private async load(number: number): Promise<ReadBlock | undefined> {
    const { store, chainId } = this.options;
    const stored = await store.header(number);
    if (stored === undefined) return undefined;
    const transactions = (await store.body(number)).map((raw) => decodeTransaction(raw, chainId));
    const receipts = receiptsOf(await store.outcomes(number), stored.header);
    const block = readBlock({
      header: stored.header,
      transactions,
      receipts,
      ...(stored.certificate && { certificate: stored.certificate }),
    });
    this.blocks.set(number, block);
    return block;
  }
}

const transactionTrieOf = rememberByIdentity((transactions: readonly SignedTransaction[]) =>
  orderedTrie(transactions.map(({ raw }) => raw)),
);

const receiptTrieOf = rememberByIdentity((receipts: readonly ReceiptRecord[]) =>
  orderedTrie(receipts.map(encodeConsensusReceipt)),
);

/** Puts the parts of a block together. */
export function readBlock(parts: Omit<ReadBlock, 'record'> & Pick<BlockRecord, 'certificate'>): ReadBlock {
  const { header, transactions, receipts, certificate } = parts;
  let decoded: BlockRecord['transactions'] | undefined;
  const record: BlockRecord = {
    header,
    encoded: transactions,
    // The library's objects are made when somebody wants them: a sealer commits most blocks without.
    get transactions() {
      decoded ??= transactions.map(({ transaction }) => transaction);
      return decoded;
    },
    ...(certificate && { certificate }),
  };
  return { record, header, transactions, receipts };
}
