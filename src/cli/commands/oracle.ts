import { readKeyFile } from '../../consortium/index.ts';
import { type RequestRecord, requestStates } from '../../contracts/index.ts';
import { type Address, fromHex, type NodeKey, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { CLI_ANSWER_GRACE_MS, CLI_ANSWER_POLL_MS, CLI_REQUESTS_SHOWN_MAX } from '../../limits.ts';
import { type AnswerText, accountOfRequest, answerText, decimalText, openAnswer, openedText, utf8 } from '../../oracle/index.ts';
import { account } from '../identifiers.ts';
import { readText } from '../load-setup.ts';
import { wholeNumber } from '../numbers.ts';
import { actingOnOracle } from '../oracle-refusals.ts';
import { checkedDataSpec, NOBODY, openOracle, readRequest, readSpec, requestNumber, specOf } from '../oracle-requests.ts';
import { readRounds, roundLines } from '../oracle-round-text.ts';
import { createOutput, type Output } from '../output.ts';
import { amountWei, durationMs } from '../quantities.ts';
import { headNumber, readEach, readNames } from '../read-ledger.ts';
import { showCount, showInstant, showWei, showWhen } from '../text.ts';

interface Reading {
  readonly rpc: string;
  readonly json?: boolean;
}

interface Acting extends Reading {
  readonly key: string;
}

type Oracle = Awaited<ReturnType<typeof openOracle>>;

interface AskOptions extends Acting {
  readonly spec: string;
  readonly job: string;
  readonly deposit?: string;
  readonly life: string;
  readonly callbackGas: string;
  readonly seal?: boolean;
  readonly wait?: boolean;
}

const GAS_MAX = 2_500_000;

/** `treadle oracle ask`: asks, and waits for the answer where that is wanted. */
export async function ask(options: AskOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const lifeMs = durationMs('--life', options.life);
  const callbackGas = wholeNumber('--callback-gas', options.callbackGas, { min: 0, max: GAS_MAX });
  const given = options.deposit === undefined ? undefined : amountWei('--deposit', options.deposit);
  const plain = await specOf(options.job, options.spec);
  const oracle = await openOracle(options);
  const spec = options.seal === true ? sealedSpec(options.job, plain, oracle.key) : plain;
  const depositWei = given ?? (await feeOf(oracle, options.job));
  const expiresAt = BigInt(Math.ceil((Date.now() + lifeMs) / 1000));
  const { id, receipt } = await actingOnOracle(
    oracle.pedal.request({ job: options.job, spec: toHex(spec), expiresAt, depositWei, callbackGas }),
  );
  out.line(`Request ${id} is in block ${receipt.blockNumber}, with a deposit of ${showWei(depositWei)}.`);
  const document = {
    id,
    requester: oracle.key.address,
    job: options.job,
    depositWei,
    expiresAt: showInstant(Number(expiresAt) * 1000),
    blockNumber: receipt.blockNumber,
    transactionHash: receipt.transactionHash,
  };
  if (options.wait !== true) {
    out.line(`See how it goes with: treadle oracle explain ${id}`);
    out.result(document);
    return;
  }
  const record = await ended(oracle, id);
  const answer = await answerOf(oracle, id, record, options.seal === true ? oracle.key : undefined);
  printAnswer(out, id, answer);
  out.result({ ...document, ...answerDocument(record, answer) });
}

async function feeOf({ pedal }: Oracle, job: string): Promise<bigint> {
  const config = await pedal.job(job);
  if (config === undefined)
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--job is "${job}", which the oracle does not know` });
  return config.feeWei;
}

function sealedSpec(job: string, spec: Uint8Array, { publicKey }: NodeKey): Uint8Array {
  if (job !== 'data') throw new TreadleError('CLI_BAD_OPTION', { detail: '--seal is for the job data' });
  const query = checkedDataSpec(spec);
  // An envelope signs the specification without this key, and would not fit any more.
  if (query.envelope !== undefined) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: '--seal does not go with an envelope: name encryptTo in what it signs' });
  }
  return new TextEncoder().encode(JSON.stringify({ ...query, encryptTo: toHex(publicKey) }));
}

/** Waits until a request is over. @throws TreadleError CLI_NO_RESULT */
async function ended({ pedal }: Oracle, id: bigint): Promise<RequestRecord> {
  for (;;) {
    const record = await pedal.requestOf(id);
    if (record.state === 'answered') return record;
    if (record.state !== 'pending') throw noResult(id, record);
    if (Date.now() > Number(record.expiresAt) * 1000 + CLI_ANSWER_GRACE_MS) throw noResult(id, record);
    await new Promise((resolve) => setTimeout(resolve, CLI_ANSWER_POLL_MS));
  }
}

function noResult(id: bigint, { state, reason, expiresAt }: RequestRecord): TreadleError {
  const over = state === 'pending' ? `nobody answered it before ${showInstant(Number(expiresAt) * 1000)}` : `it is ${state}`;
  return new TreadleError('CLI_NO_RESULT', { detail: `request ${id}: ${over}`, data: { id, state, reason } });
}

/** The answer as its specification says what it is. @throws TreadleError ORACLE_SEAL_INVALID */
async function answerOf(oracle: Oracle, id: bigint, record: RequestRecord, reader?: NodeKey): Promise<AnswerText> {
  const [spec, hex] = await Promise.all([readSpec(oracle, id, record), oracle.pedal.resultOf(id)]);
  const bytes = fromHex(hex);
  if (reader !== undefined) {
    const opened = openAnswer(bytes, reader.privateKey);
    return spec === undefined ? { form: 'bytes', text: toHex(opened), more: [] } : openedText(spec, opened);
  }
  return spec === undefined ? { form: 'bytes', text: hex, more: [] } : answerText(record.job, spec, bytes);
}

function printAnswer(out: Output, id: bigint, { form, text, more }: AnswerText): void {
  const how = form === 'sealed' ? 'Answer (sealed; --open FILE reads it)' : form === 'bytes' ? 'Answer (bytes)' : 'Answer';
  out.line(`${how} to request ${id}: ${text}`);
  for (const [name, value] of more) out.line(`  ${name} ${value}`);
}

function answerDocument(record: RequestRecord, { form, text, more }: AnswerText): Record<string, unknown> {
  return {
    state: record.state,
    form,
    answer: text,
    ...Object.fromEntries(more),
    observedAt: showInstant(Number(record.observedAt) * 1000),
    term: record.term,
    delivered: record.delivered,
  };
}

/** `treadle oracle explain`: where a request stands and why. */
export async function explain(text: string, options: Reading & { readonly node?: string }): Promise<void> {
  const out = createOutput(options.json === true);
  const id = requestNumber(text);
  const oracle = await openOracle(options);
  const { pedal, oracles, rpc, consortium } = oracle;
  const record = await readRequest(pedal, id);
  const [explanation, job, head, spec, names] = await Promise.all([
    pedal.explain(id),
    pedal.job(record.job),
    headNumber(rpc),
    readSpec(oracle, id, record),
    readNames(consortium),
  ]);
  const master = explanation.master === NOBODY ? undefined : explanation.master;
  const nowMs = Date.now();
  const accountText = accountOfRequest(
    {
      id,
      record,
      explanation,
      headNumber: head,
      nowMs,
      forfeit: job?.forfeit ?? 0,
      master: master === undefined ? undefined : await seatText(oracles, names, master),
    },
    { showWei, showWhen: (atMs) => showWhen(atMs, nowMs) },
  );
  out.line(accountText.headline);
  for (const line of accountText.lines) out.line(`  ${line}`);
  out.line(`  It asks: ${spec === undefined ? 'what it asks is not kept by this node any more' : (utf8(spec) ?? toHex(spec))}`);
  const answer = record.state === 'answered' ? await answerOf(oracle, id, record) : undefined;
  if (answer !== undefined) printAnswer(out, id, answer);
  const rounds = options.node === undefined ? undefined : await readRounds(options.node, id);
  for (const line of rounds === undefined ? [] : roundLines(rounds)) out.line(line);
  if (rounds === undefined && record.state === 'pending') {
    out.line('  What the nodes did about it: treadle oracle explain ID --node CONSOLE-ADDRESS');
  }
  out.result({
    id,
    ...record,
    ...explanation,
    headNumber: head,
    headline: accountText.headline,
    lines: accountText.lines,
    refundWei: accountText.refundWei,
    ...(spec !== undefined && { spec: utf8(spec) ?? toHex(spec) }),
    ...(answer !== undefined && { answer: answer.text, form: answer.form }),
    ...(rounds !== undefined && { rounds: rounds.rounds, silent: rounds.silent }),
  });
}

/** A node with its number and whom it stands for. */
async function seatText(oracles: Oracle['oracles'], names: ReadonlyMap<Address, string>, seat: Address): Promise<string> {
  const id = await oracles.idOf(seat);
  if (id === 0) return seat;
  const { member } = await oracles.node(id);
  return `node ${id} of ${names.get(member) ?? member} (${seat})`;
}

/** `treadle oracle list`: the latest requests, newest first. */
export async function list(
  options: Reading & { readonly state?: string; readonly of?: string; readonly limit: string },
): Promise<void> {
  const out = createOutput(options.json === true);
  const limit = wholeNumber('--limit', options.limit, { min: 1, max: CLI_REQUESTS_SHOWN_MAX });
  const state = options.state === undefined ? undefined : stateOf(options.state);
  const requester = options.of === undefined ? undefined : account('--of', options.of);
  const { pedal } = await openOracle(options);
  const count = Number(await pedal.requestCount());
  const ids = Array.from({ length: Math.min(limit, count) }, (_, at) => BigInt(count - at));
  const records = (await readEach(ids, async (id) => ({ id, ...(await pedal.requestOf(id)) })))
    .filter((record) => state === undefined || record.state === state)
    .filter((record) => requester === undefined || record.requester === requester);
  const now = Date.now();
  out.table(
    records.map((record) => ({
      request: record.id,
      state: record.state,
      job: record.job,
      requester: record.requester,
      asked: showWhen(Number(record.requestedAt) * 1000, now),
      deposit: showWei(record.depositWei),
      reason:
        record.state === 'pending' && record.attempts > 0 ? record.lastAttempt : record.reason === 'none' ? '' : record.reason,
    })),
  );
  if (count > ids.length)
    out.line(`${showCount(count - ids.length, 'older request')} not looked at: --limit ${count} shows all.`);
  out.result({ requests: records, total: count });
}

function stateOf(text: string): string {
  const known: readonly string[] = requestStates.filter((state) => state !== 'none');
  if (known.includes(text)) return text;
  throw new TreadleError('CLI_BAD_OPTION', { detail: `--state is "${text.slice(0, 40)}", expected one of ${known.join(', ')}` });
}

/** `treadle oracle nodes`: who works for the oracle, and who leads. */
export async function nodes(options: Reading): Promise<void> {
  const out = createOutput(options.json === true);
  const { pedal, oracles, consortium, rpc } = await openOracle(options);
  const [settings, stakes, head, names] = await Promise.all([
    pedal.settings(),
    oracles.settings(),
    headNumber(rpc),
    readNames(consortium),
  ]);
  const term = BigInt(Math.floor(head / Number(settings.termBlocks)));
  const [present, next, masterId, candidates, record] = await Promise.all([
    oracles.setOf(term),
    oracles.setOf(term + 1n),
    pedal.masterIdOf(term),
    pedal.candidatesOf(term),
    pedal.termOf(term),
  ]);
  const ids = [...new Set([...present, ...next])].sort((left, right) => left - right);
  const known = await readEach(ids, (id) => oracles.node(id));
  const electionEnd = term * settings.termBlocks + settings.electBlocks;
  const nextTerm = (term + 1n) * settings.termBlocks;
  out.table(
    known.map((node) => ({
      node: node.id,
      account: node.account,
      of: names.get(node.member) ?? node.member,
      stake: showWei(node.stakeWei),
      state: node.state,
      'this term': node.id === masterId ? 'master' : present.includes(node.id) ? 'in the set' : 'not yet',
      'next term': next.includes(node.id) ? 'in the set' : 'out',
    })),
  );
  out.line();
  out.line(`Term ${term} ends with block ${nextTerm - 1n}; the ledger is at block ${head}.`);
  const turn = present.length === 0 ? undefined : present[Number(term) % present.length];
  if (present.length === 0) {
    out.line(`Nobody is in its set: nodes that are registered count from block ${nextTerm} on.`);
  } else if (head < Number(electionEnd)) {
    out.line(
      `Its election runs until block ${electionEnd}: ${showCount(candidates.length, 'candidate')} so far; without one node ${turn} leads, whose turn it is.`,
    );
  } else {
    const how =
      record.masterId !== 0 ? 'after a master was replaced' : candidates.length > 0 ? 'with the smallest number' : 'by turn';
    out.line(`Node ${masterId} leads it, ${how}; ${showCount(candidates.length, 'candidate')} came forward.`);
  }
  out.line(`The least stake is ${showWei(stakes.minStakeWei)}.`);
  out.result({
    term,
    head,
    electionEnd,
    nextTerm,
    masterId,
    turn: turn ?? null,
    candidates,
    set: present,
    nextSet: next,
    nodes: known,
  });
}

/** `treadle oracle result`: the answer to a request. */
export async function result(
  text: string,
  options: Reading & { readonly open?: string; readonly decimals?: string },
): Promise<void> {
  const out = createOutput(options.json === true);
  const id = requestNumber(text);
  const decimals = options.decimals === undefined ? undefined : wholeNumber('--decimals', options.decimals, { min: 0, max: 36 });
  const reader = options.open === undefined ? undefined : readKeyFile({ file: options.open, text: await readText(options.open) });
  const oracle = await openOracle(options);
  const record = await readRequest(oracle.pedal, id);
  if (record.state !== 'answered') throw noResult(id, record);
  const answer = withDecimals(await answerOf(oracle, id, record, reader), decimals);
  printAnswer(out, id, answer);
  out.line(`  observed ${showInstant(Number(record.observedAt) * 1000)} by the group of term ${record.term}`);
  out.result({ id, ...answerDocument(record, answer), hex: await oracle.pedal.resultOf(id) });
}

/** The digits of a number, with its point elsewhere: also of a result whose specification says nothing of it. */
function withDecimals(answer: AnswerText, decimals: number | undefined): AnswerText {
  if (decimals === undefined) return answer;
  const word = /^0x[0-9a-f]{64}$/.test(answer.text) ? BigInt.asIntN(256, BigInt(answer.text)) : undefined;
  const digits = answer.form === 'number' ? BigInt(answer.text.replace('.', '')) : word;
  if (digits === undefined) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--decimals is for numbers, the answer is ${answer.form}` });
  }
  return { form: 'number', text: decimalText(digits, decimals), more: [] };
}

