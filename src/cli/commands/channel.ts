import { randomBytes } from 'node:crypto';
import { PAYMENT_CHANNELS_ADDRESS, type Voucher, voucherDigest } from '../../contracts/index.ts';
import { fromEthereumSignature, type Hex, recoverAddress, toEthereumSignature } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { type ChannelStep, type KnownChannel, listChannels, readChannel } from '../channel-records.ts';
import { channelDocument, channelLines, channelRow } from '../channel-text.ts';
import { account, channelId as readChannelId, signatureBytes } from '../identifiers.ts';
import { type ActingOperator, openOperator } from '../operator.ts';
import { createOutput } from '../output.ts';
import { amountWei, durationMs } from '../quantities.ts';
import { acting } from '../refusals.ts';
import { showInstant, showWei } from '../text.ts';

interface Reading {
  readonly rpc: string;
  readonly json?: boolean;
}

interface Acting extends Reading {
  readonly key: string;
}

/** `treadle channel list`: every channel, who acts next and until when. */
export async function list(options: Reading & { readonly of?: string; readonly live?: boolean }): Promise<void> {
  const out = createOutput(options.json === true);
  const party = options.of === undefined ? undefined : account('--of', options.of);
  const channels = await listChannels(await openOperator(options), { party, live: options.live === true });
  const now = Date.now();
  out.table(channels.map((channel) => channelRow(channel, now)));
  out.result({ channels: channels.map(channelDocument) });
}

/** `treadle channel show`: one channel and what happened to it. */
export async function show(id: string, options: Reading): Promise<void> {
  const out = createOutput(options.json === true);
  const { channel, steps } = await readChannel(await openOperator(options), readChannelId(id));
  for (const line of channelLines(channel, Date.now())) out.line(line);
  out.line();
  out.table(steps.map(stepRow));
  out.result({ ...channelDocument(channel), steps });
}

/** Amounts and moments of an event, as people read them. */
function stepRow({ blockNumber, event, args, transactionHash }: ChannelStep): Record<string, string | number> {
  const facts = Object.entries(args).flatMap(([name, value]) => {
    if (typeof value !== 'bigint') return [];
    if (name.endsWith('Wei')) return [`${name.slice(0, -3)} ${showWei(value)}`];
    return name === 'closingAt' ? [`withdrawable from ${showInstant(Number(value) * 1000)}`] : [];
  });
  return { block: blockNumber, event, facts: facts.join(', '), transaction: transactionHash };
}

/** `treadle channel open`: puts a deposit into a new channel. */
export async function open(
  options: Acting & { readonly payee: string; readonly deposit: string; readonly challenge: string },
): Promise<void> {
  const out = createOutput(options.json === true);
  const payee = account('--payee', options.payee);
  const depositWei = amountWei('--deposit', options.deposit);
  const challengeSeconds = wholeSeconds('--challenge', options.challenge);
  const { channels, key } = await openOperator(options);
  // A nonce is never used twice: 48 random bits need no memory of the ones before.
  const nonce = BigInt(randomBytes(6).readUIntBE(0, 6));
  const { channelId, receipt } = await acting(channels.open({ payee, nonce, challengeSeconds, depositWei }));
  out.line(
    `Opened channel ${channelId} from ${key.address} to ${payee} with ${showWei(depositWei)}, in block ${receipt.blockNumber}.`,
  );
  out.result({ channelId, payer: key.address, payee, nonce, depositWei, challengeSeconds, ...placeOf(receipt) });
}

/** `treadle channel top-up`: raises the deposit. */
export async function topUp(id: string, options: Acting & { readonly amount: string }): Promise<void> {
  const out = createOutput(options.json === true);
  const channelId = readChannelId(id);
  const amount = amountWei('--amount', options.amount);
  const operator = await openOperator(options);
  checkNotClosed((await readChannel(operator, channelId)).channel);
  const { depositWei, receipt } = await acting(operator.channels.topUp(channelId, amount));
  out.line(`The deposit is ${showWei(depositWei)} now, since block ${receipt.blockNumber}.`);
  out.result({ channelId, addedWei: amount, depositWei, ...placeOf(receipt) });
}

