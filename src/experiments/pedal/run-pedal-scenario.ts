import { type LedgerClient, pedalClient } from '../../contracts/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import type { Metrics, Micros, NodeId } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Ledger } from '../../ledger/index.ts';
import { PEDAL_FAULT_LOOK_MICROS, PEDAL_START_MICROS, SCENARIO_DRAIN_MICROS } from '../../limits.ts';
import type { LedgerNode, TreadleNode } from '../../node/index.ts';
import { type Cluster, createCluster, type Seat } from '../cluster.ts';
import { Dice } from '../faults/dice.ts';
import { type Percentiles, percentiles } from '../percentiles.ts';
import type { Fault } from '../scenario/index.ts';
import { type Account, Accounts } from './accounts.ts';
import { type Attacker, isStranger, type Stage, strangerOf } from './attackers/attacker.ts';
import { attackerOf } from './attackers/index.ts';
import { BlockWatch } from './block-watch.ts';
import { isSquare, readBooks } from './books.ts';
import { Feeds } from './feeds.ts';
import type { PedalScenario } from './format/pedal-scenario.ts';
import { Health } from './health.ts';
import { Load } from './load.ts';
import type { PedalReport } from './pedal-report.ts';
import { Referee } from './referee.ts';
import { Sources } from './sources.ts';
import { failuresOf } from './verdict.ts';

export interface PedalRunOptions {
  readonly seed: number;
  /** Real time in seconds, for the report only. */
  readonly wallSeconds: () => number;
}

const ETHER = 10n ** 18n;
const BOOKS_TRIES = 5;
const BOOKS_PAUSE_MICROS = 2_000_000;
const SEALER_ROLES: ReadonlySet<string> = new Set(['proxy', 'company']);

/**
 * Runs a scenario of the oracle: brings the consortium up, lets accounts and contracts ask for its duration while faults happen and
 * attackers attack, then lets what is under way end, and has a referee judge what the ledger accepted.
 *
 * @throws TreadleError SCENARIO_NODE_FAILED when a node gave up, SIM_*
 */
export function runPedalScenario(scenario: PedalScenario, options: PedalRunOptions): Promise<PedalReport> {
  return new PedalRun(scenario, options).run();
}

class PedalRun {
  readonly #scenario: PedalScenario;
  readonly #options: PedalRunOptions;
  readonly #cluster: Cluster;
  readonly #watch: BlockWatch;
  readonly #accounts: Accounts;
  readonly #dice: Dice;
  readonly #sources: Sources;
  readonly #referee: Referee;
  readonly #attackers: readonly Attacker[];
  /** Nodes that attackers sit on. */
  readonly #allies = new Set<NodeId>();
  readonly #health: Health;
  /** Counters of every life of every oracle node. */
  readonly #metrics: Metrics[] = [];
  readonly #clients: readonly Account[];
  #feeds: Feeds | undefined;
  #over = false;
  #lastFaultMicros: Micros = 0;

