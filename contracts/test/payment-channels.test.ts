import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeDeployData, encodeFunctionData, parseAbi } from 'viem';
import { describe, expect, it } from 'vitest';
import { compileSources } from '../../scripts/build-contracts.ts';
import { channelIdOf, PAYMENT_CHANNELS_ADDRESS, paymentChannelsArtifact, voucherDigest } from '../../src/contracts/index.ts';
import { fromHex, type Hex, toHex } from '../../src/crypto/index.ts';
import { CHALLENGE_SECONDS, createChannel } from './channel-fixture.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, contractAt, createChain, keyOf, placeContract, type TestChain } from './harness.ts';
import { createWorld } from './world.ts';

const OPEN = 1;
const CLOSING = 2;
const WITHDRAWABLE = 3;
const CLOSED = 4;
const NOBODY_ACTS = 0;
const PAYER_ACTS = 1;
const PAYEE_ACTS = 2;
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** What EdgeToll's contract uses to open and close one channel (Xiao et al. 2019). */
const EDGETOLL_GAS = 117_600n;

describe('open', () => {
  it('locks the deposit and tells the id', async () => {
    const { world, payer, payee, nonce, channelId } = await createChannel();
    const { events } = await world.channels.write(payer.address, 'open', [payee.address, nonce, 60], 500n);
    expect(events).toHaveLength(1);
    expect(events[0]?.args).toMatchObject({ channelId, nonce, depositWei: 500n, challengeSeconds: 60n });
    expect(await world.chain.balance(world.channels.address)).toBe(500n);
    expect(await world.channels.read('channelIdOf', [payer.address, payee.address, nonce])).toBe(channelId);
    expect(await world.channels.read('channelOf', [channelId])).toEqual({
      status: OPEN,
      depositWei: 500n,
      claimedWei: 0n,
      closingAt: 0n,
      challengeSeconds: 60,
      actsNext: NOBODY_ACTS,
      deadline: 0n,
    });
  });

  it('refuses what makes no channel', async () => {
    const { world, payer, payee, open } = await createChannel();
    const write = (to: `0x${string}`, challengeSeconds: number, value: bigint) =>
      world.channels.write(payer.address, 'open', [to, 1n, challengeSeconds], value);
    await expectRefusal(write(payer.address, 60, 1n), 'InvalidPayee');
    await expectRefusal(write('0x0000000000000000000000000000000000000000', 60, 1n), 'InvalidPayee');
    await expectRefusal(write(PAYMENT_CHANNELS_ADDRESS, 60, 1n), 'InvalidPayee');
    await expectRefusal(write(payee.address, 60, 0n), 'EmptyDeposit');
    await expectRefusal(write(payee.address, 59, 1n), 'ChallengeOutOfBounds', [59n, 60n, 2_592_000n]);
    await expectRefusal(write(payee.address, 2_592_001, 1n), 'ChallengeOutOfBounds');
    await world.chain.fund(payer.address, 2n ** 97n);
    await expectRefusal(write(payee.address, 60, 2n ** 96n), 'DepositTooLarge', [2n ** 96n]);
    await open(1n);
    await expectRefusal(write(payee.address, 60, 1n), 'ChannelExists');
  });

  it('never uses an id twice', async () => {
    const { world, payer, payee, nonce, open, voucher } = await createChannel();
    await open(100n);
    const old = voucher(60n);
    await world.channels.write(payee.address, 'cooperativeClose', [payer.address, nonce, 60n, old]);
    await expectRefusal(open(100n), 'ChannelExists');
    await expectRefusal(
      world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, 60n, old]),
      'ChannelIsClosed',
    );
  });
});

