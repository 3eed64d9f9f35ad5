import type { Dice } from '../dice.ts';
import type { FaultEntry } from '../format/fault-scenario.ts';
import { type Stage, take, type Undo, victims } from '../stage.ts';

/** Nodes that stand still, as under SIGSTOP or a long collection of garbage. */
export function pause(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  if (seats.length === 0) return undefined;
  const release = take(stage, seats);
  const micros = Math.round(dice.within(entry.lasts));
  for (const { id } of seats) stage.cluster.world.pause(id, micros);
  stage.cluster.world.at(micros, release);
  return () => undefined;
}

/** Nodes whose processor is slow. */
export function slowCpu(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  const { world } = stage.cluster;
  for (const { id } of seats) world.setCpuSpeed(id, dice.within(entry.factor));
  return () => {
    for (const { id } of seats) world.setCpuSpeed(id, 1);
  };
}

/** Nodes with a thin line to everybody. */
export function access(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  const { world, bandwidthBitsPerSecond } = stage.cluster;
  for (const { id } of seats) {
    const rate = Math.round(dice.within(entry.bandwidth ?? { min: 1e6, max: 5e6 }));
    world.setAccess(id, { uplinkBitsPerSecond: rate, downlinkBitsPerSecond: rate });
  }
  const whole = { uplinkBitsPerSecond: bandwidthBitsPerSecond, downlinkBitsPerSecond: bandwidthBitsPerSecond };
  return () => {
    for (const { id } of seats) world.setAccess(id, whole);
  };
}

/** Clocks that are wrong, run away or jump. */
export function clock(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  const { world } = stage.cluster;
  for (const { id } of seats) {
    const sign = dice.chance(0.5) ? 1 : -1;
    world.setClock(id, {
      ...(entry.skew !== undefined && { skewMicros: Math.round(sign * dice.within(entry.skew)) }),
      ...(entry.drift !== undefined && { driftPpm: sign * dice.within(entry.drift) }),
      ...(entry.jump !== undefined && { jumpMicros: Math.round(sign * dice.within(entry.jump)) }),
    });
  }
  return () => {
    for (const { id } of seats) world.setClock(id, { skewMicros: 0, driftPpm: 0 });
  };
}

/** Disks that take no more writes. */
export function fullDisk(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  if (seats.length === 0) return undefined;
  const release = take(stage, seats);
  for (const { id, name } of seats) {
    stage.spoilt.add(name);
    stage.cluster.world.fillDisk(id, true);
  }
  return () => {
    for (const { id } of seats) stage.cluster.world.fillDisk(id, false);
    release();
  };
}
