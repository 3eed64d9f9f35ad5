import { hasCode } from '../../../errors.ts';
import type { Dice } from '../dice.ts';
import type { FaultEntry } from '../format/fault-scenario.ts';
import { drawCount, type Stage, type Undo, victims } from '../stage.ts';

/** The table of the blocks, the state and what else a node must be able to read. */
export const CHAIN_TABLE = 'chain';

/**
 * Spoils stored values of nodes that run, others at each: what one has lost another can give back, so that more than f may
 * be struck at a time. Nobody is out of action by it.
 */
export function rot(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  for (const { id } of seats) stage.damaged.values += damageValues(stage, id, CHAIN_TABLE, drawCount(entry.values, stage, dice));
  return () => undefined;
}

/** Spoils values of a table, which may never have been opened: then there is nothing to spoil. */
export function damageValues(stage: Stage, id: `0x${string}`, table: string, count: number): number {
  try {
    return stage.cluster.world.damageTable(id, table, count);
  } catch (error) {
    if (!hasCode(error, 'SIM_NODE')) throw error;
    return 0;
  }
}
