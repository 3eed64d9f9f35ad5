import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Voucher } from '../ports/index.ts';
import { type DeviceLife, MarketWorld, SECOND, testKey } from '../testing/market-world.ts';
import { conservation } from './conservation.ts';
import { openJournal } from './journal.ts';
import { createPayeeBook } from './payee-book.ts';
import type { Payment } from './receipt.ts';
import { signVoucher } from './voucher.ts';

const PRICES = [7n, 11n];
const START_WEI = 1_000_000n;

type Command =
  | { readonly type: 'pay'; readonly device: number; readonly edge: number }
  | { readonly type: 'repeat'; readonly device: number }
  | { readonly type: 'crash'; readonly who: number; readonly torn: boolean }
  | { readonly type: 'restart' | 'claim' | 'payeeClose'; readonly who: number }
  | { readonly type: 'payerClose'; readonly who: number; readonly force: boolean }
  | { readonly type: 'topUp'; readonly channel: number }
  | { readonly type: 'cut'; readonly left: number; readonly right: number }
  | { readonly type: 'heal' }
  | { readonly type: 'wait'; readonly micros: number };

const node = fc.integer({ min: 0, max: 4 });
const kind = <const T extends string>(type: T) => fc.constant(type);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: kind('pay'), device: fc.nat(1), edge: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ type: kind('repeat'), device: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ type: kind('crash'), who: node, torn: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('restart', 'restart', 'claim', 'payeeClose'), who: node }) },
  { weight: 1, arbitrary: fc.record({ type: kind('payerClose'), who: node, force: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: kind('topUp'), channel: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: kind('cut'), left: node, right: node }) },
  { weight: 1, arbitrary: fc.record({ type: kind('heal') }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: kind('wait'),
      micros: fc.oneof(fc.integer({ min: 500, max: 30_000 }), fc.integer({ min: 100_000, max: 5_000_000 })),
    }),
  },
);

/** Two devices, a proxy and two edge nodes under a script of payments and accidents. Nodes: 0 proxy, 1 and 2 edges, 3 and 4 devices. */
class Script {
  readonly market: MarketWorld;
  private readonly up = [true, true, true, true, true];
  private readonly ordered: { readonly device: number; readonly payment: Payment }[] = [];
  private readonly bestSeen = new Map<Hex, bigint>();
  private readonly claimedSeen = new Map<Hex, bigint>();
  private readonly downSince = new Map<number, number>();
  /** A payee that is away for most of a challenge period may lose vouchers; no other may. */
  private longAbsence = false;
  private salt = 0;

  constructor(seed: number) {
    this.market = new MarketWorld({
      seed,
      edges: 2,
      devices: 2,
      capacity: 1000,
      prices: PRICES,
      links: { latency: { kind: 'uniform', minMicros: 500, maxMicros: 20_000 } },
    });
  }

  private life(who: number) {
    if (who === 0) return this.market.proxy;
    return who <= 2 ? (this.market.edges[who - 1] as never) : (this.market.devices[who - 3] as never);
  }

  private address(who: number): Hex {
    return [this.market.proxyKey, ...this.market.edgeKeys, ...this.market.deviceKeys][who]?.address as Hex;
  }

  private device(index: number): DeviceLife {
    return this.market.devices[index] as DeviceLife;
  }

  private pay(index: number, payment: Payment): void {
    const { payer } = this.device(index).pay;
    payer.pay({ payee: this.market.proxyKey.address, payment }).catch((error: unknown) => {
      if (!(error instanceof TreadleError) || error.code === 'INVARIANT_BROKEN') throw error;
    });
  }

  private async order(index: number, edge: number): Promise<void> {
    const taskId = `${this.address(3 + index)}${(++this.salt).toString(16).padStart(24, '0')}` as Hex;
    const request = { taskId, service: 'vibration.spectrum', latitudeE6: 0, longitudeE6: 1000 * edge, priceLimitWei: 100n };
    const outcome = await this.market.world.run(this.device(index).ports.matches.requestMatch(request));
    if (!outcome.matched) throw new Error('no match');
    const payment = { taskId, node: outcome.match.node, amountWei: outcome.match.priceWei };
    this.ordered.push({ device: index, payment });
    this.pay(index, payment);
  }

  async run(step: Command): Promise<void> {
    const { market } = this;
    if (step.type === 'wait') return market.world.runFor(step.micros);
    if (step.type === 'heal') return market.world.heal();
    if (step.type === 'cut')
      return step.left === step.right ? undefined : market.world.block(this.address(step.left), this.address(step.right));
    if (step.type === 'topUp') return this.topUp(step.channel);
    if (step.type === 'pay') return this.up[3 + step.device] ? this.order(step.device, step.edge) : undefined;
    if (step.type === 'repeat') return this.repeat(step.device);
    if (step.type === 'restart') return this.restart(step.who);
    if (!this.up[step.who]) return undefined;
    if (step.type === 'crash') {
      market.crash(this.life(step.who), step.torn);
      this.up[step.who] = false;
      this.downSince.set(step.who, market.world.now);
    } else if (step.type === 'claim') {
      this.quietly(this.payee(step.who)?.claimAll());
    } else if (step.type === 'payeeClose') {
      this.closeAsPayee(step.who);
    } else if (step.type === 'payerClose') {
      this.closeAsPayer(step.who, step.force);
    }
    return undefined;
  }

