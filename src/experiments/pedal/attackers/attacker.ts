import type { LedgerClient, PedalClient } from '../../../contracts/index.ts';
import { type BlsKey, blsKeyOfNode, type NodeKey } from '../../../crypto/index.ts';
import type { Environment, NodeId } from '../../../environment/index.ts';
import { hasCode, TreadleError } from '../../../errors.ts';
import type { OracleNode } from '../../../node/index.ts';
import type { Cluster, Seat } from '../../cluster.ts';
import type { Dice } from '../../faults/dice.ts';
import type { Account, Accounts, Sent } from '../accounts.ts';
import type { BlockWatch } from '../block-watch.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import type { Referee } from '../referee.ts';

/** What attackers can see and do: what anybody can who has a key, an account, or a node of his own. */
export interface Stage {
  readonly cluster: Cluster;
  readonly accounts: Accounts;
  readonly watch: BlockWatch;
  /** For who asked what: it is on the ledger for everybody to read. */
  readonly referee: Referee;
  readonly dice: Dice;
  /** Reads the ledger as an honest node has it. */
  readonly pedal: () => PedalClient | undefined;
  readonly client: () => LedgerClient | undefined;
  readonly feeWei: bigint;
  /** Virtual time up to which attackers go on. */
  readonly isOver: () => boolean;
}

/** Who is dishonest in a run: what they sign for one another proves nothing. */
export type Allies = ReadonlySet<NodeId>;

/** What came of an attack. */
export class Tally {
  attempts = 0;
  /** Attempts that somebody took, although nobody should. */
  taken = 0;
  /** Signatures of members for what they saw themselves: whoever has the turn may ask for them. */
  signed = 0;
  /** How often each refusal was met. */
  readonly #refusals = new Map<string, number>();

  refuse(reason: string, times = 1): void {
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + times);
  }

  get refusals(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#refusals].sort(([left], [right]) => (left < right ? -1 : 1)));
  }
}

/** One attack of a scenario. */
export interface Attacker {
  readonly settings: AttackerSettings;
  readonly tally: Tally;
  /** Stands between an attacking node and its environment. */
  between?(environment: Environment, seat: Seat): Environment;
  /** Begins with what it does by itself. */
  start?(stage: Stage): void;
}

/** Repeats something until the attackers are through; one attempt at a time. */
export function repeat(stage: Stage, { everyMicros, fromMicros }: AttackerSettings, attempt: () => Promise<void>): void {
  const { world } = stage.cluster;
  let busy = false;
  const next = (): void => {
    if (stage.isOver()) return;
    world.at(everyMicros, next);
    if (busy) return;
    busy = true;
    attempt()
      // What an attacker fails at for other reasons it tries again.
      .catch(() => undefined)
      .finally(() => {
        busy = false;
      });
  };
  world.at(fromMicros + everyMicros, next);
}

/** The node of a seat, when it is an oracle node that is up. */
export function oracleNodeOf({ cluster }: Stage, name: string): OracleNode | undefined {
  const node = cluster.seats.get(name)?.node;
  return cluster.running('oracle').find((each) => each === node);
}

/** The BLS key that an oracle node registers first. */
export function blsKeyOf(key: NodeKey): BlsKey {
  return blsKeyOfNode(key, 0);
}

/** Counts what came of a transaction that nobody should take. */
export async function attempt(tally: Tally, transaction: Promise<unknown>): Promise<boolean> {
  tally.attempts++;
  try {
    await transaction;
    tally.taken++;
    return true;
  } catch (error) {
    tally.refuse(reasonOf(error));
    return false;
  }
}

/** The same for an account without a node. */
export async function attemptSent(tally: Tally, transaction: Promise<Sent>): Promise<Sent> {
  tally.attempts++;
  const sent = await transaction;
  if (sent.state === 'done') tally.taken++;
  else tally.refuse(sent.state === 'refused' ? sent.code : sent.reason);
  return sent;
}

export function reasonOf(error: unknown): string {
  if (hasCode(error, 'CONTRACT_REVERTED')) return String(error.data['errorName'] ?? 'unknown');
  return error instanceof TreadleError ? error.code : 'unknown';
}

export function strangerOf({ accounts }: Stage, name: string): Account {
  return accounts.account(`attacker ${name}`);
}

export function isStranger(name: string): boolean {
  return name.startsWith('stranger-');
}