describe('claim', () => {
  it('pays what a voucher adds, whoever brings it', async () => {
    const { world, payer, payee, nonce, channelId, open, voucher } = await createChannel();
    await open(100n);
    const before = await world.chain.balance(payee.address);
    const claim = (cumulative: bigint) =>
      world.channels.write(addressFor('anyone'), 'claim', [payer.address, payee.address, nonce, cumulative, voucher(cumulative)]);
    expect((await claim(30n)).events[0]?.args).toMatchObject({ paidWei: 30n, claimedWei: 30n });
    expect((await claim(75n)).events[0]?.args).toMatchObject({ paidWei: 45n, claimedWei: 75n });
    expect(await world.chain.balance(payee.address)).toBe(before + 75n);
    await expectRefusal(claim(75n), 'NotHigher', [75n, 75n]);
    await expectRefusal(claim(30n), 'NotHigher', [75n, 30n]);
    await expectRefusal(claim(101n), 'AboveDeposit', [100n, 101n]);
    expect((await world.channels.read('channelOf', [channelId])).claimedWei).toBe(75n);
  });

  it('refuses forged, foreign and malleated vouchers', async () => {
    const { world, payer, payee, nonce, open, voucher } = await createChannel();
    await open(100n);
    const other = await createChannel(world, 2n);
    await other.open(100n);
    const refused = (signature: Hex, cumulative = 50n) =>
      expectRefusal(
        world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, cumulative, signature]),
        'NotSignedByPayer',
      );
    await refused(voucher(50n, { signer: keyOf('forger') }));
    await refused(voucher(50n, { signer: payee }));
    await refused(voucher(51n));
    await refused(other.voucher(50n));
    await refused(voucher(50n, { contract: addressFor('another deployment') }));
    await refused(voucher(50n, { chainId: world.chain.chainId + 1 }));
    await refused('0x');
    await refused(`${voucher(50n)}00`);
    const good = fromHex(voucher(50n));
    const s = BigInt(toHex(good.subarray(32, 64)));
    const twin = Uint8Array.from(good);
    twin.set(fromHex((CURVE_ORDER - s).toString(16).padStart(64, '0')), 32);
    twin[64] = 55 - (good[64] as number);
    await refused(toHex(twin));
    const compact = Uint8Array.from(good.subarray(0, 64));
    await refused(toHex(compact));
    const badV = Uint8Array.from(good);
    badV[64] = 29;
    await refused(toHex(badV));
    await world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, 50n, voucher(50n)]);
  });

  it('works until the withdrawal has executed, even after its time', async () => {
    const { world, payer, payee, nonce, open, voucher } = await createChannel();
    await open(100n);
    await world.channels.write(payer.address, 'startClose', [payee.address, nonce]);
    world.chain.advance(CHALLENGE_SECONDS * 10);
    await world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, 90n, voucher(90n)]);
    const before = await world.chain.balance(payer.address);
    await world.channels.write(payer.address, 'withdraw', [payee.address, nonce]);
    expect((await world.chain.balance(payer.address)) - before).toBe(10n);
    await expectRefusal(
      world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, 95n, voucher(95n)]),
      'ChannelIsClosed',
    );
  });

  it('knows no channel that was not opened', async () => {
    const { world, payer, payee, nonce, channelId, voucher } = await createChannel();
    await expectRefusal(
      world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, 1n, voucher(1n)]),
      'UnknownChannel',
      [channelId],
    );
    expect((await world.channels.read('channelOf', [channelId])).status).toBe(0);
  });
});

describe('topUp', () => {
  it('raises the deposit and leaves a running close its time', async () => {
    const { world, payer, payee, nonce, channelId, open, voucher } = await createChannel();
    await open(100n);
    await world.channels.write(payer.address, 'startClose', [payee.address, nonce]);
    const { closingAt } = await world.channels.read('channelOf', [channelId]);
    world.chain.advance(1000);
    const { events } = await world.channels.write(payer.address, 'topUp', [channelId], 50n);
    expect(events[0]?.args).toMatchObject({ addedWei: 50n, depositWei: 150n });
    expect((await world.channels.read('channelOf', [channelId])).closingAt).toBe(closingAt);
    await world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, 150n, voucher(150n)]);
  });

  it('refuses nothing, too much, and channels that are not there', async () => {
    const { world, payer, payee, nonce, channelId, open } = await createChannel();
    const topUp = (value: bigint) => world.channels.write(payer.address, 'topUp', [channelId], value);
    await expectRefusal(topUp(1n), 'UnknownChannel');
    await open(100n);
    await expectRefusal(topUp(0n), 'EmptyDeposit');
    await world.chain.fund(payer.address, 2n ** 97n);
    await expectRefusal(topUp(2n ** 96n - 100n), 'DepositTooLarge', [2n ** 96n]);
    await world.channels.write(payee.address, 'cooperativeClose', [payer.address, nonce, 0n, '0x']);
    await expectRefusal(topUp(1n), 'ChannelIsClosed');
  });
});

