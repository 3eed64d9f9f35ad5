import { decodeEvent, LaneRecord, type LedgerClient, OUTBOX_ADDRESS } from '../../contracts/index.ts';
import { LANE_BLOCKS_PER_QUERY } from '../../limits.ts';

/** All lanes that leave a ledger, rebuilt from the events of its Outbox; nothing of it is kept on disk. */
export class LaneBook {
  readonly #client: Pick<LedgerClient, 'logs'>;
  readonly #lanes = new Map<bigint, LaneRecord>();
  readonly #ended = new Map<bigint, Set<bigint>>();
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

  /** Whether a message of this ledger was settled or given up. */
  hasEnded(destination: bigint, nonce: bigint): boolean {
    return this.#ended.get(destination)?.has(nonce) === true;
  }

  /** Reads on up to a block. @throws TreadleError CONTRACT_LANE_BROKEN | CONTRACT_REJECTED | CONTRACT_UNREACHABLE | CONTRACT_BAD_ANSWER */
  readTo(block: number): Promise<void> {
    const mine = this.#reading.then(() => this.#read(block));
    this.#reading = mine.catch(() => undefined);
    return mine;
  }

  async #read(block: number): Promise<void> {
    while (this.#next <= block) {
      const toBlock = Math.min(block, this.#next + LANE_BLOCKS_PER_QUERY - 1);
      const logs = await this.#client.logs({ address: OUTBOX_ADDRESS, fromBlock: this.#next, toBlock });
      for (const log of logs) this.#take(log);
      this.#next = toBlock + 1;
    }
  }

  #take(log: Parameters<LaneRecord['take']>[0]): void {
    const event = decodeEvent(log);
    const destination = event?.args['destination'];
    if (event === undefined || typeof destination !== 'bigint') return;
    if (event.name === 'Settled') {
      const ended = this.#ended.get(destination) ?? new Set();
      this.#ended.set(destination, ended.add(event.args['nonce'] as bigint));
      return;
    }
    const record = this.lane(destination);
    if (record.take(log)) this.#lanes.set(destination, record);
  }
}
