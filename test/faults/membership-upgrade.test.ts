import { describe, expect, it } from 'vitest';
import { issueCertificate, type WireVersions } from '../../src/consortium/index.ts';
import type { NodeSetup } from '../../src/node/index.ts';
import type { keyOf } from './support/liars.ts';
import {
  completed,
  deviceNode,
  forks,
  height,
  ledgerNode,
  ledgerNodes,
  logged,
  MINUTE,
  ON_DEMAND,
  SEALERS,
  SECOND,
  SMALL,
  settle,
  startCluster,
} from './support/small-cluster.ts';
import { watchVotes } from './support/vote-watch.ts';

const OLD: WireVersions = { lowest: 1, highest: 1 };
const NEW: WireVersions = { lowest: 1, highest: 2 };
const speaking = (setup: NodeSetup, wireVersions: WireVersions): NodeSetup => ({ ...setup, wireVersions });

describe('a rolling upgrade', () => {
  it('from wire version 1 to 2 node by node, and back, loses no block and no task', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(SMALL, { ...votes, setup: ({ setup }) => speaking(setup, OLD) });
    const { world } = cluster;
    const everybody = [...SEALERS, 'centre', 'edge-1', 'edge-2', 'edge-3', 'device-1'];
    const move = async (name: string, to: WireVersions): Promise<void> => {
      const setup = cluster.seats.get(name)?.setup;
      if (setup === undefined) throw new Error(`there is no seat ${name}`);
      const others = SEALERS.filter((sealer) => sealer !== name);
      const before = Math.max(...others.map((sealer) => height(cluster, sealer)));
      cluster.replace(name, speaking(setup, to));
      await world.runUntil(() => cluster.seats.get(name)?.node !== undefined, 10 * SECOND);
      await world.runUntil(() => Math.max(...others.map((sealer) => height(cluster, sealer))) > before + 1, MINUTE);
      if (name.startsWith('device')) return;
      await world.runUntil(() => height(cluster, name) >= before, MINUTE);
    };
    const versionsAt = (name: string): readonly number[] => {
      const { peering, environment } = ledgerNode(cluster, name).full;
      return environment.network.peers().map((peer) => peering.wireVersion(peer));
    };

    expect(new Set(versionsAt('proxy'))).toEqual(new Set([1]));
    const done = completed(cluster);
    for (const name of everybody.slice(0, 3)) await move(name, NEW);
    // The new ones speak 2 among themselves and 1 with the others.
    expect(new Set(versionsAt('proxy'))).toEqual(new Set([1, 2]));
    expect(new Set(versionsAt('company-3'))).toEqual(new Set([1]));
    for (const name of everybody.slice(3)) await move(name, NEW);
    await world.runUntil(
      () => SEALERS.every((name) => ledgerNode(cluster, name).full.environment.network.peers().length >= 3),
      MINUTE,
    );
    expect(versionsAt('company-3')).toContain(2);
    const same = ledgerNodes(cluster).reduce(
      (sum, { full }) => sum + (full.environment.metrics.snapshot()['directory_ranges_same_total'] ?? 0),
      0,
    );
    expect(same).toBeGreaterThan(0);
    for (const name of SEALERS) await move(name, OLD);
    expect(new Set(versionsAt('proxy'))).toEqual(new Set([1]));

    await world.runFor(20 * SECOND);
    expect(completed(cluster)).toBeGreaterThan(done + 5);
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('that skips too many versions is refused on both sides, which say why', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { world } = cluster;
    const setup = cluster.seats.get('company-3')?.setup;
    if (setup === undefined) throw new Error('company-3 has a seat');
    cluster.replace('company-3', speaking(setup, { lowest: 3, highest: 4 }));
    await world.runFor(20 * SECOND);
    expect(ledgerNode(cluster, 'company-3').full.environment.network.peers()).toEqual([]);
    const reasons = logged(cluster, 'link.failed', 'company-3').map(({ fields }) => String(fields['reason']));
    expect(reasons.some((reason) => /wire version/.test(reason))).toBe(true);
    const before = height(cluster, 'proxy');
    await world.runFor(30 * SECOND);
    expect(height(cluster, 'proxy')).toBeGreaterThan(before);
  });
});

