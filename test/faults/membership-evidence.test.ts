import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, type MessageType, type SignedMessage, signMessage } from '../../src/consensus/index.ts';
import { genesisDomain } from '../../src/consortium/index.ts';
import { type Hex, keccak256, toHex } from '../../src/crypto/index.ts';
import type { Scenario } from '../../src/experiments/index.ts';
import { CONSENSUS_PROTOCOL } from '../../src/node/index.ts';
import { at, type Between, chained, withMessages } from './support/between.ts';
import { consortiumOf, sealersOf } from './support/members.ts';
import { completed, forks, height, ledgerNode, logged, SECOND, SMALL, settle, startCluster } from './support/small-cluster.ts';
import { tellsPeersApart } from './support/splits.ts';

interface Liar {
  readonly between: Between;
  lying: boolean;
  /** Heights at which it lied. */
  readonly heights: ReadonlySet<number>;
}

/** A sealer that signs two different messages of a type while it is `lying`, and says both to everybody. */
function contradictsItself(type: Exclude<MessageType, 'round-change'>): Liar {
  const heights = new Set<number>();
  const liar: Liar = {
    lying: false,
    heights,
    between: (environment, seat) => {
      const contrary = (message: SignedMessage): Uint8Array => {
        const { signature: _signature, signer: _signer, ...said } = message as Extract<SignedMessage, { digest: Hex }>;
        const digest = toHex(keccak256(new TextEncoder().encode(`not ${said.digest}`)));
        heights.add(message.height);
        return encodeMessage(signMessage(genesisDomain(seat.setup.genesis), { ...said, digest }, seat.setup.key));
      };
      return withMessages(environment, {
        send(peer, protocol, frame) {
          if (protocol !== CONSENSUS_PROTOCOL || !liar.lying) return frame;
          const message = decodeMessage(frame);
          if (message.type !== type) return frame;
          environment.network.send(peer, protocol, contrary(message), 'control');
          return frame;
        },
      });
    },
  };
  return liar;
}

describe('a sealer that contradicts itself', () => {
  it.each(['prepare', 'commit', 'pre-prepare'] as const)(
    'in two %s messages is on record within two heights, in quarantine, and nobody else is accused',
    async (type) => {
      const liar = contradictsItself(type);
      const cluster = await startCluster(undefined, { between: at('company-2', liar.between) });
      const { world } = cluster;
      const culprit = cluster.id('company-2');
      liar.lying = true;
      const sealers = () => ledgerNode(cluster, 'company-1').full.ledger.sealers();
      await world.runUntil(() => !sealers().includes(culprit), 60 * SECOND);
      const firstLie = Math.min(...liar.heights);
      const [record] = (await world.run(consortiumOf(cluster, 'company-1').evidence({ offset: 0n, limit: 10n }))).slice(-1);
      expect(record).toMatchObject({ signer: culprit, account: culprit, quarantined: true });
      expect(Number(record?.reportedAt)).toBeLessThanOrEqual(firstLie + 2);

      const before = { height: height(cluster, 'proxy'), completed: completed(cluster) };
      await world.runFor(30 * SECOND);
      expect(height(cluster, 'proxy')).toBeGreaterThan(before.height + 5);
      expect(completed(cluster)).toBeGreaterThan(before.completed);
      for (let number = before.height + 1; number <= height(cluster, 'proxy'); number++) {
        expect((await ledgerNode(cluster, 'proxy').full.ledger.header(number))?.proposer).not.toBe(culprit);
      }
      const evidence = await world.run(consortiumOf(cluster, 'proxy').evidence({ offset: 0n, limit: 100n }));
      expect(new Set(evidence.map(({ signer }) => signer))).toEqual(new Set([culprit]));
      expect((await sealersOf(cluster, 'proxy')).length).toBe(3);
      // The culprit knows, and so does whoever asks a node.
      expect(logged(cluster, 'seat.quarantined', 'company-2').length).toBe(1);
      const report = await world.run(ledgerNode(cluster, 'proxy').full.treadle.membership());
      expect(report.quarantined).toEqual([culprit]);
      expect(report.evidence.at(-1)).toMatchObject({ message: type, signer: culprit, quarantined: true });
      expect(ledgerNode(cluster, 'company-2').full.treadle.node().seat).toBe('quarantined');
      await settle(cluster);
      expect(await forks(cluster)).toEqual([]);
      expect(cluster.failures).toEqual([]);
    },
  );

  it('is reinstated when the others agree, and seals again', async () => {
    const liar = contradictsItself('prepare');
    const cluster = await startCluster(undefined, { between: at('company-2', liar.between) });
    const { world } = cluster;
    const culprit = cluster.id('company-2');
    const sealers = () => ledgerNode(cluster, 'company-1').full.ledger.sealers();
    liar.lying = true;
    await world.runUntil(() => !sealers().includes(culprit), 60 * SECOND);
    liar.lying = false;
    const { id } = await world.run(consortiumOf(cluster, 'company-1').propose({ kind: 'reinstate', account: culprit }));
    const voted = await world.run(consortiumOf(cluster, 'company-3').vote({ id, approve: true }));
    expect(voted).toMatchObject({ executed: false, waitsFor: 'epoch' });
    const top = height(cluster, 'proxy') + 32;
    await world.runUntil(() => height(cluster, 'proxy') >= top, 400 * SECOND);
    await world.run(consortiumOf(cluster, 'company-1').execute(id));
    await world.runUntil(() => sealers().includes(culprit), 10 * SECOND);
    const head = () => ledgerNode(cluster, 'proxy').full.ledger.head;
    await world.runUntil(() => head().proposer === culprit, 120 * SECOND);
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });
});

