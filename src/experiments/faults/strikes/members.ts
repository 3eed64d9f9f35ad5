import { type ConsortiumClient, consortiumClient } from '../../../contracts/index.ts';
import type { LedgerNode } from '../../../node/index.ts';
import type { Dice } from '../dice.ts';
import type { FaultSeat } from '../fault-cluster.ts';
import type { FaultEntry } from '../format/fault-scenario.ts';
import type { Stage, Undo } from '../stage.ts';

/** The consortium never shrinks below the size of which one may fail. */
const SEALERS_MIN = 4;
/** Strikes after which a proposal that still waits (for its newcomer, or for the epoch) is left to itself. */
const PUSHES_MAX = 4;

interface Change {
  readonly kind: 'addCompany' | 'removeCompany';
  readonly seat: FaultSeat;
  id: bigint | undefined;
  pushes: number;
}

const openChanges = new WeakMap<Stage, Change>();

/**
 * Has a company propose that another joins or leaves; the companies that are up vote for it. A newcomer's node starts when it
 * is proposed. A proposal that has to wait is voted for and carried out again at the next strikes.
 */
export function changeMembers(stage: Stage, _entry: FaultEntry, dice: Dice): Undo | undefined {
  const companies = companiesUp(stage);
  if (companies.length === 0) return undefined;
  const proposer = dice.pick(companies);
  const open = openChanges.get(stage);
  if (open !== undefined && !isDone(stage, open) && open.pushes < PUSHES_MAX) {
    open.pushes += 1;
    if (open.id !== undefined) push(stage, proposer, open.id);
    return () => undefined;
  }
  const change = drawChange(stage, dice);
  if (change === undefined) return undefined;
  openChanges.set(stage, change);
  void propose(stage, proposer, change).catch(() => stage.sometimes.note('membership change refused or not finished'));
  return () => undefined;
}

function isDone(stage: Stage, { kind, seat }: Change): boolean {
  return stage.members.isSealer(seat) === (kind === 'addCompany');
}

function drawChange(stage: Stage, dice: Dice): Change | undefined {
  const fresh = { id: undefined, pushes: 0 };
  const spares = stage.cluster.seats.filter((seat) => seat.kind === 'spare' && seat.lives === 0);
  const seated = stage.cluster.seats.filter((seat) => stage.members.isSealer(seat) && seat.setup.file.role === 'company');
  const mayRemove = stage.members.sealers.size > Math.max(SEALERS_MIN, stage.n - stage.f);
  const [spare] = spares;
  if (spare !== undefined && (!mayRemove || dice.chance(0.5))) return { kind: 'addCompany', seat: spare, ...fresh };
  if (!mayRemove || seated.length === 0) return undefined;
  // A liar that is voted out goes on as before: what it signs from then on must count for nothing.
  const liars = seated.filter(({ name }) => stage.liars.has(name));
  const leaver = liars.length > 0 && dice.chance(0.5) ? dice.pick(liars) : dice.pick(seated);
  return { kind: 'removeCompany', seat: leaver, ...fresh };
}

async function propose(stage: Stage, proposer: FaultSeat, change: Change): Promise<void> {
  const { kind, seat } = change;
  const name = kind === 'addCompany' ? { name: `Joined ${seat.name}` } : {};
  const { id } = await clientOf(proposer).propose({ kind, account: seat.id, ...name });
  change.id = id;
  stage.sometimes.note('membership change proposed');
  if (kind === 'addCompany' && seat.lives === 0) stage.cluster.introduce(seat.name);
  push(stage, proposer, id);
}

/** Everybody votes, and somebody carries out. What comes too late, twice or too early is refused, which is no failure. */
function push(stage: Stage, proposer: FaultSeat, id: bigint): void {
  for (const company of companiesUp(stage)) {
    if (company === proposer) continue;
    void clientOf(company)
      .vote({ id, approve: true })
      .catch(() => undefined);
  }
  void clientOf(proposer)
    .execute(id)
    .catch(() => undefined);
}

function companiesUp(stage: Stage): readonly FaultSeat[] {
  return stage.cluster.seats.filter(
    (seat) => seat.node !== undefined && seat.setup.file.role === 'company' && stage.members.isSealer(seat),
  );
}

function clientOf(seat: FaultSeat): ConsortiumClient {
  return consortiumClient((seat.node as LedgerNode).full.client);
}
