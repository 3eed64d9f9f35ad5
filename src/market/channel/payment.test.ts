import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Hex, keyFrom } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Match, Voucher } from '../ports/index.ts';
import { type DeviceLife, MarketWorld, type MarketWorldOptions, PRICE_WEI, SECOND, testKey } from '../testing/market-world.ts';
import { conservation } from './conservation.ts';
import { openJournal } from './journal.ts';
import { createPayeeBook } from './payee-book.ts';
import { createPayerBook } from './payer-book.ts';
import { type Payment, signReceipt } from './receipt.ts';
import { channelStatus } from './status.ts';
import { signVoucher, voucherIsValid } from './voucher.ts';
import {
  decodeVoucherAnswer,
  decodeVoucherMessage,
  encodeVoucherAnswer,
  encodeVoucherMessage,
  VOUCHER_PROTOCOL,
} from './voucher-messages.ts';

async function worldOf(options: MarketWorldOptions = {}): Promise<MarketWorld> {
  const market = new MarketWorld({ capacity: 100, ...options });
  await market.start();
  return market;
}

async function codeOf(market: MarketWorld, promise: Promise<unknown>): Promise<TreadleError> {
  try {
    await market.world.run(promise);
  } catch (error) {
    if (error instanceof TreadleError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

let salt = 0;

/** A match for the device, as if the task had been done. */
async function matchFor(market: MarketWorld, device: DeviceLife, x = 0): Promise<Match> {
  const taskId = `${device.environment.node}${(++salt).toString(16).padStart(24, '0')}` as Hex;
  const request = { taskId, service: 'vibration.spectrum', latitudeE6: 0, longitudeE6: x, priceLimitWei: 1_000n };
  const outcome = await market.world.run(device.ports.matches.requestMatch(request));
  if (!outcome.matched) throw new Error(outcome.reason);
  return outcome.match;
}

const paymentFor = ({ taskId, node, priceWei }: Match): Payment => ({ taskId, node, amountWei: priceWei });

async function payFor(market: MarketWorld, device: DeviceLife, match: Match) {
  return market.world.run(
    device.pay.payer.pay({ payee: market.proxyKey.address, payment: paymentFor(match), patienceMicros: 5 * SECOND }),
  );
}

const refusedPay = (market: MarketWorld, device: DeviceLife, match: Match) =>
  codeOf(market, device.pay.payer.pay({ payee: market.proxyKey.address, payment: paymentFor(match) }));

/** Sends a hand-made voucher message to the proxy. */
async function sendToProxy(market: MarketWorld, device: DeviceLife, voucher: Voucher, payments: readonly Payment[]) {
  await device.environment.network.connect(await market.contactOf(market.proxyKey.address));
  return decodeVoucherAnswer(
    await device.environment.network.request(
      market.proxyKey.address,
      VOUCHER_PROTOCOL,
      encodeVoucherMessage({ voucher, payments }),
    ),
  );
}

const keyOf = (market: MarketWorld, device: DeviceLife) =>
  device.pay.promised.current(market.proxyKey.address)?.key as Voucher['channel'];

describe('a payment', () => {
  it('goes from the device through the proxy to the edge node, and comes back with the edge node’s receipt', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    for (let count = 1; count <= 3; count++) {
      const match = await matchFor(market, device);
      const paid = await payFor(market, device, match);
      expect(paid?.stage).toBe('delivered');
      expect(paid?.edgeReceipt).toMatchObject({ payee: match.node, taskId: match.taskId, amountWei: PRICE_WEI });
      expect(market.edges[0]?.payee.isPaid(match.taskId)).toBe(true);
    }
    expect(market.proxy.proxy.received.receivedWei).toBe(30n);
    expect(market.proxy.proxy.promised.promisedWei).toBe(30n);
    expect(market.edges[0]?.payee.received.receivedWei).toBe(30n);
    // One channel per leg for all of them.
    expect(market.chain.all()).toHaveLength(2);
  });

  it('is made once, however often it is asked for, also at the same time and after restarts of everybody', async () => {
    const market = await worldOf();
    let [device] = market.devices as [DeviceLife];
    const match = await matchFor(market, device);
    const pay = () => device.pay.payer.pay({ payee: market.proxyKey.address, payment: paymentFor(match) });
    const paid = await market.world.run(Promise.all([pay(), pay(), pay()]));
    market.crash(market.proxy, true);
    market.crash(device, true);
    market.crash(market.edges[0] as never, true);
    await market.restartEdge(0);
    await market.restartProxy();
    await market.restartDevice(0);
    [device] = market.devices as [DeviceLife];
    const again = await payFor(market, device, match);
    expect(again?.stage).toBe('delivered');
    expect(again?.edgeReceipt?.signature).toEqual(paid[0]?.edgeReceipt?.signature);
    expect(market.proxy.proxy.received.receivedWei).toBe(10n);
    expect(market.edges[0]?.payee.received.receivedWei).toBe(10n);
  });

  it('waits at the proxy while the edge node is away, and arrives when it is back, also if the proxy restarts meanwhile', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    await payFor(market, device, await matchFor(market, device));
    market.crash(market.edges[0] as never);
    const match = await matchFor(market, device);
    const waiting = await payFor(market, device, match);
    expect(waiting?.stage).toBe('forwarding');
    market.crash(market.proxy);
    await market.restartProxy();
    expect(market.proxy.proxy.received.payment(match.taskId)?.stage).toBe('forwarding');
    await market.restartEdge(0);
    await market.world.runUntil(() => device.pay.promised.payment(match.taskId)?.stage === 'delivered', 120 * SECOND);
    expect(market.edges[0]?.payee.received.receivedWei).toBe(20n);
  });

  it('is not held up by other edge nodes that are away', async () => {
    const market = await worldOf({ edges: 2 });
    const [device] = market.devices as [DeviceLife];
    const dead = await matchFor(market, device, 0);
    const alive = await matchFor(market, device, 1000);
    market.crash(market.edges[0] as never);
    await payFor(market, device, dead);
    expect((await payFor(market, device, alive))?.stage).toBe('delivered');
  });

  it('stops when too many do not arrive: the device risks no more', async () => {
    const market = await worldOf({ policy: { undeliveredMax: 2 } });
    const [device] = market.devices as [DeviceLife];
    market.crash(market.edges[0] as never);
    for (let count = 0; count < 2; count++) await payFor(market, device, await matchFor(market, device));
    const match = await matchFor(market, device);
    expect((await refusedPay(market, device, match)).code).toBe('CHANNEL_UNDELIVERED');
    expect(device.pay.promised.promisedWei).toBe(20n);
  });

  it('leaves the fee with the proxy', async () => {
    const market = await worldOf({ feeWei: 1n });
    const [device] = market.devices as [DeviceLife];
    expect((await payFor(market, device, await matchFor(market, device)))?.stage).toBe('delivered');
    expect(market.proxy.proxy.received.receivedWei).toBe(11n);
    expect(market.proxy.proxy.promised.promisedWei).toBe(10n);
  });

  it('may go straight to the edge node', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    const match = await matchFor(market, device);
    const paid = await market.world.run(device.pay.payer.pay({ payee: match.node, payment: paymentFor(match) }));
    expect(paid).toMatchObject({ stage: 'delivered', edgeReceipt: { payee: match.node } });
  });

  it('tops the channels up as it goes, within the limit', async () => {
    const market = await worldOf({ policy: { depositWei: 15n, topUpWei: 20n, lowWaterWei: 0n, lockedMaxWei: 60n } });
    const [device] = market.devices as [DeviceLife];
    for (let count = 0; count < 5; count++)
      expect((await payFor(market, device, await matchFor(market, device)))?.stage).toBe('delivered');
    expect(market.chain.record(keyOf(market, device))?.depositWei).toBe(55n);
    expect((await refusedPay(market, device, await matchFor(market, device))).code).toBe('CHANNEL_DEPOSIT_LIMIT');
    // Once the proxy has claimed, less is locked and it goes on.
    await market.world.run(market.proxy.proxy.payee.claimAll());
    await market.world.runFor(SECOND);
    expect((await payFor(market, device, await matchFor(market, device)))?.stage).toBe('delivered');
    expect(conservation(market.chain.totals()).conserved).toBe(true);
  });

  it('survives a crash between opening the channel and hearing of it, without a second deposit', async () => {
    const market = await worldOf();
    let [device] = market.devices as [DeviceLife];
    const match = await matchFor(market, device);
    void device.pay.payer.pay({ payee: market.proxyKey.address, payment: paymentFor(match) });
    await market.world.runFor(100_000);
    market.crash(device);
    await market.world.runFor(SECOND);
    await market.restartDevice(0);
    [device] = market.devices as [DeviceLife];
    expect((await payFor(market, device, match))?.stage).toBe('delivered');
    expect(market.chain.all().filter(({ key }) => key.payer === device.environment.node)).toHaveLength(1);
  });

  it('costs nothing when the node asks nothing', async () => {
    const market = await worldOf({ prices: [0n, 0n] });
    const [device] = market.devices as [DeviceLife];
    expect(await payFor(market, device, await matchFor(market, device))).toBeUndefined();
    expect(market.chain.all()).toEqual([]);
  });
});

