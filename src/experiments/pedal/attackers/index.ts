import type { Attack, AttackerSettings } from '../format/pedal-scenario.ts';
import type { Allies, Attacker } from './attacker.ts';
import { Collusion } from './collusion.ts';
import { Equivocation } from './equivocation.ts';
import { Flood } from './flood.ts';
import { ForgedAggregate } from './forged-aggregate.ts';
import { PretendedMaster } from './pretended-master.ts';
import { Replay } from './replay.ts';
import { RogueKey } from './rogue-key.ts';
import { Silence } from './silence.ts';
import { WrongResult } from './wrong-result.ts';

const MAKERS: Readonly<Record<Attack, new (settings: AttackerSettings, allies: Allies) => Attacker>> = {
  'pretended-master': PretendedMaster,
  'forged-aggregate': ForgedAggregate,
  'rogue-key': RogueKey,
  'wrong-result': WrongResult,
  replay: Replay,
  flood: Flood,
  collude: Collusion,
  equivocate: Equivocation,
  silence: Silence,
};

/** The attacker of an entry of a scenario. */
export function attackerOf(settings: AttackerSettings, allies: Allies): Attacker {
  return new MAKERS[settings.kind](settings, allies);
}
