import { BoundedMap } from '../../bounded-map.ts';
import { type Hex, keccak256, toHex } from '../../crypto/index.ts';
import type { Table, TableOperation } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { BLOCK_CONTENTS_SHARED_MAX } from '../../limits.ts';
import type { Certificate } from '../ledger.ts';
import { Serial } from '../serial.ts';
import { FLOOR_KEY, HEAD_KEY, hashKey, meaningOf, numberKey, PREFIX } from './chain-keys.ts';
import {
  decodeBody,
  decodeFloor,
  decodeHead,
  decodeNumber,
  decodePlace,
  decodeStoredHeader,
  encodeBody,
  encodeFloor,
  encodeHead,
  encodeNumber,
  encodePlace,
  encodeStoredHeader,
  type Place,
  type StoredFloor,
  type StoredHead,
  type StoredHeader,
} from './chain-records.ts';
import type { Header } from './header.ts';
import { decodeOutcomes, encodeOutcomes, type Outcome } from './receipt-codec.ts';

export type { Place, StoredFloor, StoredHead, StoredHeader } from './chain-records.ts';

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

/** Gets back what the disk has lost of the chain: checked, and stored anew. Each throws LEDGER_DAMAGED when nobody can help. */
export interface ChainMender {
  header(number: number): Promise<StoredHeader>;
  body(number: number): Promise<readonly Uint8Array[]>;
  outcomes(number: number): Promise<readonly Outcome[]>;
  numberOf(hash: Hex): Promise<number>;
  place(hash: Hex): Promise<Place>;
}

function put(key: Uint8Array, value: Uint8Array): TableOperation {
  return { type: 'put', key, value };
}

function del(key: Uint8Array): TableOperation {
  return { type: 'del', key };
}

/** What every node of a process writes alike for a block: all but header record and head. */
function contentOperations({ header, transactions, outcomes }: BlockToStore): readonly TableOperation[] {
  const known = contents.get(header.hash);
  if (known?.transactions === transactions && known.outcomes === outcomes) return known.operations;
  const operations = [
    put(hashKey(PREFIX.number, header.hash), encodeNumber(header.number)),
    put(numberKey(PREFIX.body, header.number), encodeBody(transactions.map(({ raw }) => raw))),
    put(numberKey(PREFIX.outcomes, header.number), encodeOutcomes(outcomes)),
    ...transactions.map(({ hash }, index) => put(hashKey(PREFIX.place, hash), encodePlace({ number: header.number, index }))),
  ];
  contents.set(header.hash, { transactions, outcomes, operations });
  return operations;
}

interface Content extends Pick<BlockToStore, 'transactions' | 'outcomes'> {
  readonly operations: readonly TableOperation[];
}

// Not by the header's identity: headers are remembered for long, and with them every transaction of their blocks would be.
const contents = new BoundedMap<Hex, Content>(BLOCK_CONTENTS_SHARED_MAX);

/** A value as it was found on the disk. */
type Found = Uint8Array | 'missing' | 'damaged';

/**
 * The chain on disk: headers, bodies, receipts and where to find them, in one table. Headers are kept from genesis on,
 * bodies and receipts from `firstBlock` on. What a read finds damaged or missing is asked of the mender, if there is one.
 */
export class ChainStore {
  private readonly table: Table;
  /** Writes follow one another, so that what is deleted can be decided while nothing is written. */
  private readonly writes = new Serial();
  private mender: ChainMender | undefined;
  private floor: StoredFloor = { block: 0, state: 0 };

  constructor(table: Table) {
    this.table = table;
  }

  /** From this block on bodies and receipts are here. */
  get firstBlock(): number {
    return this.floor.block;
  }

  /** From this block on the state after it is here. */
  get firstState(): number {
    return this.floor.state;
  }

  /** From now on, what is damaged is mended. */
  mendWith(mender: ChainMender): void {
    this.mender = mender;
  }

  // --- writing -------------------------------------------------------------------------------

