import { decodeEvent, PEDAL_ADDRESS } from '../../contracts/index.ts';
import type { Micros } from '../../environment/index.ts';
import { OUTSIDE_REQUEST_BYTES } from '../../environment/sim/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Ledger } from '../../ledger/index.ts';
import { PEDAL_START_MICROS } from '../../limits.ts';
import type { LedgerNode } from '../../node/index.ts';
import { type Cluster, createCluster } from '../cluster.ts';
import { Dice } from '../faults/dice.ts';
import { type Account, Accounts } from '../pedal/accounts.ts';
import { BlockWatch } from '../pedal/block-watch.ts';
import { requestData } from '../pedal/load.ts';
import { percentiles } from '../percentiles.ts';
import { loadScenario, type Scenario } from '../scenario/index.ts';
import type { CellOutcome, FigureCell, FigureLine } from './cell.ts';
import { Places } from './places.ts';
import { Traffic } from './traffic.ts';

export interface PedalNetworkOptions {
  /** Oracle nodes. */
  readonly nodes: number;
  /** Members of a term's group, beside its master. */
  readonly groupSize: number;
  readonly line: FigureLine;
  readonly seed: number;
  /** The most transactions of one cell: so many accounts ask. */
  readonly transactionsMax: number;
  /** The most that one look may take. */
  readonly lookMicros: Micros;
  /** Microseconds per unit of an operation, where a machine was measured. */
  readonly costMicros?: Readonly<Record<string, number>>;
  /** Time of a flush to disk. */
  readonly syncMicros?: Micros;
}

const TERM_BLOCKS = 120;
const ELECT_BLOCKS = 8;
/** Blocks of a term that a cell may take: no election falls into it. */
const CELL_BLOCKS = 40;
const FEE_WEI = 10n ** 13n;
const FUND_WEI = 10n ** 18n;
const REQUEST_GAS = 2_000_000n;
const REST_MICROS = 2_000_000;

/** Treadle's sealers and oracle nodes in a simulated world, past their first election, ready for one cell after the other. */
export class PedalNetwork {
  readonly #cluster: Cluster;
  readonly #watch: BlockWatch;
  readonly #accounts: Accounts;
  readonly #clients: readonly Account[];
  readonly #places: Places;
  readonly #traffic = new Traffic();
  /** Height of every ledger that is open. */
  readonly #heights = new Map<Ledger, number>();
  /** When the last node had a block. */
  readonly #heldBy = new Map<number, { nodes: number; lastMicros: Micros }>();
  #cells = 0;

