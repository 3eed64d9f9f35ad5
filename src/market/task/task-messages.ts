import { encode } from '@ethereumjs/rlp';
import { type Address, fromHex, type Hex, keccak256, readRlp, SIGNATURE_BYTES } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import {
  TASK_INPUT_BYTES_MAX,
  TASK_OUTPUT_BYTES_MAX,
  TASK_PARAMETERS_BYTES_MAX,
  TASK_TIME_LIMIT_MICROS_MAX,
} from '../../limits.ts';

/** The request protocol that carries tasks from devices to edge nodes. */
export const TASK_PROTOCOL = 'task/1';

const NAME_BYTES_MAX = 128;

/** What a device asks of an edge node under a match. */
export interface TaskRequest {
  readonly taskId: Hex;
  readonly service: string;
  readonly mediaType: string;
  /** Options of the service: a JSON object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Time the node has, from the arrival of the request: the two clocks need not agree. */
  readonly timeLimitMicros: number;
  readonly input: Uint8Array;
}

/** `done`: the output is the service's. `rejected`: the service cannot read the input; the output is JSON with code and detail. */
export type TaskStatus = 'done' | 'rejected';
export const TASK_STATUSES: readonly TaskStatus[] = ['done', 'rejected'];

/** What the edge node answers, and stands for with its signature. */
export interface TaskResult {
  readonly taskId: Hex;
  readonly status: TaskStatus;
  readonly mediaType: string;
  readonly output: Uint8Array;
  readonly node: Address;
  readonly signature: Uint8Array;
}

const utf8 = new TextEncoder();

function parametersBytes(parameters: Readonly<Record<string, unknown>>): Uint8Array {
  return Object.keys(parameters).length === 0 ? new Uint8Array() : utf8.encode(JSON.stringify(parameters));
}

export function encodeTaskRequest(request: TaskRequest): Uint8Array {
  const { taskId, service, mediaType, parameters, timeLimitMicros, input } = request;
  return encode([fromHex(taskId), service, mediaType, parametersBytes(parameters), BigInt(timeLimitMicros), input]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeTaskRequest(bytes: Uint8Array): TaskRequest {
  const reader = readRlp(bytes, 'task request');
  const request = {
    taskId: reader.hash('task id'),
    service: reader.text('service', NAME_BYTES_MAX),
    mediaType: reader.text('media type', NAME_BYTES_MAX),
    parameters: readParameters(reader.text('parameters', TASK_PARAMETERS_BYTES_MAX)),
    timeLimitMicros: reader.integer('time limit', TASK_TIME_LIMIT_MICROS_MAX),
    input: reader.bytes('input', TASK_INPUT_BYTES_MAX),
  };
  reader.end();
  if (request.timeLimitMicros === 0)
    throw new TreadleError('MESSAGE_MALFORMED', { detail: 'task request: the time limit is zero' });
  return request;
}

function readParameters(text: string): Record<string, unknown> {
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TreadleError('MESSAGE_MALFORMED', { detail: 'task request: the parameters are not a JSON object' });
  }
  return value as Record<string, unknown>;
}

/** What a result binds itself to: the whole of what was asked. */
export function inputHashOf({
  service,
  mediaType,
  parameters,
  input,
}: Omit<TaskRequest, 'taskId' | 'timeLimitMicros'>): Uint8Array {
  return keccak256(encode([service, mediaType, parametersBytes(parameters), input]));
}

/** What a result binds itself to: media type and bytes of the output. */
export function outputHashOf({ mediaType, output }: Pick<TaskResult, 'mediaType' | 'output'>): Uint8Array {
  return keccak256(encode([mediaType, output]));
}

export function encodeTaskResult({ taskId, status, mediaType, output, node, signature }: TaskResult): Uint8Array {
  return encode([fromHex(taskId), BigInt(TASK_STATUSES.indexOf(status)), mediaType, output, fromHex(node), signature]);
}

/** @throws TreadleError MESSAGE_MALFORMED */
export function decodeTaskResult(bytes: Uint8Array): TaskResult {
  const reader = readRlp(bytes, 'task result');
  const result = {
    taskId: reader.hash('task id'),
    status: TASK_STATUSES[reader.integer('status', TASK_STATUSES.length - 1)] as TaskStatus,
    mediaType: reader.text('media type', NAME_BYTES_MAX),
    output: reader.bytes('output', TASK_OUTPUT_BYTES_MAX),
    node: reader.address('node'),
    signature: reader.fixed('signature', SIGNATURE_BYTES),
  };
  reader.end();
  return result;
}
