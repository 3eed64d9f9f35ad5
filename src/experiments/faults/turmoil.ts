import type { Dice, Range } from './dice.ts';
import type { FaultEntry, FaultKind } from './format/fault-scenario.ts';
import type { Stage, Undo } from './stage.ts';
import { burst, overload } from './strikes/clients.ts';
import { backUp, crash } from './strikes/crash.ts';
import { clog, cut, malformed, partition, worsen } from './strikes/links.ts';
import { access, clock, fullDisk, pause, slowCpu } from './strikes/machines.ts';
import { changeMembers } from './strikes/members.ts';
import { certificate, misconfigure, upgrade } from './strikes/operators.ts';
import { rot } from './strikes/rot.ts';

type Strike = (stage: Stage, entry: FaultEntry, dice: Dice) => Undo | undefined;

const STRIKES: Readonly<Record<FaultKind, Strike>> = {
  crash,
  partition,
  cut,
  link: worsen,
  clog,
  access,
  malformed,
  pause,
  cpu: slowCpu,
  clock,
  'full-disk': fullDisk,
  overload,
  membership: changeMembers,
  rot,
  burst,
  upgrade,
  misconfigure,
  certificate,
};

/** Carries out the faults of a safety phase, each on its own schedule with dice of its own, and ends them all. */
export class Turmoil {
  /** Strikes by kind. */
  readonly struck = new Map<FaultKind, number>();
  readonly #stage: Stage;
  readonly #entries: readonly FaultEntry[];
  readonly #dice: Dice;
  readonly #open = new Set<Undo>();
  #over = false;

  constructor(stage: Stage, entries: readonly FaultEntry[], dice: Dice) {
    this.#stage = stage;
    this.#entries = entries;
    this.#dice = dice;
  }

  start(): void {
    if (this.#entries.some(({ disks }) => disks.includes('restore'))) backUp(this.#stage);
    for (const [at, entry] of this.#entries.entries()) this.#plan(entry, entry.first, this.#dice.of(`${at} ${entry.kind}`));
  }

  /** No further strikes, and the end of those under way. */
  heal(): void {
    this.#over = true;
    for (const undo of [...this.#open]) undo();
  }

  #plan(entry: FaultEntry, pause: Range, dice: Dice): void {
    this.#stage.cluster.world.at(Math.round(dice.within(pause)), () => {
      if (this.#over) return;
      this.#strike(entry, dice);
      if (entry.every !== undefined) this.#plan(entry, entry.every, dice);
    });
  }

  #strike(entry: FaultEntry, dice: Dice): void {
    const end = STRIKES[entry.kind](this.#stage, entry, dice);
    if (end === undefined) return;
    this.struck.set(entry.kind, (this.struck.get(entry.kind) ?? 0) + 1);
    this.#stage.sometimes.note(`fault ${entry.kind}`);
    const undo = (): void => {
      if (this.#open.delete(undo)) end();
    };
    this.#open.add(undo);
    this.#stage.cluster.world.at(Math.round(dice.within(entry.lasts)), undo);
  }
}
