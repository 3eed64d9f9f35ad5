import type { FailureReason } from '../../contracts/index.ts';
import { type Address, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Contact, Environment, Micros } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { TASK_ATTEMPTS_MAX, TASK_TIME_LIMIT_MICROS_MAX } from '../../limits.ts';
import type { Match, MatchChain, MatchChoice, MatchOutcome } from '../ports/index.ts';
import {
  decodeTaskResult,
  encodeTaskRequest,
  inputHashOf,
  TASK_PROTOCOL,
  type TaskRequest,
  type TaskResult,
} from './task-messages.ts';
import { taskResultIsValid } from './task-result.ts';

/** A piece of work that a device wants done. */
export interface TaskOrder {
  readonly service: string;
  readonly mediaType: string;
  readonly input: Uint8Array;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly priceLimitWei: bigint;
  /** Time that one edge node has. Default 10 s. */
  readonly timeLimitMicros?: Micros;
}

/** One edge node that was tried. */
export interface TaskAttempt {
  readonly node: Address;
  readonly choice: MatchChoice;
  readonly priceWei: bigint;
  readonly durationMicros: Micros;
  /** Absent on the attempt that succeeded. */
  readonly error?: { readonly code: string; readonly detail: string; readonly reported: FailureReason };
}

/** A result with where it comes from. */
export interface TaskOutcome {
  readonly taskId: Hex;
  readonly result: TaskResult;
  /** What the signature covers beside the result. */
  readonly inputHash: Hex;
  /** The match that led to the result: who was chosen among whom, and the price that is owed. */
  readonly match: Match;
  readonly attempts: readonly TaskAttempt[];
  /** From the request for a match to the verified result. */
  readonly durationMicros: Micros;
}

export interface TaskClientDependencies {
  readonly environment: Environment;
  readonly chain: MatchChain;
  /** Where an edge node can be reached; undefined when nobody knows. */
  readonly contactOf: (node: Address) => Promise<Contact | undefined>;
}

/** The device side of `task/1`. */
export interface TaskClient {
  /**
   * Has a task done by the best edge node, or by the next best when that fails.
   * @throws TreadleError TASK_NO_MATCH (data.reason), TASK_FAILED (data.attempts), TASK_REJECTED, or an error that is the device's own doing
   */
  run(order: TaskOrder): Promise<TaskOutcome>;
}

const TIME_LIMIT_MICROS = 10_000_000;
/** What the answer may take beyond the node's own deadline: the way there and back. */
const TRANSPORT_MICROS = 2_000_000;
/** Errors that another node would raise as well: the node that raised them is not at fault. */
const OWN_FAULTS = ['MESSAGE_MALFORMED', 'TASK_UNPAID', 'TASK_NOT_YOURS', 'NETWORK_FRAME_TOO_LARGE'];

export function createTaskClient({ environment, chain, contactOf }: TaskClientDependencies): TaskClient {
  const { clock, log, metrics, network } = environment;
  const random = environment.random.stream('task ids');

  function newTaskId(): Hex {
    const id = new Uint8Array(32);
    id.set(fromHex(environment.node), 0);
    id.set(random.bytes(12), 20);
    return toHex(id);
  }

  /** Asks one node and checks its signature. */
  async function ask(match: Match, request: TaskRequest, inputHash: Uint8Array): Promise<TaskResult> {
    if (!network.peers().includes(match.node)) {
      const contact = await contactOf(match.node);
      if (contact === undefined) throw new TreadleError('NETWORK_UNREACHABLE', { detail: `Nobody knows where ${match.node} is` });
      await network.connect(contact);
    }
    const timeoutMicros = request.timeLimitMicros + TRANSPORT_MICROS;
    const result = readResult(await network.request(match.node, TASK_PROTOCOL, encodeTaskRequest(request), { timeoutMicros }));
    const agrees = result.taskId === request.taskId && result.node === match.node;
    if (!agrees || !taskResultIsValid(chain.domain, inputHash, result)) {
      throw new TreadleError('TASK_RESULT_FORGED', { data: { taskId: request.taskId, node: match.node } });
    }
    if (result.status === 'rejected') throw rejected(result);
    return result;
  }

  async function run(order: TaskOrder): Promise<TaskOutcome> {
    const startMicros = clock.now();
    const request = requestOf(order, newTaskId());
    const { taskId } = request;
    const inputHash = inputHashOf(request);
    const attempts: TaskAttempt[] = [];
    const { latitudeE6, longitudeE6, service, priceLimitWei } = order;
    let outcome: MatchOutcome = await chain.requestMatch({ taskId, latitudeE6, longitudeE6, service, priceLimitWei });
    while (outcome.matched) {
      const { match } = outcome;
      const askedMicros = clock.now();
      const attempt = { node: match.node, choice: match.choice, priceWei: match.priceWei };
      try {
        const result = await ask(match, request, inputHash);
        attempts.push({ ...attempt, durationMicros: clock.now() - askedMicros });
        metrics.count('tasks_completed_total');
        return { taskId, result, inputHash: toHex(inputHash), match, attempts, durationMicros: clock.now() - startMicros };
      } catch (error) {
        const reported = faultOf(error);
        if (reported === undefined) throw error;
        const { code, detail } = error instanceof TreadleError ? error : { code: 'PEER_INTERNAL', detail: String(error) };
        attempts.push({ ...attempt, durationMicros: clock.now() - askedMicros, error: { code, detail, reported } });
        log.warn('edge_node_failed', { taskId, edge: match.node, code, detail });
        metrics.count('task_attempts_failed_total');
        outcome = await chain.reportFailure({ taskId, reason: reported });
        // The registry ends this itself; the bound holds whatever it does.
        if (attempts.length >= TASK_ATTEMPTS_MAX) break;
      }
    }
    throw failure(taskId, attempts, outcome);
  }

  return { run };
}

