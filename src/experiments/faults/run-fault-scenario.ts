import { genesisDomain } from '../../consortium/index.ts';
import type { Environment, Metrics } from '../../environment/index.ts';
import type { LinkParameters, LogLine } from '../../environment/sim/index.ts';
import { hasCode, invariant } from '../../errors.ts';
import { audit } from './audit.ts';
import { Cast } from './cast.ts';
import { ChainWatch } from './chain-watch.ts';
import { Cuts } from './cuts.ts';
import { Dice } from './dice.ts';
import { DiskOperators } from './disk-operators.ts';
import { EvidenceWatch } from './evidence-watch.ts';
import { FaultCluster, type FaultSeat } from './fault-cluster.ts';
import type { FaultReport } from './fault-report.ts';
import { countIn, type FaultScenario } from './format/fault-scenario.ts';
import { START_MICROS } from './layout.ts';
import { Members } from './members.ts';
import { withHooks } from './messages.ts';
import { checkOutcome, type Measured, type Outcome, type Recovery, reportOutcome } from './outcome.ts';
import { Sometimes } from './sometimes.ts';
import type { Stage } from './stage.ts';
import { CHAIN_TABLE } from './strikes/rot.ts';
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

/** Where a run stood at a moment. */
interface Mark {
  readonly atMicros: number;
  readonly blocks: number;
  readonly committed: number;
  readonly offered: number;
}

