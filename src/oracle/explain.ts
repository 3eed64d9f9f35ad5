import type { AttemptReason, RequestExplanation, RequestReason, RequestRecord, RequestState } from '../contracts/index.ts';
import { quorumOf } from '../contracts/index.ts';
import type { Objection } from './engine/wire.ts';

/** Why a request has no result, in words. */
export const reasonWords: Readonly<Record<RequestReason, string>> = {
  none: 'no reason',
  expired: 'nobody brought an answer before its time was over',
  sourceUnreachable: 'the source could not be reached',
  sourceRefused: 'the source refused, or the nodes may not read it',
  invalidSpec: 'nobody could work on what was asked: its specification is wrong',
  invalidData: 'what the source said is not what was asked for',
  noAgreement: 'the nodes saw different things',
  notAllowed: 'this is not allowed: the nodes may not read this source, or the envelope is missing or wrong',
  resultTooLarge: 'the answer is larger than the job allows',
};

/** Why an attempt came to nothing, in words. */
export const attemptWords: Readonly<Record<AttemptReason, string>> = {
  none: 'no attempt failed',
  noQuorum: 'too few nodes of the group answered or signed',
  observersDisagree: 'the nodes saw different things',
  sourceSlow: 'the source was down, slow, or refused',
  overloaded: 'the master had too much to do',
  other: 'for another reason',
};

/** Why a member of a group did not sign, in words. */
export const objectionWords: Readonly<Record<Objection, string>> = {
  unknown: 'does not know the request, or has no part in it',
  over: 'finds the time of the request over',
  notSeen: 'saw nothing itself',
  sawOther: 'saw something else',
  badSights: 'finds that the outcome does not follow from what the members saw',
  wrongOutcome: 'finds the outcome wrong',
  tooEarly: 'finds it too early',
  equivocation: 'was shown another proposal by the same master',
  busy: 'has too much to do',
};

/** What is needed to say where a request stands. */
export interface RequestStanding {
  readonly id: bigint;
  readonly record: RequestRecord;
  readonly explanation: RequestExplanation;
  readonly headNumber: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Of the job now, in parts of ten thousand. */
  readonly forfeit: number;
  /** What the present term's master, or that of the term that answered, is called. */
  readonly master: string | undefined;
}

/** Where a request stands, in whole sentences: what it waits for, since when, until when, what was tried, who gets the money. */
export interface RequestAccount {
  readonly headline: string;
  readonly lines: readonly string[];
  /** What comes back to the requester if it ends without a result, or came back; undefined for an answered one. */
  readonly refundWei: bigint | undefined;
}

/** Says where a request stands. `showWei` and `showWhen` (milliseconds since the epoch) make amounts and moments readable. */
export function accountOfRequest(
  standing: RequestStanding,
  show: { readonly showWei: (wei: bigint) => string; readonly showWhen: (atMs: number) => string },
): RequestAccount {
  const { record, forfeit } = standing;
  const keptWei = (record.depositWei * BigInt(forfeit)) / 10_000n;
  const refundWei = record.state === 'answered' ? undefined : record.depositWei - keptWei;
  const needed = quorumOf(record.groupSize, record.unanimous);
  const asked = `Asked ${show.showWhen(Number(record.requestedAt) * 1000)} in block ${record.requestedIn}, of the job ${record.job}: ${needed} of a group of ${record.groupSize} have to sign.`;
  const lines =
    record.state === 'pending'
      ? [asked, ...pendingLines(standing, show), refundLine(standing, show, keptWei)]
      : [asked, ...attemptLines(record), ...endLines(standing, show), refundLine(standing, show, keptWei)];
  return { headline: headlineOf(standing), lines: lines.filter((line) => line !== ''), refundWei };
}

const states: Readonly<Record<RequestState, string>> = {
  none: 'does not exist',
  pending: 'is pending',
  answered: 'is answered',
  failed: 'failed',
  expired: 'expired',
};