  constructor(scenario: PedalScenario, options: PedalRunOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#dice = new Dice(`treadle oracle ${scenario.name} ${options.seed}`);
    this.#attackers = scenario.attackers.map((settings) => attackerOf(settings, this.#allies));
    this.#watch = new BlockWatch(() => this.#cluster.world);
    this.#cluster = createCluster(scenario.base, options.seed, {
      between: (environment, seat) => {
        const attackers = this.#attackers.filter(({ settings }) => settings.nodes.includes(seat.name));
        if (attackers.length > 0) this.#allies.add(environment.node);
        return attackers.reduce((inner, attacker) => attacker.between?.(inner, seat) ?? inner, environment);
      },
      onNode: (node, seat) => this.#onNode(node, seat),
    });
    const { world, genesis } = this.#cluster;
    this.#health = new Health(this.#cluster);
    this.#sources = new Sources(world, scenario.sources, `treadle oracle ${options.seed}`);
    this.#accounts = new Accounts(
      { world, chainId: genesis.chainId, dice: this.#dice.of('accounts'), sealers: () => this.#sealers() },
      this.#watch,
    );
    this.#clients = Array.from({ length: scenario.load.accounts }, (_, at) => this.#accounts.account(`client ${at + 1}`));
    const secrets = new Map(this.#clients.map(({ key }) => [key.address, key.privateKey]));
    this.#referee = new Referee({
      sources: this.#sources,
      secretOf: (account) => secrets.get(account),
      honest: (requester) => (secrets.has(requester) ? 'account' : this.#feeds?.isFeed(requester) === true ? 'feed' : undefined),
      isWell: (account) => this.#health.isWell(account),
      feeWei: this.#feeWei,
      forfeit: BigInt(scenario.base.oracle.settings.jobs?.data?.forfeit ?? 0),
    });
    this.#watch.onBlock((seen) => this.#referee.take(seen));
  }

  async run(): Promise<PedalReport> {
    const started = this.#options.wallSeconds();
    const { world } = this.#cluster;
    await this.#cluster.start();
    await this.#untilElected();
    await this.#fund();
    const feeds = this.#makeFeeds();
    await world.run(feeds.deploy(), PEDAL_START_MICROS);
    const before = world.stats();
    const load = this.#makeLoad();
    const stage = this.#stage();
    load.start();
    feeds.start();
    for (const attacker of this.#attackers) attacker.start?.(stage);
    for (const fault of this.#scenario.faults) world.at(fault.atMicros, () => this.#strikeWhenDue(fault));
    await world.runFor(this.#scenario.durationMicros);
    load.stop();
    feeds.stop();
    this.#over = true;
    await this.#drain(load);
    this.#checkHealth();
    await this.#judgeBooks();
    const after = world.stats();
    return this.#report({
      load,
      feeds,
      ioBytes: after.messageBytes - before.messageBytes,
      outsideBytes: after.outsideBytes - before.outsideBytes,
      wallSeconds: this.#options.wallSeconds() - started,
    });
  }

  // --- the consortium -------------------------------------------------------------------------

  get #feeWei(): bigint {
    return BigInt(this.#scenario.base.oracle.settings.jobs?.data?.feeWei ?? 0);
  }

  #onNode(node: TreadleNode, { setup }: Seat): void {
    if (SEALER_ROLES.has(setup.file.role)) this.#watch.follow((node as LedgerNode).full.ledger);
    if (setup.file.role === 'oracle') this.#metrics.push((node as LedgerNode).full.environment.metrics);
  }

  #sealerNodes(): readonly LedgerNode[] {
    return [...this.#cluster.running('proxy'), ...this.#cluster.running('company')];
  }

  #sealers(): readonly Ledger[] {
    return this.#sealerNodes().map(({ full }) => full.ledger);
  }

  #client(): LedgerClient | undefined {
    return this.#sealerNodes()[0]?.full.client;
  }

  /** Every node is in the set of the present term, and its election is over. */
  async #untilElected(): Promise<void> {
    const { world } = this.#cluster;
    const { oracle } = this.#scenario.base;
    const inSet = (): boolean => this.#cluster.running('oracle').every(({ keeper }) => keeper.seat?.record.inSet === true);
    await world.runUntil(inSet, PEDAL_START_MICROS);
    const { termBlocks = 40, electBlocks = 6 } = oracle.settings;
    const from = (Math.floor(this.#watch.height / termBlocks) + 1) * termBlocks + electBlocks;
    await world.runUntil(() => this.#watch.height >= from, PEDAL_START_MICROS);
  }

  /** Money for those who ask, and for those attackers who have some. */
  async #fund(): Promise<void> {
    const client = this.#client();
    if (client === undefined) throw new TreadleError('SCENARIO_NODE_FAILED', { detail: 'no sealer is up' });
    const rich = [...this.#clients, this.#accounts.account('feed keeper'), this.#accounts.account('bait')].map(
      ({ key }) => key.address,
    );
    for (const { kind, nodes } of this.#scenario.attackers) {
      if (kind === 'flood' && nodes[0] !== undefined) rich.push(this.#accounts.account(`attacker ${nodes[0]}`).key.address);
      if (kind === 'rogue-key') rich.push(...nodes.map((name) => this.#cluster.id(name)));
    }
    const transfers = rich.map((to) => client.transact({ to, value: 20n * ETHER }));
    await this.#cluster.world.run(Promise.all(transfers), PEDAL_START_MICROS);
  }

  #makeFeeds(): Feeds {
    const { world } = this.#cluster;
    this.#feeds = new Feeds({
      world,
      accounts: this.#accounts,
      keeper: this.#accounts.account('feed keeper'),
      sources: this.#sources,
      feeds: this.#scenario.load.feeds,
      feeWei: this.#feeWei,
      sealers: () => this.#sealers(),
    });
    return this.#feeds;
  }

  #makeLoad(): Load {
    return new Load({
      scenario: this.#scenario,
      world: this.#cluster.world,
      accounts: this.#accounts,
      clients: this.#clients,
      dice: this.#dice.of('load'),
      feeWei: this.#feeWei,
      resultBytesMax: this.#scenario.base.oracle.settings.jobs?.data?.maxResultBytes ?? 0,
    });
  }

  #stage(): Stage {
    return {
      cluster: this.#cluster,
      accounts: this.#accounts,
      watch: this.#watch,
      referee: this.#referee,
      dice: this.#dice.of('attackers'),
      client: () => this.#client(),
      pedal: () => {
        const client = this.#client();
        return client === undefined ? undefined : pedalClient(client);
      },
      feeWei: this.#feeWei,
      isOver: () => this.#over,
    };
  }

  // --- faults ---------------------------------------------------------------------------------

  #strikeWhenDue(fault: Fault): void {
    const begins = fault.type === 'crash' || fault.type === 'partition';
    if (!this.#scenario.faultsDuringRounds || !begins || this.#roundUnderWay()) return this.#strike(fault);
    if (!this.#over) this.#cluster.world.at(PEDAL_FAULT_LOOK_MICROS, () => this.#strikeWhenDue(fault));
  }

  #roundUnderWay(): boolean {
    const nodes = this.#cluster.running('oracle');
    return nodes.some(({ oracle }) => oracle.rounds.length > 0 && oracle.rounds.at(-1)?.endedMs === undefined);
  }

  #strike(fault: Fault): void {
    const { world } = this.#cluster;
    this.#lastFaultMicros = world.now;
    this.#health.note(fault);
    switch (fault.type) {
      case 'crash':
        for (const name of fault.nodes) this.#cluster.crash(name);
        return;
      case 'restart':
        for (const name of fault.nodes) this.#cluster.restart(name);
        return;
      case 'partition':
        world.partition(fault.groups.map((group) => group.map((name) => this.#cluster.id(name))));
        return;
      case 'heal':
        world.heal();
        return;
    }
  }

  /** Replaced masters that were honest, up, and could reach everybody for a good while: their stake was taken wrongly. */
  #wronged(): number {
    return this.#referee.replaced.filter(({ account, wasWell }) => wasWell && !this.#allies.has(account)).length;
  }

  // --- the end --------------------------------------------------------------------------------

  /** What is under way ends: answered, failed, or expired; and every sealer has the last block. */
  async #drain(load: Load): Promise<void> {
    const { world } = this.#cluster;
    world.heal();
    // What attackers asked may stay open: it is theirs.
    const open = (): boolean => this.#referee.pending.some(({ honest }) => honest !== undefined) || load.open > 0;
    try {
      await world.runUntil(() => !open(), SCENARIO_DRAIN_MICROS);
    } catch (error) {
      if (!(error instanceof TreadleError) || error.code !== 'SIM_DEADLINE') throw error;
      // What is still pending stands in the report.
    }
  }

  #checkHealth(): void {
    const failure = this.#cluster.failures[0];
    if (failure === undefined) return;
    throw new TreadleError('SCENARIO_NODE_FAILED', {
      detail: `${failure.name} gave up: ${failure.error instanceof Error ? failure.error.message : String(failure.error)}`,
      data: { node: failure.name },
      cause: failure.error,
    });
  }

  async #judgeBooks(): Promise<void> {
    const client = this.#client();
    if (client === undefined) throw new TreadleError('SCENARIO_NODE_FAILED', { detail: 'no sealer is up at the end' });
    const strangers = this.#scenario.attackers
      .flatMap(({ nodes }) => nodes)
      .filter(isStranger)
      .map((name) => strangerOf(this.#stage(), name));
    const accounts = [...this.#clients, this.#accounts.account('feed keeper'), this.#accounts.account('bait'), ...strangers].map(
      ({ key }) => key.address,
    );
    const seats = [...this.#cluster.seats.keys()].map((name) => this.#cluster.id(name));
    const everybody: readonly Address[] = [...new Set([...accounts, ...seats, ...(this.#feeds?.addresses ?? [])])];
    const { world } = this.#cluster;
    let read = await world.run(readBooks(client, everybody));
    // A block may come between two reads, and this sealer may be a block behind: only a difference that stays is one.
    for (let tries = 1; tries < BOOKS_TRIES && !read.every(isSquare); tries++) {
      await world.runFor(BOOKS_PAUSE_MICROS);
      read = await world.run(readBooks(client, everybody));
    }
    for (const books of read) {
      if (!isSquare(books))
        this.#referee.accuse(
          'money',
          `${books.contract} has ${books.balanceWei} wei, owes ${books.owedWei}, holds ${books.heldWei}, fund ${books.fundWei}`,
        );
    }
  }

  #report(figures: {
    readonly load: Load;
    readonly feeds: Feeds;
    readonly ioBytes: number;
    readonly outsideBytes: number;
    readonly wallSeconds: number;
  }): PedalReport {
    const { world } = this.#cluster;
    const { counts, requests, findings, invalid, termsOpened, termsWithCandidate } = this.#referee;
    const { load, feeds } = figures;
    const all = [...requests.values()];
    const honest = all.filter((request) => request.honest !== undefined);
    const ended = (state: string): number => honest.filter(({ end }) => end?.state === state).length;
    const sentAt = new Map<Hex, Micros>([...load.sentAt, ...feeds.sentAt]);
    const latenciesMs = honest.flatMap(({ transactionHash, end }) => {
      const sent = sentAt.get(transactionHash);
      return sent === undefined || end?.state !== 'answered' ? [] : [(end.atMicros - sent) / 1000];
    });
    const failures: Record<string, number> = {};
    for (const { end } of honest) if (end?.state === 'failed') failures[end.reason] = (failures[end.reason] ?? 0) + 1;
    const started = sum(this.#metrics.map((metrics) => counterOf(metrics, 'oracle_rounds_total')));
    const report = {
      scenario: this.#scenario.name,
      seed: this.#options.seed,
      traceHash: world.traceHash(),
      virtualSeconds: rounded(world.stats().virtualSeconds),
      wallSeconds: rounded(figures.wallSeconds),
      rounds: { started, completed: counts.accepted, expired: all.filter(({ end }) => end?.state === 'expired').length },
      electionFallbackRate: rounded(
        [...termsOpened].filter((term) => !termsWithCandidate.has(term)).length / Math.max(1, termsOpened.size),
      ),
      latencyMs: roundedAll(percentiles(latenciesMs)),
      ioBytes: figures.ioBytes,
      outsideBytes: figures.outsideBytes,
      invalidAccepted: invalid,
      invalid: findings,
      requests: {
        asked: honest.length + sum([...load.refused.values()]),
        answered: ended('answered'),
        failed: ended('failed'),
        expired: ended('expired'),
        pending: honest.filter(({ end }) => end === undefined).length,
        strange: all.length - honest.length,
        failures,
        refused: Object.fromEntries([...load.refused].sort(([left], [right]) => (left < right ? -1 : 1))),
      },
      refundedWei: counts.refundedWei.toString(),
      masters: { replaced: counts.mastersReplaced, slashed: counts.slashed, wronged: this.#wronged() },
      equivocationsProven: counts.equivocationsProven,
      callbacks: { worked: counts.callbacksWorked, failed: counts.callbacksFailed },
      attacks: this.#attackers.map(({ settings, tally }) => ({
        kind: settings.kind,
        nodes: settings.nodes,
        attempts: tally.attempts,
        taken: tally.taken,
        signed: tally.signed,
        refusals: tally.refusals,
      })),
      chain: {
        height: this.#watch.height,
        forks: this.#watch.forks,
        transactions: this.#sealers()[0]?.transactionCount() ?? 0,
      },
    };
    const { checks } = this.#scenario;
    return { ...report, failures: failuresOf(report, { checks, all, lastFaultMicros: this.#lastFaultMicros }) };
  }
}

function counterOf(metrics: Metrics, name: string): number {
  return metrics.snapshot()[name] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function roundedAll({ p50, p95, p99, max, count }: Percentiles): Percentiles {
  return { p50: rounded(p50), p95: rounded(p95), p99: rounded(p99), max: rounded(max), count };
}
