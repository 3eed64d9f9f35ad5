import { type MatchQuery, type MatchReason, matchReasons } from '../../contracts/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import { AUDIT_FINDINGS_MAX } from '../../limits.ts';
import type { EventPlace, RegistryEvent } from './registry-event.ts';
import { createRegistryReplay, type RegistryReplay, type ReplayedTask } from './registry-replay.ts';
import { type Candidate, type SearchOutcome, searchAllNodes } from './search-all-nodes.ts';

/** How many of the nearest nodes a match names, and how many nodes a task is tried on: constants of the contract. */
const AMONG_MAX = 4;
const ATTEMPTS_MAX = 8;

/**
 * What can be wrong:
 * - `otherNode`: a node was chosen that is not the best one
 * - `noneEligible`: a node was chosen although none was eligible
 * - `eligibleExists`: no node was chosen although one was eligible
 * - `otherReason`: rightly no node was chosen, but for another reason than was given
 * - `falseFact`: the right node was chosen, but the event says something else of it than the registry
 * - `impossible`: the event cannot follow the ones before it: some are missing or were altered
 */
export type FindingKind = 'otherNode' | 'noneEligible' | 'eligibleExists' | 'otherReason' | 'falseFact' | 'impossible';

/** A node as a finding names it. */
export interface NamedNode {
  readonly nodeId: number;
  readonly company: Address | undefined;
}

export interface Finding {
  readonly kind: FindingKind;
  readonly place: EventPlace;
  readonly taskId?: Hex;
  /** The node that the registry named. */
  readonly chosen?: NamedNode;
  /** The node that the search through all nodes finds. */
  readonly best?: NamedNode;
  /** What differs, in words. */
  readonly detail: string;
}

/** What a company has had of the matches that were checked. */
export interface CompanyTally {
  readonly company: Address;
  /** Nodes listed at the end. */
  readonly nodes: number;
  readonly matches: number;
}

export interface MatchAuditReport {
  /** Events of the registry that were read, from the first one on. */
  readonly events: number;
  /** Matches that were searched for again. */
  readonly matches: number;
  /** Requests without a match whose reason was found again. */
  readonly refusals: number;
  /** Requests without a match that cannot be judged: what was asked for is not known. */
  readonly unchecked: number;
  /** All that was found wrong; the list holds the first AUDIT_FINDINGS_MAX of them. */
  readonly findingCount: number;
  readonly findings: readonly Finding[];
  readonly companies: readonly CompanyTally[];
}

/** Judges the registry's events one after the other. */
export interface MatchAudit {
  /** True when `apply` wants to be told what the device asked for: the event itself does not say. */
  wantsQuery(event: RegistryEvent): boolean;
  /** Takes the next event, in order of the chain and from its beginning. `asked` is what the device asked for, where it is known. */
  apply(event: RegistryEvent, asked?: MatchQuery): void;
  report(): MatchAuditReport;
}

/**
 * An audit of the matches from a block on. The events before it must be applied too: they say which nodes there are and how many of their
 * places are taken. Pure: everything it knows comes from the events.
 */
export function createMatchAudit({ fromBlock }: { readonly fromBlock: number }): MatchAudit {
  const replay = createRegistryReplay();
  const findings: Finding[] = [];
  const wins = new Map<Address, number>();
  const count = { events: 0, matches: 0, refusals: 0, unchecked: 0, findings: 0 };

  function note(event: RegistryEvent, finding: Omit<Finding, 'place' | 'taskId'>): void {
    count.findings++;
    if (findings.length >= AUDIT_FINDINGS_MAX) return;
    const task = 'taskId' in event.args ? { taskId: event.args.taskId } : {};
    findings.push({ ...finding, place: event.place, ...task });
  }

  function judge(event: RegistryEvent, asked: MatchQuery | undefined): void {
    if (event.place.blockNumber < fromBlock) return;
    if (event.eventName === 'Matched') {
      count.matches++;
      const { company } = event.args;
      wins.set(company, (wins.get(company) ?? 0) + 1);
      for (const finding of judgeMatch(event.args, replay)) note(event, finding);
    } else if (event.eventName === 'NotMatched') {
      const task = replay.task(event.args.taskId);
      const query = task?.query ?? asked;
      if (query === undefined) {
        count.unchecked++;
        return;
      }
      count.refusals++;
      for (const finding of judgeRefusal({ reason: reasonOf(event.args.reason), query, task }, replay)) note(event, finding);
    }
  }

  return {
    wantsQuery: (event) =>
      event.eventName === 'NotMatched' && event.place.blockNumber >= fromBlock && replay.task(event.args.taskId) === undefined,
    apply(event, asked) {
      count.events++;
      judge(event, asked);
      for (const detail of replay.apply(event)) note(event, { kind: 'impossible', detail });
    },
    report() {
      const { events, matches, refusals, unchecked } = count;
      return {
        events,
        matches,
        refusals,
        unchecked,
        findingCount: count.findings,
        findings: [...findings],
        companies: tally(replay, wins),
      };
    },
  };
}

type Matched = Extract<RegistryEvent, { readonly eventName: 'Matched' }>['args'];
type Judgement = Omit<Finding, 'place' | 'taskId'>;