function requestOf(order: TaskOrder, taskId: Hex): TaskRequest {
  const { service, mediaType, input, parameters = {}, timeLimitMicros = TIME_LIMIT_MICROS } = order;
  return {
    taskId,
    service,
    mediaType,
    parameters,
    timeLimitMicros: Math.min(timeLimitMicros, TASK_TIME_LIMIT_MICROS_MAX),
    input,
  };
}

/** What the answer says, where an answer that cannot be read is as bad as a forged one. */
function readResult(bytes: Uint8Array): TaskResult {
  try {
    return decodeTaskResult(bytes);
  } catch (error) {
    throw new TreadleError('TASK_RESULT_FORGED', { detail: 'The answer cannot be read', cause: error });
  }
}

/** What to report of the node, or undefined when it is not at fault. */
function faultOf(error: unknown): FailureReason | undefined {
  if (!(error instanceof TreadleError)) return 'refused';
  if (error.code === 'TASK_REJECTED' || OWN_FAULTS.includes(error.code)) return undefined;
  if (error.code === 'TASK_RESULT_FORGED') return 'badResult';
  if (error.code === 'NETWORK_TIMEOUT' || error.code === 'TASK_DEADLINE') return 'timedOut';
  if (error.code.startsWith('NETWORK_')) return 'unreachable';
  return 'refused';
}

function rejected(result: TaskResult): TreadleError {
  let detail = 'The edge node refused the input';
  try {
    const reason = JSON.parse(new TextDecoder().decode(result.output)) as { readonly detail?: unknown };
    if (typeof reason.detail === 'string') detail = reason.detail.slice(0, 500);
  } catch {
    // The node signed a refusal without a readable reason; the refusal stands.
  }
  return new TreadleError('TASK_REJECTED', { detail, data: { taskId: result.taskId, node: result.node } });
}

const NO_MATCH_WORDS = {
  noneOffersService: 'No edge node offers the service',
  noneHasCapacity: 'Every edge node that offers the service is busy',
  allAboveLimit: 'Every free edge node costs more than the price limit',
  attemptsExhausted: 'The registry allows no further attempt',
} as const;

function failure(taskId: Hex, attempts: readonly TaskAttempt[], outcome: MatchOutcome): TreadleError {
  const reason = outcome.matched ? undefined : outcome.reason;
  if (attempts.length === 0 && reason !== undefined) {
    return new TreadleError('TASK_NO_MATCH', { detail: NO_MATCH_WORDS[reason], data: { taskId, reason } });
  }
  const tried = attempts.map(({ node, error }) => ({ node, ...error }));
  const last = reason === undefined ? 'no further node is tried' : NO_MATCH_WORDS[reason];
  return new TreadleError('TASK_FAILED', {
    detail: `${attempts.length} edge nodes failed, and ${last.charAt(0).toLowerCase()}${last.slice(1)}`,
    data: { taskId, attempts: tried, reason },
  });
}
