import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hex } from '../../src/crypto/index.ts';
import { CHALLENGE_SECONDS, type ChannelFixture, createChannel } from './channel-fixture.ts';
import { keyOf, Refusal } from './harness.ts';

const UNIT = 1000n;

type Step =
  | { readonly type: 'open' | 'topUp'; readonly channel: number; readonly amount: bigint }
  | {
      readonly type: 'claim' | 'cooperativeClose';
      readonly channel: number;
      readonly amount: bigint;
      readonly voucher: VoucherKind;
    }
  | { readonly type: 'closeWithout' | 'startClose' | 'withdraw'; readonly channel: number }
  | { readonly type: 'wait'; readonly seconds: number };

type VoucherKind = 'good' | 'forged' | 'other channel' | 'other chain' | 'other contract';

const amount = fc.bigInt({ min: 1n, max: UNIT });
const channel = fc.integer({ min: 0, max: 1 });
const voucher = fc.oneof(
  { weight: 4, arbitrary: fc.constant<VoucherKind>('good') },
  { weight: 1, arbitrary: fc.constantFrom<VoucherKind>('forged', 'other channel', 'other chain', 'other contract') },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('open' as const), channel, amount }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('topUp' as const), channel, amount }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('claim' as const), channel, amount, voucher }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cooperativeClose' as const), channel, amount, voucher }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('closeWithout' as const, 'withdraw' as const), channel }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('startClose' as const), channel }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: CHALLENGE_SECONDS }) }),
  },
);

/** What a channel ought to be, by the rules in words. */
interface Model {
  open: boolean;
  over: boolean;
  deposit: bigint;
  claimed: bigint;
  closingAt: number | undefined;
}

/** Applies a step to the model; false when the contract has to refuse it. */
function expected(model: Model, each: Exclude<Step, { type: 'wait' }>, now: number): boolean {
  if (each.type === 'open') {
    if (model.open || model.over) return false;
    Object.assign(model, { open: true, deposit: each.amount, claimed: 0n, closingAt: undefined });
    return true;
  }
  if (!model.open) return false;
  switch (each.type) {
    case 'topUp':
      model.deposit += each.amount;
      return true;
    case 'claim':
    case 'cooperativeClose':
      if (each.voucher !== 'good' || each.amount <= model.claimed || each.amount > model.deposit) return false;
      model.claimed = each.amount;
      if (each.type === 'cooperativeClose') Object.assign(model, { open: false, over: true });
      return true;
    case 'closeWithout':
      Object.assign(model, { open: false, over: true });
      return true;
    case 'startClose':
      if (model.closingAt !== undefined) return false;
      model.closingAt = now + CHALLENGE_SECONDS;
      return true;
    case 'withdraw':
      if (model.closingAt === undefined || now < model.closingAt) return false;
      Object.assign(model, { open: false, over: true });
      return true;
  }
}

function signatureOf(kind: VoucherKind, fixture: ChannelFixture, other: ChannelFixture, cumulative: bigint): Hex {
  if (kind === 'good') return fixture.voucher(cumulative);
  if (kind === 'forged') return fixture.voucher(cumulative, { signer: keyOf('forger') });
  if (kind === 'other channel') return other.voucher(cumulative);
  if (kind === 'other chain') return fixture.voucher(cumulative, { chainId: 1 });
  return fixture.voucher(cumulative, { contract: '0x00000000000000000000000000000000000000aa' });
}

async function perform(fixture: ChannelFixture, other: ChannelFixture, each: Exclude<Step, { type: 'wait' }>): Promise<boolean> {
  const { world, payer, payee, nonce, channelId } = fixture;
  const { channels } = world;
  const act = (): Promise<unknown> => {
    switch (each.type) {
      case 'open':
        return fixture.open(each.amount);
      case 'topUp':
        return channels.write(payer.address, 'topUp', [channelId], each.amount);
      case 'claim': {
        const signature = signatureOf(each.voucher, fixture, other, each.amount);
        return channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, each.amount, signature]);
      }
      case 'cooperativeClose': {
        const signature = signatureOf(each.voucher, fixture, other, each.amount);
        return channels.write(payee.address, 'cooperativeClose', [payer.address, nonce, each.amount, signature]);
      }
      case 'closeWithout':
        return channels.write(payee.address, 'cooperativeClose', [payer.address, nonce, 0n, '0x']);
      case 'startClose':
        return channels.write(payer.address, 'startClose', [payee.address, nonce]);
      case 'withdraw':
        return channels.write(payer.address, 'withdraw', [payee.address, nonce]);
    }
  };
  return act().then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal) return false;
      throw error;
    },
  );
}

describe('payment channels', () => {
  it('keep every invariant whatever the parties do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const first = await createChannel();
        const fixtures = [first, await createChannel(first.world, 2n)] as const;
        const models: Model[] = fixtures.map(() => ({
          open: false,
          over: false,
          deposit: 0n,
          claimed: 0n,
          closingAt: undefined,
        }));
        const { chain, channels } = first.world;
        const wealth = async () => (await chain.balance(first.payer.address)) + (await chain.balance(first.payee.address));
        const wealthBefore = await wealth();
        const payeeBefore = await chain.balance(first.payee.address);
        for (const each of steps) {
          if (each.type === 'wait') {
            chain.advance(each.seconds);
            continue;
          }
          const model = models[each.channel] as Model;
          const claimedBefore = model.claimed;
          const fixture = fixtures[each.channel as 0 | 1];
          const allowed = expected(model, each, chain.now());
          expect(await perform(fixture, fixtures[(1 - each.channel) as 0 | 1], each), fc.stringify(each)).toBe(allowed);
          const view = await channels.read('channelOf', [fixture.channelId]);
          // Claimed never falls and never exceeds the deposit.
          expect(view.claimedWei).toBe(model.claimed);
          expect(view.claimedWei >= claimedBefore && view.claimedWei <= view.depositWei).toBe(true);
          // Paid and refunded and still locked make up all that was deposited.
          const locked = models.reduce((sum, { open, deposit, claimed }) => sum + (open ? deposit - claimed : 0n), 0n);
          expect(await chain.balance(channels.address)).toBe(locked);
          expect(await wealth()).toBe(wealthBefore - locked);
          expect(await chain.balance(first.payee.address)).toBe(
            payeeBefore + models.reduce((sum, { claimed }) => sum + claimed, 0n),
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  it("never lower the payee's best by vouchers that come twice or out of order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.bigInt({ min: 1n, max: UNIT }), { minLength: 1, maxLength: 12 }), async (amounts) => {
        const { world, payer, payee, nonce, open, voucher: sign } = await createChannel();
        await open(UNIT);
        const before = await world.chain.balance(payee.address);
        let best = 0n;
        for (const each of amounts) {
          const paid = world.channels.write(payee.address, 'claim', [payer.address, payee.address, nonce, each, sign(each)]);
          if (each > best) await paid;
          else await expect(paid).rejects.toThrow(Refusal);
          best = each > best ? each : best;
          expect(await world.chain.balance(payee.address)).toBe(before + best);
        }
      }),
      { numRuns: 25 },
    );
  });
});
