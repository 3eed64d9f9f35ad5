import { genesisDomain } from '../../consortium/index.ts';
import type { Environment, Metrics } from '../../environment/index.ts';
import type { LinkParameters, LogLine } from '../../environment/sim/index.ts';
import { hasCode } from '../../errors.ts';
import { audit } from './audit.ts';
import { Cast } from './cast.ts';
import { ChainWatch } from './chain-watch.ts';
import { Cuts } from './cuts.ts';
import { Dice } from './dice.ts';
import { FaultCluster, type FaultSeat } from './fault-cluster.ts';
import type { FaultReport } from './fault-report.ts';
import type { FaultScenario } from './format/fault-scenario.ts';
import { START_MICROS } from './layout.ts';
import { Members } from './members.ts';
import { withHooks } from './messages.ts';
import { checkOutcome, type Outcome, type Recovery, reportOutcome } from './outcome.ts';
import { Sometimes } from './sometimes.ts';
import type { Stage } from './stage.ts';
import { Turmoil } from './turmoil.ts';
import { Verdict } from './verdict.ts';
import { VoteWatch } from './vote-watch.ts';
import { Workload } from './workload.ts';

export interface FaultRunOptions {
  readonly seed: number;
  /** Sealers; the first size of the scenario when absent. */
  readonly nodes?: number;
  /** The command that does the same again, for the report. */
  readonly replay: string;
  /** Sees every log line of every node. */
  readonly onLog?: (line: LogLine) => void;
}

/** Runs a fault scenario: a warm-up, faults that may cost progress but never safety, and then the proof that progress is back. */
export async function runFaultScenario(scenario: FaultScenario, options: FaultRunOptions): Promise<FaultReport> {
  return new FaultRun(scenario, options).run();
}

/** Load goes on for so long into the liveness phase at least. */
const LOAD_AFTER_HEAL_MICROS = 2_000_000;
/** An operator looks after a node that refuses its disk within this time. */
const OPERATOR_MICROS = 1_000_000;

class FaultRun {
  readonly #scenario: FaultScenario;
  readonly #options: FaultRunOptions;
  readonly #n: number;
  readonly #f: number;
  readonly #dice: Dice;
  readonly #verdict = new Verdict();
  readonly #sometimes = new Sometimes();
  readonly #cluster: FaultCluster;
  readonly #chain: ChainWatch;
  readonly #votes: VoteWatch;
  readonly #members: Members;
  readonly #load: Workload;
  readonly #turmoil: Turmoil;
  readonly #cast: Cast;
  readonly #spoilt = new Set<string>();
  /** Seats whose node gave up on a spoilt disk, and waits for its operator. */
  readonly #refusing = new Set<string>();
  readonly #peaks = { pool: 0, queue: 0 };
  #healed = false;
  #roundEnteredMax = 0;
  #warmAtMicros = 0;
  #skewMicros = 0;

