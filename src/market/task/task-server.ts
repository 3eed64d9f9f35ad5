import { type Address, equalBytes, type Hex, type NodeKey } from '../../crypto/index.ts';
import type { Environment, Micros } from '../../environment/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import { TASKS_RUNNING_MAX, TASKS_UNPAID_MAX } from '../../limits.ts';
import type { Match, MatchChain, MatchReader } from '../ports/index.ts';
import type { ServiceRegistry } from '../services/index.ts';
import type { Completions } from './completions.ts';
import type { CreditLedger } from './credit-ledger.ts';
import { createPlaces } from './places.ts';
import { createResultCache } from './result-cache.ts';
import {
  decodeTaskRequest,
  encodeTaskResult,
  inputHashOf,
  TASK_PROTOCOL,
  type TaskRequest,
  type TaskStatus,
} from './task-messages.ts';
import { signTaskResult } from './task-result.ts';

export interface TaskPolicy {
  /** Tasks at work at once. Default TASKS_RUNNING_MAX. */
  readonly runningMax?: number;
  /** Unpaid tasks of one device, the one at work included: what this node risks with each device. Default TASKS_UNPAID_MAX. */
  readonly unpaidMax?: number;
}

export interface TaskServerDependencies {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly services: ServiceRegistry;
  readonly chain: MatchChain;
  readonly matches: MatchReader;
  readonly credit: CreditLedger;
  readonly completions: Completions;
}

/** The edge side of `task/1`. */
export interface TaskServer {
  readonly running: number;
  readonly waiting: number;
  /** A task of this node was paid: the device has that much more credit. */
  paid(taskId: Hex): void;
}

