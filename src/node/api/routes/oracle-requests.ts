import { type PedalClient, quorumOf, type RequestRecord } from '../../../contracts/index.ts';
import { type Address, fromHex } from '../../../crypto/index.ts';
import { TreadleError } from '../../../errors.ts';
import { API_LEADERS_ASKED_MAX } from '../../../limits.ts';
import { accountOfRequest, answerText, reasonWords, utf8 } from '../../../oracle/index.ts';
import { type ChainContext, nowMs } from '../context.ts';
import type { RequestEntry } from '../projection/oracle-requests.ts';
import type {
  OracleAccepted,
  OracleRequestDetail,
  OracleRequestRow,
  OracleResultView,
  OracleRoundView,
  OracleStep,
  Page,
  Party,
} from '../types.ts';
import { roundView } from './oracle-rounds.ts';
import { orNull, reading } from './oracle-term.ts';
import { containsText, pageOf } from './page-of.ts';
import { spanText, weiText } from './readable.ts';

interface RequestListQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
  readonly state: string;
  readonly job: string;
  /** An address. */
  readonly requester: string;
}

/** What rows show of texts that may be 8 KB long. */
const ROW_CHARACTERS = 120;
const NOBODY = '0x0000000000000000000000000000000000000000';

/** Requests, newest first. */
export function listRequests(
  { projection, names }: ChainContext,
  { search, state, job, requester, ...page }: RequestListQuery,
): Page<OracleRequestRow> {
  const keep = (entry: RequestEntry): boolean =>
    (state === '' || entry.state === state) &&
    (job === '' || entry.job.toLowerCase() === job) &&
    (requester === '' || entry.requester === requester) &&
    (search === '' || entry.id === search || containsText(search, [names.partyOf(entry.requester).name, askedOf(entry)]));
  return pageOf(projection.requests.newest(), { ...page, keep, row: (entry) => requestRow(entry, { names }) });
}

export function requestRow(entry: RequestEntry, { names }: Pick<ChainContext, 'names'>): OracleRequestRow {
  const { result } = entry;
  return {
    id: entry.id,
    state: entry.state,
    job: entry.job,
    requester: names.partyOf(entry.requester),
    asked: cut(askedOf(entry)),
    depositWei: entry.depositWei.toString(),
    requestedMs: entry.requestedMs,
    endedMs: entry.endedMs ?? null,
    expiresMs: entry.expiresMs,
    answer: result === undefined ? null : cut(answerText(entry.job, fromHex(entry.spec), fromHex(result)).text),
    reason: entry.reason === 'none' ? null : reasonWords[entry.reason],
    attempts: entry.attempts,
  };
}

function askedOf({ spec }: RequestEntry): string {
  return utf8(fromHex(spec)) ?? spec;
}

function cut(text: string): string {
  return text.length > ROW_CHARACTERS ? `${text.slice(0, ROW_CHARACTERS - 1)}…` : text;
}

/**
 * One request: where it stands and why, every step on the ledger, who signed, and what those who led its rounds tell.
 *
 * @throws {@link TreadleError} API_NOT_FOUND
 */
export async function showRequest(context: ChainContext, id: string): Promise<OracleRequestDetail> {
  const { projection, oracle, names, ledger } = context;
  const entry = /^\d{1,15}$/.test(id) ? projection.requests.get(String(Number(id))) : undefined;
  if (entry === undefined) {
    const detail = `No request ${id.slice(0, 40)} is remembered; an old one is still in its block`;
    throw new TreadleError('API_NOT_FOUND', { detail });
  }
  const number = BigInt(entry.id);
  const [record, explanation, job] = await reading(
    Promise.all([oracle.pedal.requestOf(number), oracle.pedal.explain(number), oracle.pedal.job(entry.job)]),
  );
  const master = explanation.master === NOBODY ? undefined : explanation.master;
  const account = accountOfRequest(
    {
      id: number,
      record,
      explanation,
      headNumber: ledger.head.number,
      nowMs: nowMs(context),
      forfeit: job?.forfeit ?? 0,
      master: master === undefined ? undefined : (names.partyOf(master).name ?? master),
    },
    { showWei: weiText, showWhen: (atMs) => spanText(atMs - nowMs(context)) },
  );
  const accepted = entry.accepted === undefined ? null : await acceptedView(context, entry, record);
  const pending = record.state === 'pending';
  return {
    ...requestRow(entry, context),
    specText: utf8(fromHex(entry.spec)) ?? null,
    specHex: entry.spec,
    requestedBlock: entry.requestedIn,
    callbackGas: record.callbackGas,
    groupSize: record.groupSize,
    quorum: quorumOf(record.groupSize, record.unanimous),
    headline: account.headline,
    explanation: account.lines,
    why: pending ? explanation.why : null,
    nextBlock: pending && explanation.nextBlock > 0n ? Number(explanation.nextBlock) : null,
    head: ledger.head.number,
    refundWei: account.refundWei?.toString() ?? null,
    result: resultView(entry),
    accepted,
    delivered: entry.delivered ?? null,
    history: history(context, entry),
    ...(await roundsOf(context, entry, { master, group: pending ? await groupOf(oracle.pedal, record, explanation.term) : [] })),
  };
}