describe('cooperativeClose', () => {
  it('pays and refunds at once', async () => {
    const { world, payer, payee, nonce, channelId, open, voucher } = await createChannel();
    await open(100n);
    const [payerBefore, payeeBefore] = [await world.chain.balance(payer.address), await world.chain.balance(payee.address)];
    const { events } = await world.channels.write(payee.address, 'cooperativeClose', [payer.address, nonce, 80n, voucher(80n)]);
    expect(events[0]?.args).toMatchObject({ channelId, claimedWei: 80n, refundedWei: 20n });
    expect(await world.chain.balance(payer.address)).toBe(payerBefore + 20n);
    expect(await world.chain.balance(payee.address)).toBe(payeeBefore + 80n);
    expect(await world.chain.balance(world.channels.address)).toBe(0n);
    const view = await world.channels.read('channelOf', [channelId]);
    expect(view).toMatchObject({ status: CLOSED, depositWei: 100n, claimedWei: 80n, actsNext: NOBODY_ACTS });
  });

  it('works without a voucher: the payer gets back what was not claimed', async () => {
    const { world, payer, payee, nonce, open, voucher } = await createChannel();
    await open(100n);
    await world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, 30n, voucher(30n)]);
    const { events } = await world.channels.write(payee.address, 'cooperativeClose', [payer.address, nonce, 0n, '0x']);
    expect(events[0]?.args).toMatchObject({ claimedWei: 30n, refundedWei: 70n });
  });

  it("is the payee's alone, and takes no bad voucher", async () => {
    const { world, payer, payee, nonce, open, voucher } = await createChannel();
    await open(100n);
    const close = (from: `0x${string}`, cumulative: bigint, signature: Hex) =>
      world.channels.write(from, 'cooperativeClose', [payer.address, nonce, cumulative, signature]);
    await expectRefusal(close(addressFor('anyone'), 50n, voucher(50n)), 'UnknownChannel');
    await expectRefusal(close(payer.address, 0n, '0x'), 'UnknownChannel');
    await expectRefusal(close(payee.address, 50n, '0x'), 'NotSignedByPayer');
    await expectRefusal(close(payee.address, 0n, voucher(0n)), 'NotHigher');
    await expectRefusal(close(payee.address, 101n, voucher(101n)), 'AboveDeposit');
    await close(payee.address, 100n, voucher(100n));
    await expectRefusal(close(payee.address, 0n, '0x'), 'ChannelIsClosed');
  });

  it('costs less than EdgeToll with the opening', async () => {
    const { world, payer, payee, nonce, open, voucher } = await createChannel();
    await world.chain.send(payee.address, { to: payee.address });
    const deposit = 10n ** 18n;
    const opened = await open(deposit);
    const amount = 123_456_789_012_345_678n;
    const closed = await world.channels.write(payee.address, 'cooperativeClose', [payer.address, nonce, amount, voucher(amount)]);
    expect(opened + closed.gasUsed).toBeLessThan(EDGETOLL_GAS);
  });
});

