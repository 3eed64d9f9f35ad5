import { describe, expect, it } from 'vitest';
import { edgeRegistryClient, serviceId } from '../../src/contracts/index.ts';
import { fromHex, type Hex, toHex } from '../../src/crypto/index.ts';
import { hasCode } from '../../src/errors.ts';
import { at } from './support/between.ts';
import { auditMatches, channelMoney, registryEvents } from './support/books.ts';
import { forgesProposals, withholdsBodies } from './support/liars.ts';
import {
  completed,
  forks,
  height,
  ledgerNode,
  logged,
  ON_DEMAND,
  SECOND,
  settle,
  startCluster,
} from './support/small-cluster.ts';

const COMPANIES = ['company-1', 'company-2', 'company-3'] as const;

describe('a proxy whose proposals lie', () => {
  it.each(['stateRoot', 'receiptsRoot', 'transactionsRoot'] as const)(
    'with a forged %s is refused by everybody, and the chain goes on without it',
    async (field) => {
      const liar = forgesProposals();
      const cluster = await startCluster(undefined, { between: at('proxy', liar.between) });
      const proxy = cluster.id('proxy');
      const before = { height: height(cluster, 'company-1'), completed: completed(cluster) };
      liar.field = field;
      await cluster.world.runFor(40 * SECOND);
      const until = height(cluster, 'company-1');

      // It was passed over after the first one.
      expect(liar.sent()).toBeGreaterThan(0);
      expect(until).toBeGreaterThan(before.height + 8);
      expect(completed(cluster)).toBeGreaterThan(before.completed + 5);
      // Two blocks may have been on their way when it began to lie.
      for (let number = before.height + 3; number <= until; number++) {
        expect((await ledgerNode(cluster, 'company-1').full.ledger.header(number))?.proposer).not.toBe(proxy);
      }
      for (const name of COMPANIES) {
        const faults = logged(cluster, 'consensus.fault', name).filter(({ fields }) => fields['peer'] === proxy);
        expect(faults.length).toBeGreaterThan(0);
        const words = { stateRoot: /state root/, receiptsRoot: /receipts root/, transactionsRoot: /transactions root/ }[field];
        for (const { fields } of faults) expect(String(fields['reason'])).toMatch(words);
      }

      // An honest proxy is welcome again, at its next try.
      liar.field = undefined;
      const seen = async () => {
        const head = ledgerNode(cluster, 'company-1').full.ledger.head;
        return head.number > until && head.proposer === proxy;
      };
      let honest = false;
      for (let tries = 0; tries < 800 && !honest; tries++) {
        await cluster.world.runFor(SECOND / 4);
        honest = await seen();
      }
      expect(honest).toBe(true);
      await settle(cluster);
      expect(await forks(cluster)).toEqual([]);
      const audit = await auditMatches(cluster);
      expect(audit.findings).toEqual([]);
      expect(audit.matches).toBeGreaterThan(5);
      expect((await channelMoney(cluster)).conserved).toBe(true);
      expect(cluster.failures).toEqual([]);
    },
  );

  it('that shows the bodies of its proposals to nobody gets none through', async () => {
    const liar = withholdsBodies();
    const cluster = await startCluster(ON_DEMAND, { between: at('proxy', liar.between) });
    const { world } = cluster;
    liar.withholding = true;
    const { client } = ledgerNode(cluster, 'proxy').full;
    const secret = client.transact({ to: cluster.id('company-1'), value: 1n }).catch(() => undefined);
    const before = height(cluster, 'company-1');
    await world.runUntil(
      () => COMPANIES.every((name) => logged(cluster, 'consensus.bodies-missing', name).length > 0),
      60 * SECOND,
    );
    // The others still commit what they hold.
    const open = ledgerNode(cluster, 'company-1').full.client;
    await world.run(open.transact({ to: cluster.id('company-2'), value: 1n }), 60 * SECOND);
    await world.runUntil(() => height(cluster, 'company-1') >= before + 4, 120 * SECOND);
    expect(await balanceGain(cluster.id('company-1'))).toBe(-1n);

    liar.withholding = false;
    // Nobody else holds its transaction, so it waits until the proxy, passed over meanwhile, gets its next try.
    let paid = 1n;
    const due = async (): Promise<bigint> => (await balanceGain(cluster.id('company-1'))) + paid;
    while ((await due()) === 0n && paid < 150n) {
      await world.run(open.transact({ to: cluster.id('company-2'), value: 1n }), 60 * SECOND);
      paid += 1n;
    }
    expect(await due()).toBe(1n);
    await world.run(secret);
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(cluster.failures).toEqual([]);

    async function balanceGain(account: Hex): Promise<bigint> {
      const { ledger } = ledgerNode(cluster, 'company-1').full;
      const [first, last] = await world.run(Promise.all([ledger.account(account, 0), ledger.account(account, 'latest')]));
      return (last?.balance ?? 0n) - (first?.balance ?? 0n);
    }
  });

  it('that asks for matches in the name of a device is told by the contract that it may not', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { client } = ledgerNode(cluster, 'proxy').full;
    const registry = edgeRegistryClient(client);
    const query = {
      latitudeE6: -37_813_600,
      longitudeE6: 144_963_100,
      service: serviceId('vibration.spectrum'),
      maxPriceWei: 2_000n,
    };
    const taskIdFor = (account: Hex): Hex => toHex(Uint8Array.of(...fromHex(account), ...new Uint8Array(12).fill(7)));

    for (const [account, errorName] of [
      [cluster.id('device-1'), 'NotADevice'],
      [cluster.id('proxy'), 'NotADevice'],
    ] as const) {
      const taskId = taskIdFor(account);
      const refusal = await cluster.world.run(
        registry.requestMatch(taskId, query).then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      expect(hasCode(refusal, 'CONTRACT_REVERTED') && refusal.data['errorName']).toBe(errorName);
      expect((await cluster.world.run(registry.task(taskId))).status).toBe('none');
    }
    const matched = (await registryEvents(cluster)).filter(({ eventName }) => eventName === 'Matched');
    expect(matched).toEqual([]);
    // The device itself is not in the way of anything that happened.
    const record = await cluster.world.run(
      cluster.running('device')[0]?.runTask() ?? Promise.reject(new Error('no device is up')),
    );
    expect(record.error).toBeUndefined();
    expect((await auditMatches(cluster)).findings).toEqual([]);
  });
});