  private constructor(options: PedalNetworkOptions) {
    this.#watch = new BlockWatch(() => this.#cluster.world);
    this.#cluster = createCluster(scenarioOf(options), options.seed, {
      between: (environment) => this.#traffic.counted(environment),
      setup: ({ setup }) =>
        setup.file.role === 'oracle'
          ? { ...setup, file: { ...setup.file, oracle: { ...setup.file.oracle, lookMs: options.lookMicros / 1000 } } }
          : setup,
      onNode: (node) => {
        if (node.role !== 'device') this.#follow((node as LedgerNode).full.ledger, node.role !== 'oracle');
      },
    });
    const { world, genesis } = this.#cluster;
    this.#places = new Places(world, { places: options.nodes, bitsPerSecond: options.line.bitsPerSecond });
    const { latencyMicros, jitterMicros } = options.line;
    world.outside.setWay({
      latency: { kind: 'uniform', minMicros: latencyMicros - jitterMicros, maxMicros: latencyMicros + jitterMicros },
    });
    const dice = new Dice(`treadle figures ${options.seed}`);
    this.#accounts = new Accounts({ world, chainId: genesis.chainId, dice, sealers: () => this.#sealers() }, this.#watch);
    this.#clients = Array.from({ length: options.transactionsMax }, (_, at) => this.#accounts.account(`client ${at + 1}`));
  }

  /** Brings the network up: every oracle node is registered, accounts have money. */
  static async start(options: PedalNetworkOptions): Promise<PedalNetwork> {
    const network = new PedalNetwork(options);
    const { world } = network.#cluster;
    await network.#cluster.start();
    const registered = (): boolean => {
      const oracles = network.#cluster.running('oracle');
      return oracles.length === options.nodes && oracles.every(({ keeper }) => keeper.seat?.record.inSet === true);
    };
    await world.runUntil(registered, PEDAL_START_MICROS);
    const [sealer] = network.#cluster.running('proxy');
    if (sealer === undefined) throw new TreadleError('SCENARIO_NODE_FAILED', { detail: 'the proxy is not up' });
    const transfers = network.#clients.map(({ key }) => sealer.full.client.transact({ to: key.address, value: FUND_WEI }));
    await world.run(Promise.all(transfers), PEDAL_START_MICROS);
    // The set of the present term may lack nodes that registered in it.
    await world.runUntil(() => network.#watch.height >= TERM_BLOCKS, PEDAL_START_MICROS * 4);
    return network;
  }

  /** Everybody asks at once; ends when every node has the block with the last answer. */
  async run(cell: FigureCell, withinMicros: Micros): Promise<CellOutcome> {
    const { world } = this.#cluster;
    await this.#settle();
    this.#cells += 1;
    const before = world.stats();
    const kindsBefore = this.#traffic.snapshot();
    const startedAt = world.now;
    const answeredIn: number[] = [];
    let failed = 0;
    const stop = this.#watch.onBlock(({ block, receipts }) => {
      for (const log of receipts.flatMap(({ logs }) => logs)) {
        const event = log.address === PEDAL_ADDRESS ? decodeEvent(log) : undefined;
        if (event?.name === 'Answered') answeredIn.push(block.header.number);
        if (event?.name === 'RequestFailed') failed += 1;
      }
    });
    const expiresAt = Math.ceil((world.now + withinMicros) / 1e6) + 60;
    for (let id = 0; id < cell.transactions; id++) this.#ask(id, cell, expiresAt);
    const nodes = this.#heights.size;
    const isOver = (): boolean =>
      failed > 0 || (answeredIn.length === cell.transactions && this.#heldBy.get(Math.max(...answeredIn))?.nodes === nodes);
    const finished = await world.runUntil(isOver, withinMicros).then(
      () => failed === 0,
      () => false,
    );
    stop();
    this.#places.forget();
    const [failure] = this.#cluster.failures;
    if (failure !== undefined) throw failure.error;
    const stats = world.stats();
    const outsideBytes =
      stats.outsideBytes - before.outsideBytes + OUTSIDE_REQUEST_BYTES * (stats.outsideReads - before.outsideReads);
    const networkBytes = stats.messageBytes - before.messageBytes;
    return {
      finished,
      committed: answeredIn.length,
      makespanMs: finished ? (world.now - startedAt) / 1000 : undefined,
      latencyMs: percentiles(
        answeredIn.map((height) => ((this.#heldBy.get(height)?.lastMicros ?? world.now) - startedAt) / 1000),
      ),
      ioBytes: networkBytes + outsideBytes,
      outsideBytes,
      messages: stats.messages - before.messages,
      reads: stats.outsideReads - before.outsideReads,
      viewChanges: 0,
      bytesOfKinds: difference(this.#traffic.snapshot(), kindsBefore),
    };
  }

  get traceHash(): string {
    return this.#cluster.world.traceHash();
  }

  #ask(id: number, { nodes, transactions, sizeBytes }: FigureCell, expiresAt: number): void {
    // As the bodies of the baselines do, data lies at places spread evenly.
    const place = Math.floor((id * nodes) / transactions);
    const url = this.#places.url(place, `${this.#cells}-${id}`, sizeBytes);
    const data = requestData(JSON.stringify({ source: { kind: 'http', url }, as: 'digest' }), expiresAt);
    const client = this.#clients[id] as Account;
    void this.#accounts.send(client, { to: PEDAL_ADDRESS, data, valueWei: FEE_WEI, gas: REQUEST_GAS });
  }

  /** No election is under way or near, and nothing of the cell before is. */
  async #settle(): Promise<void> {
    const { world } = this.#cluster;
    await world.runFor(REST_MICROS);
    const isQuiet = (): boolean => {
      const inTerm = this.#watch.height % TERM_BLOCKS;
      return inTerm >= ELECT_BLOCKS && inTerm < TERM_BLOCKS - CELL_BLOCKS && this.#accounts.open === 0;
    };
    await world.runUntil(isQuiet, PEDAL_START_MICROS * 4);
    await world.runFor(REST_MICROS);
  }

  #sealers(): readonly Ledger[] {
    return [...this.#cluster.running('proxy'), ...this.#cluster.running('company')].map(({ full }) => full.ledger);
  }

  #follow(ledger: Ledger, seals: boolean): void {
    if (seals) this.#watch.follow(ledger);
    this.#heights.set(ledger, 0);
    ledger.onHead(({ header: { number } }) => {
      this.#heights.set(ledger, number);
      const held = this.#heldBy.get(number) ?? { nodes: 0, lastMicros: 0 };
      held.nodes += 1;
      held.lastMicros = this.#cluster.world.now;
      this.#heldBy.set(number, held);
    });
  }
}

function difference(after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  const entries = [...after].map(([kind, bytes]): [string, number] => [kind, bytes - (before.get(kind) ?? 0)]);
  return Object.fromEntries(entries.filter(([, bytes]) => bytes > 0).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function scenarioOf({ nodes, groupSize, line, costMicros = {}, syncMicros }: PedalNetworkOptions): Scenario {
  const text = `
scenario: pedal-figures
description: Many ask the oracle for large data at once.
duration: 1 h
ledger: { companies: 3, blockInterval: ${line.blockIntervalMicros / 1000} ms, heartbeat: 10 s, baseTimeout: 2 s, gather: ${line.gatherMicros / 1000} ms }
edge: { count: 1 }
devices: { count: 0 }
oracle:
  nodes: ${nodes}
  termBlocks: ${TERM_BLOCKS}
  electBlocks: ${ELECT_BLOCKS}
  jobs: { data: { groupSize: ${groupSize} } }
`;
  const scenario = loadScenario(text, {
    file: 'pedal-figures',
    readFile: (path) => {
      throw new TreadleError('SCENARIO_FILE_MISSING', { detail: path });
    },
  });
  return {
    ...scenario,
    network: {
      ...scenario.network,
      latencyMicros: line.latencyMicros,
      jitterMicros: line.jitterMicros,
      bandwidthBitsPerSecond: line.bitsPerSecond,
      lossShare: 0,
    },
    edge: { ...scenario.edge, count: 0 },
    cpu: { ...scenario.cpu, costMicros, ...(syncMicros !== undefined && { syncMicros }) },
  };
}
