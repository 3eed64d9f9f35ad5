import type { ChainFeed, DecodedEvent, LedgerClient, RequestReason } from '../contracts/index.ts';
import { requestReasons } from '../contracts/index.ts';
import { type Address, fromHex, type Hex, type NodeKey } from '../crypto/index.ts';
import type { Environment, Micros, NodeId, Timer } from '../environment/index.ts';
import { ORACLE_LOOK_MICROS, ORACLE_SIGN_MICROS, ORACLE_TICK_MICROS } from '../limits.ts';
import { LedgerView } from './chain/ledger-view.ts';
import { Attempts } from './engine/attempts.ts';
import { Elector } from './engine/elector.ts';
import { GroupLinks } from './engine/group-links.ts';
import { Leader } from './engine/leader.ts';
import { Observer } from './engine/observer.ts';
import type { OwnSeat } from './engine/oracle-view.ts';
import { ProposalsSeen } from './engine/proposals-seen.ts';
import type { GroupPort } from './engine/round.ts';
import type { RoundRecord } from './engine/round-record.ts';
import { Watcher } from './engine/watcher.ts';
import {
  decodeObserveAnswer,
  decodeObserveCall,
  decodeProposedAnswer,
  decodeProposedCall,
  decodeSignAnswer,
  decodeSignCall,
  encodeObserveAnswer,
  encodeObserveCall,
  encodeProposedAnswer,
  encodeProposedCall,
  encodeSignAnswer,
  encodeSignCall,
  ORACLE_PROTOCOLS,
} from './engine/wire.ts';
import { WorkNode } from './engine/work-node.ts';
import './errors.ts';
import type { OracleJob } from './job.ts';
import { JobBook } from './job-book.ts';

export interface OracleOptions {
  readonly environment: Environment;
  /** Of the own ledger, acting for the oracle's account. */
  readonly client: LedgerClient;
  readonly feed: ChainFeed;
  readonly key: NodeKey;
  /** Its place in the registry, kept by others. */
  readonly seat: OwnSeat;
  readonly jobs: readonly OracleJob[];
  /** The node that runs for an account. */
  readonly nodeOf: (account: Address) => NodeId;
  /** Connects to a node. @throws TreadleError NETWORK_* | NODE_UNKNOWN_PEER */
  readonly reach: (node: NodeId) => Promise<void>;
  /** The most that one look at a source may take; default ORACLE_LOOK_MICROS. */
  readonly lookMicros?: Micros;
}

/** An oracle node's part in the oracle of one ledger. */
export interface OracleService {
  /** Begins to work: the ledger must be open. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Rounds that this node led, oldest first. */
  readonly rounds: readonly RoundRecord[];
  readonly view: LedgerView;
}

/** Puts the parts of an oracle node together. */
export async function createOracle(options: OracleOptions): Promise<OracleService> {
  return new Oracle(options, await Attempts.open(options.environment.disk));
}

class Oracle implements OracleService {
  readonly view: LedgerView;
  readonly #options: OracleOptions;
  readonly #attempts: Attempts;
  readonly #worker: WorkNode;
  readonly #leader: Leader;
  readonly #elector: Elector;
  readonly #watcher: Watcher;
  readonly #links: GroupLinks;
  readonly #observer: Observer;
  #timer: Timer | undefined;
  #looking = false;
  #lookAgain = false;
  #stopped = false;