describe('a certificate', () => {
  const certificateFor = (seats: Parameters<typeof keyOf>[0], setup: NodeSetup, expiresAtSeconds: number) => {
    const issuer = [...seats.values()].find((seat) => seat.setup.key.address === setup.file.company);
    if (issuer === undefined || setup.certificate === undefined) throw new Error('the seat is certified by a seat');
    const { observer, role, chainId } = setup.certificate;
    const serial = `0x${expiresAtSeconds.toString(16).padStart(64, '0')}` as const;
    return issueCertificate({ observer, role, expiresAtSeconds, serial, chainId }, issuer.setup.key);
  };

  it('that expires ends the connections; a later one lets the node in again, and one in time keeps them all', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { world } = cluster;
    const seconds = () => Math.floor(world.now / 1_000_000);
    const expiresAt = seconds() + 60;
    for (const name of ['edge-1', 'edge-2']) {
      const setup = cluster.seats.get(name)?.setup as NodeSetup;
      cluster.replace(name, { ...setup, certificate: certificateFor(cluster.seats, setup, expiresAt) });
    }
    await world.runUntil(
      () =>
        ['edge-1', 'edge-2'].every(
          (name) => (cluster.seats.get(name)?.node as { listed?: boolean } | undefined)?.listed === true,
        ),
      30 * SECOND,
    );
    const peersOf = (name: string) => ledgerNode(cluster, name).full.environment.network.peers();
    const drops = () => logged(cluster, 'peer.no-longer-admitted').map(({ fields }) => fields['peer']);
    // A month is longer than these two hold: both are warned of.
    expect(logged(cluster, 'certificate.expires-soon').map(({ node }) => node)).toContain(cluster.id('edge-1'));
    expect(ledgerNode(cluster, 'edge-1').full.treadle.node().certificate).toEqual({
      expiresAtSeconds: expiresAt,
      state: 'expires-soon',
    });
    const second = cluster.seats.get('edge-2');
    await world.run(
      second?.node?.renewCertificate(certificateFor(cluster.seats, second.setup, expiresAt + 100_000_000)) ??
        Promise.reject(new Error('edge-2 is up')),
    );
    await world.runUntil(() => seconds() > expiresAt + 15, 2 * MINUTE);
    expect(peersOf('edge-1')).toEqual([]);
    expect(drops()).toContain(cluster.id('edge-1'));
    const refused = logged(cluster, 'link.failed', 'edge-1').map(({ fields }) => String(fields['reason']));
    expect(refused.some((reason) => /CERTIFICATE_EXPIRED/.test(reason))).toBe(true);
    expect(drops()).not.toContain(cluster.id('edge-2'));
    expect(peersOf('edge-2').length).toBeGreaterThan(1);

    const first = cluster.seats.get('edge-1');
    const renewed = first?.node?.renewCertificate(certificateFor(cluster.seats, first.setup, expiresAt + 50_000_000));
    await world.run(renewed ?? Promise.reject(new Error('edge-1 is up')), 5 * MINUTE);
    await world.runUntil(() => peersOf('edge-1').length > 1, 30 * SECOND);
    // The ledger knows both by their new certificates: whoever asks for work may be sent to them.
    const record = await world.run(deviceNode(cluster, 'device-1').runTask(), 5 * MINUTE);
    expect(record.error).toBeUndefined();
    expect(cluster.failures).toEqual([]);
  });

  it('for another node or of an earlier end is not taken over', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const [edge, other] = [cluster.seats.get('edge-1'), cluster.seats.get('edge-2')];
    if (edge?.node === undefined || other === undefined) throw new Error('edge nodes are up');
    const far = Math.floor(cluster.world.now / 1_000_000) + 200_000_000;
    for (const certificate of [
      certificateFor(cluster.seats, other.setup, far),
      certificateFor(cluster.seats, edge.setup, 1_800_000_000),
    ]) {
      await expect(cluster.world.run(edge.node.renewCertificate(certificate))).rejects.toMatchObject({
        code: 'NODE_MISCONFIGURED',
      });
    }
    const sealer = cluster.seats.get('company-1')?.node;
    await expect(
      cluster.world.run(sealer?.renewCertificate(certificateFor(cluster.seats, edge.setup, far)) ?? Promise.resolve()),
    ).rejects.toMatchObject({ detail: expect.stringMatching(/a company shows no certificate/) });
  });
});
