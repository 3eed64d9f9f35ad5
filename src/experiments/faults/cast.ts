import { genesisDomain } from '../../consortium/index.ts';
import type { Environment } from '../../environment/index.ts';
import type { LedgerNode } from '../../node/index.ts';
import { type Liar, lyingEnvironment } from './byzantine/liar.ts';
import { splitTwins } from './byzantine/twins.ts';
import type { Dice } from './dice.ts';
import type { FaultCluster, FaultSeat } from './fault-cluster.ts';
import type { ByzantineKind, FaultScenario } from './format/fault-scenario.ts';
import { drawCount } from './stage.ts';

const LIAR_KINDS_MAX = 3;

/** Who lies in a run, and how: at most f sealers, drawn from the seed. */
export class Cast {
  readonly liars: ReadonlyMap<string, readonly ByzantineKind[]>;
  /** They lie only while this is true: the consortium is brought up by honest nodes. */
  lying = false;
  readonly #cluster: FaultCluster;
  readonly #scenario: FaultScenario;
  readonly #dice: Dice;
  readonly #heads = new Map<string, Liar['head']>();

  constructor(cluster: FaultCluster, scenario: FaultScenario, dice: Dice, size: { readonly n: number; readonly f: number }) {
    this.#cluster = cluster;
    this.#scenario = scenario;
    this.#dice = dice;
    this.liars = drawLiars(cluster, scenario, dice.of('liars'), size);
  }

  isLiar(seat: FaultSeat): boolean {
    return this.liars.has(seat.name);
  }

  /** What a liar's node has on its ledger is what it lies about. */
  meet(node: LedgerNode, seat: FaultSeat): void {
    this.#heads.set(seat.name, () => node.full.ledger.head);
  }

  /** The environments of a liar's node: one, or one for each of two copies. */
  environments(environment: Environment, seat: FaultSeat): readonly Environment[] {
    const kinds = this.liars.get(seat.name) ?? [];
    const { genesis, seats } = this.#cluster;
    const lying = lyingEnvironment(
      {
        environment,
        key: seat.setup.key,
        domain: genesisDomain(genesis),
        dice: this.#dice.of(`liar ${seat.name} ${seat.lives}`),
        others: seats.filter((other) => other !== seat && other.kind !== 'spare').map(({ id }) => id),
        chainId: genesis.chainId,
        baseTimeoutMicros: this.#scenario.chain.baseTimeoutMicros,
        active: () => this.lying,
        head: () => this.#heads.get(seat.name)?.(),
      },
      kinds,
    );
    if (!kinds.includes('twins')) return [lying];
    const split = this.#dice.of(`twins ${seat.name}`);
    const sides = new Map(seats.map(({ id }) => [id, split.pick(['left', 'left', 'right', 'right', 'both'] as const)]));
    return splitTwins(lying, (peer) => sides.get(peer) ?? 'left');
  }
}

function drawLiars(
  cluster: FaultCluster,
  { safety }: FaultScenario,
  dice: Dice,
  size: { readonly n: number; readonly f: number },
): ReadonlyMap<string, readonly ByzantineKind[]> {
  const { liars, kinds } = safety;
  const count = kinds.length === 0 ? 0 : Math.min(size.f, drawCount(liars, size, dice));
  const sealers = cluster.seats.filter(({ kind }) => kind === 'sealer');
  const ways = (): readonly ByzantineKind[] => dice.some(kinds, dice.integer(1, Math.min(LIAR_KINDS_MAX, kinds.length)));
  return new Map(dice.some(sealers, count).map(({ name }) => [name, ways()]));
}