describe('the proxy refuses', () => {
  async function ready() {
    const market = await worldOf({ devices: 2, edges: 2 });
    const [device] = market.devices as [DeviceLife];
    await payFor(market, device, await matchFor(market, device));
    const [key] = market.deviceKeys as [ReturnType<typeof testKey>];
    const sign = (cumulativeWei: bigint, signer = key, domain = device.ports.channels.domain, channel = keyOf(market, device)) =>
      signVoucher({ domain, idOf: device.ports.channels.idOf }, signer, { channel, cumulativeWei });
    return { market, device, sign, match: await matchFor(market, device) };
  }

  it('forged vouchers: another signer, chain, contract or amount, with or without a higher amount', async () => {
    const { market, device, sign, match } = await ready();
    const { domain } = device.ports.channels;
    const forged = [
      sign(20n, testKey('stranger')),
      sign(20n, undefined, { ...domain, chainId: 1 }),
      sign(20n, undefined, { ...domain, contract: `0x${'99'.repeat(20)}` }),
      { ...sign(20n), cumulativeWei: 30n },
      sign(5n, testKey('stranger')),
      { ...sign(10n), signature: new Uint8Array(65) },
    ];
    for (const voucher of forged) {
      expect((await codeOf(market, sendToProxy(market, device, voucher, [paymentFor(match)]))).code).toBe('VOUCHER_FORGED');
    }
    expect(market.proxy.proxy.received.receivedWei).toBe(10n);
  });

  it('amounts that do not rise, unless the voucher is a repeat', async () => {
    const { market, device, sign, match } = await ready();
    for (const wei of [10n, 9n])
      expect((await codeOf(market, sendToProxy(market, device, sign(wei), [paymentFor(match)]))).code).toBe(
        'VOUCHER_NOT_INCREASING',
      );
    const first = await market.world.run(sendToProxy(market, device, sign(20n), [paymentFor(match)]));
    const repeat = await market.world.run(sendToProxy(market, device, sign(20n), [paymentFor(match)]));
    expect(repeat).toEqual(first);
    expect((await codeOf(market, sendToProxy(market, device, sign(15n), [paymentFor(match)]))).code).toBe(
      'VOUCHER_NOT_INCREASING',
    );
    expect(market.proxy.proxy.received.receivedWei).toBe(20n);
  });

  it('more than the deposit, and takes it after a top-up', async () => {
    const { market, device, sign, match } = await ready();
    expect((await codeOf(market, sendToProxy(market, device, sign(101n), [paymentFor(match)]))).code).toBe(
      'VOUCHER_ABOVE_DEPOSIT',
    );
    await market.world.run(device.ports.channels.topUp({ channel: keyOf(market, device), amountWei: 1n }));
    await market.world.run(sendToProxy(market, device, sign(101n), [paymentFor(match)]));
  });

  it('channels that are unknown, to somebody else, closing or closed', async () => {
    const { market, device, sign, match } = await ready();
    const channel = keyOf(market, device);
    const unknown = sign(20n, undefined, undefined, { ...channel, nonce: 1n });
    const foreign = sign(20n, undefined, undefined, { ...channel, payee: testKey('edge 0').address });
    for (const voucher of [unknown, foreign]) {
      expect((await codeOf(market, sendToProxy(market, device, voucher, [paymentFor(match)]))).code).toBe(
        'VOUCHER_CHANNEL_UNKNOWN',
      );
    }
    const voucher = sign(20n);
    await market.world.run(device.ports.channels.startClose(channel));
    await market.world.runFor(SECOND);
    for (const [state, wait] of [
      ['closing', 61 * SECOND],
      ['closed', 0],
    ] as const) {
      const refusal = await codeOf(market, sendToProxy(market, device, voucher, [paymentFor(match)]));
      expect([refusal.code, refusal.data['state']]).toEqual(['VOUCHER_CHANNEL_CLOSING', state]);
      await market.world.runFor(wait);
    }
  });

  it('payments that are not as matched: node, price, device, task, twice, or for less than the voucher adds', async () => {
    const { market, device, sign, match } = await ready();
    const good = paymentFor(match);
    const other = await matchFor(market, market.devices[1] as DeviceLife);
    const cases: readonly (readonly [Voucher, readonly Payment[], string])[] = [
      [sign(20n), [{ ...good, node: market.edgeKeys[1]?.address as Hex }], 'VOUCHER_WRONG_PAYMENT'],
      [sign(21n), [{ ...good, amountWei: 11n }], 'VOUCHER_WRONG_PAYMENT'],
      [sign(20n), [paymentFor(other)], 'VOUCHER_WRONG_PAYMENT'],
      [sign(20n), [{ ...good, taskId: `0x${'5'.repeat(64)}` }], 'TASK_UNKNOWN'],
      [sign(30n), [good, good], 'VOUCHER_WRONG_PAYMENT'],
      [sign(19n), [good], 'VOUCHER_WRONG_PAYMENT'],
    ];
    for (const [voucher, payments, code] of cases)
      expect((await codeOf(market, sendToProxy(market, device, voucher, payments))).code).toBe(code);
    expect(market.proxy.proxy.received.receivedWei).toBe(10n);
  });

  it('messages that are not RLP of the right shape', async () => {
    const { market, device } = await ready();
    for (const bytes of [new Uint8Array(), Uint8Array.of(0xc0), new Uint8Array(500)]) {
      expect(
        (await codeOf(market, device.environment.network.request(market.proxyKey.address, VOUCHER_PROTOCOL, bytes))).code,
      ).toBe('MESSAGE_MALFORMED');
    }
  });
});