function judgeMatch(match: Matched, replay: RegistryReplay): readonly Judgement[] {
  const { latitudeE6, longitudeE6, service, maxPriceWei } = match;
  const nodeId = Number(match.nodeId);
  const task = replay.task(match.taskId);
  const query = { latitudeE6, longitudeE6, service, maxPriceWei };
  const truth = searchAllNodes(replay.nodes.values(), { ...query, tried: task?.tried ?? [], wanted: AMONG_MAX });
  const chosen = { nodeId, company: replay.nodes.get(nodeId)?.company };
  if (!truth.found) {
    const detail = `node ${nodeId} was chosen although no node was eligible (${truth.reason})`;
    return [{ kind: 'noneEligible', chosen, detail }];
  }
  const [best] = truth.nearest;
  if (best.node.id !== nodeId) {
    const why = whyNot(nodeId, best, { match, replay, tried: task?.tried ?? [] });
    const detail = `node ${nodeId} was chosen, node ${best.node.id} is the best: node ${nodeId} ${why}`;
    return [{ kind: 'otherNode', chosen, best: { nodeId: best.node.id, company: best.node.company }, detail }];
  }
  return falseFacts(match, truth.nearest, task).map((detail) => ({ kind: 'falseFact', chosen, detail }));
}

/** Why a node that was chosen is not the best one. */
function whyNot(
  nodeId: number,
  best: Candidate,
  { match, replay, tried }: { readonly match: Matched; readonly replay: RegistryReplay; readonly tried: readonly number[] },
): string {
  const node = replay.nodes.get(nodeId);
  if (node === undefined) return 'was never added';
  if (!node.active) return 'is not listed';
  if (tried.includes(nodeId)) return 'has failed this task before';
  const alone = searchAllNodes([node], match);
  if (alone.found) {
    const [{ distanceSquared }] = alone.nearest;
    if (distanceSquared === best.distanceSquared) return 'is as far and has a higher id';
    return `is farther (squared distance ${distanceSquared}, the best has ${best.distanceSquared})`;
  }
  if (alone.reason === 'noneOffersService') return 'does not offer the service';
  return alone.reason === 'noneHasCapacity'
    ? `has no free place (${node.inUse} of ${node.capacity} taken)`
    : 'costs more than the limit';
}

function falseFacts(
  match: Matched,
  nearest: readonly [Candidate, ...Candidate[]],
  task: ReplayedTask | undefined,
): readonly string[] {
  const [{ node, distanceSquared }] = nearest;
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    ['the price', match.priceWei, node.priceWei],
    ['the squared distance', match.distanceSquared, distanceSquared],
    ['the account of the node', match.node, node.node],
    ['the company', match.company, node.company],
    ['the nearest nodes', match.among.join(' '), nearest.map((each) => each.node.id).join(' ')],
    ['the device', match.device, match.taskId.slice(0, 42)],
    ...(task === undefined ? [] : askedTwice(match, task)),
  ];
  return facts
    .filter(([, said, known]) => said !== known)
    .map(([what, said, known]) => `${what} is given as ${said}, it is ${known}`);
}

/** What a device asks for stays the same from one attempt to the next. */
function askedTwice(match: Matched, { query }: ReplayedTask): readonly (readonly [string, unknown, unknown])[] {
  return [
    ['the service', match.service, query.service],
    ['the latitude', match.latitudeE6, query.latitudeE6],
    ['the longitude', match.longitudeE6, query.longitudeE6],
    ['the price limit', match.maxPriceWei, query.maxPriceWei],
  ];
}

interface Refusal {
  readonly reason: MatchReason | undefined;
  readonly query: MatchQuery;
  readonly task: ReplayedTask | undefined;
}

function judgeRefusal({ reason, query, task }: Refusal, replay: RegistryReplay): readonly Judgement[] {
  const truth: SearchOutcome | { readonly found: false; readonly reason: 'attemptsExhausted' } =
    (task?.attempt ?? 0) >= ATTEMPTS_MAX
      ? { found: false, reason: 'attemptsExhausted' }
      : searchAllNodes(replay.nodes.values(), { ...query, tried: task?.tried ?? [] });
  if (truth.found) {
    const [{ node }] = truth.nearest;
    const detail = `no node was chosen (${reason ?? 'unknown reason'}), node ${node.id} is eligible`;
    return [{ kind: 'eligibleExists', best: { nodeId: node.id, company: node.company }, detail }];
  }
  if (truth.reason === reason) return [];
  return [{ kind: 'otherReason', detail: `the reason is given as ${reason ?? 'unknown'}, it is ${truth.reason}` }];
}

function reasonOf(index: number): MatchReason | undefined {
  return matchReasons[index];
}

function tally(replay: RegistryReplay, wins: ReadonlyMap<Address, number>): readonly CompanyTally[] {
  const listed = new Map<Address, number>([...wins.keys()].map((company) => [company, 0]));
  for (const { company, active } of replay.nodes.values()) listed.set(company, (listed.get(company) ?? 0) + (active ? 1 : 0));
  return [...listed].map(([company, nodes]) => ({ company, nodes, matches: wins.get(company) ?? 0 }));
}
