import {
  type ChainFeed,
  type DecodedEvent,
  decodeEvent,
  type FeedBlock,
  groupOf,
  jobId,
  type LedgerClient,
  type OraclePlace,
  type OracleRegistryClient,
  oracleRegistryClient,
  PEDAL_ADDRESS,
  type PedalClient,
  type PedalSettings,
  pedalClient,
} from '../../contracts/index.ts';
import { type Address, fromEip2537G1, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Clock, Micros, NodeId } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { ORACLE_PENDING_MAX, ORACLE_TERMS_KEPT } from '../../limits.ts';
import type { Group, OracleView, Seat, Turn } from '../engine/oracle-view.ts';
import type { OracleRequest } from '../job.ts';

interface Options {
  readonly client: LedgerClient;
  readonly feed: ChainFeed;
  readonly clock: Clock;
  /** The node that runs for an account. */
  readonly nodeOf: (account: Address) => NodeId;
  /** Reading failed; the view goes on and is read again. */
  readonly onTrouble: (error: unknown) => void;
}

/** What a term's election left, as far as groups need it. */
interface TermDraw {
  readonly set: readonly number[];
  readonly seed: Uint8Array;
  master: number;
}

const PAGE = 500;

/** The oracle's contracts as this node's ledger has them, kept up to date by their events. */
export class LedgerView implements OracleView {
  readonly place: OraclePlace;
  readonly pedal: PedalClient;
  readonly registry: OracleRegistryClient;
  readonly #options: Options;
  readonly #pending = new Map<bigint, OracleRequest>();
  readonly #ended = new Set<bigint>();
  /** The first attempt at a pending request that a master noted in a term. */
  readonly #attempts = new Map<bigint, { readonly term: number; readonly height: number }>();
  readonly #terms = new Map<number, Promise<TermDraw | undefined>>();
  readonly #seats = new Map<number, Promise<Seat>>();
  readonly #resultBytes = new Map<Hex, Promise<number>>();
  /** All that blocks brought and that is not taken in yet. */
  #work: Promise<unknown> = Promise.resolve();
  #settings: PedalSettings | undefined;
  #unsubscribe: () => void = () => {};

  constructor(options: Options) {
    this.#options = options;
    this.place = { chainId: options.client.chainId, pedal: PEDAL_ADDRESS };
    this.pedal = pedalClient(options.client);
    this.registry = oracleRegistryClient(options.client);
  }