function blocksPerMicro(from: Mark, to: Mark): number {
  invariant(to.atMicros > from.atMicros, 'a phase takes time');
  return (to.blocks - from.blocks) / (to.atMicros - from.atMicros);
}

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
  readonly #evidence: EvidenceWatch;
  readonly #spoilt = new Set<string>();
  readonly #misled = new Set<string>();
  readonly #damaged = { values: 0 };
  readonly #operators: DiskOperators;
  readonly #peaks = { pool: 0, queue: 0 };
  #roundEnteredMax = 0;
  #warmAtMicros = 0;
  #skewMicros = 0;
  #replaced = 0;

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
      ...(scenario.machines.memoryBytes !== undefined && { memoryBytes: scenario.machines.memoryBytes }),
      storageBytes: scenario.machines.storageBytes,
      olderWire: scenario.safety.faults.some(({ kind }) => kind === 'upgrade'),
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
    const { evidenceBlocks } = scenario.checks;
    this.#evidence = new EvidenceWatch({
      verdict: this.#verdict,
      chain: this.#chain,
      domain: genesisDomain(cluster.genesis),
      liars: new Set(cluster.seats.filter((seat) => this.#cast.isLiar(seat)).map(({ id }) => id)),
      isSealer: (node) => this.#members.sealers.has(node),
      blocksMax: evidenceBlocks === undefined ? undefined : countIn(evidenceBlocks, { n: this.#n, f: this.#f }),
    });
    const takers = this.#takers();
    this.#load = new Workload({
      world: cluster.world,
      chain: this.#chain,
      dice: this.#dice.of('load'),
      chainId: cluster.genesis.chainId,
      load: scenario.load,
      // A client knows its chain: it leaves a node alone that was started on another one.
      targets: () =>
        takers().filter(
          (seat) => seat.node !== undefined && this.#members.isSealer(seat) && seat.setup.genesis === cluster.genesis,
        ),
      isTrusted: (seat) => !this.#cast.isLiar(seat),
    });
    this.#operators = new DiskOperators({
      cluster,
      f: this.#f,
      height: () => this.#chain.height,
      onEmptied: (seat) => this.#load.forgotten(seat),
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
      misled: this.#misled,
      damaged: this.#damaged,
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
    const cold = { atMicros: START_MICROS, blocks: 0, committed: 0, offered: 0 };
    const warm = this.#mark();
    this.#warmAtMicros = warm.atMicros;
    this.#cast.lying = true;
    this.#turmoil.start();
    const durationMicros = Math.round(this.#dice.of('duration').within(safety.duration));
    const afterMicros = Math.min(this.#scenario.checks.afterMicros, durationMicros / 2);
    await world.runFor(afterMicros);
    const begun = this.#mark();
    await world.runFor(durationMicros - afterMicros);
    const stormy = this.#mark();
    this.#turmoil.heal();
    const recovery = await this.#recover(stormy.atMicros);
    await audit({ cluster: this.#cluster, chain: this.#chain, load: this.#load, verdict: this.#verdict, honest: this.#honest() });
    const blockRateShare = blocksPerMicro(begun, stormy) / blocksPerMicro(cold, warm);
    const outcome = this.#outcome(
      { share: this.#shareCommitted(begun, stormy), blockRateShare, healedAtMicros: stormy.atMicros },
      recovery,
    );
    checkOutcome(outcome);
    return reportOutcome(outcome);
  }

  #mark(): Mark {
    const { committed, transactions } = this.#load;
    return { atMicros: this.#cluster.world.now, blocks: this.#chain.height, committed, offered: transactions.size };
  }

  /** Of what clients offered between two marks; an overload is more than anybody promised to take. */
  #shareCommitted(from: Mark, to: Mark): number {
    const ordinary = this.#scenario.load.ratePerSecond * ((to.atMicros - from.atMicros) / 1e6);
    const offered = Math.min(to.offered - from.offered, ordinary);
    return offered <= 0 ? 0 : (to.committed - from.committed) / offered;
  }

  #outcome(measured: Measured, recovery: Recovery): Outcome {
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
      damaged: this.#damaged.values,
      damagedLeft: this.#damagedLeft(),
      evidence: this.#evidence,
      ...measured,
      recovery,
    };
  }

  // --- what stands before a node -----------------------------------------------------------------

  #between(environment: Environment, seat: FaultSeat): readonly Environment[] {
    const watched = { ...environment, metrics: this.#peaking(environment.metrics) };
    return this.#cast.isLiar(seat) ? this.#cast.environments(watched, seat) : this.#honestly(watched, seat);
  }

  #honestly(environment: Environment, seat: FaultSeat): readonly Environment[] {
    const watched = withHooks(environment, this.#votes.hooks);
    return [this.#cast.liars.size === 0 ? watched : withHooks(watched, this.#evidence.hooks(seat))];
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
    // Where the one was voted out, or replaced its key, its clients go to the others.
    return () => (this.#members.hasLeft(one) ? seats : [one]);
  }

  #followMembers(): void {
    this.#chain.onBlock((_block, _hashes, record) => this.#members.note(record.header.nextSealers));
    this.#members.onChange((sealers) => {
      this.#sometimes.note('set of sealers changed');
      const replaced = this.#cluster.seats.filter(
        ({ kind, id, setup }) => kind === 'spare' && sealers.has(id) && setup.accountKey,
      );
      if (replaced.length > this.#replaced) this.#sometimes.note('key of a sealer replaced', replaced.length - this.#replaced);
      this.#replaced = Math.max(this.#replaced, replaced.length);
      // Nobody takes anything from a node that left: its clients offer again what it had not handed on.
      for (const seat of this.#cluster.seats) if (this.#members.hasLeft(seat)) this.#load.forgotten(seat);
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
    if (this.#misled.has(seat.name)) return this.#sometimes.note('misconfigured node refused to start');
    if (this.#spoilt.has(seat.name)) {
      this.#sometimes.note('damaged node refused to start');
      this.#operators.note(seat);
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
    this.#operators.begin();
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

  /** Values of chains that are spoilt at present. */
  #damagedLeft(): number {
    return this.#honest().reduce((sum, { id }) => sum + this.#cluster.world.damagedValues(id, CHAIN_TABLE), 0);
  }

  #isSettled(): boolean {
    if (this.#scenario.checks.repaired && this.#damagedLeft() > 0) return false;
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
    const spoilt = this.#scenario.checks.repaired ? `${this.#damagedLeft()} spoilt values left, ` : '';
    return `height ${this.#chain.height} of ${target}, ${spoilt}${this.#load.outstanding} acknowledged and ${this.#load.unanswered} unacknowledged transactions open; heads: ${heads.join(', ')}`;
  }
}
