import type { Hex } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { LANE_BLOCKS_PER_QUERY } from '../limits.ts';
import { OUTBOX_ADDRESS } from './addresses.ts';
import { type DecodedEvent, decodeEvent, type RawLog } from './contract-catalog.ts';
import { type Envelope, type MessageReceipt, messageHash, receiptHash } from './lane-messages.ts';
import { LaneTree, type Place } from './lane-tree.ts';
import type { LedgerClient } from './ledger-client.ts';
import type { PlacedLog } from './rpc-shapes.ts';

/** A message as it was sent: what relayers carry. */
export interface LaneMessage {
  readonly envelope: Envelope;
  readonly data: Hex;
  readonly index: number;
}

/** A receipt of a message that came over the lane in the other direction. */
export interface LaneReceipt {
  /** Of the message in its own lane. */
  readonly nonce: bigint;
  readonly message: Hex;
  readonly receipt: MessageReceipt;
  readonly index: number;
}

/** What `Inbox.executeMany` takes of one message. */
export interface Delivery {
  readonly envelope: Envelope;
  readonly data: Hex;
  readonly place: Place;
}

/** What `Outbox.settleMany` takes of one receipt. */
export interface Settlement {
  readonly envelope: Envelope;
  readonly receipt: MessageReceipt;
  readonly place: Place;
}

/**
 * One lane, rebuilt from the events of its Outbox. Whoever relays needs nothing else: what it holds is checked against the root
 * that the ledger shows, and is the same after every restart.
 */
export class LaneRecord {
  readonly destination: bigint;
  readonly tree = new LaneTree();
  readonly #messages = new Map<bigint, LaneMessage>();
  readonly #receipts = new Map<bigint, LaneReceipt>();

  constructor(destination: bigint) {
    this.destination = destination;
  }

  /** Messages by nonce. */
  get messages(): ReadonlyMap<bigint, LaneMessage> {
    return this.#messages;
  }

  /** Receipts by the nonce of the message that they are about. */
  get receipts(): ReadonlyMap<bigint, LaneReceipt> {
    return this.#receipts;
  }

  /**
   * Takes a log if it is one of this lane; in the order of the ledger, each once.
   * @returns whether it was one
   * @throws TreadleError CONTRACT_LANE_BROKEN when a leaf is missing before it
   */
  take(log: RawLog): boolean {
    const event = log.address === OUTBOX_ADDRESS ? decodeEvent(log) : undefined;
    return event !== undefined && this.takeEvent(event);
  }

  /** The same for an event of the Outbox that was decoded already. */
  takeEvent(event: DecodedEvent): boolean {
    if (event.args['destination'] !== this.destination) return false;
    if (event.name === 'Sent') this.#takeMessage(event);
    else if (event.name === 'ReceiptAdded') this.#takeReceipt(event);
    else return false;
    return true;
  }

  /** A message with its proof in the tree of the first `size` leaves. @throws RangeError when it is not there */
  delivery(nonce: bigint, size = this.tree.size): Delivery {
    const { envelope, data, index } = known(this.#messages.get(nonce), nonce);
    return { envelope, data, place: this.tree.place(index, size) };
  }

  /** The receipt of a message of the lane in the other direction, with its proof. @throws RangeError when it is not there */
  settlement(envelope: Envelope, size = this.tree.size): Settlement {
    const { receipt, index } = known(this.#receipts.get(envelope.nonce), envelope.nonce);
    return { envelope, receipt, place: this.tree.place(index, size) };
  }

  #takeMessage({ args }: DecodedEvent): void {
    const { envelope, data } = args as unknown as LaneMessage;
    const index = this.#append(args['index'], messageHash(envelope));
    this.#messages.set(envelope.nonce, { envelope, data, index });
  }

  #takeReceipt({ args }: DecodedEvent): void {
    const { nonce, message, receipt } = args as unknown as LaneReceipt;
    const index = this.#append(args['index'], receiptHash(message, receipt));
    this.#receipts.set(nonce, { nonce, message, receipt, index });
  }

  #append(told: unknown, leaf: Hex): number {
    if (BigInt(told as bigint) !== BigInt(this.tree.size)) {
      throw new TreadleError('CONTRACT_LANE_BROKEN', {
        detail: `leaf ${String(told)} of the lane to ${this.destination} came when ${this.tree.size} was next`,
      });
    }
    return this.tree.append(leaf);
  }
}

function known<T>(value: T | undefined, nonce: bigint): T {
  if (value === undefined) throw new RangeError(`nothing of message ${nonce} is in this lane`);
  return value;
}

/**
 * Reads the events of a lane from `fromBlock` to `toBlock` into its record, page by page.
 * @throws TreadleError CONTRACT_LANE_BROKEN | CONTRACT_REJECTED | CONTRACT_UNREACHABLE | CONTRACT_BAD_ANSWER
 */
export async function readLane(
  ledger: Pick<LedgerClient, 'logs'>,
  record: LaneRecord,
  blocks: { readonly fromBlock: number; readonly toBlock: number },
): Promise<void> {
  for await (const { logs } of lanePages(ledger, blocks)) for (const log of logs) record.take(log);
}

/**
 * The events of a ledger's Outbox from `fromBlock` to `toBlock`, page by page. Where a page holds more than a node returns at once, it is
 * asked for in halves: a flood fills a page with any number of events, but no single block.
 * @throws TreadleError CONTRACT_REJECTED | CONTRACT_UNREACHABLE | CONTRACT_BAD_ANSWER
 */
export async function* lanePages(
  ledger: Pick<LedgerClient, 'logs'>,
  blocks: { readonly fromBlock: number; readonly toBlock: number },
): AsyncGenerator<{ readonly logs: readonly PlacedLog[]; readonly toBlock: number }> {
  let span = LANE_BLOCKS_PER_QUERY;
  for (let fromBlock = blocks.fromBlock; fromBlock <= blocks.toBlock; ) {
    const toBlock = Math.min(blocks.toBlock, fromBlock + span - 1);
    try {
      const logs = await ledger.logs({ address: OUTBOX_ADDRESS, fromBlock, toBlock });
      yield { logs, toBlock };
    } catch (error) {
      if (!hasCode(error, 'CONTRACT_REJECTED') || toBlock === fromBlock) throw error;
      span = Math.ceil((toBlock - fromBlock + 1) / 2);
      continue;
    }
    fromBlock = toBlock + 1;
    span = Math.min(LANE_BLOCKS_PER_QUERY, 2 * span);
  }
}

/** Refuses a record that is not the lane which the ledger shows. @throws TreadleError CONTRACT_LANE_BROKEN */
export function requireSameLane(record: LaneRecord, shown: { readonly size: bigint; readonly root: Hex }): void {
  const { tree, destination } = record;
  const there = BigInt(tree.size) >= shown.size && tree.root(Number(shown.size)) === shown.root;
  if (there) return;
  const detail = `the events of the lane to ${destination} give another tree than the ledger shows for ${shown.size} leaves`;
  throw new TreadleError('CONTRACT_LANE_BROKEN', { detail });
}
