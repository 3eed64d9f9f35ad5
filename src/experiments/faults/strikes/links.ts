import type { NodeId } from '../../../environment/index.ts';
import type { LinkParameters } from '../../../environment/sim/index.ts';
import type { Dice, Range } from '../dice.ts';
import type { FaultEntry, PartitionShape } from '../format/fault-scenario.ts';
import { directions, everybody, leaderOf, type Stage, type Undo } from '../stage.ts';

/** Splits the network into groups that cannot reach each other. */
export function partition(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const groups = groupsOf(stage, dice.pick(entry.shapes), dice);
  if (groups.length < 2) return undefined;
  const undos: Undo[] = [];
  for (const group of groups) {
    for (const other of groups) {
      if (group === other) continue;
      for (const from of group) for (const to of other) undos.push(stage.cuts.cut(from, to));
    }
  }
  return ending(stage, undos, entry, dice);
}

function groupsOf(stage: Stage, shape: PartitionShape, dice: Dice): readonly (readonly NodeId[])[] {
  const nodes = dice.some(everybody(stage), Number.POSITIVE_INFINITY);
  const half = Math.ceil(nodes.length / 2);
  switch (shape) {
    case 'halves':
      return [nodes.slice(0, half), nodes.slice(half)];
    case 'minority': {
      const few = dice.integer(1, Math.max(1, stage.f));
      return [nodes.slice(0, few), nodes.slice(few)];
    }
    case 'leader': {
      const leader = leaderOf(stage)?.id;
      return leader === undefined ? [] : [[leader], nodes.filter((node) => node !== leader)];
    }
    case 'bridge':
      // The last one is in no group: it reaches both halves.
      return [nodes.slice(0, half - 1), nodes.slice(half - 1, -1)];
    case 'random': {
      const count = dice.integer(2, 3);
      return Array.from({ length: count }, (_, group) => nodes.filter((_node, at) => at % count === group));
    }
  }
}

/** Cuts single directions. */
export function cut(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const undos = directions(stage, entry, dice).map(([from, to]) => stage.cuts.cut(from, to));
  return undos.length === 0 ? undefined : ending(stage, undos, entry, dice);
}

/** All together, or one after the other within a few seconds. */
function ending(stage: Stage, undos: readonly Undo[], entry: FaultEntry, dice: Dice): Undo {
  if (!entry.swizzle) {
    return () => {
      for (const undo of undos) undo();
    };
  }
  const order = dice.some(undos, undos.length);
  const spreadMicros = dice.integer(200_000, 4_000_000);
  return () => {
    for (const [at, undo] of order.entries()) stage.cluster.world.at(Math.round((spreadMicros * at) / order.length), undo);
  };
}

/** Makes links slow, lossy, narrow or disorderly. */
export function worsen(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const { world } = stage.cluster;
  const chosen = directions(stage, entry, dice);
  if (chosen.length === 0) return undefined;
  const parameters = drawLink(entry, dice);
  for (const [from, to] of chosen) world.setLink(from, to, parameters);
  return () => {
    for (const [from, to] of chosen) world.setLink(from, to, calm(stage));
  };
}

/** What a link is without faults. */
export function calm(stage: Stage): Partial<LinkParameters> {
  return { bitsPerSecond: Number.POSITIVE_INFINITY, loss: 0, duplicate: 0, reorder: 0, ...stage.baseLink };
}

function drawLink(entry: FaultEntry, dice: Dice): Partial<LinkParameters> {
  const draw = (range: Range | undefined): number | undefined => (range === undefined ? undefined : dice.within(range));
  const [latency, jitter, loss] = [draw(entry.latency), draw(entry.jitter), draw(entry.loss)];
  const [duplicate, reorder, bandwidth] = [draw(entry.duplicate), draw(entry.reorder), draw(entry.bandwidth)];
  const middle = latency ?? 0;
  return {
    ...((latency !== undefined || jitter !== undefined) && {
      latency: { kind: 'uniform', minMicros: Math.max(0, middle - (jitter ?? 0)), maxMicros: middle + (jitter ?? 0) } as const,
    }),
    ...(loss !== undefined && {
      loss: entry.bursts ? burstsOf(loss) : loss,
      lossMode: dice.pick(['retransmit', 'drop'] as const),
    }),
    ...(duplicate !== undefined && { duplicate }),
    ...(reorder !== undefined && { reorder }),
    ...(bandwidth !== undefined && { bitsPerSecond: bandwidth }),
  };
}

/** Losses that come in bursts of about eight frames, and make up the same share in the long run. */
function burstsOf(share: number): LinkParameters['loss'] {
  const badToGood = 0.125;
  const lossInBad = 0.7;
  const inBad = Math.min(0.9, share / lossInBad);
  return { goodToBad: (badToGood * inBad) / (1 - inBad), badToGood, lossGood: 0, lossBad: lossInBad };
}

/** Frames on single directions are held, and delivered when the strike ends. */
export function clog(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const micros = Math.round(dice.within(entry.lasts));
  for (const [from, to] of directions(stage, entry, dice)) stage.cluster.world.clog(from, to, micros);
  return () => undefined;
}

/** Bytes that cannot be read arrive on connections between honest nodes, as from a broken cable or router. */
export function malformed(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const { world } = stage.cluster;
  for (const [from, to] of directions(stage, entry, dice)) {
    const up = (id: NodeId): boolean => stage.cluster.seatOf(id)?.node !== undefined;
    if (up(from) && up(to)) world.injectMalformedFrame(from, to);
  }
  return () => undefined;
}
