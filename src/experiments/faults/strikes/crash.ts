import type { NodeId } from '../../../environment/index.ts';
import type { DiskImage } from '../../../environment/sim/index.ts';
import { hasCode } from '../../../errors.ts';
import type { Dice } from '../dice.ts';
import type { FaultSeat } from '../fault-cluster.ts';
import type { DiskFate, FaultEntry } from '../format/fault-scenario.ts';
import { type Stage, take, type Undo, victims } from '../stage.ts';
import { CHAIN_TABLE, damageValues } from './rot.ts';

/** Logs and tables that hold what a node must not lose; which of them exist depends on what it has done so far. */
const LOGS = ['votes', 'pool'] as const;
const TABLES = ['chain', 'directory', 'payloads'] as const;

const backups = new WeakMap<Stage, Map<NodeId, DiskImage>>();

/** Copies every disk, as an operator's nightly job does; `restore` puts such a copy back later. */
export function backUp(stage: Stage): void {
  const images = new Map<NodeId, DiskImage>();
  for (const { id, node } of stage.cluster.seats) if (node !== undefined) images.set(id, stage.cluster.world.copyDisk(id));
  backups.set(stage, images);
}

/** Power cuts; what becomes of the disks is drawn for each node. The nodes start again when the strike ends. */
export function crash(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  if (seats.length === 0) return undefined;
  const release = take(stage, seats);
  for (const seat of seats) {
    stage.cluster.crash(seat.name, { tornTail: dice.chance(entry.tornTail) });
    spoil(stage, seat, dice.pick(entry.disks), dice);
  }
  return () => {
    for (const seat of seats) if (!seat.powered) stage.cluster.restart(seat.name);
    release();
  };
}

function spoil(stage: Stage, seat: FaultSeat, fate: DiskFate, dice: Dice): void {
  const { world } = stage.cluster;
  if (fate === 'keep') return;
  stage.spoilt.add(seat.name);
  stage.sometimes.note(`disk ${fate}`);
  switch (fate) {
    case 'lose':
      world.destroyDisk(seat.id);
      return stage.load.forgotten(seat);
    case 'restore': {
      const image = backups.get(stage)?.get(seat.id);
      if (image === undefined) return;
      world.restoreDisk(seat.id, image);
      return stage.load.forgotten(seat);
    }
    case 'damage-log':
      damageSomeLog(stage, seat, dice);
      return stage.load.forgotten(seat);
    case 'damage-table':
      for (const table of TABLES) {
        const spoilt = damageValues(stage, seat.id, table, dice.integer(1, 8));
        if (table === CHAIN_TABLE) stage.damaged.values += spoilt;
      }
      return;
    case 'damage-blobs':
      world.damageBlobs(seat.id, dice.integer(1, 4));
      return;
  }
}

/** Spoils one record near the start of a log, so that good ones follow. */
function damageSomeLog(stage: Stage, seat: FaultSeat, dice: Dice): void {
  for (const log of dice.some(LOGS, 1)) ifThere(() => stage.cluster.world.damageLog(seat.id, log, dice.integer(0, 3)));
}

/** A log may be shorter, and a table may never have been opened: then there is nothing to spoil. */
function ifThere(damage: () => void): void {
  try {
    damage();
  } catch (error) {
    if (!hasCode(error, 'SIM_NODE') && !(error instanceof RangeError)) throw error;
  }
}
