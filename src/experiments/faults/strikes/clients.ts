import type { Dice } from '../dice.ts';
import type { FaultEntry } from '../format/fault-scenario.ts';
import { drawCount, type Stage, type Undo } from '../stage.ts';

/** Clients that want many times more than before. */
export function overload(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const before = stage.load.ratePerSecond;
  stage.load.setRate(before * dice.within(entry.factor));
  return () => stage.load.setRate(before);
}

/** Clients that all offer a large payload at the same moment. */
export function burst(stage: Stage, { count, size, at }: FaultEntry, dice: Dice): Undo | undefined {
  for (let left = drawCount(count, stage, dice); left > 0; left--) stage.load.submitPayload(Math.round(dice.within(size)), at);
  return () => undefined;
}