  constructor(scenario: FaultScenario, options: FaultRunOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#n = options.nodes ?? (scenario.nodes[0] as number);
    this.#f = Math.floor((this.#n - 1) / 3);
    this.#dice = new Dice(`treadle faults ${scenario.name} ${options.seed} ${this.#n}`);
    for (const { kind, skew, jump, drift } of scenario.safety.faults) {
      if (kind !== 'clock') continue;
      const drifted = ((drift?.max ?? 0) * scenario.safety.duration.max) / 1e6;
      this.#skewMicros = Math.max(this.#skewMicros, (skew?.max ?? 0) + 4 * (jump?.max ?? 0) + drifted);
    }
    const links = this.#links();
    const cluster = new FaultCluster({
      nodes: this.#n,
      seed: `${scenario.name} ${options.seed}`,
      pace: scenario.chain,
      links,
      bandwidthBitsPerSecond: scenario.network.bandwidthBitsPerSecond,
      cores: scenario.machines.cores,
      syncMicros: scenario.machines.syncMicros,
      ownState: scenario.machines.ownState,
      ...(scenario.machines.snapshotBehind !== undefined && { snapshotBehind: scenario.machines.snapshotBehind }),
      onLog: (line) => this.#logged(line),
      between: (environment, seat) => this.#between(environment, seat),
      onNode: (node, seat) => {
        if (this.#cast.isLiar(seat)) this.#cast.meet(node, seat);
        else this.#chain.attach(node, seat);
      },
      onFailure: (seat, error) => this.#failed(seat, error),
    });
    this.#cluster = cluster;
    const now = (): number => cluster.world.now;
    this.#chain = new ChainWatch({ verdict: this.#verdict, now, skewMicros: () => this.#skewMicros });
    this.#votes = new VoteWatch(this.#verdict, genesisDomain(cluster.genesis));
    this.#members = new Members(cluster);
    this.#followMembers();
    this.#cast = new Cast(cluster, scenario, this.#dice, { n: this.#n, f: this.#f });
    const takers = this.#takers();
    this.#load = new Workload({
      world: cluster.world,
      chain: this.#chain,
      dice: this.#dice.of('load'),
      chainId: cluster.genesis.chainId,
      load: scenario.load,
      targets: () => takers().filter((seat) => seat.node !== undefined && this.#members.isSealer(seat)),
      isTrusted: (seat) => !this.#cast.isLiar(seat),
    });
    const stage: Stage = {
      cluster,
      load: this.#load,
      cuts: new Cuts(cluster.world),
      members: this.#members,
      sometimes: this.#sometimes,
      n: this.#n,
      f: this.#f,
      liars: new Set(this.#cast.liars.keys()),
      spoilt: this.#spoilt,
      struck: new Map(),
      baseLink: links,
    };
    this.#turmoil = new Turmoil(stage, scenario.safety.faults, this.#dice.of('faults'));
  }

  async run(): Promise<FaultReport> {
    const { world } = this.#cluster;
    const { warmUpMicros, safety } = this.#scenario;
    await this.#cluster.start();
    this.#load.start();
    await world.runFor(warmUpMicros);
    const warm = { atMicros: world.now, committed: this.#load.committed };
    this.#warmAtMicros = warm.atMicros;
    this.#cast.lying = true;
    this.#turmoil.start();
    await world.runFor(Math.round(this.#dice.of('duration').within(safety.duration)));
    const stormy = { atMicros: world.now, committed: this.#load.committed };
    this.#turmoil.heal();
    const recovery = await this.#recover(stormy.atMicros);
    await audit({ cluster: this.#cluster, chain: this.#chain, load: this.#load, verdict: this.#verdict, honest: this.#honest() });
    const before = warm.committed / ((warm.atMicros - START_MICROS) / 1e6);
    const during = (stormy.committed - warm.committed) / ((stormy.atMicros - warm.atMicros) / 1e6);
    const share = before === 0 ? 0 : during / before;
    const outcome = this.#outcome(share, recovery);
    checkOutcome(outcome);
    return reportOutcome(outcome);
  }

  #outcome(share: number, recovery: Recovery): Outcome {
    return {
      scenario: this.#scenario,
      seed: this.#options.seed,
      replay: this.#options.replay,
      n: this.#n,
      f: this.#f,
      cluster: this.#cluster,
      cast: this.#cast,
      chain: this.#chain,
      votes: this.#votes,
      load: this.#load,
      verdict: this.#verdict,
      sometimes: this.#sometimes,
      struck: this.#turmoil.struck,
      peaks: this.#peaks,
      roundEnteredMax: this.#roundEnteredMax,
      warmAtMicros: this.#warmAtMicros,
      share,
      recovery,
    };
  }

  // --- what stands before a node -----------------------------------------------------------------

  #between(environment: Environment, seat: FaultSeat): readonly Environment[] {
    const watched = { ...environment, metrics: this.#peaking(environment.metrics) };
    return this.#cast.isLiar(seat) ? this.#cast.environments(watched, seat) : [withHooks(watched, this.#votes.hooks)];
  }

  /** Notes the most that a node ever held. */
  #peaking(metrics: Metrics): Metrics {
    return {
      count: (name, by) => metrics.count(name, by),
      observe: (name, value) => metrics.observe(name, value),
      snapshot: () => metrics.snapshot(),
      gauge: (name, value) => {
        if (name === 'storage_full' && value > 0) this.#sometimes.note('disk full');
        if (name === 'pool_transactions') this.#peaks.pool = Math.max(this.#peaks.pool, value);
        else if (name === 'memory_budget_bytes') this.#peaks.queue = Math.max(this.#peaks.queue, value);
        metrics.gauge(name, value);
      },
    };
  }

  #links(): Partial<LinkParameters> {
    const { latency, loss } = this.#scenario.network;
    return { latency: { kind: 'uniform', minMicros: latency.min, maxMicros: latency.max }, loss };
  }

  /** The nodes that clients know: all sealers, or one honest one. */
  #takers(): () => readonly FaultSeat[] {
    const { seats } = this.#cluster;
    if (this.#scenario.load.at === 'all') return () => seats;
    const honest = seats.filter(({ kind, name }) => kind === 'sealer' && !this.#cast.liars.has(name));
    const one = this.#dice.of('taker').pick(honest);
    return () => [one];
  }

  #followMembers(): void {
    this.#chain.onBlock((_block, _hashes, record) => this.#members.note(record.header.nextSealers));
    this.#members.onChange((sealers) => {
      this.#sometimes.note('set of sealers changed');
      for (const seat of this.#cluster.seats) {
        if (seat.kind === 'spare' && seat.lives === 0 && sealers.has(seat.id)) this.#cluster.introduce(seat.name);
      }
    });
  }

  // --- what is seen on the way -----------------------------------------------------------------

  #logged(line: LogLine): void {
    this.#options.onLog?.(line);
    const seat = this.#cluster.seatOf(line.node);
    if (seat !== undefined && this.#cast.isLiar(seat)) return;
    this.#sometimes.see(line);
    if (line.event === 'consensus.round') this.#roundEnteredMax = Math.max(this.#roundEnteredMax, Number(line.fields['round']));
    if (line.event === 'consensus.fault') this.#accused(line, seat);
  }

  /** An honest node blames another for what only a liar does. */
  #accused(line: LogLine, by: FaultSeat | undefined): void {
    if (!this.#scenario.checks.nobodyHonestAccused) return;
    const accused = this.#cluster.seats.find(({ id }) => id === line.fields['peer']);
    if (accused === undefined || this.#cast.isLiar(accused)) return;
    this.#verdict.violated('accused', `${by?.name} says of ${accused.name}: ${String(line.fields['reason'])}`);
  }

  #failed(seat: FaultSeat, error: unknown): void {
    if (this.#cast.isLiar(seat)) return;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#spoilt.has(seat.name)) {
      this.#sometimes.note('damaged node refused to start');
      this.#refusing.add(seat.name);
      if (this.#healed) this.#cluster.world.at(OPERATOR_MICROS, () => this.#replaceRefusing());
      return;
    }
    this.#verdict.violated('stopped', `${seat.name}: ${reason}`);
  }

  /** Honest members with a ledger. */
  #honest(): readonly FaultSeat[] {
    return this.#cluster.seats.filter(
      (seat) => seat.lives > 0 && !this.#cast.isLiar(seat) && (seat.kind === 'observer' || this.#members.isSealer(seat)),
    );
  }

  // --- the liveness phase ----------------------------------------------------------------------

  async #recover(healedAtMicros: number): Promise<Recovery> {
    const { world } = this.#cluster;
    const { withinMicros, blocks } = this.#scenario.liveness;
    const height = this.#chain.height;
    this.#healed = true;
    this.#replaceRefusing();
    const deadline = healedAtMicros + withinMicros;
    const reached = await this.#until(
      () => this.#chain.height >= height + blocks && world.now >= healedAtMicros + LOAD_AFTER_HEAL_MICROS,
      deadline,
    );
    this.#load.stop();
    const drained = reached && (await this.#until(() => this.#isSettled(), deadline));
    const first = this.#chain.blocks.find(({ number }) => number > height);
    return {
      live: drained,
      recoveryMs: first === undefined ? null : (first.atMicros - healedAtMicros) / 1000,
      drainedMs: drained ? (world.now - healedAtMicros) / 1000 : null,
      stuck: drained ? undefined : this.#whatIsMissing(height + blocks),
    };
  }