/** Answers tasks of devices that the chain matched with this node; registers the protocol on the network. */
export function createTaskServer(policy: TaskPolicy, dependencies: TaskServerDependencies): TaskServer {
  const { environment, key, services, chain, matches, credit, completions } = dependencies;
  const { clock, log, metrics } = environment;
  const unpaidMax = policy.unpaidMax ?? TASKS_UNPAID_MAX;
  const places = createPlaces(policy.runningMax ?? TASKS_RUNNING_MAX);
  const results = createResultCache();
  const underWay = new Map<Hex, { readonly inputHash: Uint8Array; readonly answer: Promise<Uint8Array> }>();

  async function admit(device: Address, request: TaskRequest): Promise<Match> {
    const match = await matches.read(request.taskId, (seen) => seen.node === key.address);
    if (match.device !== device) throw notYours(request.taskId, `belongs to ${match.device}`);
    if (match.node !== key.address) throw notYours(request.taskId, `is matched to ${match.node}`);
    if (match.service !== request.service) throw notYours(request.taskId, `is matched for ${match.service}`);
    if (match.state !== 'open' || match.expiresAtMicros <= clock.now()) {
      const state = match.state === 'open' ? 'expired' : match.state;
      throw new TreadleError('TASK_NOT_OPEN', {
        detail: `Task ${request.taskId} is ${state}`,
        data: { taskId: request.taskId, state },
      });
    }
    return match;
  }

  /** Strikes debts for tasks that another node has taken over meanwhile. */
  async function forgiveTakenOver(device: Address): Promise<void> {
    for (const taskId of credit.unpaid(device)) {
      const match = await chain.task(taskId);
      if (match === undefined || match.node !== key.address || match.state === 'failed' || match.state === 'expired')
        credit.settle(taskId);
    }
  }

  async function extendCredit(device: Address, taskId: Hex): Promise<void> {
    const owed = () => credit.unpaid(device).filter((unpaid) => unpaid !== taskId).length;
    if (owed() + 1 > unpaidMax) await forgiveTakenOver(device);
    if (owed() + 1 > unpaidMax) {
      metrics.count('tasks_refused_unpaid_total');
      throw new TreadleError('TASK_UNPAID', {
        detail: `${owed()} tasks of ${device} are not paid yet`,
        data: { device, unpaid: credit.unpaid(device), unpaidMax },
      });
    }
    credit.owe(device, taskId);
  }

  function serve(device: Address, request: TaskRequest): Promise<Uint8Array> {
    const inputHash = inputHashOf(request);
    const known = results.get(request.taskId);
    if (known !== undefined) {
      if (known.device !== device || !equalBytes(known.inputHash, inputHash))
        return Promise.reject(notYours(request.taskId, 'was sent with another input'));
      return Promise.resolve(known.bytes);
    }
    const running = underWay.get(request.taskId);
    if (running !== undefined) {
      if (!equalBytes(running.inputHash, inputHash))
        return Promise.reject(notYours(request.taskId, 'is at work with another input'));
      return running.answer;
    }
    const answer = attempt(device, request, inputHash).finally(() => underWay.delete(request.taskId));
    underWay.set(request.taskId, { inputHash, answer });
    return answer;
  }

  async function attempt(device: Address, request: TaskRequest, inputHash: Uint8Array): Promise<Uint8Array> {
    const { taskId } = request;
    const arrivedMicros = clock.now();
    if (completions.full) throw new TreadleError('TASK_BUSY', { detail: 'Too many finished tasks wait for the chain' });
    const match = await admit(device, request);
    if (match.priceWei > 0n) await extendCredit(device, taskId);
    try {
      const untilMicros = Math.min(arrivedMicros + request.timeLimitMicros, match.expiresAtMicros);
      const outcome = await withDeadline(untilMicros, taskId, () => places.run(() => work(request, untilMicros)));
      if (outcome.status === 'rejected') credit.settle(taskId);
      const result = encodeTaskResult(signTaskResult(chain.domain, key, { taskId, inputHash, ...outcome }));
      results.put(taskId, { device, inputHash, bytes: result });
      completions.add(taskId);
      metrics.count(`tasks_${outcome.status}_total`);
      metrics.observe('task_ms', (clock.now() - arrivedMicros) / 1000);
      return result;
    } catch (error) {
      credit.settle(taskId);
      metrics.count('tasks_failed_total');
      log.warn('task_failed', { taskId, device, error: String(error) });
      throw error;
    }
  }

  async function work(request: TaskRequest, untilMicros: Micros): Promise<Outcome> {
    // A place that came free too late is not used: nobody waits for the result any more.
    if (clock.now() >= untilMicros) throw deadline(request.taskId);
    const input = { mediaType: request.mediaType, bytes: request.input, parameters: request.parameters };
    try {
      const service = services.select(request.service, input);
      const output = await environment.cpu.run(service.cost(input), () => service.run(input));
      if (output.length > service.outputBytesMax) {
        throw new TreadleError('SERVICE_OUTPUT_TOO_LARGE', {
          detail: `${service.name} made ${output.length} bytes, ${service.outputBytesMax} are allowed`,
        });
      }
      return { status: 'done', mediaType: service.outputMediaType, output };
    } catch (error) {
      if (!(error instanceof TreadleError) || !INPUT_FAULTS.includes(error.code)) throw error;
      const reason = JSON.stringify({ code: error.code, detail: error.detail });
      return { status: 'rejected', mediaType: 'application/json', output: new TextEncoder().encode(reason) };
    }
  }

  function withDeadline<T>(untilMicros: Micros, taskId: Hex, run: () => Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = clock.set(Math.max(0, untilMicros - clock.now()), () => reject(deadline(taskId)), `deadline of task ${taskId}`);
    return Promise.race([run(), promise]).finally(() => clock.cancel(timer));
  }

  invariant(unpaidMax >= 1, 'a node that gives no credit at all can serve nobody: payment follows the result');
  environment.network.onRequest(TASK_PROTOCOL, async (from, body) => serve(from, decodeTaskRequest(body)));

  return {
    get running() {
      return places.running;
    },
    get waiting() {
      return places.waiting;
    },
    paid: (taskId) => credit.settle(taskId),
  };
}

/** The device's doing: any node would refuse, so the node answers for its refusal and frees the slot. */
const INPUT_FAULTS = ['SERVICE_INPUT_INVALID', 'SERVICE_MEDIA_TYPE', 'SERVICE_INPUT_TOO_LARGE'];

interface Outcome {
  readonly status: TaskStatus;
  readonly mediaType: string;
  readonly output: Uint8Array;
}

function deadline(taskId: Hex): TreadleError {
  return new TreadleError('TASK_DEADLINE', { data: { taskId } });
}

function notYours(taskId: Hex, what: string): TreadleError {
  return new TreadleError('TASK_NOT_YOURS', { detail: `Task ${taskId} ${what}`, data: { taskId } });
}