describe('startClose and withdraw', () => {
  it('say who acts next and until when', async () => {
    const { world, payer, payee, nonce, channelId, open } = await createChannel();
    await open(100n);
    await world.channels.write(payer.address, 'startClose', [payee.address, nonce]);
    const closingAt = BigInt(world.chain.now() + CHALLENGE_SECONDS);
    expect(await world.channels.read('channelOf', [channelId])).toMatchObject({
      status: CLOSING,
      closingAt,
      actsNext: PAYEE_ACTS,
      deadline: closingAt,
    });
    world.chain.advance(CHALLENGE_SECONDS);
    expect(await world.channels.read('channelOf', [channelId])).toMatchObject({
      status: WITHDRAWABLE,
      closingAt,
      actsNext: PAYER_ACTS,
      deadline: 0n,
    });
  });

  it('give the payer the rest, and only after the challenge', async () => {
    const { world, payer, payee, nonce, open } = await createChannel();
    await open(100n);
    const withdraw = () => world.channels.write(payer.address, 'withdraw', [payee.address, nonce]);
    await expectRefusal(withdraw(), 'NotClosing');
    await world.channels.write(payer.address, 'startClose', [payee.address, nonce]);
    const closingAt = BigInt(world.chain.now() + CHALLENGE_SECONDS);
    await expectRefusal(world.channels.write(payer.address, 'startClose', [payee.address, nonce]), 'AlreadyClosing', [closingAt]);
    world.chain.advance(CHALLENGE_SECONDS - 1);
    await expectRefusal(withdraw(), 'TooEarly', [closingAt, closingAt - 1n]);
    world.chain.advance(1);
    expect((await withdraw()).events[0]?.args).toMatchObject({ claimedWei: 0n, refundedWei: 100n });
    await expectRefusal(withdraw(), 'ChannelIsClosed');
    await expectRefusal(world.channels.write(payer.address, 'startClose', [payee.address, nonce]), 'ChannelIsClosed');
  });

  it("are the payer's alone", async () => {
    const { world, payer, payee, nonce, open } = await createChannel();
    await open(100n);
    for (const other of [payee.address, addressFor('anyone')]) {
      await expectRefusal(world.channels.write(other, 'startClose', [payee.address, nonce]), 'UnknownChannel');
      await expectRefusal(world.channels.write(other, 'withdraw', [payee.address, nonce]), 'UnknownChannel');
    }
    await expectRefusal(world.channels.write(payer.address, 'startClose', [payee.address, nonce + 1n]), 'UnknownChannel');
  });
});

describe('digests', () => {
  it('are those of the contract', async () => {
    const { world, channelId } = await createChannel();
    const domain = { chainId: world.chain.chainId, contract: PAYMENT_CHANNELS_ADDRESS };
    const ours = toHex(voucherDigest({ ...domain, channelId, cumulativeWei: 77n }));
    expect(await world.channels.read('voucherDigest', [channelId, 77n])).toBe(ours);
  });

  it('differ on another chain', async () => {
    const here = await createChannel();
    const there = await createChannel(await createWorld(7401));
    expect(there.channelId).not.toBe(here.channelId);
    await there.open(100n);
    await expectRefusal(
      there.world.channels.write(there.payee.address, 'claim', [
        there.payer.address,
        there.payee.address,
        there.nonce,
        50n,
        here.voucher(50n),
      ]),
      'NotSignedByPayer',
    );
  });
});