function resultView({ job, spec, result, observedMs }: RequestEntry): OracleResultView | null {
  if (result === undefined) return null;
  const { form, text, more } = answerText(job, fromHex(spec), fromHex(result));
  return { hex: result, form, text, more: more.map(([name, value]) => ({ name, value })), observedMs: observedMs ?? 0 };
}

/** Who signed: the bits count the group of its term, which is read as it was in that block where that is still kept. */
async function acceptedView(context: ChainContext, entry: RequestEntry, record: RequestRecord): Promise<OracleAccepted> {
  const { oracle, names } = context;
  const accepted = entry.accepted as NonNullable<RequestEntry['accepted']>;
  const term = BigInt(accepted.term);
  const at = accepted.blockNumber;
  const group =
    (await orNull(oracle.pedal.groupOf(term, record.groupSize, at))) ??
    (await orNull(oracle.pedal.groupOf(term, record.groupSize)));
  const master = (await orNull(oracle.pedal.masterOf(term, at))) ?? (await orNull(oracle.pedal.masterOf(term)));
  const seat = async (account: Address) => ({ ...names.partyOf(account), id: await oracle.registry.idOf(account) });
  const signed = (position: number): boolean => ((accepted.signers >> BigInt(position)) & 1n) === 1n;
  return {
    term: accepted.term,
    transmitter: await seat(accepted.transmitter),
    byMaster: accepted.transmitter === master,
    group:
      group &&
      (await Promise.all(group.map(async (member, position) => ({ ...(await seat(member)), signed: signed(position) })))),
    signatures: accepted.signers.toString(2).replaceAll('0', '').length,
    together: accepted.together,
  };
}

/** What happened on the ledger; who was replaced while it waited is part of it. */
function history({ projection, names }: ChainContext, entry: RequestEntry): readonly OracleStep[] {
  const until = entry.steps.find(({ kind }) => kind === 'ended')?.place.blockNumber ?? Number.MAX_SAFE_INTEGER;
  const replacements = [...projection.terms.newest()]
    .flatMap(({ term, replaced }) => replaced.map((each) => ({ ...each, term })))
    .filter(({ place }) => place.blockNumber >= entry.requestedIn && place.blockNumber <= until)
    .map(({ previous, current, term, place }) => ({
      kind: 'master' as const,
      what: `node ${previous} was replaced by node ${current} as the master of term ${term}`,
      place,
    }));
  return [...entry.steps, ...replacements]
    .sort((left, right) => left.place.blockNumber - right.place.blockNumber)
    .map(({ kind, what, place }) => ({
      kind,
      what,
      blockNumber: place.blockNumber,
      timestampMs: place.timestampMs,
      transactionHash: place.transactionHash,
      by: names.partyOf(place.from),
    }));
}

/** Whoever may bring the answer of a pending request. */
async function groupOf(pedal: PedalClient, { groupSize }: RequestRecord, term: bigint): Promise<readonly Address[]> {
  return (await orNull(pedal.groupOf(term, groupSize))) ?? [];
}

/** Rounds about a request, asked of those who led or may have led them. */
async function roundsOf(
  { rounds, names }: ChainContext,
  entry: RequestEntry,
  known: { readonly master: Address | undefined; readonly group: readonly Address[] },
): Promise<{ readonly rounds: readonly OracleRoundView[]; readonly silent: readonly Party[] }> {
  const { transmitter } = entry.accepted ?? {};
  const accounts = [transmitter, known.master, ...entry.masters, ...known.group].filter((account) => account !== undefined);
  const leaders = [...new Set(accounts)].slice(0, API_LEADERS_ASKED_MAX);
  const silent: Party[] = [];
  const told = await Promise.all(
    leaders.map(async (account) => {
      try {
        return await rounds.ask(account, entry.id);
      } catch {
        silent.push(names.partyOf(account));
        return [];
      }
    }),
  );
  const views = told.flat().map((record) => roundView(record, { names }));
  return { rounds: views.sort((left, right) => left.startedMs - right.startedMs), silent };
}