/** `treadle channel voucher`: signs what the payee may take in all. Nothing is sent. */
export async function voucher(id: string, options: Acting & { readonly cumulative: string }): Promise<void> {
  const out = createOutput(options.json === true);
  const cumulativeWei = amountWei('--cumulative', options.cumulative);
  const operator = await openOperator(options);
  const { channel } = await readChannel(operator, readChannelId(id));
  checkRole(operator, channel, 'payer');
  checkNotClosed(channel);
  checkAmount(channel, cumulativeWei);
  const { channelId, payer, payee } = channel;
  const signature = toEthereumSignature(operator.key.sign(digestOf(operator, channelId, cumulativeWei)));
  out.line(`cumulative  ${showWei(cumulativeWei)} (${cumulativeWei} wei)`);
  out.line(`signature   ${signature}`);
  out.line(
    `The payee ${payee} takes it with: treadle channel claim ${channelId} --cumulative "${cumulativeWei} wei" --signature SIGNATURE --key FILE`,
  );
  out.result({
    channelId,
    payer,
    payee,
    chainId: operator.chainId,
    contract: PAYMENT_CHANNELS_ADDRESS,
    cumulativeWei,
    signature,
  });
}

/** `treadle channel claim`: takes what a voucher adds to the claims so far. */
export async function claim(
  id: string,
  options: Acting & { readonly cumulative: string; readonly signature: string },
): Promise<void> {
  const out = createOutput(options.json === true);
  const promised = readVoucher(options);
  const operator = await openOperator(options);
  const { channel } = await readChannel(operator, readChannelId(id));
  checkNotClosed(channel);
  checkVoucher(operator, channel, promised);
  const { paidWei, receipt } = await acting(operator.channels.claim(channel, promised));
  out.line(`${showWei(paidWei)} went to ${channel.payee} in block ${receipt.blockNumber}.`);
  out.result({ channelId: channel.channelId, paidWei, claimedWei: promised.cumulativeWei, ...placeOf(receipt) });
}

/** `treadle channel close`: at once by the payee; with a challenge period by the payer. */
export async function close(
  id: string,
  options: Acting & { readonly cumulative?: string; readonly signature?: string },
): Promise<void> {
  const { cumulative, signature } = options;
  if ((cumulative === undefined) !== (signature === undefined)) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: 'a voucher is --cumulative and --signature together' });
  }
  const promised = cumulative === undefined || signature === undefined ? undefined : readVoucher({ cumulative, signature });
  const operator = await openOperator(options);
  const { channel } = await readChannel(operator, readChannelId(id));
  checkNotClosed(channel);
  if (operator.key.address === channel.payee) return closeAsPayee(operator, channel, promised, options);
  checkRole(operator, channel, 'payer');
  if (promised !== undefined)
    throw new TreadleError('CLI_BAD_OPTION', { detail: 'a voucher is brought by the payee; this is the key of the payer' });
  return closeAsPayer(operator, channel, options);
}

async function closeAsPayee(
  { channels, chainId }: ActingOperator,
  channel: KnownChannel,
  promised: Voucher | undefined,
  options: Reading,
): Promise<void> {
  const out = createOutput(options.json === true);
  if (promised !== undefined) checkVoucher({ chainId }, channel, promised);
  const { channelId, payer, nonce } = channel;
  const { claimedWei, refundedWei, receipt } = await acting(channels.cooperativeClose({ payer, nonce }, promised));
  out.line(
    `Closed in block ${receipt.blockNumber}: ${showWei(claimedWei)} went to the payee in all, ${showWei(refundedWei)} back to ${payer}.`,
  );
  out.result({ channelId, by: 'payee', claimedWei, refundedWei, ...placeOf(receipt) });
}

async function closeAsPayer({ channels }: ActingOperator, channel: KnownChannel, options: Reading): Promise<void> {
  const out = createOutput(options.json === true);
  const { channelId, payee, nonce } = channel;
  const { closingAt, receipt } = await acting(channels.startClose({ payee, nonce }));
  const withdrawableAt = showInstant(Number(closingAt) * 1000);
  out.line(`The payee may claim until ${withdrawableAt}; after that: treadle channel withdraw ${channelId} --key FILE`);
  out.result({ channelId, by: 'payer', closingAt: withdrawableAt, ...placeOf(receipt) });
}

