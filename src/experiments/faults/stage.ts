import type { NodeId } from '../../environment/index.ts';
import type { LinkParameters } from '../../environment/sim/index.ts';
import type { Cuts } from './cuts.ts';
import type { Dice } from './dice.ts';
import type { FaultCluster, FaultSeat } from './fault-cluster.ts';
import { type CountRange, countIn, type FaultEntry } from './format/fault-scenario.ts';
import type { Members } from './members.ts';
import type { Sometimes } from './sometimes.ts';
import type { Workload } from './workload.ts';

/** What a fault can act on. */
export interface Stage {
  readonly cluster: FaultCluster;
  readonly load: Workload;
  readonly cuts: Cuts;
  readonly members: Members;
  readonly sometimes: Sometimes;
  /** Sealers at the start, and how many of them may fail. */
  readonly n: number;
  readonly f: number;
  readonly liars: ReadonlySet<string>;
  /** Nodes whose disk was spoilt, lost or put back: they may refuse to start. */
  readonly spoilt: Set<string>;
  /** Nodes that run, or fail to, with something wrong in their files. */
  readonly misled: Set<string>;
  /** Stored values spoilt so far. */
  readonly damaged: { values: number };
  /** Nodes that cannot take part at present, with by how many faults. */
  readonly struck: Map<string, number>;
  readonly baseLink: Partial<LinkParameters>;
}

/** Ends a strike. */
export type Undo = () => void;

/** Marks nodes as out of action until the returned function is called. */
export function take(stage: Stage, seats: readonly FaultSeat[]): Undo {
  for (const { name } of seats) stage.struck.set(name, (stage.struck.get(name) ?? 0) + 1);
  return () => {
    for (const { name } of seats) {
      const left = (stage.struck.get(name) ?? 1) - 1;
      if (left === 0) stage.struck.delete(name);
      else stage.struck.set(name, left);
    }
  };
}

export function drawCount(range: CountRange, stage: { readonly n: number; readonly f: number }, dice: Dice): number {
  const [min, max] = [countIn(range.min, stage), countIn(range.max, stage)];
  return dice.integer(Math.min(min, max), Math.max(min, max));
}

/** Honest sealers whose node runs. */
export function running(stage: Stage): readonly FaultSeat[] {
  return stage.cluster.seats.filter(
    (seat) => seat.node !== undefined && stage.members.isSealer(seat) && !stage.liars.has(seat.name),
  );
}

/**
 * The nodes that a strike takes: as many as the entry says, but (unless it goes beyond) never so many that together with
 * the liars and with what is struck already more than f sealers are out of action.
 */
export function victims(stage: Stage, entry: FaultEntry, dice: Dice): readonly FaultSeat[] {
  if (entry.who === 'observer') {
    return stage.cluster.seats.filter(({ kind, node }) => kind === 'observer' && node !== undefined);
  }
  const free = running(stage).filter(({ name }) => !stage.struck.has(name));
  const wanted = drawCount(entry.nodes, stage, dice);
  const out = stage.cluster.seats.filter((seat) => stage.members.isSealer(seat) && isOut(stage, seat)).length;
  const allowed = entry.beyond ? wanted : Math.min(wanted, Math.min(stage.f, stage.members.faultsMin) - out);
  if (allowed <= 0) return [];
  if (entry.who === 'leader') {
    const leader = leaderOf(stage);
    return leader !== undefined && free.includes(leader) ? [leader] : [];
  }
  return dice.some(free, allowed);
}

/** True for a sealer that does not vote at present: a liar, one that is struck or not up, one that has to abstain for a while. */
export function isOut(stage: Stage, seat: FaultSeat): boolean {
  if (stage.liars.has(seat.name) || stage.struck.has(seat.name)) return true;
  return seat.node === undefined || seat.node.full.treadle.consensus().abstaining !== undefined;
}

/** The sealer whose turn it is, as an honest node sees it. */
export function leaderOf(stage: Stage): FaultSeat | undefined {
  const [seat] = running(stage);
  const proposer = seat?.node?.full.treadle.consensus().proposer;
  return proposer === undefined || proposer === null ? undefined : stage.cluster.seatOf(proposer);
}

/** Every node that is in the world. */
export function everybody(stage: Stage): readonly NodeId[] {
  return stage.cluster.seats.filter(({ lives }) => lives > 0).map(({ id }) => id);
}

/** All directions between nodes of the world, or those that no core of n - f honest sealers needs. */
export function directions(stage: Stage, entry: FaultEntry, dice: Dice): readonly (readonly [NodeId, NodeId])[] {
  const nodes = everybody(stage);
  const honest = stage.cluster.seats.filter((seat) => stage.members.isSealer(seat) && !stage.liars.has(seat.name));
  const core = new Set(entry.keepsCore ? dice.some(honest, stage.n - stage.f).map(({ id }) => id) : []);
  const all: (readonly [NodeId, NodeId])[] = [];
  for (const from of nodes) {
    for (const to of nodes) if (from !== to && !(core.has(from) && core.has(to))) all.push([from, to]);
  }
  return dice.some(all, Math.ceil(all.length * dice.within(entry.share)));
}