  /** Writes a block as the new head, all of it or nothing; durable when it resolves. @throws TreadleError DISK_FULL */
  append(block: BlockToStore, options: { readonly floor?: StoredFloor } = {}): Promise<void> {
    const { header, certificate, transactionCount } = block;
    const operations = [
      ...block.stateOperations,
      put(
        numberKey(PREFIX.header, header.number),
        encodeStoredHeader({ header, transactionCount, ...(certificate && { certificate }) }),
      ),
      ...contentOperations(block),
      put(HEAD_KEY, encodeHead({ number: header.number, hash: header.hash, transactionCount })),
    ];
    const { floor } = options;
    if (floor !== undefined) operations.push(put(FLOOR_KEY, encodeFloor(floor)));
    return this.writes.run(async () => {
      await this.table.batch(operations, { sync: true });
      if (floor !== undefined) this.floor = floor;
    });
  }

  /** Writes headers that are proved but not yet reached by the head. @throws TreadleError DISK_FULL */
  appendHeaders(headers: readonly StoredHeader[]): Promise<void> {
    return this.write(headers.flatMap((stored) => [...headerOperations(stored)]));
  }

  /** Puts a value back that was lost. @throws TreadleError DISK_FULL */
  async restore(
    lost:
      | { readonly header: StoredHeader }
      | { readonly number: number; readonly body: readonly Uint8Array[] }
      | { readonly number: number; readonly outcomes: readonly Outcome[] }
      | { readonly hash: Hex; readonly place: Place }
      | { readonly hash: Hex; readonly number: number },
  ): Promise<void> {
    if ('header' in lost) return this.write(headerOperations(lost.header));
    if ('body' in lost) {
      const places = lost.body.map((raw, index) =>
        put(hashKey(PREFIX.place, toHex(keccak256(raw))), encodePlace({ number: lost.number, index })),
      );
      return this.write([put(numberKey(PREFIX.body, lost.number), encodeBody(lost.body)), ...places]);
    }
    if ('outcomes' in lost) return this.write([put(numberKey(PREFIX.outcomes, lost.number), encodeOutcomes(lost.outcomes))]);
    if ('place' in lost) return this.write([put(hashKey(PREFIX.place, lost.hash), encodePlace(lost.place))]);
    return this.write([put(hashKey(PREFIX.number, lost.hash), encodeNumber(lost.number))]);
  }

  /** Writes the head record again, and where what is kept begins. */
  restoreHead(head: StoredHead): Promise<void> {
    return this.write([put(HEAD_KEY, encodeHead(head)), put(FLOOR_KEY, encodeFloor(this.floor))]);
  }

  /**
   * Says that bodies and receipts, or states, below a block are gone. They are deleted afterwards: a crash in between leaves
   * what nobody asks for any more, and the next start deletes it.
   */
  async raiseFloor(raised: Partial<StoredFloor>): Promise<void> {
    const block = Math.max(this.floor.block, raised.block ?? 0);
    const state = Math.max(this.floor.state, raised.state ?? 0);
    if (block === this.floor.block && state === this.floor.state) return;
    this.floor = { block, state };
    try {
      await this.write([put(FLOOR_KEY, encodeFloor(this.floor))]);
    } catch (error) {
      // A full disk is what is pruned for. The next start sees by the oldest body how far it got.
      if (!hasCode(error, 'DISK_FULL')) throw error;
    }
  }

  /** Deletes bodies, receipts and places of at most `limit` blocks below `firstBlock`; returns the transactions that went, oldest first. */
  async dropContent(limit: number): Promise<{ readonly blocks: number; readonly transactions: readonly Uint8Array[] }> {
    const transactions: Uint8Array[] = [];
    const operations: TableOperation[] = [];
    let blocks = 0;
    const below = (prefix: number) => ({ from: numberKey(prefix, 0), to: numberKey(prefix, this.floor.block), limit });
    const spoilt = (key: Uint8Array): void => void operations.push(del(key));
    // Genesis has an empty body, which goes with the others: nobody asks for it.
    for await (const [key, bytes] of this.table.entries({ ...below(PREFIX.body), onDamaged: spoilt })) {
      blocks += 1;
      operations.push(del(key));
      for (const raw of decodeBody(bytes)) {
        transactions.push(raw);
        operations.push(del(hashKey(PREFIX.place, toHex(keccak256(raw)))));
      }
    }
    for await (const [key] of this.table.entries({ ...below(PREFIX.outcomes), onDamaged: spoilt })) operations.push(del(key));
    if (operations.length > 0) await this.write(operations);
    return { blocks, transactions };
  }

  /** Gives the room of deleted bodies and receipts back. */
  async compactContent(): Promise<void> {
    for (const prefix of [PREFIX.body, PREFIX.outcomes, PREFIX.place]) {
      await this.table.compact({ from: Uint8Array.of(prefix), to: Uint8Array.of(prefix + 1) });
    }
  }

