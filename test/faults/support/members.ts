import type { NodeFile } from '../../../src/consortium/index.ts';
import { type ConsortiumClient, consortiumClient } from '../../../src/contracts/index.ts';
import { type Address, keccak256, keyFrom, type NodeKey } from '../../../src/crypto/index.ts';
import type { Cluster } from '../../../src/experiments/index.ts';
import type { NodeSetup } from '../../../src/node/index.ts';
import { height, ledgerNode, ledgerNodes, MINUTE } from './small-cluster.ts';

/** Blocks in which at most f seats change. */
export const EPOCH_BLOCKS = 32;

/** A key for a member or machine that the consortium was not laid out with. */
export function newKey(name: string): NodeKey {
  return keyFrom(keccak256(new TextEncoder().encode(`key of ${name}`)));
}

/** The Consortium contract through the node of a seat, acting for its account. */
export function consortiumOf(cluster: Cluster, name: string): ConsortiumClient {
  return consortiumClient(ledgerNode(cluster, name).full.client);
}

/** The setup of a sealer's node beside those that were laid out: it knows the centre and nobody else. */
export function sealerSetup(
  cluster: Cluster,
  member: { readonly role: 'company' | 'proxy'; readonly name: string; readonly key: NodeKey; readonly accountKey?: NodeKey },
): NodeSetup {
  const { role, name, key, accountKey } = member;
  const pattern = cluster.seats.get(role === 'proxy' ? 'proxy' : 'company-1')?.setup;
  if (pattern === undefined) throw new Error('the cluster has sealers');
  const centre = cluster.id('centre');
  const { wireVersions: _none, accountKey: _other, ...rest } = pattern;
  const company = (accountKey ?? key).address;
  const file = { ...pattern.file, name, company, contacts: [{ node: centre, addresses: [`sim:${centre}`] }] } as NodeFile;
  return { ...rest, key, file, ...(accountKey !== undefined && { accountKey }) };
}

/** Has the voters vote until the proposal is decided or waits, each through its own node. */
export async function decide(cluster: Cluster, id: bigint, voters: readonly string[]): Promise<void> {
  for (const voter of voters) {
    await caughtUp(cluster, voter);
    const consortium = consortiumOf(cluster, voter);
    const { state, waitsFor } = await cluster.world.run(consortium.proposal(id), MINUTE);
    if (state !== 'open' || waitsFor !== 'nothing') return;
    await cluster.world.run(consortium.vote({ id, approve: true }), 5 * MINUTE);
  }
}

/** Waits until a node has what any other has now: a test must not read what it does not know yet. */
export async function caughtUp(cluster: Cluster, name: string): Promise<void> {
  const top = Math.max(...ledgerNodes(cluster).map((node) => node.full.ledger.head.number));
  await cluster.world.runUntil(() => height(cluster, name) >= top, 5 * MINUTE);
}

export async function sealersOf(cluster: Cluster, through: string): Promise<readonly Address[]> {
  await caughtUp(cluster, through);
  return cluster.world.run(consortiumOf(cluster, through).sealers(), MINUTE);
}