  private quietly(promise: Promise<unknown> | undefined): void {
    promise?.catch(() => undefined);
  }

  private payee(who: number) {
    return who === 0 ? this.market.proxy.proxy.payee : who <= 2 ? this.market.edges[who - 1]?.payee.payee : undefined;
  }

  private received(who: number) {
    return who === 0 ? this.market.proxy.proxy.received : who <= 2 ? this.market.edges[who - 1]?.payee.received : undefined;
  }

  private promised(who: number) {
    return who === 0 ? this.market.proxy.proxy.promised : who <= 2 ? undefined : this.device(who - 3).pay.promised;
  }

  private closeAsPayee(who: number): void {
    const first = this.received(who)?.channels().next().value;
    if (first !== undefined) this.quietly(this.payee(who)?.close(first.channelId));
  }

  private closeAsPayer(who: number, force: boolean): void {
    if (who === 0) this.quietly(this.market.proxy.proxy.payer.close({ payee: this.address(1), force }));
    if (who > 2) this.quietly(this.device(who - 3).pay.payer.close({ payee: this.address(0), force }));
  }

  private topUp(index: number): void {
    const channels = this.market.chain.all();
    const channel = channels[index % Math.max(1, channels.length)];
    if (channel === undefined || !this.up[4]) return;
    this.quietly(this.device(1).ports.channels.topUp({ channel: channel.key, amountWei: 1n }));
  }

  private repeat(index: number): void {
    const last = this.ordered.filter((order) => order.device === index).at(-1);
    if (last !== undefined && this.up[3 + index]) this.pay(index, last.payment);
  }

  private async restart(who: number): Promise<void> {
    if (this.up[who]) return;
    if (this.market.world.now - (this.downSince.get(who) ?? 0) > 40 * SECOND) this.longAbsence = true;
    if (who === 0) await this.market.restartProxy();
    else if (who <= 2) await this.market.restartEdge(who - 1);
    else await this.market.restartDevice(who - 3);
    this.up[who] = true;
  }

  /** What must hold at every moment. */
  check(): void {
    const { chain, proxy } = this.market;
    expect(conservation(chain.totals()).conserved).toBe(true);
    for (const { channelId, claimedWei, depositWei } of chain.all()) {
      expect(claimedWei <= depositWei).toBe(true);
      expect(claimedWei >= (this.claimedSeen.get(channelId) ?? 0n)).toBe(true);
      this.claimedSeen.set(channelId, claimedWei);
    }
    if (this.up[0]) expect(proxy.proxy.promised.promisedWei <= proxy.proxy.received.receivedWei).toBe(true);
    for (const who of [0, 1, 2]) if (this.up[who]) this.checkPayee(who);
    for (const who of [0, 3, 4]) if (this.up[who]) this.checkPayer(who);
  }

  private checkPayee(who: number): void {
    for (const { best } of this.received(who)?.channels() ?? []) {
      expect(best.cumulativeWei <= (this.market.chain.record(best.channel)?.depositWei ?? 0n)).toBe(true);
    }
  }

  /** An acknowledged payment is on the payee's disk; and a payer knows of every amount that a payee holds. */
  private checkPayer(who: number): void {
    for (const channel of this.promised(who)?.channels() ?? []) {
      const payee = [0, 1, 2].find((candidate) => this.address(candidate) === channel.key.payee) as number;
      const held = this.up[payee] ? this.received(payee)?.channel(channel.channelId) : undefined;
      if (held === undefined) continue;
      expect(held.best.cumulativeWei <= channel.sentWei).toBe(true);
      const acknowledged = [...channel.payments.values()].filter(({ stage }) => stage !== 'sent' && stage !== 'refused');
      for (const payment of acknowledged) expect(held.best.cumulativeWei >= payment.cumulativeWei).toBe(true);
    }
  }

  /** Best vouchers never fall in a life, and after a restart are at least what was acknowledged: asked before and after each step. */
  checkBest(step: Command): void {
    for (const who of [0, 1, 2]) {
      if (!this.up[who]) continue;
      for (const { channelId, best } of this.received(who)?.channels() ?? []) {
        const seen = this.bestSeen.get(channelId) ?? 0n;
        if (step.type !== 'restart') expect(best.cumulativeWei >= seen).toBe(true);
        this.bestSeen.set(channelId, best.cumulativeWei);
      }
    }
  }