function headlineOf({ id, record, explanation, master }: RequestStanding): string {
  const start = `Request ${id} ${states[record.state]}`;
  if (record.state === 'failed') return `${start}: ${reasonWords[record.reason]}.`;
  if (record.state !== 'pending') return `${start}.`;
  const who = master === undefined ? 'the master' : `the master ${master}`;
  const waits: Readonly<Record<RequestExplanation['why'], string>> = {
    nothing: '.',
    mayBeExpired: ': its time is over, and anyone may end it now.',
    oraclePaused: ': the companies paused the oracle.',
    tooFewNodes: `: the set of term ${explanation.term} is too small for a group of ${record.groupSize} and a master.`,
    electionRuns: `: the election of term ${explanation.term} runs.`,
    waitsForMaster: `: it waits for ${who} of term ${explanation.term}.`,
    workNodesMayTransmit: `: ${who} of term ${explanation.term} did not bring it; work nodes may bring it now.`,
    masterSilent: `: ${who} of term ${explanation.term} is silent; a work node may replace it now.`,
  };
  return `${start}${waits[explanation.why]}`;
}

type Show = Parameters<typeof accountOfRequest>[1];

function pendingLines({ record, explanation, headNumber, nowMs }: RequestStanding, { showWhen }: Show): readonly string[] {
  const { why, nextBlock } = explanation;
  const left = Number(nextBlock) - headNumber;
  const next: Readonly<Partial<Record<RequestExplanation['why'], string>>> = {
    tooFewNodes: 'the next term begins, perhaps with more nodes',
    electionRuns: 'there is a master',
    waitsForMaster: 'work nodes may bring it too, or replace the master',
    workNodesMayTransmit: 'the master counts as silent and can be replaced',
  };
  const over = Number(record.expiresAt) * 1000 <= nowMs;
  return [
    nextBlock > 0n && next[why] !== undefined
      ? `From block ${nextBlock} on ${next[why]}: the ledger is at block ${headNumber}${left > 0 ? `, ${left} to go` : ''}.`
      : '',
    ...attemptLines(record),
    over
      ? `It could be answered until ${showWhen(Number(record.expiresAt) * 1000)}.`
      : `It may be answered until ${showWhen(Number(record.expiresAt) * 1000)}; from then on anyone can end it.`,
  ];
}

function attemptLines({ attempts, lastAttempt }: RequestRecord): readonly string[] {
  if (attempts === 0) return [];
  return [
    `Masters tried in vain ${attempts === 1 ? 'once' : `${attempts} times`}; the reason noted last: ${attemptWords[lastAttempt]}.`,
  ];
}

function endLines({ record, master }: RequestStanding, { showWhen }: Show): readonly string[] {
  if (record.state === 'expired') return [`Nobody brought an answer before ${showWhen(Number(record.expiresAt) * 1000)}.`];
  const by = master === undefined ? '' : `, led by ${master}`;
  const took = record.delivered
    ? 'The requester took the answer.'
    : record.callbackGas > 0
      ? 'The requester’s contract refused the call or ran out of gas; the result can be read all the same.'
      : '';
  return [`The group of term ${record.term}${by}, observed ${showWhen(Number(record.observedAt) * 1000)}.`, took];
}

function refundLine({ record, forfeit }: RequestStanding, { showWei }: Show, keptWei: bigint): string {
  const { depositWei, state, requester } = record;
  if (state === 'answered') return `The deposit of ${showWei(depositWei)} was shared among those who worked.`;
  const kept = `${forfeit / 100} %`;
  const back = showWei(depositWei - keptWei);
  if (state === 'pending') {
    return `The deposit is ${showWei(depositWei)}: paid to the nodes with an answer; without one ${kept} of it are kept and ${back} come back to ${requester}.`;
  }
  const keeper = state === 'failed' ? 'shared among those who worked' : 'kept by the fund';
  return `Of the deposit of ${showWei(depositWei)}, ${kept} were ${keeper}; ${back} are owed to ${requester}, who collects them.`;
}
