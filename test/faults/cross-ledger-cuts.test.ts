import { encodeFunctionData } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  FEDERAL_FILE_ADDRESS,
  federalFileArtifact,
  federalFileClient,
  LANE_CONTROL_ADDRESS,
  LaneRecord,
  laneControlArtifact,
  messageOutcomes,
  readLane,
} from '../../src/contracts/index.ts';
import { type Hex, lendBlsCurve } from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import { MINUTE_MICROS, ORACLES, type Part, send, startLedgers, until } from './support/ledgers.ts';

const HOUR_SECONDS = 3_600;
const COMPANIES = ['company-1', 'company-2', 'company-3'] as const;
const LIE: Hex = `0x${'bad0'.repeat(16)}`;

beforeAll(() => lendBlsCurve(nativeBlsCurve));
afterAll(() => lendBlsCurve(() => undefined));

/** What the destination says of a message, from its own events; undefined when it has said nothing. */
async function toldOf(of: Part, by: Part, nonce: bigint): Promise<string | undefined> {
  const record = new LaneRecord(of.id);
  await readLane(by.client, record, { fromBlock: 0, toBlock: by.chain.head.number });
  return messageOutcomes[record.receipts.get(nonce)?.receipt.outcome ?? messageOutcomes.length];
}

const idsOf = (ledger: Cluster, seats: readonly string[]) => seats.map((seat) => ledger.id(seat));

describe('ledgers that are cut off from one another', () => {
  it('accept nothing, clear up on both sides what has expired, and carry the rest when the way is free again', async () => {
    const { cluster, north, south } = await startLedgers({
      trust: 'certificate',
      lane: { graceSeconds: HOUR_SECONDS },
      heartbeat: '20 s',
    });
    const { world } = cluster;
    // Whoever relays has nodes of both ledgers. Those of the south see nothing of it any more, and nobody there hears of them.
    world.partition([idsOf(south.ledger, ORACLES), idsOf(south.ledger, ['proxy', 'centre', ...COMPANIES])]);
    const brief = (await world.run(send(north, south, 60))).envelope.nonce;
    const patient = (await world.run(send(north, south, 3 * HOUR_SECONDS))).envelope.nonce;
    await world.runFor(5 * MINUTE_MICROS);
    const state = async (nonce: bigint) => world.run(north.outbox.message(south.id, nonce));
    expect([(await state(brief)).open, (await state(patient)).open]).toEqual([true, true]);
    expect((await world.run(south.inbox.lane(north.id))).size).toBe(0n);

    // The source ends by itself what the other side can no longer execute.
    await until(cluster, async () => !(await north.outbox.message(south.id, brief)).open, 80 * MINUTE_MICROS);
    expect(await state(brief)).toMatchObject({ outcome: 'givenUp' });
    expect(await state(patient)).toMatchObject({ open: true });
    expect(await world.run(toldOf(north, south, brief))).toBeUndefined();

    world.heal();
    await until(cluster, async () => !(await north.outbox.message(south.id, patient)).open, 20 * MINUTE_MICROS);
    expect(await state(patient)).toMatchObject({ outcome: 'failed' });
    await until(cluster, () => south.inbox.isDone(north.id, brief));
    expect(await world.run(toldOf(north, south, brief))).toBe('expired');
    // A receipt that comes after that changes nothing.
    expect(await state(brief)).toMatchObject({ outcome: 'givenUp' });
  }, 180_000);
});

describe('gateways', () => {
  it('that all withhold stop what needs a group, and nothing is believed meanwhile', async () => {
    const { cluster, fbc, north, south } = await startLedgers({ trust: 'both' });
    const { world } = cluster;
    // Nothing reaches the federal ledger: its sealers do not even find a quorum.
    world.partition(idsOf(fbc.ledger, ['proxy', ...COMPANIES]).map((id) => [id]));
    const brief = (await world.run(send(north, south, 30))).envelope.nonce;
    const patient = (await world.run(send(north, south))).envelope.nonce;
    await world.runFor(MINUTE_MICROS);
    expect((await world.run(south.inbox.lane(north.id))).size).toBe(0n);
    expect((await world.run(north.outbox.lane(south.id))).open).toBe(2n);
    world.heal();
    await until(cluster, async () => (await north.outbox.lane(south.id)).open === 0n, 10 * MINUTE_MICROS);
    expect((await world.run(north.outbox.message(south.id, brief))).outcome).toBe('expired');
    expect((await world.run(north.outbox.message(south.id, patient))).outcome).toBe('failed');
  }, 180_000);

  it('that lie block their ledger, visibly and by name, until the companies have decided', async () => {
    const { cluster, fbc, north, south } = await startLedgers({ trust: 'both' });
    const { world } = cluster;
    const file = federalFileClient(fbc.client);
    const [liar, ...others] = fbc.ledger.running('company').map(({ full }) => full.client);
    if (liar === undefined) return expect.fail('there are no companies');
    // It files before there is anything to file, so that its lie stands first.
    const { interval } = await world.run(file.ledger(north.id));
    const height = BigInt((Math.floor(north.chain.head.number / interval) + 2) * interval);
    await world.run(federalFileClient(liar).file(north.id, height, { blockHash: LIE, lanesRoot: LIE, lanes: 1n }));
    await until(cluster, async () => (await file.ledger(north.id)).contradictions > 0);
    const { nonce } = (await world.run(send(north, south))).envelope;
    await world.runFor(MINUTE_MICROS);
    expect((await world.run(south.inbox.lane(north.id))).size).toBe(0n);
    expect(await world.run(south.inbox.isDone(north.id, nonce))).toBe(false);
    const [first, second] = await world.run(file.filings(north.id, height));
    expect([first?.gateway, first?.blockHash]).toEqual([liar.account, LIE]);
    expect(second?.blockHash).toBe((await north.chain.header(Number(height)))?.hash);

    const call = encodeFunctionData({ abi: federalFileArtifact.abi, functionName: 'resolve', args: [north.id, height, 1n] });
    const approve = { abi: laneControlArtifact.abi, functionName: 'approve', args: [FEDERAL_FILE_ADDRESS, call] } as const;
    for (const client of [...others, liar]) {
      await world.run(client.transact({ to: LANE_CONTROL_ADDRESS, data: encodeFunctionData(approve) }));
    }
    await until(cluster, async () => !(await north.outbox.message(south.id, nonce)).open, 10 * MINUTE_MICROS);
    expect((await world.run(north.outbox.message(south.id, nonce))).outcome).toBe('failed');
  }, 180_000);
});
