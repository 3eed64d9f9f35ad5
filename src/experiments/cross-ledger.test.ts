import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { federalFileClient, inboxClient, type LaneConfig, type LaneTrust, outboxClient } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import { createLedgersCluster, type LedgersCluster } from './ledgers-cluster.ts';
import { loadScenario } from './scenario/index.ts';

const MINUTE = 60_000_000;
const TEXT = `
scenario: cross-ledger
duration: 60 s
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: 1 s, baseTimeout: 2 s }
edge: { count: 1 }
devices: { count: 0 }
oracle: { nodes: 5, termBlocks: 60, electBlocks: 6, minStake: 10 ether, jobs: { data: { groupSize: 4, fee: 7 wei } } }
`;
const scenario = loadScenario(TEXT, { file: 'cross-ledger.yaml', readFile: (path) => readFileSync(path, 'utf8') });
const QUEUED = 400;
const AT_ONCE = 200;
const NOBODY: Address = '0x00000000000000000000000000000000000000aa';

async function started(trust: Exclude<LaneTrust, 'none'>, lane: Partial<Omit<LaneConfig, 'trust'>> = {}) {
  const cluster = createLedgersCluster(scenario, 1, { ledgers: ['fbc', 'north', 'south'], trust, lane });
  await cluster.start();
  return { cluster, north: partOf(cluster, 'north'), south: partOf(cluster, 'south') };
}

function partOf(cluster: LedgersCluster, name: string) {
  const ledger = cluster.ledger(name);
  const { client, ledger: chain } = ledger.running('proxy')[0]?.full ?? expect.fail('there is no proxy');
  return { ledger, client, chain, id: BigInt(ledger.genesis.chainId), outbox: outboxClient(client), inbox: inboxClient(client) };
}
type Part = ReturnType<typeof partOf>;

function send(from: Part, to: Part, seconds = 3_600) {
  const expiresAt = BigInt(Math.floor(from.chain.head.timestampMs / 1000) + seconds);
  const wish = { destination: to.id, target: NOBODY, data: '0x1234', expiresAt, gas: 30_000, depositWei: 10n ** 13n } as const;
  return from.outbox.send(wish);
}

/** Runs until a question about a ledger is answered with yes. */
async function until(cluster: LedgersCluster, question: () => Promise<boolean>, micros = 5 * MINUTE): Promise<void> {
  for (let passed = 0; passed < micros; passed += 1_000_000) {
    if (await cluster.world.run(question())) return;
    await cluster.world.runFor(1_000_000);
  }
  expect.fail('it did not come to that in time');
}

describe('ledgers of one consortium', () => {
  it.each(['group', 'certificate', 'both'] as const)('carry a message there and its receipt back, by %s', async (trust) => {
    const { cluster, north, south } = await started(trust);
    const { envelope } = await cluster.world.run(send(north, south));
    await until(cluster, async () => !(await north.outbox.message(south.id, envelope.nonce)).open);
    expect(await cluster.world.run(south.inbox.isDone(north.id, envelope.nonce))).toBe(true);
    // Nobody is there who could take it.
    expect((await cluster.world.run(north.outbox.message(south.id, envelope.nonce))).outcome).toBe('failed');
  });

  it('go on while a gateway withholds and relays die, and end what expires', async () => {
    const { cluster, north, south } = await started('both');
    const federal = federalFileClient(partOf(cluster, 'fbc').client);
    await until(cluster, async () => (await federal.ledger(north.id)).lastHeight > 0n);
    for (const seat of ['company-1', 'oracle-1']) cluster.crash(seat);
    const first = await cluster.world.run(send(north, south));
    const brief = await cluster.world.run(send(north, south, 11));
    await cluster.world.runFor(5_000_000);
    cluster.restart('oracle-1');
    cluster.crash('oracle-2');
    await until(cluster, async () => !(await north.outbox.message(south.id, first.envelope.nonce)).open);
    await until(cluster, async () => !(await north.outbox.message(south.id, brief.envelope.nonce)).open);
    expect((await cluster.world.run(north.outbox.message(south.id, first.envelope.nonce))).outcome).toBe('failed');
    expect((await cluster.world.run(north.outbox.message(south.id, brief.envelope.nonce))).outcome).toBe('expired');
    expect((await cluster.world.run(federal.ledger(north.id))).contradictions).toBe(0);
  });

  it('drain a long queue after every relay was away', async () => {
    const { cluster, north, south } = await started('certificate', {
      openPerSender: 10_000,
      messagesPerPeriod: 3_000,
      bytesPerPeriod: 3_000_000,
    });
    const relays = ['oracle-1', 'oracle-2', 'oracle-3', 'oracle-4', 'oracle-5'];
    for (const seat of relays) cluster.crash(seat);
    for (let sent = 0; sent < QUEUED; sent += AT_ONCE) {
      await cluster.world.run(Promise.all(Array.from({ length: AT_ONCE }, () => send(north, south))));
    }
    for (const seat of relays) cluster.restart(seat);
    await until(cluster, async () => (await north.outbox.lane(south.id)).open === 0n, 15 * MINUTE);
    expect((await cluster.world.run(north.outbox.message(south.id, BigInt(QUEUED)))).outcome).toBe('failed');
  });
});
