import { encodeFunctionData } from 'viem';
import {
  inboxClient,
  LANE_CONTROL_ADDRESS,
  LaneRecord,
  type LedgerClient,
  laneControlArtifact,
  laneTrusts,
  type MessageState,
  outboxClient,
  readLane,
} from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { actingOnLanes } from '../cross-refusals.ts';
import { account } from '../identifiers.ts';
import { wholeNumber } from '../numbers.ts';
import { type Operator, openOperator } from '../operator.ts';
import { createOutput } from '../output.ts';
import { amountWei, durationMs } from '../quantities.ts';
import { ask } from '../rpc-over-http.ts';
import { showCount, showInstant, showWei } from '../text.ts';

interface Asking {
  readonly rpc: string;
  readonly peer: string;
  readonly json?: boolean;
}

interface Acting extends Asking {
  readonly key: string;
}

interface SendOptions extends Acting {
  readonly target: string;
  readonly data: string;
  readonly life: string;
  readonly gas: string;
  readonly callbackGas: string;
  readonly deposit?: string;
}

const CONTROL = { to: LANE_CONTROL_ADDRESS, abi: laneControlArtifact.abi } as const;
const GAS = { min: 0, max: 2_500_000 };

/** `treadle cross send`. */
export async function send(options: SendOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const peer = chainOf('--peer', options.peer);
  const target = account('--target', options.target);
  const gas = wholeNumber('--gas', options.gas, GAS);
  const callbackGas = wholeNumber('--callback-gas', options.callbackGas, GAS);
  if (!/^0x([0-9a-f]{2})*$/i.test(options.data)) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `--data is "${options.data.slice(0, 60)}", expected bytes in hex, 0x first`,
    });
  }
  const lifeMs = durationMs('--life', options.life);
  const given = options.deposit === undefined ? undefined : amountWei('--deposit', options.deposit);
  const operator = await openOperator(options);
  const { depositWei } = await termsOf(operator.client, peer);
  const sent = await actingOnLanes(
    outboxClient(operator.client).send({
      destination: peer,
      target,
      data: options.data.toLowerCase() as Hex,
      expiresAt: BigInt(Math.floor((Date.now() + lifeMs) / 1000)),
      gas,
      callbackGas,
      depositWei: given ?? depositWei,
    }),
  );
  const { envelope, transaction } = sent;
  out.line(`Message ${envelope.nonce} to ledger ${peer} is in block ${transaction.blockNumber}.`);
  out.line(`It may be executed until ${instant(envelope.expiresAt)}. Deposit: ${showWei(envelope.depositWei)}.`);
  out.line(`See where it stands: treadle cross explain ${envelope.nonce} --peer ${peer} --rpc ${options.rpc}`);
  out.result({ ...envelope, blockNumber: transaction.blockNumber, transactionHash: transaction.transactionHash });
}

/** `treadle cross explain`. */
export async function explain(nonceText: string, options: Asking & { readonly peerRpc?: string }): Promise<void> {
  const out = createOutput(options.json === true);
  const peer = chainOf('--peer', options.peer);
  const nonce = BigInt(wholeNumber('the number of the message', nonceText, { min: 1, max: Number.MAX_SAFE_INTEGER }));
  const operator = await openOperator(options);
  const lane = await termsOf(operator.client, peer);
  const record = await recordOf(operator, peer);
  const message = record.messages.get(nonce);
  if (message === undefined) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: `no message ${nonce} was sent to ledger ${peer}: treadle cross list` });
  }
  const state = await outboxClient(operator.client).message(peer, nonce);
  const { envelope } = message;
  const giveUpAt = envelope.expiresAt + BigInt(lane.graceSeconds);
  const far = state.open && options.peerRpc !== undefined ? await lookThere(options.peerRpc, operator, peer, nonce) : undefined;
  const waitsFor = waitOf({ state, index: message.index, expiresAt: envelope.expiresAt, giveUpAt, ...(far && { far }) });
  out.line(`Message ${nonce} to ledger ${peer}: ${state.open ? 'open' : state.outcome}`);
  out.line(`  from        ${envelope.sender}`);
  out.line(`  to          ${envelope.target}`);
  out.line(`  executed    until ${instant(envelope.expiresAt)}, by the clock of the other ledger`);
  out.line(`  given up    from ${instant(giveUpAt)} on, when no receipt came`);
  if (waitsFor !== undefined) out.line(`  waits for   ${waitsFor}`);
  out.result({ ...envelope, open: state.open, outcome: state.outcome, giveUpAt, waitsFor, there: far });
}

interface Far {
  readonly done: boolean;
  readonly believedLeaves: bigint;
  readonly halted: boolean;
}

