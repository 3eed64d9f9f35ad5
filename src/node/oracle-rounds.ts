import { z } from 'zod';
import type { Environment, NodeId } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import {
  ORACLE_BATCH_MAX,
  ORACLE_PASSES_MAX,
  ORACLE_ROUNDS_ASKED_PER_SECOND,
  ORACLE_ROUNDS_BYTES_MAX,
  ORACLE_ROUNDS_TIMEOUT_MICROS,
  ORACLE_ROUNDS_TOLD_MAX,
} from '../limits.ts';
import { attemptWords, OBJECTIONS, type OracleService, type RoundRecord, reasonWords } from '../oracle/index.ts';
import { PeerAllowance } from './peer-allowance.ts';

/** How a node asks an oracle node what it did: a request's number, or nothing for its latest rounds. */
export const ORACLE_ROUNDS_PROTOCOL = 'oracle-rounds/1';

const MEMBERS_MAX = 127;
/** What one member may say in a round: about each request once in every pass. */
const SIGHTS_MAX = ORACLE_PASSES_MAX * ORACLE_BATCH_MAX;
const TEXT_MAX = 400;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const names = <T extends string>(words: Readonly<Record<T, string>>) => z.enum(Object.keys(words) as [T, ...T[]]);
const id = z.string().regex(/^\d{1,78}$/);
const node = z.string().regex(/^0x[0-9a-f]{40}$/);
const timeMs = z.int().min(0);
const member = z.strictObject({
  node: node.transform((text) => text as NodeId),
  observedAt: z.int().min(0).exactOptional(),
  saw: z.array(id).max(SIGHTS_MAX),
  failed: z.array(z.strictObject({ id, reason: names(reasonWords) })).max(SIGHTS_MAX),
  signed: z.boolean(),
  objections: z.array(z.strictObject({ id, why: z.enum(OBJECTIONS) })).max(SIGHTS_MAX),
  lied: z.boolean(),
  error: z.string().max(TEXT_MAX).exactOptional(),
});
const round = z.strictObject({
  term: z.int().min(0),
  attempt: z.int().min(0),
  leader: node.transform((text) => text as NodeId),
  position: z.int().min(-1).max(MEMBERS_MAX),
  requests: z.array(id).max(ORACLE_BATCH_MAX),
  startedMs: timeMs,
  observedMs: timeMs.exactOptional(),
  signedMs: timeMs.exactOptional(),
  endedMs: timeMs.exactOptional(),
  members: z.array(member).max(MEMBERS_MAX),
  quorum: z.int().min(0).max(MEMBERS_MAX),
  answered: z.array(id).max(ORACLE_BATCH_MAX),
  transactionHash: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .transform((text) => text as `0x${string}`)
    .exactOptional(),
  unanswered: z.array(z.strictObject({ id, why: names(attemptWords) })).max(ORACLE_BATCH_MAX),
  error: z.string().max(TEXT_MAX).exactOptional(),
});
const answer = z.array(round).max(ORACLE_ROUNDS_TOLD_MAX);

/** Rounds of an oracle node about one request, or all of them: the latest first, as many as are told at a time. */
export function roundsAbout(rounds: readonly RoundRecord[], request?: string): readonly RoundRecord[] {
  const told: RoundRecord[] = [];
  for (let at = rounds.length - 1; at >= 0 && told.length < ORACLE_ROUNDS_TOLD_MAX; at--) {
    const each = rounds[at] as RoundRecord;
    if (request === undefined || each.requests.includes(request)) told.push(each);
  }
  return told;
}

/** Lets the other nodes ask what this one did when it led. */
export function serveOracleRounds(environment: Environment, oracle: Pick<OracleService, 'rounds'>): void {
  const allowance = new PeerAllowance(environment.clock, ORACLE_ROUNDS_ASKED_PER_SECOND);
  environment.network.onPeer((event) => {
    if (event.type === 'disconnected') allowance.keep((other) => other !== event.peer);
  });
  environment.network.onRequest(ORACLE_ROUNDS_PROTOCOL, async (from, body) => {
    if (!allowance.take(from)) throw new TreadleError('ORACLE_BUSY');
    const asked = z.union([id, z.literal('')]).safeParse(decoder.decode(body));
    if (!asked.success) throw new TreadleError('MESSAGE_MALFORMED', { detail: 'oracle rounds: no number of a request' });
    let told = roundsAbout(oracle.rounds, asked.data === '' ? undefined : asked.data).map(shortened);
    for (;;) {
      const bytes = encoder.encode(JSON.stringify(told));
      if (bytes.length <= ORACLE_ROUNDS_BYTES_MAX) return bytes;
      told = told.slice(0, told.length >> 1);
    }
  });
}

/** Reasons may hold what a node or a library said, at any length. */
function shortened(each: RoundRecord): RoundRecord {
  return each.error === undefined ? each : { ...each, error: each.error.slice(0, TEXT_MAX) };
}

/**
 * Asks an oracle node for its rounds. It tells what it wants: its word, for people to read, and nothing that is acted upon.
 *
 * @throws TreadleError NETWORK_* | MESSAGE_MALFORMED
 */
export async function askOracleRounds(
  environment: Environment,
  leader: NodeId,
  request: string | undefined,
): Promise<readonly RoundRecord[]> {
  const body = encoder.encode(request ?? '');
  const bytes = await environment.network.request(leader, ORACLE_ROUNDS_PROTOCOL, body, {
    timeoutMicros: ORACLE_ROUNDS_TIMEOUT_MICROS,
  });
  if (bytes.length > ORACLE_ROUNDS_BYTES_MAX) throw malformed(`${bytes.length} bytes`);
  const told = answer.safeParse(parse(bytes));
  if (!told.success) throw malformed(told.error.issues[0]?.message ?? 'no list of rounds');
  // It speaks for itself only.
  return told.data.filter((each) => each.leader === leader) as readonly RoundRecord[];
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new TreadleError('MESSAGE_MALFORMED', { detail: 'oracle rounds: not JSON', cause });
  }
}

function malformed(detail: string): TreadleError {
  return new TreadleError('MESSAGE_MALFORMED', { detail: `oracle rounds: ${detail}` });
}
