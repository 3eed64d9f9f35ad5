import type { FaultCluster, FaultSeat } from './fault-cluster.ts';

/** An operator looks after a node that gave up within this time. */
const OPERATOR_MICROS = 1_000_000;
/** A sealer without a record of its votes votes again within so many heights, and a little for what it has to catch up. */
const ABSTAINED_HEIGHTS_MAX = 5;

export interface DiskOperatorsOptions {
  readonly cluster: FaultCluster;
  /** How many sealers may fail at a time. */
  readonly f: number;
  readonly height: () => number;
  /** A node's disk is empty from now on. */
  readonly onEmptied: (seat: FaultSeat) => void;
}

/**
 * The operators of nodes that gave up on a spoilt disk. They start a node once more as it is, for the disk may only have had no
 * room; when it gives up again it gets an empty disk. With the votes of more than f sealers lost at once nobody could go on, so
 * they wait until those before it vote again.
 */
export class DiskOperators {
  readonly #options: DiskOperatorsOptions;
  readonly #refusing = new Set<string>();
  readonly #startedAgain = new Set<string>();
  /** Who got an empty disk, and the height of the chain then. */
  readonly #emptiedAt = new Map<string, number>();
  #atWork = false;

  constructor(options: DiskOperatorsOptions) {
    this.#options = options;
  }

  /** A node gave up. */
  note(seat: FaultSeat): void {
    this.#refusing.add(seat.name);
    if (this.#atWork) this.#later();
  }

  /** Sets to work: nothing is looked after before that. */
  begin(): void {
    this.#atWork = true;
    this.#lookAfter();
  }

  #lookAfter(): void {
    const { cluster, f, onEmptied, height } = this.#options;
    for (const name of this.#refusing) {
      const seat = cluster.seat(name);
      const isAgain = this.#startedAgain.has(name);
      if (isAgain && this.#abstaining() >= f) return this.#later();
      this.#refusing.delete(name);
      if (seat.powered) cluster.crash(name, { tornTail: false });
      if (isAgain) {
        cluster.world.destroyDisk(seat.id);
        onEmptied(seat);
        this.#emptiedAt.set(name, height());
      }
      this.#startedAgain.add(name);
      cluster.restart(name);
    }
  }

  #later(): void {
    this.#options.cluster.world.at(OPERATOR_MICROS, () => this.#lookAfter());
  }

  /** Sealers with an empty disk that may not vote yet. */
  #abstaining(): number {
    return [...this.#emptiedAt.values()].filter((height) => this.#options.height() < height + ABSTAINED_HEIGHTS_MAX).length;
  }
}