describe('a proxy that cheats is caught', () => {
  /** A proxy that answers what it likes. */
  async function withCheat(answer: (market: MarketWorld, body: Uint8Array) => Uint8Array) {
    const market = await worldOf({ edges: 2 });
    const cheat = testKey('cheat');
    const environment = market.world.addNode(cheat.address);
    environment.network.onRequest(VOUCHER_PROTOCOL, async (_from, body) => answer(market, body));
    await market.world.run(environment.network.start({ hello: () => new Uint8Array(), admit: () => ({ admitted: true }) }));
    const [device] = market.devices as [DeviceLife];
    const match = await matchFor(market, device);
    const pay = (found: Match) => device.pay.payer.pay({ payee: cheat.address, payment: paymentFor(found) });
    return { market, device, match, pay };
  }

  const answered = (market: MarketWorld, body: Uint8Array, edge: number, forge = false) => {
    const { voucher, payments } = decodeVoucherMessage(body);
    const { domain, idOf } = (market.devices[0] as DeviceLife).ports.channels;
    return encodeVoucherAnswer(
      payments.map(({ taskId, amountWei }) => {
        const facts = { taskId, amountWei, channelId: idOf(voucher.channel), cumulativeWei: voucher.cumulativeWei };
        const edgeReceipt = signReceipt(domain, market.edgeKeys[edge] as ReturnType<typeof keyFrom>, facts);
        return {
          receipt: signReceipt(domain, testKey('cheat'), facts),
          stage: 'delivered' as const,
          edgeReceipt: forge ? { ...edgeReceipt, payee: market.edgeKeys[0]?.address as Hex } : edgeReceipt,
        };
      }),
    );
  };

  it('when it favours another edge node: its receipt is not the matched node’s', async () => {
    const { market, match, pay } = await withCheat((world, body) => answered(world, body, 1));
    const error = await codeOf(market, pay(match));
    expect(error.code).toBe('VOUCHER_MISDIRECTED');
    expect(error.data).toMatchObject({ matched: market.edgeKeys[0]?.address, paid: market.edgeKeys[1]?.address });
    // Nothing more is paid through it.
    expect((await codeOf(market, pay(await matchFor(market, market.devices[0] as DeviceLife)))).code).toBe('VOUCHER_MISDIRECTED');
    expect((market.devices[0] as DeviceLife).pay.promised.promisedWei).toBe(10n);
  });

  it('when it forges the edge node’s receipt, or shows none, or its own is wrong', async () => {
    const forgeries: ((market: MarketWorld, body: Uint8Array) => Uint8Array)[] = [
      (market, body) => answered(market, body, 1, true),
      (market, body) =>
        encodeVoucherAnswer(
          decodeVoucherAnswer(answered(market, body, 0)).map(({ receipt }) => ({ receipt, stage: 'delivered' as const })),
        ),
      (market, body) =>
        encodeVoucherAnswer(
          decodeVoucherAnswer(answered(market, body, 0)).map((item) => ({
            ...item,
            receipt: { ...item.receipt, amountWei: 9n },
          })),
        ),
      (market, body) =>
        encodeVoucherAnswer(
          decodeVoucherAnswer(answered(market, body, 0)).map((item) => ({
            ...item,
            receipt: { ...item.receipt, taskId: `0x${'1'.repeat(64)}` as Hex },
          })),
        ),
    ];
    for (const forgery of forgeries) {
      const { market, match, pay } = await withCheat(forgery);
      expect((await codeOf(market, pay(match))).code).toBe('VOUCHER_RECEIPT_FORGED');
    }
  });
});