  /** Runs a write that decides what it does while no other write is under way. */
  exclusively<T>(work: (table: Table) => Promise<T>): Promise<T> {
    return this.writes.run(() => work(this.table));
  }

  // --- reading -------------------------------------------------------------------------------

  /** Reads where the chain begins and ends; 'damaged' when there is a chain whose head record cannot be read. */
  async open(): Promise<StoredHead | 'damaged' | undefined> {
    const floor = await this.find(FLOOR_KEY);
    const known = floor instanceof Uint8Array ? decodeFloor(floor) : { block: 0, state: 0 };
    const first = await this.firstBody();
    this.floor = { block: Math.max(known.block, first), state: floor === 'damaged' ? first : known.state };
    const head = await this.find(HEAD_KEY);
    if (head instanceof Uint8Array) return decodeHead(head);
    if (head === 'damaged') return 'damaged';
    let any = false;
    const range = { from: numberKey(PREFIX.header, 0), to: Uint8Array.of(PREFIX.header + 1), limit: 1 };
    for await (const _ of this.table.entries({ ...range, onDamaged: () => (any = true) })) any = true;
    return any ? 'damaged' : undefined;
  }

  /** The newest block that has a body: bodies are written up to the head only. */
  async lastBody(): Promise<number> {
    const keys: Uint8Array[] = [];
    const range = { from: numberKey(PREFIX.body, 0), to: Uint8Array.of(PREFIX.body + 1), reverse: true, limit: 1 };
    for await (const [key] of this.table.entries({ ...range, onDamaged: (key) => keys.push(key) })) keys.push(key);
    const meaning = keys[0] === undefined ? undefined : meaningOf(keys[0]);
    return meaning?.kind === 'body' ? meaning.number : 0;
  }

  /** The header of a block up to the head. */
  async header(number: number): Promise<StoredHeader | undefined> {
    const found = await this.find(numberKey(PREFIX.header, number));
    if (found instanceof Uint8Array) return decodeStoredHeader(found);
    if (this.mender !== undefined) return this.mender.header(number);
    if (found === 'missing') return undefined;
    throw damaged(`the header of block ${number}`);
  }

  /** A header as the disk has it, also above the head; undefined when it is missing or damaged. */
  async peekHeader(number: number): Promise<StoredHeader | undefined> {
    const found = await this.find(numberKey(PREFIX.header, number));
    return found instanceof Uint8Array ? decodeStoredHeader(found) : undefined;
  }

  /** Headers from `from` to `to`, both included, in order. With `tolerant`, what cannot be read is left out. */
  async *headers(from: number, to: number, options: { readonly tolerant?: boolean } = {}): AsyncIterable<StoredHeader> {
    const range = { from: numberKey(PREFIX.header, from), to: numberKey(PREFIX.header, to + 1) };
    let next = from;
    for await (const [, bytes] of this.table.entries({ ...range, onDamaged: () => undefined })) {
      const stored = decodeStoredHeader(bytes);
      if (options.tolerant !== true) yield* this.headersOneByOne(next, stored.header.number - 1);
      yield stored;
      next = stored.header.number + 1;
    }
    if (options.tolerant !== true) yield* this.headersOneByOne(next, to);
  }

  async numberOf(hash: Hex): Promise<number | undefined> {
    const found = await this.find(hashKey(PREFIX.number, hash));
    if (found instanceof Uint8Array) return decodeNumber(found);
    if (found === 'missing') return undefined;
    if (this.mender === undefined) throw damaged(`the number of block ${hash}`);
    return this.mender.numberOf(hash);
  }

  /** The encoded transactions of a block up to the head. @throws TreadleError LEDGER_PRUNED | LEDGER_DAMAGED */
  async body(number: number): Promise<readonly Uint8Array[]> {
    this.assertKept(number);
    const found = await this.find(numberKey(PREFIX.body, number));
    if (found instanceof Uint8Array) return decodeBody(found);
    this.assertKept(number);
    if (this.mender === undefined) throw damaged(`the body of block ${number}`);
    return this.mender.body(number);
  }