  /** Everybody comes back and has time: every payment arrives, once, and the money is where it belongs. */
  async finish(): Promise<void> {
    const { market } = this;
    market.world.heal();
    for (const who of [0, 1, 2, 3, 4]) await this.restart(who);
    await market.world.runFor(150 * SECOND);
    for (const { device, payment } of this.ordered) this.pay(device, payment);
    await market.world.runFor(150 * SECOND);
    for (const who of [0, 1, 2]) await market.world.run(this.payee(who)?.claimAll() ?? Promise.resolve(0));
    await market.world.runFor(SECOND);
    this.check();
    const lost = market.world.log().some(({ event }) => event === 'vouchers_lost');
    expect(!lost || this.longAbsence).toBe(true);
    const due = (match: (order: { readonly device: number; readonly payment: Payment }) => boolean) =>
      this.ordered.filter(match).reduce((sum, { payment }) => sum + payment.amountWei, 0n);
    const locked = (payer: Hex) =>
      market.chain
        .all()
        .filter((c) => c.key.payer === payer && c.state !== 'closed')
        .reduce((sum, c) => sum + c.depositWei - c.claimedWei, 0n);
    const worth = (who: number) => market.chain.balance(this.address(who)) + locked(this.address(who));
    // Device 1 gives a wei with each top-up of a channel that may not be its own: gifts go to the payer of that channel.
    const gifts = market.chain.gifts;
    for (const device of [0, 1]) {
      const paid =
        START_WEI -
        worth(3 + device) +
        (gifts.received.get(this.address(3 + device)) ?? 0n) -
        (gifts.given.get(this.address(3 + device)) ?? 0n);
      if (lost) expect(paid <= due((order) => order.device === device)).toBe(true);
      else expect(paid).toBe(due((order) => order.device === device));
    }
    for (const edge of [1, 2]) {
      const gained = worth(edge) - START_WEI;
      const owed = due(({ payment }) => payment.node === this.address(edge));
      if (lost) expect(gained <= owed).toBe(true);
      else expect(gained).toBe(owed);
    }
    for (const { device, payment } of this.ordered) {
      const stage = this.device(device).pay.promised.payment(payment.taskId)?.stage;
      expect(stage === 'delivered' || stage === 'settled' || lost).toBe(true);
    }
  }
}

describe('payments under crashes, cuts, repeats, claims and closings', () => {
  it('keep every invariant, and all arrive once when everybody is back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.array(command, { minLength: 5, maxLength: 40 }),
        async (seed, commands) => {
          const script = new Script(seed);
          await script.market.start();
          for (const step of commands) {
            await script.run(step);
            script.check();
            script.checkBest(step);
          }
          await script.finish();
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('a payee’s book', () => {
  it('is never lowered by dropped, doubled or reordered vouchers, and counts every payment once', async () => {
    const market = new MarketWorld();
    await market.start();
    const { idOf, domain } = (market.devices[0] as DeviceLife).ports.channels;
    const key = testKey('payer');
    const channel = { payer: key.address, payee: testKey('payee').address, nonce: 1n };
    const environment = market.world.addNode(testKey('clerk').address);
    const journal = await market.world.run(openJournal(environment.disk, 'book', []));
    const vouchers = Array.from({ length: 8 }, (_, index) =>
      signVoucher({ domain, idOf }, key, { channel, cumulativeWei: BigInt(3 * (index + 1)) }),
    );
    const payments = vouchers.map(
      (_, index): Payment => ({ taskId: `0x${`${index + 1}`.repeat(64)}`, node: channel.payee, amountWei: 3n }),
    );
    const delivery = fc.record({ newest: fc.integer({ min: 0, max: 7 }), oldest: fc.integer({ min: 0, max: 7 }) });
    fc.assert(
      fc.property(fc.array(delivery, { maxLength: 25 }), (deliveries) => {
        const book = createPayeeBook({ tag: 1, idOf, feeWei: 0n, firstStage: 'delivered' });
        let best = 0n;
        for (const { newest, oldest } of deliveries) {
          const voucher = vouchers[newest] as Voucher;
          try {
            const booked = book.accept(journal, voucher, payments.slice(Math.min(oldest, newest), newest + 1));
            for (const payment of booked)
              expect(payment.cumulativeWei <= voucher.cumulativeWei || voucher.cumulativeWei < best).toBe(true);
          } catch (error) {
            expect(error).toMatchObject({
              code: expect.stringMatching(/VOUCHER_NOT_INCREASING|VOUCHER_WRONG_PAYMENT/) as string,
            });
          }
          const now = book.channel(idOf(channel))?.best.cumulativeWei ?? 0n;
          expect(now >= best).toBe(true);
          best = now;
          const booked = [...(book.channel(idOf(channel))?.payments.values() ?? [])];
          expect(booked.reduce((sum, payment) => sum + payment.amountWei, 0n) <= best).toBe(true);
          expect(book.receivedWei).toBe(best);
        }
      }),
      { numRuns: 300 },
    );
  });
});
