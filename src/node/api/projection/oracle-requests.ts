import {
  type AttemptReason,
  attemptReasons,
  jobName,
  type RequestReason,
  type RequestState,
  requestReasons,
} from '../../../contracts/index.ts';
import { type Address, type Hex, toAddress } from '../../../crypto/index.ts';

import { API_REQUESTS_KEPT_MAX } from '../../../limits.ts';
import { attemptWords, reasonWords } from '../../../oracle/index.ts';
import { addStep } from './bounded-history.ts';
import type { ChainEvent, EventPlace } from './chain-event.ts';
import { createRecentList } from './recent-list.ts';

/** A request as the oracle's events describe it. */
export interface RequestEntry {
  /** Its number, as text. */
  readonly id: string;
  readonly requester: Address;
  readonly job: string;
  readonly spec: Hex;
  readonly expiresMs: number;
  readonly depositWei: bigint;
  readonly requestedMs: number;
  readonly requestedIn: number;
  state: Exclude<RequestState, 'none'>;
  reason: RequestReason;
  endedMs: number | undefined;
  result: Hex | undefined;
  observedMs: number | undefined;
  /** What a group signed about it, and who brought it. */
  accepted: AcceptedAnswer | undefined;
  /** What the requester's contract did with it; undefined before that. */
  delivered: boolean | undefined;
  attempts: number;
  lastAttempt: AttemptReason;
  /** Who noted a failed attempt, with its term; the latest. */
  readonly masters: Address[];
  readonly steps: RequestEntryStep[];
}

export interface AcceptedAnswer {
  readonly term: number;
  readonly transmitter: Address;
  /** Bit i: number i of the group signed. */
  readonly signers: bigint;
  /** How many requests were answered with it. */
  readonly together: number;
  readonly blockNumber: number;
}

export interface RequestEntryStep {
  readonly what: string;
  readonly kind: 'requested' | 'attempt' | 'ended' | 'delivered' | 'master';
  readonly place: EventPlace;
}

export interface OracleRequests {
  /** Applies an event; returns the numbers of the requests that it changed. */
  apply(event: ChainEvent, place: EventPlace): readonly string[];
  get(id: string): RequestEntry | undefined;
  newest(): Iterable<RequestEntry>;
  counts(): Readonly<Record<'requested' | 'pending' | 'answered' | 'failed' | 'expired', number>>;
  /** Names of the jobs that were asked for or set by vote. */
  jobs(): Iterable<string>;
  /** Whoever asked, the latest first, at most so many. */
  latestRequesters(atMost: number): readonly Address[];
}

type PedalArgs<Name extends string> = Extract<ChainEvent, { source: 'pedal'; eventName: Name }>['args'];

/** Masters remembered of one request, for whoever wants to ask them. */
const MASTERS_KEPT = 4;

