import type { ByzantineKind, DiskFate, FaultKind, FaultScenario, MemberChange, WrongSetting } from './format/fault-scenario.ts';

/** What a run may bring about, as its scenario and its cast say. */
export class Possible {
  readonly #scenario: FaultScenario;
  readonly #ways: ReadonlySet<ByzantineKind>;
  readonly #nodes: number;

  /** @param ways - how the liars of this run lie */
  constructor(scenario: FaultScenario, ways: ReadonlySet<ByzantineKind>, nodes: number) {
    this.#scenario = scenario;
    this.#ways = ways;
    this.#nodes = nodes;
  }

  fault(...kinds: readonly FaultKind[]): boolean {
    return this.#scenario.safety.faults.some(({ kind }) => kinds.includes(kind));
  }

  liar(...kinds: readonly ByzantineKind[]): boolean {
    return kinds.some((kind) => this.#ways.has(kind));
  }

  disk(...fates: readonly DiskFate[]): boolean {
    return this.#scenario.safety.faults.some(({ kind, disks }) => kind === 'crash' && fates.some((fate) => disks.includes(fate)));
  }

  member(change: MemberChange): boolean {
    return this.#scenario.safety.faults.some(({ kind, changes }) => kind === 'membership' && changes.includes(change));
  }

  setting(wrong: WrongSetting): boolean {
    return this.#scenario.safety.faults.some(({ kind, settings }) => kind === 'misconfigure' && settings.includes(wrong));
  }

  /** Payloads are offered. */
  get payloads(): boolean {
    return this.#scenario.load.payloads > 0 || this.fault('burst');
  }

  get ownState(): boolean {
    return this.#scenario.machines.ownState;
  }

  get snapshots(): boolean {
    return this.#scenario.machines.snapshotBehind !== undefined && this.fault('crash', 'membership');
  }

  get pruning(): boolean {
    return this.#scenario.machines.storageBytes > 0;
  }

  get smallMemory(): boolean {
    return this.#scenario.machines.memoryBytes !== undefined && this.fault('overload', 'burst');
  }

  /** Few enough nodes that all of them have their turn in the time of a run. */
  get few(): boolean {
    return this.#nodes <= 5;
  }
}
