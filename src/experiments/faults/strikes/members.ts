import { type ConsortiumClient, consortiumClient } from '../../../contracts/index.ts';
import type { LedgerNode } from '../../../node/index.ts';
import type { Dice } from '../dice.ts';
import type { FaultSeat } from '../fault-cluster.ts';
import type { FaultEntry, MemberChange } from '../format/fault-scenario.ts';
import type { Stage, Undo } from '../stage.ts';

/** The consortium never shrinks below the size of which one may fail. */
const SEALERS_MIN = 4;
/** Strikes after which a proposal that still waits (for its newcomer, or for the epoch) is left to itself. */
const PUSHES_MAX = 4;

/** What is under way. `seat` is who joins, leaves, or takes over as the node with a company's new key. */
interface Change {
  readonly kind: MemberChange;
  readonly seat: FaultSeat;
  /** Of a change of keys: the node that ran with the old one. */
  readonly old?: FaultSeat;
  id: bigint | undefined;
  pushes: number;
}

const openChanges = new WeakMap<Stage, Change>();

/**
 * Has a company propose that another joins or leaves, and the companies that are up vote for it; or has it name another key for
 * its own node. A newcomer's node starts when it is proposed or named. What has to wait is voted for and carried out again at the
 * next strikes.
 */
export function changeMembers(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const companies = companiesUp(stage);
  if (companies.length === 0) return undefined;
  const proposer = dice.pick(companies);
  const open = openChanges.get(stage);
  if (open !== undefined && !isDone(stage, open) && open.pushes < PUSHES_MAX) {
    open.pushes += 1;
    if (open.id !== undefined) push(stage, proposer, open.id);
    return () => undefined;
  }
  const change = drawChange(stage, entry.changes, dice);
  if (change === undefined) return undefined;
  openChanges.set(stage, change);
  const under = change.old === undefined ? propose(stage, proposer, change) : nameKey(stage, change.old, change);
  void under.catch(() => stage.sometimes.note('membership change refused or not finished'));
  return () => undefined;
}

function isDone(stage: Stage, { kind, seat }: Change): boolean {
  return stage.members.isSealer(seat) === (kind !== 'leave');
}

function drawChange(stage: Stage, changes: readonly MemberChange[], dice: Dice): Change | undefined {
  const fresh = { id: undefined, pushes: 0 };
  const spares = stage.cluster.seats.filter((seat) => seat.kind === 'spare' && seat.lives === 0);
  const seated = stage.cluster.seats.filter((seat) => stage.members.isSealer(seat) && seat.setup.file.role === 'company');
  const mayRemove = stage.members.sealers.size > Math.max(SEALERS_MIN, stage.n - stage.f);
  const [spare] = spares;
  const honest = seated.filter(({ name, node }) => node !== undefined && !stage.liars.has(name) && !stage.struck.has(name));
  const possible = changes.filter(
    (kind) =>
      (kind === 'join' && spare !== undefined) ||
      (kind === 'rotate' && spare !== undefined && honest.length > 0) ||
      (kind === 'leave' && mayRemove && seated.length > 0),
  );
  if (possible.length === 0) return undefined;
  const kind = dice.pick(possible);
  if (kind === 'join') return { kind, seat: spare as FaultSeat, ...fresh };
  if (kind === 'rotate') return { kind, seat: spare as FaultSeat, old: dice.pick(honest), ...fresh };
  // A liar that is voted out goes on as before: what it signs from then on must count for nothing.
  const liars = seated.filter(({ name }) => stage.liars.has(name));
  const leaver = liars.length > 0 && dice.chance(0.5) ? dice.pick(liars) : dice.pick(seated);
  return { kind, seat: leaver, ...fresh };
}

async function propose(stage: Stage, proposer: FaultSeat, change: Change): Promise<void> {
  const { kind, seat } = change;
  const account = seat.setup.file.company;
  const proposal =
    kind === 'join' ? ({ kind: 'addCompany', name: `Joined ${seat.name}` } as const) : ({ kind: 'removeCompany' } as const);
  const { id } = await clientOf(proposer).propose({ ...proposal, account });
  change.id = id;
  stage.sometimes.note('membership change proposed');
  if (kind === 'join' && seat.lives === 0) stage.cluster.introduce(seat.name);
  push(stage, proposer, id);
}

/** The company names a key; the node that holds it starts, and takes the seat over by itself as soon as it is in sync. */
async function nameKey(stage: Stage, old: FaultSeat, { seat }: Change): Promise<void> {
  await clientOf(old).nameSuccessor(seat.id);
  stage.sometimes.note('successor of a key named');
  if (seat.lives > 0) return;
  const { key, accountKey = key, file } = old.setup;
  stage.cluster.reconfigure(seat.name, (setup) => ({ ...setup, accountKey, file: { ...setup.file, company: file.company } }));
  stage.cluster.introduce(seat.name);
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