  /** Reads what is pending, and follows the ledger from there. `onBlock` is called after each block was taken in. */
  async start(onBlock: (block: FeedBlock, events: readonly DecodedEvent[]) => void): Promise<void> {
    this.#settings = await this.pedal.settings();
    // Events first: what is read below may be older than they are.
    this.#unsubscribe = this.#options.feed.onBlock((block) => onBlock(block, this.#takeIn(block)));
    for (let offset = 0n; ; offset += BigInt(PAGE)) {
      const ids = await this.pedal.pending({ offset, limit: BigInt(PAGE) });
      for (const id of ids) await this.#load(id);
      if (ids.length < PAGE) return;
    }
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** Resolves when every block that came so far is taken in. */
  async settled(): Promise<void> {
    let seen: Promise<unknown>;
    do {
      seen = this.#work;
      await seen;
    } while (seen !== this.#work);
  }

  reached(height: number, withinMicros: Micros): Promise<void> {
    if (this.head.number >= height) return Promise.resolve();
    const { clock, feed } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        stop();
        clock.cancel(timer);
        resolve();
      };
      const stop = feed.onBlock(({ number }) => {
        if (number >= height) end();
      });
      const timer = clock.set(withinMicros, end, 'a block that an oracle master has');
    });
  }

  /** The block in which this term's master first said why a request waits; undefined: it did not. */
  firstAttempt(id: bigint, term: number): number | undefined {
    const attempt = this.#attempts.get(id);
    return attempt?.term === term ? attempt.height : undefined;
  }

  get settings(): PedalSettings {
    if (this.#settings === undefined) throw new TreadleError('ORACLE_NOT_READY');
    return this.#settings;
  }

  get head() {
    return this.#options.feed.head;
  }

  get pending(): ReadonlyMap<bigint, OracleRequest> {
    return this.#pending;
  }

  currentTerm(): number {
    return Math.floor(this.head.number / Number(this.settings.termBlocks));
  }

  electionEnd(term: number): number {
    return term * Number(this.settings.termBlocks) + Number(this.settings.electBlocks);
  }

  servingTerm(): number {
    const term = this.currentTerm();
    return this.head.number >= this.electionEnd(term) || term === 0 ? term : term - 1;
  }

  isAnswerable(term: number): boolean {
    const next = Math.floor((this.head.number + 1) / Number(this.settings.termBlocks));
    return (term === next || term + 1 === next) && this.head.number + 1 >= this.electionEnd(term);
  }

  async group(term: number, size: number): Promise<Group | undefined> {
    const draw = await this.#draw(term);
    if (draw === undefined || draw.master === 0) return undefined;
    const ids = groupOf({ ...draw, size });
    if (ids === undefined) return undefined;
    const [master, ...members] = await Promise.all([draw.master, ...ids].map((id) => this.seat(id)));
    return { term, master: master as Seat, members };
  }

  turnOf(group: Group, node: NodeId, requestedIn: number): Turn | undefined {
    const firstChance = Math.max(this.electionEnd(group.term), requestedIn);
    if (group.master.node === node) return { seat: group.master, position: -1, fromBlock: firstChance };
    const position = group.members.findIndex((seat) => seat.node === node);
    const seat = group.members[position];
    if (seat === undefined) return undefined;
    return { seat, position, fromBlock: firstChance + Number(this.settings.stageBlocks) * (position + 1) };
  }

  /** Reads the draw of a term anew: its master was replaced. */
  forgetTerm(term: number): void {
    this.#terms.delete(term);
  }

  seat(id: number): Promise<Seat> {
    const known = this.#seats.get(id);
    if (known !== undefined) return known;
    const read = this.registry.node(id).then(({ account, publicKey }) => ({
      id,
      account,
      node: this.#options.nodeOf(account),
      publicKey: fromEip2537G1(fromHex(publicKey)),
    }));
    // What failed is read again by whoever asks next.
    read.catch(() => this.#seats.delete(id));
    this.#seats.set(id, read);
    return read;
  }

  #draw(term: number): Promise<TermDraw | undefined> {
    const known = this.#terms.get(term);
    if (known !== undefined) return known;
    const read = this.#readDraw(term);
    // The master of a term is known only when its election is over: until then nothing is remembered.
    read.then((draw) => draw?.master ?? this.#terms.delete(term)).catch(() => this.#terms.delete(term));
    this.#terms.set(term, read);
    for (const old of this.#terms.keys()) if (this.#terms.size > ORACLE_TERMS_KEPT) this.#terms.delete(old);
    return read;
  }

  async #readDraw(term: number): Promise<TermDraw | undefined> {
    const at = BigInt(term);
    const master = await this.pedal.masterIdOf(at);
    if (master === 0) {
      this.#terms.delete(term);
      return undefined;
    }
    const [set, seed] = await Promise.all([this.registry.setOf(at), this.pedal.groupSeedOf(at)]);
    return { set, seed: fromHex(seed), master };
  }

  #takeIn(block: FeedBlock): readonly DecodedEvent[] {
    const events = block.logs
      .filter(({ address }) => address === PEDAL_ADDRESS)
      .map(decodeEvent)
      .filter((event) => event !== undefined);
    for (const { name, args } of events) {
      const id = args['id'] as bigint;
      if (name === 'Requested') this.#queue(this.#add(block, args));
      else if (name === 'Answered' || name === 'RequestFailed') this.#end(id);
      else if (name === 'AttemptFailed') this.#attempted(id, Number(args['term']), block.number);
      else if (name === 'MasterReplaced') this.#terms.delete(Number(args['term']));
    }
    return events;
  }

  #attempted(id: bigint, term: number, height: number): void {
    if (this.#attempts.get(id)?.term !== term && this.#pending.has(id)) this.#attempts.set(id, { term, height });
  }

  #end(id: bigint): void {
    this.#pending.delete(id);
    this.#attempts.delete(id);
    this.#ended.add(id);
    for (const old of this.#ended) if (this.#ended.size > ORACLE_PENDING_MAX) this.#ended.delete(old);
  }

  #queue(work: Promise<void>): void {
    this.#work = Promise.all([this.#work, work.catch((error: unknown) => this.#options.onTrouble(error))]);
  }

  async #add(block: FeedBlock, args: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#load(args['id'] as bigint, fromHex(args['spec'] as Hex), block.number);
  }

  /** Takes a request up that the contract has as pending. */
  async #load(id: bigint, spec?: Uint8Array, requestedIn?: number): Promise<void> {
    if (this.#pending.has(id) || this.#ended.has(id) || this.#pending.size >= ORACLE_PENDING_MAX) return;
    const record = await this.pedal.requestOf(id);
    if (record.state !== 'pending') return;
    const inBlock = requestedIn ?? Number(record.requestedIn);
    const request: OracleRequest = {
      id,
      requester: record.requester,
      job: jobId(record.job),
      spec: spec ?? (await this.#specOf(id, inBlock)),
      requestedAt: Number(record.requestedAt),
      requestedIn: inBlock,
      expiresAt: Number(record.expiresAt),
      callbackGas: record.callbackGas,
      groupSize: record.groupSize,
      unanimous: record.unanimous,
      resultBytesMax: await this.#resultBytesOf(record.job),
    };
    if (!this.#ended.has(id)) this.#pending.set(id, request);
  }

  async #specOf(id: bigint, block: number): Promise<Uint8Array> {
    const topic = toHex(fromHex(`0x${id.toString(16).padStart(64, '0')}`));
    const logs = await this.#options.client.logs({
      address: PEDAL_ADDRESS,
      topics: [null, topic],
      fromBlock: block,
      toBlock: block,
    });
    for (const log of logs) {
      const event = decodeEvent(log);
      if (event?.name === 'Requested') return fromHex(event.args['spec'] as Hex);
    }
    throw new TreadleError('ORACLE_NOT_READY', { detail: `the ledger has no event for request ${id} in block ${block}` });
  }

  #resultBytesOf(job: string): Promise<number> {
    const name = jobId(job);
    const known = this.#resultBytes.get(name);
    if (known !== undefined) return known;
    const read = this.pedal.job(job).then((config) => config?.maxResultBytes ?? 0);
    read.catch(() => this.#resultBytes.delete(name));
    this.#resultBytes.set(name, read);
    return read;
  }
}
