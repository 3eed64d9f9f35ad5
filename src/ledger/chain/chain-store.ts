import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Table, TableOperation } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Certificate } from '../ledger.ts';
import { bytesOf, decode, encode, type Item, listOf, numberOf } from '../rlp-fields.ts';
import { certificateFields, certificateOf } from './block-codec.ts';
import { decodeHeader, type Header } from './header.ts';
import { decodeOutcomes, encodeOutcomes, type Outcome } from './receipt-codec.ts';

/** A header with what made it final. */
export interface StoredHeader {
  readonly header: Header;
  /** Absent for genesis only. */
  readonly certificate?: Certificate;
}

/** What the last durable batch says. */
export interface StoredHead {
  readonly number: number;
  readonly hash: Hex;
  readonly transactionCount: number;
}

/** Everything of one block that is stored. */
export interface BlockToStore {
  readonly header: Header;
  readonly certificate?: Certificate;
  readonly transactions: readonly { readonly raw: Uint8Array; readonly hash: Hex }[];
  readonly outcomes: readonly Outcome[];
  /** Transactions in all blocks, this one counted. */
  readonly transactionCount: number;
  /** The state's part of the batch. */
  readonly stateOperations: readonly TableOperation[];
}

// The first byte of a key; 's' (0x73) belongs to the state.
const PREFIX = { header: 0x68, number: 0x6e, body: 0x62, outcomes: 0x72, place: 0x74, head: 0x6d } as const;

function numberKey(prefix: number, number: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = prefix;
  for (let at = 8, left = number; left > 0; at--, left = Math.floor(left / 256)) key[at] = left % 256;
  return key;
}

function hashKey(prefix: number, hash: Hex): Uint8Array {
  const key = new Uint8Array(33);
  key[0] = prefix;
  key.set(fromHex(hash), 1);
  return key;
}

function put(key: Uint8Array, value: Uint8Array): TableOperation {
  return { type: 'put', key, value };
}

/** What every node of a process writes alike for a block: all but certificate and head. */
function contentOperations({ header, transactions, outcomes }: BlockToStore): readonly TableOperation[] {
  const known = contents.get(header);
  if (known?.transactions === transactions && known.outcomes === outcomes) return known.operations;
  const operations = [
    put(hashKey(PREFIX.number, header.hash), encode(header.number)),
    put(numberKey(PREFIX.body, header.number), encode(transactions.map(({ raw }) => raw))),
    put(numberKey(PREFIX.outcomes, header.number), encodeOutcomes(outcomes)),
    ...transactions.map(({ hash }, index) => put(hashKey(PREFIX.place, hash), encode([header.number, index]))),
  ];
  contents.set(header, { transactions, outcomes, operations });
  return operations;
}

interface Content extends Pick<BlockToStore, 'transactions' | 'outcomes'> {
  readonly operations: readonly TableOperation[];
}

const contents = new WeakMap<Header, Content>();

const HEAD_KEY = Uint8Array.of(PREFIX.head);

/** The chain on disk: headers, bodies, receipts and where to find them, in one table. */
export class ChainStore {
  private readonly table: Table;

  constructor(table: Table) {
    this.table = table;
  }

  /** Writes a block as the new head, all of it or nothing; durable when it resolves. */
  async append(block: BlockToStore): Promise<void> {
    const { header, certificate } = block;
    await this.table.batch(
      [
        ...block.stateOperations,
        put(
          numberKey(PREFIX.header, header.number),
          encode([header.rlp, certificate === undefined ? [] : certificateFields(certificate)]),
        ),
        ...contentOperations(block),
        put(HEAD_KEY, encode([header.number, fromHex(header.hash), block.transactionCount])),
      ],
      { sync: true },
    );
  }

  async head(): Promise<StoredHead | undefined> {
    const bytes = await this.table.get(HEAD_KEY);
    if (bytes === undefined) return undefined;
    const [number, hash, count] = listOf(decode(bytes, 'stored head'), 'stored head', 3);
    return {
      number: numberOf(number, 'head number'),
      hash: toHex(bytesOf(hash, 'head hash', 32)),
      transactionCount: numberOf(count, 'transaction count'),
    };
  }

  async header(number: number): Promise<StoredHeader | undefined> {
    const bytes = await this.table.get(numberKey(PREFIX.header, number));
    return bytes === undefined ? undefined : storedHeaderOf(bytes);
  }

  /** Headers from `from` to `to`, both included, in order. */
  async *headers(from: number, to: number): AsyncIterable<StoredHeader> {
    const range = { from: numberKey(PREFIX.header, from), to: numberKey(PREFIX.header, to + 1) };
    for await (const [, bytes] of this.table.entries(range)) yield storedHeaderOf(bytes);
  }

  async numberOf(hash: Hex): Promise<number | undefined> {
    const bytes = await this.table.get(hashKey(PREFIX.number, hash));
    return bytes === undefined ? undefined : numberOf(decode(bytes, 'stored number'), 'stored number');
  }

  /** The encoded transactions of a block that is stored. @throws TreadleError LEDGER_DAMAGED */
  async body(number: number): Promise<readonly Uint8Array[]> {
    const bytes = await this.table.get(numberKey(PREFIX.body, number));
    if (bytes === undefined) throw missing(`the body of block ${number}`);
    return listOf(decode(bytes, 'stored body'), 'stored body').map((item: Item) => bytesOf(item, 'stored transaction'));
  }

  /** The outcomes of a block that is stored. @throws TreadleError LEDGER_DAMAGED */
  async outcomes(number: number): Promise<readonly Outcome[]> {
    const bytes = await this.table.get(numberKey(PREFIX.outcomes, number));
    if (bytes === undefined) throw missing(`the receipts of block ${number}`);
    return decodeOutcomes(bytes);
  }

  /** Where a transaction stands. */
  async place(hash: Hex): Promise<{ readonly number: number; readonly index: number } | undefined> {
    const bytes = await this.table.get(hashKey(PREFIX.place, hash));
    if (bytes === undefined) return undefined;
    const [number, index] = listOf(decode(bytes, 'stored place'), 'stored place', 2);
    return { number: numberOf(number, 'block number'), index: numberOf(index, 'transaction index') };
  }
}

function storedHeaderOf(bytes: Uint8Array): StoredHeader {
  const [rlp, certificate] = listOf(decode(bytes, 'stored header'), 'stored header', 2);
  const header = decodeHeader(bytesOf(rlp, 'stored header'));
  return header.number === 0 ? { header } : { header, certificate: certificateOf(certificate) };
}

function missing(what: string): TreadleError {
  return new TreadleError('LEDGER_DAMAGED', { detail: `${what} is missing` });
}