export function createOracleRequests(): OracleRequests {
  const requests = createRecentList<RequestEntry>({
    limit: API_REQUESTS_KEPT_MAX,
    droppable: (request) => request.state !== 'pending',
  });
  const jobs = new Set<string>();
  const counts = { requested: 0, pending: 0, answered: 0, failed: 0, expired: 0 };
  /** Requests that ended in a transaction whose event `Accepted` follows theirs. */
  let unattributed: { readonly transactionHash: Hex; readonly ids: string[] } | undefined;

  const requested = (args: PedalArgs<'Requested'>, place: EventPlace): readonly string[] => {
    const id = args.id.toString();
    // The companies set jobs up by vote, so there are few.
    jobs.add(jobName(args.job));
    requests.add(id, {
      id,
      requester: toAddress(args.requester),
      job: jobName(args.job),
      spec: args.spec,
      expiresMs: Number(args.expiresAt) * 1000,
      depositWei: args.depositWei,
      requestedMs: place.timestampMs,
      requestedIn: place.blockNumber,
      state: 'pending',
      reason: 'none',
      endedMs: undefined,
      result: undefined,
      observedMs: undefined,
      accepted: undefined,
      delivered: undefined,
      attempts: 0,
      lastAttempt: 'none',
      masters: [],
      steps: [{ kind: 'requested', what: 'requested', place }],
    });
    counts.requested += 1;
    counts.pending += 1;
    return [id];
  };
  const attempted = ({ id: number, term, master, why }: PedalArgs<'AttemptFailed'>, place: EventPlace): readonly string[] => {
    const id = number.toString();
    const request = requests.get(id);
    if (request === undefined) return [];
    const reason = attemptReasons[why] ?? 'other';
    request.attempts += 1;
    request.lastAttempt = reason;
    const account = toAddress(master);
    request.masters.splice(0, request.masters.length, ...[account, ...request.masters.filter((other) => other !== account)]);
    request.masters.splice(MASTERS_KEPT);
    addStep(request.steps, { kind: 'attempt', what: `an attempt failed in term ${term}: ${attemptWords[reason]}`, place });
    return [id];
  };
  const ended = (id: string, state: 'answered' | 'failed' | 'expired', what: string, place: EventPlace) => {
    const request = requests.get(id);
    if (request === undefined) return undefined;
    counts[request.state] -= 1;
    counts[state] += 1;
    request.state = state;
    request.endedMs = place.timestampMs;
    addStep(request.steps, { kind: 'ended', what, place });
    // Nobody signs that a request expired.
    if (state === 'expired') return request;
    if (unattributed?.transactionHash !== place.transactionHash) {
      unattributed = { transactionHash: place.transactionHash, ids: [] };
    }
    unattributed.ids.push(id);
    return request;
  };
  const accepted = (args: PedalArgs<'Accepted'>, place: EventPlace): readonly string[] => {
    if (unattributed?.transactionHash !== place.transactionHash) return [];
    const { ids } = unattributed;
    unattributed = undefined;
    const answer: AcceptedAnswer = {
      term: Number(args.term),
      transmitter: toAddress(args.transmitter),
      signers: args.signers,
      together: Number(args.requests),
      blockNumber: place.blockNumber,
    };
    for (const id of ids) {
      const request = requests.get(id);
      if (request !== undefined) request.accepted = answer;
    }
    return ids;
  };

  return {
    apply(event, place) {
      if (event.source !== 'pedal') return [];
      switch (event.eventName) {
        case 'Requested':
          return requested(event.args, place);
        case 'AttemptFailed':
          return attempted(event.args, place);
        case 'Answered': {
          const id = event.args.id.toString();
          const request = ended(id, 'answered', `answered by the group of term ${event.args.term}`, place);
          if (request === undefined) return [];
          Object.assign(request, { result: event.args.result, observedMs: Number(event.args.observedAt) * 1000 });
          return [id];
        }
        case 'RequestFailed': {
          const id = event.args.id.toString();
          const reason = requestReasons[event.args.reason] ?? 'none';
          const state = reason === 'expired' ? 'expired' : 'failed';
          const request = ended(id, state, `${state}: ${reasonWords[reason]}`, place);
          if (request === undefined) return [];
          request.reason = reason;
          return [id];
        }
        case 'Accepted':
          return accepted(event.args, place);
        case 'Delivered': {
          const id = event.args.id.toString();
          const request = requests.get(id);
          if (request === undefined) return [];
          request.delivered = event.args.worked;
          const what = event.args.worked ? 'taken by the requester’s contract' : 'not taken by the requester’s contract';
          addStep(request.steps, { kind: 'delivered', what, place });
          return [id];
        }
        case 'JobSet':
          jobs.add(jobName(event.args.job));
          return [];
        default:
          return [];
      }
    },
    jobs: () => jobs,
    get: (id) => requests.get(id),
    newest: () => requests.newest(),
    counts: () => ({ ...counts }),
    latestRequesters(atMost) {
      const found = new Set<Address>();
      for (const { requester } of requests.newest()) {
        found.add(requester);
        if (found.size >= atMost) break;
      }
      return [...found];
    },
  };
}
