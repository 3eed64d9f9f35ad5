import type { Address } from '../../crypto/index.ts';
import type { FaultCluster, FaultSeat } from './fault-cluster.ts';

/** Who seals at present, as the latest block says. */
export class Members {
  #sealers: ReadonlySet<Address>;
  /** How many may fail, at the smallest size that the consortium had. */
  faultsMin: number;
  /** Changes of the set so far. */
  changes = 0;
  readonly #listeners: ((sealers: ReadonlySet<Address>) => void)[] = [];

  constructor(cluster: FaultCluster) {
    this.#sealers = new Set(cluster.genesis.sealers);
    this.faultsMin = Math.floor((this.#sealers.size - 1) / 3);
  }

  get sealers(): ReadonlySet<Address> {
    return this.#sealers;
  }

  isSealer(seat: FaultSeat): boolean {
    return this.#sealers.has(seat.id);
  }

  /** True for a seat that sealed and does not any more. */
  hasLeft(seat: FaultSeat): boolean {
    return seat.kind !== 'observer' && !this.isSealer(seat);
  }

  onChange(listener: (sealers: ReadonlySet<Address>) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes note of the set that a block names. */
  note(next: readonly Address[]): void {
    if (next.length === this.#sealers.size && next.every((sealer) => this.#sealers.has(sealer))) return;
    this.#sealers = new Set(next);
    this.changes += 1;
    this.faultsMin = Math.min(this.faultsMin, Math.floor((next.length - 1) / 3));
    for (const listener of this.#listeners) listener(this.#sealers);
  }
}
