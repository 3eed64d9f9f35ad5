import { TreadleError } from '../errors.ts';
import { CLI_FIRST_ANSWER_MS } from '../limits.ts';
import type { ApiErrorBody, OracleMemberView, OracleRequestDetail, OracleRoundView } from '../node/index.ts';
import { readUrl } from './rpc-over-http.ts';
import { showCount, showInstant } from './text.ts';

/**
 * What the nodes that led rounds about a request tell, asked through the HTTP API of a node.
 * @throws TreadleError CLI_BAD_OPTION | CLI_NO_ANSWER | CLI_NODE_REFUSED
 */
export async function readRounds(node: string, id: bigint): Promise<Pick<OracleRequestDetail, 'rounds' | 'silent'>> {
  const url = new URL(`/api/oracle/requests/${id}`, readUrl(node));
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(CLI_FIRST_ANSWER_MS) });
  } catch (cause) {
    throw new TreadleError('CLI_NO_ANSWER', { detail: `no answer from the console at ${url.origin}`, cause });
  }
  const body = (await response.json().catch(() => undefined)) as OracleRequestDetail | ApiErrorBody | undefined;
  if (body !== undefined && 'rounds' in body) return { rounds: body.rounds, silent: body.silent };
  const reason = body !== undefined && 'error' in body ? body.error.message : `status ${response.status}`;
  throw new TreadleError('CLI_NODE_REFUSED', { detail: `${url.origin} is not the console of a node that knows this: ${reason}` });
}

/** Rounds that are told in text; `--json` has all that the nodes told. */
const ROUNDS_SHOWN = 6;

/** Rounds in words, the latest last: one line for each, and for the latest one line for each member. */
export function roundLines({ rounds, silent }: Pick<OracleRequestDetail, 'rounds' | 'silent'>): readonly string[] {
  const unheard = silent.map((party) => `  ${party.name ?? party.address} did not tell what it did.`);
  if (rounds.length === 0) return unheard.length > 0 ? unheard : ['  No node tells of a round about it.'];
  const shown = rounds.slice(-ROUNDS_SHOWN);
  const before = rounds.length - shown.length;
  return [
    ...(before > 0 ? [`  ${showCount(before, 'earlier round')} not shown; --json has all.`] : []),
    ...shown.map((round) => `  ${roundLine(round)}`),
    ...(rounds.at(-1)?.members ?? []).map((member) => `    ${memberLine(member)}`),
    ...unheard,
  ];
}

function roundLine(round: OracleRoundView): string {
  const { leader, byMaster, term, startedMs, endedMs, observedMs, signedMs, quorum } = round;
  const spans = [
    observedMs === null ? '' : `seen after ${observedMs - startedMs} ms`,
    signedMs === null ? '' : `${quorum} signatures after ${signedMs - startedMs} ms`,
    endedMs === null ? 'under way' : `over after ${endedMs - startedMs} ms`,
  ].filter((span) => span !== '');
  const why = [...new Set(round.unanswered.map(({ why: each }) => each))].join('; ');
  const outcome = round.error ?? (why === '' ? '' : `no answer: ${why}`);
  const brought = round.transactionHash === null ? '' : `; brought in ${round.transactionHash}`;
  return `${showInstant(startedMs)} ${leader.name ?? leader.address} led a round as ${byMaster ? 'the master' : 'a work node'} of term ${term}: ${spans.join(', ')}${brought}${outcome === '' ? '' : `; ${outcome}`}`;
}

function memberLine(member: OracleMemberView): string {
  const parts = [
    member.saw.length > 0 ? 'saw a value' : '',
    ...member.failed.map(({ why }) => `saw nothing: ${why}`),
    member.signed ? 'signed' : '',
    ...member.objections.map(({ why }) => `did not sign: it ${why}`),
    member.lied ? 'LIED: what it sent was not valid' : '',
    member.error === null ? '' : `failed: ${member.error}`,
  ].filter((part) => part !== '');
  return `${member.name ?? member.address}: ${parts.length === 0 ? 'nothing came' : parts.join(', ')}`;
}