describe('sealers that tell some one thing and the others another', () => {
  const SEVEN: Scenario = { ...SMALL, ledger: { ...SMALL.ledger, companies: 6, sealers: 7 } };
  const sets = [
    { scenario: SMALL, liars: ['company-2'], others: ['company-3'] },
    { scenario: SEVEN, liars: ['company-2', 'company-5'], others: ['company-3', 'company-4'] },
  ] as const;

  it.each(
    (['pre-prepare', 'prepare', 'commit'] as const).flatMap((type) =>
      sets.map((set) => ({ ...set, type, sealers: set.scenario.ledger.sealers })),
    ),
  )(
    'in $type messages are on record within two heights, all $liars of $sealers, and nobody else is accused',
    async ({ type, scenario, liars: names, others }) => {
      const liars = names.map(() => tellsPeersApart(type));
      const cluster = await startCluster(scenario, {
        between: chained(...liars.map((liar, seat) => at(names[seat] ?? '', liar.between))),
      });
      const { world } = cluster;
      const culprits = new Set(names.map((name) => cluster.id(name)));
      for (const liar of liars) {
        liar.others = new Set(others.map((name) => cluster.id(name)));
        liar.lying = true;
      }
      const sealers = () => ledgerNode(cluster, 'company-1').full.ledger.sealers();
      await world.runUntil(() => !sealers().some((sealer) => culprits.has(sealer)), 120 * SECOND);
      const evidence = await world.run(consortiumOf(cluster, 'company-1').evidence({ offset: 0n, limit: 100n }));
      expect(new Set(evidence.map(({ signer }) => signer))).toEqual(culprits);
      for (const [at, liar] of liars.entries()) {
        const [record] = evidence
          .filter(({ signer }) => signer === cluster.id(names[at] ?? ''))
          .toSorted((a, b) => Number(a.reportedAt - b.reportedAt));
        const firstLie = Math.min(...liar.heights());
        expect(record).toMatchObject({ quarantined: true });
        expect(Number(record?.reportedAt), `told at ${firstLie}`).toBeLessThanOrEqual(firstLie + 2);
      }

      const before = { height: height(cluster, 'proxy'), completed: completed(cluster) };
      await world.runFor(30 * SECOND);
      expect(height(cluster, 'proxy')).toBeGreaterThan(before.height + 5);
      expect(completed(cluster)).toBeGreaterThan(before.completed);
      const report = await world.run(ledgerNode(cluster, 'proxy').full.treadle.membership());
      expect(new Set(report.quarantined)).toEqual(culprits);
      expect(new Set(report.evidence.map(({ signer }) => signer))).toEqual(culprits);
      await settle(cluster);
      expect(await forks(cluster)).toEqual([]);
      expect(cluster.failures).toEqual([]);
    },
  );
});