/** `treadle channel withdraw`: gives the payer back what was not claimed. */
export async function withdraw(id: string, options: Acting): Promise<void> {
  const out = createOutput(options.json === true);
  const operator = await openOperator(options);
  const { channel } = await readChannel(operator, readChannelId(id));
  checkRole(operator, channel, 'payer');
  checkNotClosed(channel);
  if (channel.status === 'open')
    throw state(`channel ${channel.channelId} is open: start to close it with \`treadle channel close\``);
  const { payee, nonce } = channel;
  const { claimedWei, refundedWei, receipt } = await acting(operator.channels.withdraw({ payee, nonce }));
  out.line(
    `${showWei(refundedWei)} went back to the payer in block ${receipt.blockNumber}; the payee has had ${showWei(claimedWei)}.`,
  );
  out.result({ channelId: channel.channelId, claimedWei, refundedWei, ...placeOf(receipt) });
}

// --- checks that spare a transaction -------------------------------------------------------

function readVoucher({ cumulative, signature }: { readonly cumulative: string; readonly signature: string }): Voucher {
  const bytes = fromEthereumSignature(signatureBytes('--signature', signature));
  if (bytes === undefined)
    throw new TreadleError('CLI_BAD_OPTION', { detail: '--signature does not end in 1b or 1c (27 or 28)' });
  return { cumulativeWei: amountWei('--cumulative', cumulative), signature: toEthereumSignature(bytes) };
}

function checkVoucher(on: { readonly chainId: number }, channel: KnownChannel, { cumulativeWei, signature }: Voucher): void {
  const bytes = fromEthereumSignature(signatureBytes('--signature', signature));
  const signer = bytes && recoverAddress(digestOf(on, channel.channelId, cumulativeWei), bytes);
  if (signer !== channel.payer) {
    const detail = `the voucher over ${showWei(cumulativeWei)} is not signed by ${channel.payer} for this channel and amount`;
    throw new TreadleError('CLI_BAD_VOUCHER', { detail, data: { payer: channel.payer, cumulativeWei: `${cumulativeWei}` } });
  }
  checkAmount(channel, cumulativeWei);
}

function checkAmount({ depositWei, claimedWei }: KnownChannel, cumulativeWei: bigint): void {
  if (cumulativeWei <= claimedWei) {
    throw state(`${showWei(claimedWei)} have been claimed already: a voucher over ${showWei(cumulativeWei)} in all adds nothing`);
  }
  if (cumulativeWei > depositWei)
    throw state(`the deposit is ${showWei(depositWei)}, less than ${showWei(cumulativeWei)}: top it up first`);
}

function checkNotClosed({ channelId, status }: KnownChannel): void {
  if (status === 'closed') throw state(`channel ${channelId} is closed`);
}

function checkRole({ key }: ActingOperator, channel: KnownChannel, role: 'payer' | 'payee'): void {
  if (key.address === channel[role]) return;
  const { payer, payee } = channel;
  throw new TreadleError('CLI_WRONG_KEY', {
    detail: `the key is that of ${key.address}; the payer of this channel is ${payer}, its payee ${payee}`,
    data: { key: key.address, payer, payee },
  });
}

function digestOf({ chainId }: { readonly chainId: number }, channelId: Hex, cumulativeWei: bigint): Uint8Array {
  return voucherDigest({ chainId, contract: PAYMENT_CHANNELS_ADDRESS, channelId, cumulativeWei });
}

function wholeSeconds(option: string, text: string): number {
  const ms = durationMs(option, text);
  if (ms % 1000 === 0) return ms / 1000;
  throw new TreadleError('CLI_BAD_OPTION', { detail: `${option} is "${text}", the ledger counts in whole seconds` });
}

function state(detail: string): TreadleError {
  return new TreadleError('CLI_CHANNEL_STATE', { detail });
}

function placeOf({ blockNumber, transactionHash }: { readonly blockNumber: number; readonly transactionHash: Hex }) {
  return { blockNumber, transactionHash };
}