describe('closing', () => {
  it('by the payer: the payee claims in time, the rest goes back, the books forget the channel', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    await payFor(market, device, await matchFor(market, device));
    const key = keyOf(market, device);
    await market.world.run(device.pay.payer.close({ payee: market.proxyKey.address }));
    await market.world.runFor(5 * SECOND);
    expect(market.chain.record(key)).toMatchObject({ state: 'closing', claimedWei: 10n });
    await market.world.runUntil(() => market.chain.record(key)?.state === 'closed', 120 * SECOND);
    await market.world.runFor(5 * SECOND);
    expect(market.chain.balance(device.environment.node)).toBe(1_000_000n - 10n);
    expect([...device.pay.promised.channels()]).toEqual([]);
    expect([...market.proxy.proxy.received.channels()]).toEqual([]);
    // A new payment opens a new channel.
    expect((await payFor(market, device, await matchFor(market, device)))?.stage).toBe('delivered');
    expect(conservation(market.chain.totals())).toMatchObject({ conserved: true, differenceWei: 0n });
  });

  it('goes on after restarts of both sides, and a claim that fails is tried again', async () => {
    const market = await worldOf();
    let [device] = market.devices as [DeviceLife];
    await payFor(market, device, await matchFor(market, device));
    const key = keyOf(market, device);
    market.crash(market.proxy);
    await market.world.run(device.pay.payer.close({ payee: market.proxyKey.address }));
    market.crash(device);
    await market.restartDevice(0);
    [device] = market.devices as [DeviceLife];
    market.chain.refuse.add('claim');
    await market.restartProxy();
    await market.world.runFor(20 * SECOND);
    expect(market.chain.record(key)?.claimedWei).toBe(0n);
    market.chain.refuse.clear();
    await market.world.runUntil(() => market.chain.record(key)?.state === 'closed', 120 * SECOND);
    expect(market.chain.record(key)?.claimedWei).toBe(10n);
  });

  it('is refused while payments wait, unless forced; a forced one signs them again on the next channel', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    await payFor(market, device, await matchFor(market, device));
    const match = await matchFor(market, device);
    market.crash(market.proxy);
    void device.pay.payer.pay({ payee: market.proxyKey.address, payment: paymentFor(match) }).catch(() => undefined);
    await market.world.runFor(SECOND);
    expect((await codeOf(market, device.pay.payer.close({ payee: market.proxyKey.address }))).code).toBe(
      'CHANNEL_PENDING_PAYMENTS',
    );
    await market.world.run(device.pay.payer.close({ payee: market.proxyKey.address, force: true }));
    await market.world.runFor(90 * SECOND);
    await market.restartProxy();
    await market.world.runUntil(() => device.pay.promised.payment(match.taskId)?.stage === 'delivered', 120 * SECOND);
    // The proxy was away for the whole challenge period: what it had not claimed is lost to it, and to nobody else.
    expect(market.edges[0]?.payee.received.receivedWei).toBe(20n);
    expect(conservation(market.chain.totals()).conserved).toBe(true);
  });

  it('by the payee gives the rest back at once; a payer without events learns it from the refusal', async () => {
    const market = await worldOf();
    const [device] = market.devices as [DeviceLife];
    await payFor(market, device, await matchFor(market, device));
    const key = keyOf(market, device);
    device.ports.cut();
    await market.world.run(market.proxy.proxy.payee.close(device.ports.channels.idOf(key)));
    expect(market.chain.record(key)).toMatchObject({ state: 'closed', claimedWei: 10n });
    const match = await matchFor(market, device);
    void device.pay.payer.pay({ payee: market.proxyKey.address, payment: paymentFor(match) });
    await market.world.runUntil(() => device.pay.promised.payment(match.taskId)?.stage === 'delivered', 60 * SECOND);
    expect(keyOf(market, device).nonce).not.toBe(key.nonce);
    expect(conservation(market.chain.totals()).conserved).toBe(true);
  });

  it('claims by threshold', async () => {
    const market = await worldOf({ claimThresholdWei: 20n });
    const [device] = market.devices as [DeviceLife];
    await payFor(market, device, await matchFor(market, device));
    await market.world.runFor(SECOND);
    expect(market.chain.claims).toEqual([]);
    await payFor(market, device, await matchFor(market, device));
    await market.world.runFor(SECOND);
    expect(market.chain.claims.map(({ cumulativeWei }) => cumulativeWei)).toEqual([20n, 20n]);
  });
});

