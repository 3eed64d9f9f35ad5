import { failureReasons } from '../../../contracts/index.ts';
import { type Address, type Hex, toAddress } from '../../../crypto/index.ts';
import { API_MAP_MATCHES_MAX, API_TASKS_KEPT_MAX } from '../../../limits.ts';
import { bytesText } from '../decode/bytes-text.ts';
import type { TaskCounts, TaskState } from '../types.ts';
import { addStep } from './bounded-history.ts';
import type { ChainEvent, EventPlace } from './chain-event.ts';
import { createRecentList } from './recent-list.ts';

/** A task as the registry's events and the device's call describe it. */
export interface TaskRecord {
  readonly id: Hex;
  readonly device: Address;
  state: TaskState;
  service: string;
  latitudeE6: number | undefined;
  longitudeE6: number | undefined;
  maxPriceWei: bigint | undefined;
  /** Of the last match. */
  match: TaskMatch | undefined;
  attempts: number;
  readonly requestedMs: number;
  finishedMs: number | undefined;
  reason: string | undefined;
  readonly steps: TaskRecordStep[];
}

export interface TaskMatch {
  readonly nodeId: number;
  readonly company: Address;
  readonly priceWei: bigint;
  readonly distanceSquared: bigint;
  readonly considered: number;
  readonly among: readonly number[];
  readonly timestampMs: number;
}

export interface TaskRecordStep {
  /** `{node}` stands for the name of the edge node. */
  readonly what: string;
  readonly nodeId?: number;
  readonly place: EventPlace;
}

/** What a device asked for, read from its `requestMatch` call: an event that says "no match" does not repeat it. */
export interface MatchRequest {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly service: string;
  readonly maxPriceWei: bigint;
}

export interface Tasks {
  /** Applies an event; returns the id of the task that it changed. `request` is looked up only when the event lacks it. */
  apply(event: ChainEvent, place: EventPlace, request: () => MatchRequest | undefined): Hex | undefined;
  get(id: string): TaskRecord | undefined;
  newest(): Iterable<TaskRecord>;
  readonly size: number;
  counts(): TaskCounts;
  /** Tasks whose last match is among the latest, newest first. */
  latestMatches(): readonly TaskRecord[];
}

/** `NotMatched` reasons by their number in the contract. */
const REASONS: readonly string[] = [
  'no reason',
  'no node offers the service',
  'every node that offers the service is full',
  'every free node is above the price limit',
  'as many nodes as may be tried have failed',
];

type RegistryArgs<Name extends string> = Extract<ChainEvent, { source: 'registry'; eventName: Name }>['args'];

export function createTasks(): Tasks {
  const tasks = createRecentList<TaskRecord>({ limit: API_TASKS_KEPT_MAX, droppable: (task) => task.state !== 'matched' });
  const counts = { requested: 0, matched: 0, unmatched: 0, completed: 0, failed: 0, expired: 0 };
  let matches: TaskRecord[] = [];

  const become = (task: TaskRecord, state: TaskState): void => {
    counts[task.state] -= 1;
    counts[state] += 1;
    task.state = state;
  };
  const open = (id: Hex, device: Address, state: TaskState, place: EventPlace): TaskRecord => {
    const known = tasks.get(id);
    if (known !== undefined) {
      become(known, state);
      return known;
    }
    const unknown = {
      latitudeE6: undefined,
      longitudeE6: undefined,
      maxPriceWei: undefined,
      match: undefined,
      finishedMs: undefined,
    };
    const task: TaskRecord = {
      id,
      device,
      state,
      service: '',
      ...unknown,
      attempts: 0,
      requestedMs: place.timestampMs,
      reason: undefined,
      steps: [],
    };
    counts.requested += 1;
    counts[state] += 1;
    tasks.add(id, task);
    return task;
  };

  const matched = (args: RegistryArgs<'Matched'>, place: EventPlace): Hex => {
    const task = open(args.taskId, toAddress(args.device), 'matched', place);
    const { latitudeE6, longitudeE6, maxPriceWei, priceWei, distanceSquared, among } = args;
    Object.assign(task, {
      latitudeE6,
      longitudeE6,
      maxPriceWei,
      service: bytesText(args.service),
      attempts: Number(args.attempt),
    });
    Object.assign(task, { finishedMs: undefined, reason: undefined });
    const nodeId = Number(args.nodeId);
    const where = { company: toAddress(args.company), considered: Number(args.considered), timestampMs: place.timestampMs };
    task.match = { nodeId, priceWei, distanceSquared, among, ...where };
    addStep(task.steps, {
      what: `matched with {node}${args.attempt > 1n ? `, attempt ${args.attempt}` : ''}`,
      nodeId,
      place,
    });
    matches = [task, ...matches.filter((other) => other !== task)].slice(0, API_MAP_MATCHES_MAX);
    return task.id;
  };
  const notMatched = (args: RegistryArgs<'NotMatched'>, place: EventPlace, request: () => MatchRequest | undefined): Hex => {
    const before = tasks.get(args.taskId);
    const failed = before !== undefined && before.attempts > 0;
    const task = open(args.taskId, toAddress(args.device), failed ? 'failed' : 'unmatched', place);
    const asked = failed ? undefined : request();
    if (asked !== undefined) Object.assign(task, asked);
    task.reason = REASONS[args.reason] ?? `reason ${args.reason}`;
    task.finishedMs = place.timestampMs;
    addStep(task.steps, { what: `not matched: ${task.reason}`, place });
    return task.id;
  };
  const finished = (args: RegistryArgs<'TaskCompleted' | 'TaskExpired'>, state: 'completed' | 'expired', place: EventPlace) => {
    const { taskId: id } = args;
    const task = tasks.get(id);
    if (task === undefined) return undefined;
    become(task, state);
    task.finishedMs = place.timestampMs;
    if (state === 'expired') task.reason = 'its edge node neither completed it nor was reported in the time of its lease';
    const what = state === 'completed' ? 'completed by {node}' : 'the lease of {node} ran out';
    addStep(task.steps, { what, nodeId: Number(args.nodeId), place });
    return id;
  };

  return {
    apply(event, place, request) {
      if (event.source !== 'registry') return undefined;
      switch (event.eventName) {
        case 'Matched':
          return matched(event.args, place);
        case 'NotMatched':
          return notMatched(event.args, place, request);
        case 'TaskFailed': {
          const { taskId, nodeId, why } = event.args;
          const task = tasks.get(taskId);
          const what = `{node} reported as failed: ${wordsOf(failureReasons[why] ?? `code ${why}`)}`;
          if (task !== undefined) addStep(task.steps, { what, nodeId: Number(nodeId), place });
          return task?.id;
        }
        case 'TaskCompleted':
          return finished(event.args, 'completed', place);
        case 'TaskExpired':
          return finished(event.args, 'expired', place);
        default:
          return undefined;
      }
    },
    get: (id) => tasks.get(id),
    newest: () => tasks.newest(),
    get size() {
      return tasks.size;
    },
    counts: () => ({ ...counts }),
    latestMatches: () => matches,
  };
}

/** "timedOut" as "timed out". */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