async function lookThere(url: string, own: Operator, peer: bigint, nonce: bigint): Promise<Far> {
  const far = await openOperator({ rpc: url });
  if (BigInt(far.chainId) !== peer) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--peer-rpc names a node of ledger ${far.chainId}, --peer is ${peer}` });
  }
  const inbox = inboxClient(far.client);
  const source = BigInt(own.chainId);
  const { size, halted } = await inbox.lane(source);
  return { done: await inbox.isDone(source, nonce), believedLeaves: size, halted };
}

function waitOf(about: {
  readonly state: MessageState;
  readonly index: number;
  readonly expiresAt: bigint;
  readonly giveUpAt: bigint;
  readonly far?: Far;
}): string | undefined {
  const { state, index, expiresAt, giveUpAt, far } = about;
  const now = BigInt(Math.floor(Date.now() / 1000));
  if (!state.open) return undefined;
  if (now >= giveUpAt) return 'anyone to give it up here: its grace is over';
  if (far?.halted) return 'the companies of the other ledger: two roots were shown, and they have to reset the lane';
  if (far?.done) return 'its receipt to be brought back and settled here';
  if (far !== undefined && far.believedLeaves <= BigInt(index)) return 'the other ledger to learn a root that holds it';
  if (now >= expiresAt) return 'the other ledger to state that it has expired';
  return far === undefined ? 'the other ledger: name a node of it with --peer-rpc' : 'somebody to execute it there';
}

/** `treadle cross list`. */
export async function list(options: Asking & { readonly limit: string }): Promise<void> {
  const out = createOutput(options.json === true);
  const peer = chainOf('--peer', options.peer);
  const limit = wholeNumber('--limit', options.limit, { min: 1, max: 1_000 });
  const operator = await openOperator(options);
  await termsOf(operator.client, peer);
  const record = await recordOf(operator, peer);
  const outbox = outboxClient(operator.client);
  const latest = [...record.messages.values()].reverse().slice(0, limit);
  const rows = [];
  for (const { envelope } of latest) {
    const { open, outcome } = await outbox.message(peer, envelope.nonce);
    rows.push({ ...envelope, state: open ? 'open' : outcome });
  }
  out.table(
    rows.map(({ nonce, state, sender, target, expiresAt }) => ({ nonce, state, sender, target, expires: instant(expiresAt) })),
  );
  out.result(rows);
}

/** `treadle cross lane`. */
export async function lane(options: Asking): Promise<void> {
  const out = createOutput(options.json === true);
  const peer = chainOf('--peer', options.peer);
  const { client, chainId } = await openOperator(options);
  const terms = await termsOf(client, peer);
  const paused = {
    all: await client.call({ ...CONTROL, functionName: 'paused', args: [] }),
    lane: await client.call({ ...CONTROL, functionName: 'lanePaused', args: [peer] }),
  };
  const [incoming, outgoing] = [await inboxClient(client).lane(peer), await outboxClient(client).lane(peer)];
  const left = await inboxClient(client).allowance(peer);
  const trust = laneTrusts[terms.trust];
  out.line(`Lanes of ledger ${chainId} with ledger ${peer}: ${paused.all || paused.lane ? 'paused' : 'running'}`);
  out.line(`  believed by  ${trust}${terms.enabled ? '' : '; messages are not taken'}`);
  out.line(`  out          ${showCount(outgoing.sent, 'message')}, ${outgoing.open} open, ${outgoing.size} leaves`);
  out.line(
    `  in           ${incoming.size} leaves believed, seen at height ${incoming.height}${incoming.halted ? '; HALTED' : ''}`,
  );
  out.line(`  oracle       ${incoming.request === 0n ? 'not asked at the moment' : `request ${incoming.request} is open`}`);
  out.line(`  rate left    ${showCount(left.messages, 'message')}, ${showCount(left.bytes, 'byte')}`);
  out.line(`  of           ${terms.messagesPerPeriod} and ${terms.bytesPerPeriod} in ${terms.periodSeconds} s`);
  out.line(`  a message    at most ${terms.maxDataBytes} bytes, deposit ${showWei(terms.depositWei)}`);
  out.result({ chainId, peer, ...terms, trust, paused, incoming, outgoing, allowance: left });
}

/** `treadle cross pause` and `resume`. */
export async function pause(paused: boolean, options: Acting): Promise<void> {
  const out = createOutput(options.json === true);
  const peer = chainOf('--peer', options.peer);
  const { client, key } = await openOperator(options);
  await termsOf(client, peer);
  const { abi } = laneControlArtifact;
  const call = encodeFunctionData({ abi, functionName: 'setLanePaused', args: [peer, paused] });
  const data = encodeFunctionData({ abi, functionName: 'approve', args: [LANE_CONTROL_ADDRESS, call] });
  const receipt = await actingOnLanes(client.transact({ to: LANE_CONTROL_ADDRESS, data }));
  const now = await client.call({ ...CONTROL, functionName: 'lanePaused', args: [peer] });
  const what = paused ? 'pause the lanes' : 'let the lanes go on';
  out.line(
    now === paused
      ? `Done: the lanes with ledger ${peer} are ${paused ? 'paused' : 'running'} since block ${receipt.blockNumber}.`
      : `${key.address} approves to ${what} with ledger ${peer}; more than two thirds of the companies have to, within 14 days.`,
  );
  out.result({
    peer,
    paused: now,
    done: now === paused,
    blockNumber: receipt.blockNumber,
    transactionHash: receipt.transactionHash,
  });
}

function chainOf(option: string, text: string): bigint {
  return BigInt(wholeNumber(option, text, { min: 1, max: Number.MAX_SAFE_INTEGER }));
}

/** Refuses ledgers without lanes to this peer in words. @throws TreadleError CLI_REFUSED */
async function termsOf(client: LedgerClient, peer: bigint) {
  try {
    return await actingOnLanes(client.call({ ...CONTROL, functionName: 'laneOf', args: [peer] }));
  } catch (cause) {
    if (!hasCode(cause, 'CONTRACT_BAD_ANSWER')) throw cause;
    throw new TreadleError('CLI_REFUSED', { detail: 'the genesis of this ledger placed no lanes to other ledgers', cause });
  }
}

async function recordOf({ client, rpc }: Operator, peer: bigint): Promise<LaneRecord> {
  const record = new LaneRecord(peer);
  await readLane(client, record, { fromBlock: 0, toBlock: Number(await ask<Hex>(rpc, 'eth_blockNumber')) });
  return record;
}

function instant(seconds: bigint): string {
  return showInstant(Number(seconds) * 1000);
}
