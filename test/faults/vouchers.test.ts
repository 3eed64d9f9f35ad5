import { beforeAll, describe, expect, it } from 'vitest';
import { createLedgerClient, edgeRegistryClient, serviceId } from '../../src/contracts/index.ts';
import type { Hex } from '../../src/crypto/index.ts';
import type { Environment, NodeId } from '../../src/environment/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import { VOUCHER_PROTOCOL } from '../../src/market/index.ts';
import { withMessages } from './support/between.ts';
import { brokerBooks } from './support/books.ts';
import { keyOf } from './support/liars.ts';
import { deviceNode, ledgerNode, ON_DEMAND, SECOND, startCluster } from './support/small-cluster.ts';
import { decodeVoucher, encodeVoucher, signedVoucher, type WireVoucher } from './support/voucher-wire.ts';

interface Attempt {
  readonly what: string;
  readonly voucher: WireVoucher | Uint8Array;
  readonly code: string;
}

const OTHER_CONTRACT = '0x7ead1e0000000000000000000000000000000009';

/**
 * Devices 1 and 2 are honest payers whose messages are overheard. Device 3 is admitted like every device, has done and
 * paid a task of its own, and now sends the proxy and the edge nodes whatever it likes.
 */
describe('vouchers that are forged or replayed, over the network to the real nodes', () => {
  const overheard: { readonly from: string; readonly to: NodeId; readonly body: Uint8Array }[] = [];
  const environments = new Map<string, Environment>();
  let cluster: Cluster;
  let chainId: number;
  let genuine: WireVoucher;
  /** What device 3 promised last. */
  let own: WireVoucher;

  beforeAll(async () => {
    cluster = await startCluster(ON_DEMAND, {
      between: (environment, { name }) => {
        environments.set(name, environment);
        return withMessages(environment, {
          request(to, protocol, body) {
            if (protocol === VOUCHER_PROTOCOL) overheard.push({ from: name, to, body });
          },
        });
      },
    });
    chainId = cluster.genesis.chainId;
    genuine = await voucherOf('device-1');
    own = await voucherOf('device-3');
  });

  /** Has a device do and pay a task; returns the voucher that it sent. */
  async function voucherOf(name: string): Promise<WireVoucher> {
    const record = await cluster.world.run(deviceNode(cluster, name).runTask());
    expect(record).toMatchObject({ paid: true });
    return decodeVoucher(lastSent(name, cluster.id('proxy')));
  }

  function lastSent(from: string, to: NodeId): Uint8Array {
    const last = overheard.filter((message) => message.from === from && message.to === to).at(-1);
    if (last === undefined) throw new Error(`${from} sent no voucher to ${to}`);
    return last.body;
  }

  /** What the proxy (or another node) answers device 3: `accepted`, or the code of its refusal. */
  function send(voucher: WireVoucher | Uint8Array, to: NodeId = cluster.id('proxy')): Promise<string> {
    const { network } = environments.get('device-3') as Environment;
    const body = voucher instanceof Uint8Array ? voucher : encodeVoucher(voucher);
    const answer = network
      .connect({ node: to, addresses: [`sim:${to}`] })
      .then(() => network.request(to, VOUCHER_PROTOCOL, body));
    return cluster.world.run(
      answer.then(
        () => 'accepted',
        (error: { readonly code?: string }) => error.code ?? String(error),
      ),
      60 * SECOND,
    );
  }

  async function answersTo(attempts: readonly Attempt[], to?: NodeId): Promise<Readonly<Record<string, string>>> {
    const answers: Record<string, string> = {};
    for (const { what, voucher } of attempts) answers[what] = await send(voucher, to);
    return answers;
  }

  it('are refused with the reason, and change no book', async () => {
    const books = brokerBooks(cluster);
    const attacker = keyOf(cluster.seats, 'device-3');
    const victim = keyOf(cluster.seats, 'device-1');
    const flipped = Uint8Array.from(genuine.signature);
    flipped[10] = (flipped[10] as number) ^ 1;
    const raised = { ...genuine, cumulativeWei: 5_000n };
    const unknown = {
      taskId: `${own.payments[0]?.taskId.slice(0, 42)}${'5a'.repeat(12)}` as Hex,
      node: cluster.id('edge-1'),
      amountWei: 1_000n,
    };
    const mine = { channel: own.channel, cumulativeWei: 2_000n, payments: [unknown] };
    const attempts: readonly Attempt[] = [
      { what: 'signed by someone else', voucher: signedVoucher(attacker, { chainId }, raised), code: 'VOUCHER_FORGED' },
      { what: 'a raised amount', voucher: raised, code: 'VOUCHER_FORGED' },
      { what: 'a flipped bit', voucher: { ...genuine, signature: flipped }, code: 'VOUCHER_FORGED' },
      { what: 'for another chain', voucher: signedVoucher(victim, { chainId: chainId + 1 }, raised), code: 'VOUCHER_FORGED' },
      {
        what: 'for another contract',
        voucher: signedVoucher(victim, { chainId, contract: OTHER_CONTRACT }, raised),
        code: 'VOUCHER_FORGED',
      },
      { what: 'moved to another channel', voucher: { ...genuine, channel: own.channel }, code: 'VOUCHER_FORGED' },
      {
        what: 'a channel that was never opened',
        voucher: signedVoucher(attacker, { chainId }, { ...mine, channel: { ...own.channel, nonce: own.channel.nonce + 1n } }),
        code: 'VOUCHER_CHANNEL_UNKNOWN',
      },
      {
        what: 'a channel to somebody else',
        voucher: signedVoucher(attacker, { chainId }, { ...mine, channel: { ...own.channel, payee: victim.address } }),
        code: 'VOUCHER_CHANNEL_UNKNOWN',
      },
      { what: 'a task that was never matched', voucher: signedVoucher(attacker, { chainId }, mine), code: 'TASK_UNKNOWN' },
      {
        what: 'a task that another device has paid',
        voucher: signedVoucher(attacker, { chainId }, { ...mine, payments: genuine.payments }),
        code: 'VOUCHER_WRONG_PAYMENT',
      },
      {
        what: 'no payment at all',
        voucher: signedVoucher(attacker, { chainId }, { ...mine, payments: [] }),
        code: 'MESSAGE_MALFORMED',
      },
      { what: 'garbage', voucher: Uint8Array.of(0xc0, 1, 2, 3), code: 'MESSAGE_MALFORMED' },
    ];
    expect(await answersTo(attempts)).toEqual(Object.fromEntries(attempts.map(({ what, code }) => [what, code])));
    expect(brokerBooks(cluster)).toEqual(books);
  });

  it('and of a payer who cheats over a task of its own', async () => {
    const books = brokerBooks(cluster);
    const attacker = keyOf(cluster.seats, 'device-3');
    // A match that holds a slot: this much device 3 really owes once the work is done.
    const client = createLedgerClient({
      rpc: (method, params) => ledgerNode(cluster, 'company-1').full.rpc.call(method, params),
      key: attacker,
      environment: environments.get('company-1') as Environment,
      chainId,
    });
    const taskId = `${attacker.address}${'5b'.repeat(12)}` as Hex;
    const query = {
      latitudeE6: -37_813_600,
      longitudeE6: 144_963_100,
      service: serviceId('vibration.spectrum'),
      maxPriceWei: 2_000n,
    };
    const match = await cluster.world.run(edgeRegistryClient(client).requestMatch(taskId, query));
    if (!match.matched) throw new Error('no match');
    const payment = { taskId, node: match.node, amountWei: match.priceWei };
    const other = cluster.running('edge').find(({ id }) => id !== match.node)?.id as NodeId;
    const by = (change: Partial<WireVoucher>): WireVoucher =>
      signedVoucher(attacker, { chainId }, { channel: own.channel, cumulativeWei: 2_000n, payments: [payment], ...change });
    const depositWei = ON_DEMAND.payments.depositWei;
    const attempts: readonly Attempt[] = [
      { what: 'more than the deposit', voucher: by({ cumulativeWei: depositWei + 1n }), code: 'VOUCHER_ABOVE_DEPOSIT' },
      {
        what: 'less than the price',
        voucher: by({ payments: [{ ...payment, amountWei: 999n }] }),
        code: 'VOUCHER_WRONG_PAYMENT',
      },
      {
        what: 'another node than the matched one',
        voucher: by({ payments: [{ ...payment, node: other }] }),
        code: 'VOUCHER_WRONG_PAYMENT',
      },
      { what: 'too small a step', voucher: by({ cumulativeWei: own.cumulativeWei + 1n }), code: 'VOUCHER_WRONG_PAYMENT' },
      { what: 'an old voucher for a new task', voucher: { ...own, payments: [payment] }, code: 'VOUCHER_NOT_INCREASING' },
      {
        what: 'one task twice',
        voucher: by({ cumulativeWei: 3_000n, payments: [payment, payment] }),
        code: 'VOUCHER_WRONG_PAYMENT',
      },
    ];
    expect(await answersTo(attempts)).toEqual(Object.fromEntries(attempts.map(({ what, code }) => [what, code])));
    expect(brokerBooks(cluster)).toEqual(books);
  });

  it('a voucher that is sent again word for word is answered alike and booked once', async () => {
    const books = brokerBooks(cluster);
    expect(await send(genuine)).toBe('accepted');
    expect(await send(genuine)).toBe('accepted');
    expect(brokerBooks(cluster)).toEqual(books);
    const next = await voucherOf('device-1');
    expect(next.cumulativeWei).toBe(genuine.cumulativeWei + 1_000n);
    expect(await send(genuine)).toBe('accepted');
    expect(await send({ ...genuine, payments: next.payments })).toMatch(/^(accepted|VOUCHER_NOT_INCREASING)$/);
    expect(brokerBooks(cluster).receivedWei).toBe(books.receivedWei + 1_000n);
    expect(brokerBooks(cluster).promisedWei).toBe(books.promisedWei + 1_000n);
  });

  it('one for the proxy is worth nothing at an edge node, and one of the proxy nothing at another node', async () => {
    const [payment] = genuine.payments;
    const edge = payment?.node as NodeId;
    const other = cluster.running('edge').find(({ id }) => id !== edge)?.id as NodeId;
    expect(await send(await voucherOf('device-2'), edge)).toMatch(/^VOUCHER_(CHANNEL_UNKNOWN|WRONG_PAYMENT)$/);
    const onward = lastSent('proxy', edge);
    expect(await send(onward)).toMatch(/^VOUCHER_(CHANNEL_UNKNOWN|WRONG_PAYMENT)$/);
    expect(await send(onward, other)).toMatch(/^VOUCHER_(CHANNEL_UNKNOWN|WRONG_PAYMENT)$/);
    // The honest payers are not disturbed.
    expect((await voucherOf('device-1')).cumulativeWei).toBe(genuine.cumulativeWei + 2_000n);
    expect(cluster.failures).toEqual([]);
  });
});