describe('contracts as parties', () => {
  const runAbi = parseAbi([
    'constructor(address channels)',
    'function arm(bytes callBack)',
    'function run(bytes data) payable',
    'function tries() view returns (uint256)',
    'function successes() view returns (uint256)',
  ]);
  const compiled = compileSources({
    'ReentrantParty.sol': readFileSync(join(import.meta.dirname, 'fixtures/ReentrantParty.sol'), 'utf8'),
  });

  async function deploy(chain: TestChain, name: string) {
    const { bytecode } = compiled.get(name) ?? { bytecode: '0x' as const };
    const data = encodeDeployData({ abi: runAbi, bytecode, args: [PAYMENT_CHANNELS_ADDRESS] });
    const { createdAddress, success } = await chain.send(addressFor('deployer'), { data });
    expect(success).toBe(true);
    return contractAt(chain, createdAddress as Hex, runAbi);
  }

  const encode = (functionName: 'claim' | 'cooperativeClose' | 'withdraw' | 'open' | 'startClose', args: readonly unknown[]) =>
    encodeFunctionData({ abi: paymentChannelsArtifact.abi, functionName, args: args as never });

  it('cannot be paid twice by calling back', async () => {
    const { world, payer } = await createChannel();
    const party = await deploy(world.chain, 'ReentrantParty');
    const domain = { chainId: world.chain.chainId, contract: PAYMENT_CHANNELS_ADDRESS };
    const channelId = channelIdOf({ ...domain, payer: payer.address, payee: party.address, nonce: 1n });
    const sign = (cumulativeWei: bigint) =>
      toHex(
        Uint8Array.from(payer.sign(voucherDigest({ ...domain, channelId, cumulativeWei })), (byte, index) =>
          index === 64 ? byte + 27 : byte,
        ),
      );
    await world.channels.write(payer.address, 'open', [party.address, 1n, 60], 100n);
    // Another channel's money lies in the contract too: that is what an attack would take.
    await world.channels.write(payer.address, 'open', [addressFor('other payee'), 1n, 60], 1000n);
    const anyone = addressFor('anyone');
    const claim40 = [payer.address, party.address, 1n, 40n, sign(40n)] as const;
    await party.write(anyone, 'arm', [encode('claim', claim40)]);
    await world.channels.write(anyone, 'claim', claim40);
    expect(await world.chain.balance(party.address)).toBe(40n);
    await party.write(anyone, 'arm', [encode('cooperativeClose', [payer.address, 1n, 0n, '0x'])]);
    await party.write(anyone, 'run', [encode('cooperativeClose', [payer.address, 1n, 60n, sign(60n)])]);
    expect(await world.chain.balance(party.address)).toBe(60n);
    expect(await party.read('tries', [])).toBe(2n);
    expect(await party.read('successes', [])).toBe(0n);
    expect(await world.chain.balance(PAYMENT_CHANNELS_ADDRESS)).toBe(1000n);
  });

  it('cannot withdraw twice by calling back', async () => {
    const { world, payee } = await createChannel();
    const party = await deploy(world.chain, 'ReentrantParty');
    const anyone = addressFor('anyone');
    await world.chain.fund(anyone, 1000n);
    await party.write(anyone, 'run', [encode('open', [payee.address, 1n, 60])], 100n);
    await world.channels.write(payee.address, 'open', [anyone, 1n, 60], 1000n);
    await party.write(anyone, 'run', [encode('startClose', [payee.address, 1n])]);
    world.chain.advance(60);
    const withdraw = encode('withdraw', [payee.address, 1n]);
    await party.write(anyone, 'arm', [withdraw]);
    await party.write(anyone, 'run', [withdraw]);
    expect(await world.chain.balance(party.address)).toBe(100n);
    expect(await party.read('tries', [])).toBe(1n);
    expect(await party.read('successes', [])).toBe(0n);
  });

  it('that refuse their refund keep the channel from closing, with nothing moved', async () => {
    const { world, payee } = await createChannel();
    const party = await deploy(world.chain, 'RefusingParty');
    const anyone = addressFor('anyone');
    await world.chain.fund(anyone, 1000n);
    await party.write(anyone, 'run', [encode('open', [payee.address, 1n, 60])], 100n);
    await expectRefusal(
      world.channels.write(payee.address, 'cooperativeClose', [party.address, 1n, 0n, '0x']),
      'TransferFailed',
      [party.address, 100n],
    );
    expect(await world.chain.balance(PAYMENT_CHANNELS_ADDRESS)).toBe(100n);
  });

  it('keep channels on two deployments apart', async () => {
    const { world, payer, payee, nonce, open, voucher } = await createChannel();
    await open(100n);
    const second = await placeContract(world.chain, addressFor('second deployment'), paymentChannelsArtifact, []);
    await second.write(payer.address, 'open', [payee.address, nonce, 60], 100n);
    await expectRefusal(
      second.write(payee.address, 'claim', [payer.address, payee.address, nonce, 50n, voucher(50n)]),
      'NotSignedByPayer',
    );
    expect(await (await createChain()).balance(payer.address)).toBe(0n);
  });
});
