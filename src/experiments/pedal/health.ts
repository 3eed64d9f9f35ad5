import type { Address } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';
import type { Cluster } from '../cluster.ts';
import type { Fault } from '../scenario/index.ts';

/** After a restart or a partition, a node finds its peers and the head of the ledger within this time. */
const RECOVERY_MICROS = 20_000_000;

/** Which nodes the faults of a scenario have left alone for a while. */
export class Health {
  readonly #cluster: Cluster;
  /** Since when a seat is as it should be again. */
  readonly #wellSince = new Map<string, Micros>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  note(fault: Fault): void {
    const never = Number.POSITIVE_INFINITY;
    const wellFrom = this.#cluster.world.now + RECOVERY_MICROS;
    switch (fault.type) {
      case 'crash':
        for (const name of fault.nodes) this.#wellSince.set(name, never);
        return;
      case 'restart':
        for (const name of fault.nodes) this.#wellSince.set(name, wellFrom);
        return;
      case 'partition':
        for (const name of fault.groups.flat()) this.#wellSince.set(name, never);
        return;
      case 'heal':
        for (const name of this.#wellSince.keys()) {
          if (this.#cluster.seats.get(name)?.node !== undefined) this.#wellSince.set(name, wellFrom);
        }
    }
  }

  /** Whether an account's node is up, reaches everybody, and has for a while. */
  isWell(account: Address): boolean {
    const name = [...this.#cluster.seats.keys()].find((each) => this.#cluster.id(each) === account);
    return name !== undefined && (this.#wellSince.get(name) ?? 0) <= this.#cluster.world.now;
  }
}