describe('the books', () => {
  it('recover from a record that was half written, and stay bounded', async () => {
    const market = await worldOf();
    const environment = market.world.addNode(testKey('clerk').address);
    const { idOf, domain } = (market.devices[0] as DeviceLife).ports.channels;
    const key = testKey('clerk');
    const channel = { payer: key.address, payee: testKey('payee').address, nonce: 1n };
    let payer = createPayerBook({ tag: 1, idOf });
    let payee = createPayeeBook({ tag: 2, idOf, feeWei: 0n, firstStage: 'delivered' });
    let journal = await market.world.run(openJournal(environment.disk, 'books', [payer.section, payee.section]));
    payer.intend(journal, channel);
    const count = 6_000;
    for (let index = 1; index <= count; index++) {
      const payment = { taskId: `0x${index.toString(16).padStart(64, '0')}` as Hex, node: channel.payee, amountWei: 1n };
      const voucher = signVoucher({ domain, idOf }, key, { channel, cumulativeWei: BigInt(index) });
      payer.sign(journal, voucher, payment);
      payer.answer(journal, payment.taskId, 'delivered');
      payee.accept(journal, voucher, [payment]);
      if (index % 500 === 0) await market.world.run(journal.durable());
    }
    await market.world.run(journal.durable());
    await market.world.runFor(SECOND);
    expect(journal.records).toBeLessThan(count);
    const state = () => {
      const copy = structuredClone([
        payer.channel(idOf(channel)),
        payee.channel(idOf(channel)),
        payer.promisedWei,
        payee.receivedWei,
      ] as const);
      // Places in the journal begin anew with each opening.
      for (const payment of copy[1]?.payments.values() ?? []) Object.assign(payment, { place: 0 });
      return copy;
    };
    const before = state();
    const late = { taskId: `0x${'f'.repeat(64)}` as Hex, node: channel.payee, amountWei: 1n };
    payer.sign(journal, signVoucher({ domain, idOf }, key, { channel, cumulativeWei: 9_999n }), late);
    market.world.crash(key.address, { tornTail: true });
    const again = market.world.restart(key.address);
    payer = createPayerBook({ tag: 1, idOf });
    payee = createPayeeBook({ tag: 2, idOf, feeWei: 0n, firstStage: 'delivered' });
    journal = await market.world.run(openJournal(again.disk, 'books', [payer.section, payee.section]));
    // Compared as a whole: the difference of two such states would fill screens.
    expect(isDeepStrictEqual(state(), before)).toBe(true);
  });

  it('never let a payer sign at or below what it has signed', async () => {
    const market = await worldOf();
    const environment = market.world.addNode(testKey('clerk').address);
    const { idOf, domain } = (market.devices[0] as DeviceLife).ports.channels;
    const key = testKey('clerk');
    const channel = { payer: key.address, payee: testKey('payee').address, nonce: 1n };
    const book = createPayerBook({ tag: 1, idOf });
    const journal = await market.world.run(openJournal(environment.disk, 'books', [book.section]));
    book.intend(journal, channel);
    const sign = (wei: bigint, task: string) => () =>
      book.sign(journal, signVoucher({ domain, idOf }, key, { channel, cumulativeWei: wei }), {
        taskId: `0x${task.repeat(64)}` as Hex,
        node: channel.payee,
        amountWei: 1n,
      });
    sign(5n, '1')();
    expect(sign(5n, '2')).toThrow(expect.objectContaining({ code: 'INVARIANT_BROKEN' }));
    expect(sign(4n, '3')).toThrow(expect.objectContaining({ code: 'INVARIANT_BROKEN' }));
    expect(sign(6n, '1')).toThrow(/a task is paid once/);
  });
});

