import type { Reading, ReadingRange } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';
import type { ProofWanted } from './telemetry-service.ts';

type Query = Readonly<Record<string, string>>;

/**
 * Readings as they are posted: a JSON array of `{twin, metric, value, timeMs}`, or an object with it as `readings`. A reading without a
 * time was taken now.
 * @throws TreadleError NODE_TELEMETRY_REQUEST
 */
export function readBatch(body: Uint8Array, nowMs: number): readonly Reading[] {
  const parsed = parse(body);
  const list: unknown = Array.isArray(parsed) ? parsed : fieldsOf(parsed)?.['readings'];
  if (!Array.isArray(list)) throw wrong('expected a JSON array of readings, or an object with one as "readings"');
  return list.map((each: unknown, at): Reading => {
    const { twin, metric, value, timeMs = nowMs, ...rest } = fieldsOf(each) ?? {};
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw wrong(`reading ${at} has the unknown key "${unknown.slice(0, 40)}"`);
    if (typeof twin !== 'string' || typeof metric !== 'string') throw wrong(`reading ${at} needs the texts "twin" and "metric"`);
    if (typeof value !== 'string' && typeof value !== 'number') throw wrong(`reading ${at} needs a number or a text as "value"`);
    if (typeof timeMs !== 'number') throw wrong(`"timeMs" of reading ${at} is no number`);
    return { twin, metric, timeMs, value };
  });
}

/** @throws TreadleError NODE_TELEMETRY_REQUEST */
export function readRange(query: Query, twin: string): ReadingRange {
  const bounds = { fromMs: whole(query, 'fromMs'), toMs: whole(query, 'toMs'), limit: whole(query, 'limit') };
  const given = Object.entries(bounds).filter(([, value]) => value !== undefined);
  const order = query['order'] ?? 'up';
  if (order !== 'up' && order !== 'down') throw wrong('"order" is up or down');
  return { twin, metric: requireText(query, 'metric'), ...Object.fromEntries(given), ...(order === 'down' && { reverse: true }) };
}

/** @throws TreadleError NODE_TELEMETRY_REQUEST */
export function readWanted(query: Query): ProofWanted {
  const index = whole(query, 'index');
  if (index !== undefined) return { index };
  const timeMs = whole(query, 'time');
  return {
    twin: requireText(query, 'twin'),
    metric: requireText(query, 'metric'),
    ...(timeMs !== undefined && { timeMs }),
  };
}

/** @throws TreadleError NODE_TELEMETRY_REQUEST */
export function requireText(query: Query, name: string): string {
  const text = query[name];
  if (text === undefined || text === '') throw wrong(`name the parameter "${name}"`);
  return text;
}

function whole(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw wrong(`the parameter "${name}" is a whole number`);
  return Number(text);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw wrong('the body is no JSON in UTF-8');
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function wrong(detail: string): TreadleError {
  return new TreadleError('NODE_TELEMETRY_REQUEST', { detail });
}