  /** Nodes that refuse their damaged disk get an empty one from their operator. */
  #replaceRefusing(): void {
    for (const name of this.#refusing) {
      const seat = this.#cluster.seat(name);
      if (seat.powered) this.#cluster.crash(name, { tornTail: false });
      this.#cluster.world.destroyDisk(seat.id);
      this.#load.forgotten(seat);
      this.#cluster.restart(name);
    }
    this.#refusing.clear();
  }

  #isSettled(): boolean {
    if (this.#load.outstanding > 0 || this.#load.unanswered > 0) return false;
    const { height } = this.#chain;
    return this.#honest().every((seat) => seat.node?.full.ledger.head.number === height);
  }

  async #until(predicate: () => boolean, deadlineMicros: number): Promise<boolean> {
    const { world } = this.#cluster;
    try {
      await world.runUntil(predicate, Math.max(0, deadlineMicros - world.now));
      return true;
    } catch (error) {
      if (hasCode(error, 'SIM_DEADLINE') || hasCode(error, 'SIM_STALLED')) return false;
      throw error;
    }
  }

  #whatIsMissing(target: number): string {
    const heads = this.#honest().map(
      ({ name, node }) => `${name} ${node === undefined ? 'not up' : node.full.ledger.head.number}`,
    );
    return `height ${this.#chain.height} of ${target}, ${this.#load.outstanding} acknowledged and ${this.#load.unanswered} unacknowledged transactions open; heads: ${heads.join(', ')}`;
  }
}
