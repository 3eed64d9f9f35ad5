import { type Address, toAddress } from '../../../crypto/index.ts';
import { TreadleError } from '../../../errors.ts';
import { attemptWords, objectionWords, type RoundRecord, reasonWords } from '../../../oracle/index.ts';
import type { ChainContext } from '../context.ts';
import type { OracleRoundsView, OracleRoundView } from '../types.ts';
import { presentMaster } from './oracle-term.ts';

/** A round as the node that led it tells. */
export function roundView(record: RoundRecord, { names }: Pick<ChainContext, 'names'>): OracleRoundView {
  return {
    term: record.term,
    attempt: record.attempt,
    leader: names.partyOf(record.leader as Address),
    byMaster: record.position < 0,
    requests: record.requests,
    startedMs: record.startedMs,
    observedMs: record.observedMs ?? null,
    signedMs: record.signedMs ?? null,
    endedMs: record.endedMs ?? null,
    quorum: record.quorum,
    members: record.members.map((member) => ({
      ...names.partyOf(member.node as Address),
      observedMs: member.observedAt === undefined ? null : member.observedAt * 1000,
      saw: member.saw,
      failed: member.failed.map(({ id, reason }) => ({ id, why: reasonWords[reason] })),
      signed: member.signed,
      objections: member.objections.map(({ id, why }) => ({ id, why: objectionWords[why] })),
      lied: member.lied,
      error: member.error ?? null,
    })),
    answered: record.answered,
    unanswered: record.unanswered.map(({ id, why }) => ({ id, why: attemptWords[why] })),
    transactionHash: record.transactionHash ?? null,
    error: record.error ?? null,
  };
}

/**
 * The latest rounds that a node led, newest first: this one, or, where it is no oracle node, the present master.
 *
 * @throws {@link TreadleError} API_NOT_FOUND | API_BAD_QUERY
 */
export async function showRounds(context: ChainContext, asked: string): Promise<OracleRoundsView> {
  const { rounds, treadle, names } = context;
  if (asked === '' && rounds.own !== undefined) {
    return { node: names.partyOf(treadle.node().id as Address), rounds: rounds.own().map((round) => roundView(round, context)) };
  }
  const account = asked === '' ? await presentMaster(context) : accountOf(asked);
  if (account === undefined) throw new TreadleError('API_NOT_FOUND', { detail: 'The term has no master yet: name a node' });
  try {
    const told = await rounds.ask(account);
    return { node: names.partyOf(account), rounds: told.map((round) => roundView(round, context)) };
  } catch (error) {
    const reason = error instanceof TreadleError ? error.code : 'no answer';
    throw new TreadleError('API_NOT_FOUND', { detail: `Node ${account} did not tell its rounds (${reason})` });
  }
}

function accountOf(text: string): Address {
  try {
    return toAddress(text);
  } catch {
    throw new TreadleError('API_BAD_QUERY', { detail: 'Parameter "node": expected an address' });
  }
}