describe('status', () => {
  const key = { payer: testKey('a').address, payee: testKey('b').address, nonce: 1n };
  const record = { channelId: '0x01', key, depositWei: 100n, claimedWei: 10n, challengeSeconds: 60, state: 'open' } as const;
  it.each([
    [record, { bestWei: 10n, waiting: 0 }, 'payer', undefined],
    [record, { bestWei: 30n, waiting: 0 }, 'payee', undefined],
    [record, { bestWei: 30n, waiting: 2 }, 'payee', undefined],
    [{ ...record, state: 'closing', closesAtMicros: 500 }, { bestWei: 30n, waiting: 0 }, 'payee', 500],
    [{ ...record, state: 'closing', closesAtMicros: 500 }, { bestWei: 10n, waiting: 0 }, 'payer', 500],
    [{ ...record, state: 'closing', closesAtMicros: 50 }, { bestWei: 10n, waiting: 0 }, 'payer', undefined],
    [{ ...record, state: 'closed' }, { bestWei: 10n, waiting: 0 }, 'nobody', undefined],
  ] as const)('says who acts next and until when (%#)', (seen, knowledge, who, deadline) => {
    const status = channelStatus(seen, knowledge, 'payee', 100);
    expect([status.next.who, status.next.deadlineMicros]).toEqual([who, deadline]);
    expect(status.peer).toBe(key.payer);
  });
  it('adds up', () => {
    expect(channelStatus(record, { bestWei: 30n, waiting: 0 }, 'payer', 0)).toMatchObject({
      peer: key.payee,
      unclaimedWei: 20n,
      availableWei: 70n,
    });
    const totals = { depositedWei: 100n, paidWei: 30n, refundedWei: 20n, balanceWei: 50n };
    expect(conservation(totals)).toMatchObject({ conserved: true, lockedWei: 50n });
    expect(conservation({ ...totals, balanceWei: 49n })).toMatchObject({ conserved: false, differenceWei: -1n });
  });
});

describe('a voucher', () => {
  it('is valid on one channel, contract and chain alone', () => {
    const key = testKey('payer');
    const channel = { payer: key.address, payee: testKey('payee').address, nonce: 1n };
    const chain = (chainId: number, contract: Hex) => {
      const domain = { chainId, contract };
      return { domain, idOf: ({ nonce }: Voucher['channel']) => `0x${nonce.toString(16).padStart(64, '0')}` as Hex };
    };
    const here = chain(1, `0x${'11'.repeat(20)}`);
    const voucher = signVoucher(here, key, { channel, cumulativeWei: 5n });
    expect(voucherIsValid(here, voucher)).toBe(true);
    expect(voucherIsValid(chain(2, here.domain.contract), voucher)).toBe(false);
    expect(voucherIsValid(chain(1, `0x${'12'.repeat(20)}`), voucher)).toBe(false);
    expect(voucherIsValid(here, { ...voucher, channel: { ...channel, nonce: 2n } })).toBe(false);
    expect(voucherIsValid(here, { ...voucher, cumulativeWei: 6n })).toBe(false);
  });
});
