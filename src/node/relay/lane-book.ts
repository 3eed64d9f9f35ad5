import { decodeEvent, type LaneMessage, LaneRecord, type LedgerClient, lanePages } from '../../contracts/index.ts';
import { invariant } from '../../errors.ts';

/** All lanes that leave a ledger, rebuilt from the events of its Outbox; nothing of it is kept on disk. */
export class LaneBook {
  readonly #client: Pick<LedgerClient, 'logs'>;
  readonly #lanes = new Map<bigint, LaneRecord>();
  readonly #open = new Map<bigint, Map<bigint, LaneMessage>>();
  #next = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(client: Pick<LedgerClient, 'logs'>) {
    this.#client = client;
  }

  /** The first block that was not read yet. */
  get nextBlock(): number {
    return this.#next;
  }

  /** Destinations to which there was ever a leaf, ascending. */
  get destinations(): readonly bigint[] {
    return [...this.#lanes.keys()].sort((left, right) => (left < right ? -1 : 1));
  }

  lane(destination: bigint): LaneRecord {
    const known = this.#lanes.get(destination);
    if (known !== undefined) return known;
    const record = new LaneRecord(destination);
    return record;
  }

  /** Messages of this ledger that were neither settled nor given up, by nonce, ascending. What has ended costs nothing any more. */
  open(destination: bigint): ReadonlyMap<bigint, LaneMessage> {
    return this.#open.get(destination) ?? NONE;
  }

  /** Reads on up to a block. @throws TreadleError CONTRACT_LANE_BROKEN | CONTRACT_REJECTED | CONTRACT_UNREACHABLE | CONTRACT_BAD_ANSWER */
  readTo(block: number): Promise<void> {
    const mine = this.#reading.then(() => this.#read(block));
    this.#reading = mine.catch(() => undefined);
    return mine;
  }

  async #read(block: number): Promise<void> {
    for await (const { logs, toBlock } of lanePages(this.#client, { fromBlock: this.#next, toBlock: block })) {
      for (const log of logs) this.#take(log);
      this.#next = toBlock + 1;
    }
  }

  #take(log: Parameters<LaneRecord['take']>[0]): void {
    const event = decodeEvent(log);
    const destination = event?.args['destination'];
    if (event === undefined || typeof destination !== 'bigint') return;
    const open = this.#open.get(destination) ?? new Map<bigint, LaneMessage>();
    if (event.name === 'Settled') {
      open.delete(event.args['nonce'] as bigint);
      return;
    }
    const record = this.lane(destination);
    if (!record.takeEvent(event)) return;
    this.#lanes.set(destination, record);
    if (event.name !== 'Sent') return;
    const sent = record.messages.get(event.args['nonce'] as bigint);
    invariant(sent !== undefined, 'a message that was sent is in its lane', { destination });
    this.#open.set(destination, open.set(sent.envelope.nonce, sent));
  }
}

const NONE: ReadonlyMap<bigint, LaneMessage> = new Map();