  constructor(options: OracleOptions, attempts: Attempts) {
    const { environment, client, feed, key, seat, nodeOf, lookMicros = ORACLE_LOOK_MICROS } = options;
    this.#options = options;
    this.#attempts = attempts;
    const view = new LedgerView({
      client,
      feed,
      clock: environment.clock,
      nodeOf,
      onTrouble: (error) => environment.log.warn('oracle.not-read', { error: String(error) }),
    });
    const jobs = new JobBook(options.jobs);
    const observer = new Observer({ environment, key, view, lookMicros });
    const proposals = new ProposalsSeen(environment, view);
    this.view = view;
    this.#observer = observer;
    this.#elector = new Elector({ environment, view, seat });
    this.#watcher = new Watcher({
      environment,
      view,
      proposals,
      seat,
      askProposed: async ({ node }, place) => {
        await options.reach(node);
        const timeoutMicros = ORACLE_SIGN_MICROS;
        return decodeProposedAnswer(
          await environment.network.request(node, ORACLE_PROTOCOLS.proposed, encodeProposedCall(place), { timeoutMicros }),
        );
      },
    });
    this.#worker = new WorkNode({
      environment,
      view,
      jobs,
      seat,
      observer,
      proposals,
      onEquivocation: (proof) => void this.#watcher.report(proof),
    });
    this.#links = new GroupLinks({
      view,
      node: environment.node,
      jobs: options.jobs.map(({ name }) => name),
      reach: options.reach,
    });
    const port = this.#port();
    this.#leader = new Leader({
      environment,
      view,
      jobs,
      seat,
      observer,
      elector: this.#elector,
      attempts,
      port,
      lookMicros,
      node: environment.node,
    });
  }

  get rounds(): readonly RoundRecord[] {
    return this.#leader.rounds;
  }

  async start(): Promise<void> {
    const { network } = this.#options.environment;
    const worker = this.#worker;
    network.onRequest(ORACLE_PROTOCOLS.observe, async (from, body) =>
      encodeObserveAnswer(await worker.observe(from, decodeObserveCall(body))),
    );
    network.onRequest(ORACLE_PROTOCOLS.sign, async (from, body) =>
      encodeSignAnswer(await worker.sign(from, decodeSignCall(body))),
    );
    network.onRequest(ORACLE_PROTOCOLS.proposed, async (_from, body) =>
      encodeProposedAnswer(worker.proposed(decodeProposedCall(body))),
    );
    await this.view.start((_block, events) => {
      for (const event of events) this.#followUp(event);
      void this.#look();
    });
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.view.stop();
    if (this.#timer !== undefined) this.#options.environment.clock.cancel(this.#timer);
    await this.#attempts.close();
  }

  /** Members are asked over the network, this node itself directly. */
  #port(): GroupPort {
    const { environment, reach } = this.#options;
    const ask = async (node: NodeId, protocol: string, body: Uint8Array, timeoutMicros: Micros): Promise<Uint8Array> => {
      await reach(node);
      return environment.network.request(node, protocol, body, { timeoutMicros });
    };
    return {
      observe: async (node, call, timeoutMicros) =>
        node === environment.node
          ? this.#worker.observe(node, call)
          : decodeObserveAnswer(await ask(node, ORACLE_PROTOCOLS.observe, encodeObserveCall(call), timeoutMicros)),
      sign: async (node, call, timeoutMicros) =>
        node === environment.node
          ? this.#worker.sign(node, call)
          : decodeSignAnswer(await ask(node, ORACLE_PROTOCOLS.sign, encodeSignCall(call), timeoutMicros)),
    };
  }

  /** Blocks bring new work, and time does: a pause is over, a source is back. */
  #tick(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.environment.clock.set(
      ORACLE_TICK_MICROS,
      () => {
        if (this.view.pending.size > 0) void this.#look();
        this.#tick();
      },
      'the next look at the requests of the oracle',
    );
  }

  /** One look at a time; what comes meanwhile is looked at right after. */
  async #look(): Promise<void> {
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#lookAgain && !this.#stopped) {
        this.#lookAgain = false;
        await this.view.settled();
        await this.#leader.look();
        for (const step of [this.#elector.look(), this.#watcher.look(), this.#links.look()])
          step.catch((error: unknown) => this.#trouble(error));
      }
    } catch (error) {
      this.#trouble(error);
    } finally {
      this.#looking = false;
    }
  }

  /** What fails for now is looked at again with the next block. */
  #trouble(error: unknown): void {
    if (!this.#stopped) this.#options.environment.log.warn('oracle.trouble', { error: String(error) });
  }

  #followUp({ name, args }: DecodedEvent): void {
    const id = args['id'] as bigint;
    if (name === 'Answered' || name === 'RequestFailed') this.#observer.forget(id);
    if (name !== 'Answered') return;
    const reason: RequestReason = requestReasons[0];
    const { term, result, observedAt } = args;
    void this.#watcher
      .ended({ id, term: Number(term), reason, result: fromHex(result as Hex), observedAt: Number(observedAt) })
      .catch((error: unknown) => this.#options.environment.log.debug('oracle.not-followed-up', { error: String(error) }));
  }
}