  /** The outcomes of a block up to the head. @throws TreadleError LEDGER_PRUNED | LEDGER_DAMAGED */
  async outcomes(number: number): Promise<readonly Outcome[]> {
    this.assertKept(number);
    const found = await this.find(numberKey(PREFIX.outcomes, number));
    if (found instanceof Uint8Array) return decodeOutcomes(found);
    this.assertKept(number);
    if (this.mender === undefined) throw damaged(`the receipts of block ${number}`);
    return this.mender.outcomes(number);
  }

  /** A body and what it came to as the disk has them; undefined when one of them is missing or damaged. */
  async peekContent(
    number: number,
  ): Promise<{ readonly body: readonly Uint8Array[]; readonly outcomes: Uint8Array } | undefined> {
    const body = await this.find(numberKey(PREFIX.body, number));
    const outcomes = await this.find(numberKey(PREFIX.outcomes, number));
    if (!(body instanceof Uint8Array && outcomes instanceof Uint8Array)) return undefined;
    return { body: decodeBody(body), outcomes };
  }

  /** Where a transaction stands; undefined for one that is in no block that is kept. */
  async place(hash: Hex): Promise<Place | undefined> {
    const found = await this.find(hashKey(PREFIX.place, hash));
    const place = found instanceof Uint8Array ? decodePlace(found) : undefined;
    if (place !== undefined) return place.number >= this.floor.block ? place : undefined;
    if (found === 'missing') return undefined;
    if (this.mender === undefined) throw damaged(`the place of transaction ${hash}`);
    return this.mender.place(hash);
  }

  /** Where a transaction stands, as the disk has it. */
  async peekPlace(hash: Hex): Promise<Place | undefined> {
    const found = await this.find(hashKey(PREFIX.place, hash));
    return found instanceof Uint8Array ? decodePlace(found) : undefined;
  }

  /** The number of a block, as the disk has it. */
  async peekNumber(hash: Hex): Promise<number | undefined> {
    const found = await this.find(hashKey(PREFIX.number, hash));
    return found instanceof Uint8Array ? decodeNumber(found) : undefined;
  }

  /** @throws TreadleError LEDGER_PRUNED when the state after this block is no longer kept */
  assertStateKept(number: number): void {
    if (number >= this.floor.state) return;
    throw new TreadleError('LEDGER_PRUNED', {
      detail: `the state after block ${number} is no longer kept here, the oldest one is that after block ${this.floor.state}`,
      data: { number, first: this.floor.state },
    });
  }

  // --- within --------------------------------------------------------------------------------

  private write(operations: readonly TableOperation[]): Promise<void> {
    return this.writes.run(() => this.table.batch(operations, { sync: true }));
  }

  private async find(key: Uint8Array): Promise<Found> {
    try {
      return (await this.table.get(key)) ?? 'missing';
    } catch (error) {
      if (hasCode(error, 'DISK_DAMAGED')) return 'damaged';
      throw error;
    }
  }

  private async *headersOneByOne(from: number, to: number): AsyncIterable<StoredHeader> {
    for (let number = from; number <= to; number++) {
      const stored = await this.header(number);
      if (stored !== undefined) yield stored;
    }
  }

  /** The oldest body: they are deleted from the oldest on, so what is kept begins with it or later. */
  private async firstBody(): Promise<number> {
    const range = { from: numberKey(PREFIX.body, 0), to: Uint8Array.of(PREFIX.body + 1), limit: 1 };
    const keys: Uint8Array[] = [];
    for await (const [key] of this.table.entries({ ...range, onDamaged: (key) => keys.push(key) })) keys.push(key);
    const meaning = keys[0] === undefined ? undefined : meaningOf(keys[0]);
    return meaning?.kind === 'body' ? meaning.number : 0;
  }

  private assertKept(number: number): void {
    if (number >= this.floor.block) return;
    throw new TreadleError('LEDGER_PRUNED', {
      detail: `block ${number} is no longer kept here, the oldest one with its transactions is ${this.floor.block}`,
      data: { number, first: this.floor.block },
    });
  }
}

function headerOperations(stored: StoredHeader): readonly TableOperation[] {
  const { number, hash } = stored.header;
  return [
    put(numberKey(PREFIX.header, number), encodeStoredHeader(stored)),
    put(hashKey(PREFIX.number, hash), encodeNumber(number)),
  ];
}

function damaged(what: string): TreadleError {
  return new TreadleError('LEDGER_DAMAGED', { detail: `${what} cannot be read` });
}