/** `treadle oracle expire`: ends a request whose time is over. */
export async function expire(text: string, options: Acting): Promise<void> {
  const out = createOutput(options.json === true);
  const id = requestNumber(text);
  const { pedal } = await openOracle(options);
  await readRequest(pedal, id);
  const receipt = await actingOnOracle(pedal.expire(id));
  const { requester } = await pedal.requestOf(id);
  const owedWei = await pedal.owedTo(requester);
  out.line(`Request ${id} ended in block ${receipt.blockNumber}; ${showWei(owedWei)} are owed to ${requester} now.`);
  out.result({ id, requester, owedWei, blockNumber: receipt.blockNumber, transactionHash: receipt.transactionHash });
}

/** `treadle oracle collect`: takes what is owed. */
export async function collect(options: Acting): Promise<void> {
  const out = createOutput(options.json === true);
  const { pedal, oracles, key } = await openOracle(options);
  const [requestsWei, stakesWei] = await Promise.all([pedal.owedTo(key.address), oracles.owedTo(key.address)]);
  if (requestsWei === 0n && stakesWei === 0n) {
    out.line(`Nothing is owed to ${key.address}.`);
    out.result({ account: key.address, paidWei: 0n });
    return;
  }
  if (requestsWei > 0n) await actingOnOracle(pedal.collect());
  if (stakesWei > 0n) await actingOnOracle(oracles.collect());
  out.line(`Paid ${showWei(requestsWei + stakesWei)} to ${key.address}.`);
  out.result({ account: key.address, paidWei: requestsWei + stakesWei });
}
