import { describe, expect, it } from 'vitest';
import {
  createLedgerClient,
  crossLedgerContracts,
  federalFileClient,
  filedLaneLeaf,
  inboxClient,
  LaneRecord,
  LaneTree,
  type LedgerClient,
  outboxClient,
  type PlacedLog,
  readLane,
  requireSameLane,
  sourceHeadersClient,
} from '../../src/contracts/index.ts';
import type { NodeKey } from '../../src/crypto/index.ts';
import { createWorld as createSimulation } from '../../src/environment/sim/index.ts';
import { hasCode, type TreadleError } from '../../src/errors.ts';
import { createPair, DEPOSIT, type Ledger } from './cross-ledger-fixture.ts';
import { addressFor, keyOf } from './harness.ts';
import { RpcNode } from './rpc-node.ts';
import { createWorld } from './world.ts';

const HOUR_MICROS = 3_600_000_000;

describe('typed clients of two ledgers', () => {
  it('relay a message there and its receipt back, from events alone', async () => {
    const { north, south } = await createPair();
    const simulation = createSimulation({ seed: 1 });
    const run = <T>(promise: Promise<T>) => simulation.run(promise, HOUR_MICROS);
    const clientOf = (ledger: Ledger, key: NodeKey): LedgerClient => {
      const environment = simulation.addNode(addressFor(`${key.address} on ${ledger.id}`));
      return createLedgerClient({ rpc: new RpcNode(ledger.chain).rpc, environment, chainId: ledger.chain.chainId, key });
    };
    const [relayer, user] = [keyOf('relayer key'), keyOf('user key')];
    await north.chain.fund(user.address, DEPOSIT);
    const [atNorth, atSouth] = [clientOf(north, relayer), clientOf(south, relayer)];
    const users = outboxClient(clientOf(north, user));

    const sent = await run(
      users.send({
        destination: south.id,
        target: addressFor('nobody'),
        data: '0x1234',
        expiresAt: BigInt(north.chain.now() + 600),
        gas: 50_000,
        depositWei: DEPOSIT,
      }),
    );
    expect(sent.envelope).toMatchObject({ nonce: 1n, sender: user.address, source: north.id });
    expect(await run(users.message(south.id, 1n))).toEqual({ open: true, outcome: 'none' });

    const there = new LaneRecord(south.id);
    for (const log of sent.transaction.logs) there.take(log);
    const lane = await run(outboxClient(atNorth).lane(south.id));
    requireSameLane(there, lane);
    await north.seal();
    const evidence = north.sealing.evidence(0, 1);
    const inbox = inboxClient(atSouth);
    await run(sourceHeadersClient(atSouth).advance(north.id, evidence));
    expect((await run(sourceHeadersClient(atSouth).ledger(north.id))).height).toBe(1n);
    await run(inbox.commitByCertificate(north.id, evidence, await north.laneProof()));
    expect(await run(inbox.root(north.id, 1n))).toBe(lane.root);
    const executed = await run(inbox.execute([there.delivery(1n)]));
    expect(executed.done).toEqual([{ nonce: 1n, outcome: 'failed' }]);
    expect(await run(inbox.isDone(north.id, 1n))).toBe(true);
    expect(await run(inbox.allowance(north.id))).toEqual({ messages: 9_999n, bytes: 9_999_998n });
    const again = await run(inbox.execute([there.delivery(1n)]).catch((error: unknown) => error));
    expect(hasCode(again, 'CONTRACT_REVERTED') && (again as TreadleError).data['errorName']).toBe('NothingDone');

    const back = new LaneRecord(north.id);
    for (const log of executed.receipt.logs) back.take(log);
    south.read([{ name: 'ReceiptAdded', args: { ...back.receipts.get(1n), index: 0n } }]);
    await south.seal();
    await run(inboxClient(atNorth).commitByCertificate(south.id, south.sealing.evidence(0, 1), await south.laneProof()));
    const settled = await run(outboxClient(atNorth).settle([back.settlement(sent.envelope)]));
    expect(settled.done).toEqual([{ nonce: 1n, outcome: 'failed' }]);
    expect(await run(users.message(south.id, 1n))).toEqual({ open: false, outcome: 'failed' });
    await run(users.collect());
    expect(await north.chain.balance(user.address)).toBe(DEPOSIT);
    // Why a contract that was asked refuses is passed on in words.
    const unknown = await run(inbox.root(99n, 1n).catch((error: unknown) => error));
    expect((unknown as TreadleError).data['errorName']).toBe('UnknownLane');
  });

  it('rebuild a lane page by page, and refuse one with a gap', async () => {
    const { north, south } = await createPair();
    const simulation = createSimulation({ seed: 2 });
    const user = keyOf('user key');
    await north.chain.fund(user.address, 10n * DEPOSIT);
    const environment = simulation.addNode(addressFor('user'));
    const client = createLedgerClient({
      rpc: new RpcNode(north.chain).rpc,
      environment,
      chainId: north.chain.chainId,
      key: user,
    });
    const wish = { destination: south.id, target: addressFor('nobody'), data: '0x' as const, gas: 0, depositWei: DEPOSIT };
    const logs: (readonly PlacedLog[])[] = [];
    for (let count = 0; count < 3; count++) {
      const expiresAt = BigInt(north.chain.now() + 600);
      const { transaction } = await simulation.run(outboxClient(client).send({ ...wish, expiresAt }), HOUR_MICROS);
      logs.push(transaction.logs);
    }
    const pages: (readonly [unknown, unknown])[] = [];
    const source: Pick<LedgerClient, 'logs'> = {
      async logs({ fromBlock, toBlock }) {
        pages.push([fromBlock, toBlock]);
        return logs[pages.length - 1] ?? [];
      },
    };
    const whole = new LaneRecord(south.id);
    await readLane(source, whole, { fromBlock: 1, toBlock: 2_500 });
    expect(pages).toEqual([
      [1, 1_000],
      [1_001, 2_000],
      [2_001, 2_500],
    ]);
    const lane = await simulation.run(outboxClient(client).lane(south.id), HOUR_MICROS);
    requireSameLane(whole, lane);
    const gap = new LaneRecord(south.id);
    expect(() => gap.take(logs[1]?.[0] ?? expect.fail())).toThrow(expect.objectContaining({ code: 'CONTRACT_LANE_BROKEN' }));
    expect(() => requireSameLane(gap, lane)).toThrow(expect.objectContaining({ code: 'CONTRACT_LANE_BROKEN' }));
    expect(() => whole.delivery(4n)).toThrow(RangeError);
  });

  it('file for a ledger, and read what was filed', async () => {
    const world = await createWorld(7400);
    const [ardent] = world.companies;
    const filed = [{ chainId: 7401n, interval: 4, companies: world.companies.map(({ address }) => address) }];
    for (const { address, initCode } of crossLedgerContracts({ lanes: [], sources: [], filed })) {
      await world.chain.place(address, initCode);
    }
    const simulation = createSimulation({ seed: 3 });
    const run = <T>(promise: Promise<T>) => simulation.run(promise, HOUR_MICROS);
    const rpc = new RpcNode(world.chain).rpc;
    const clientOf = (key: NodeKey) =>
      federalFileClient(createLedgerClient({ rpc, environment: simulation.addNode(key.address), chainId: 7400, key }));
    const gateway = keyOf('gateway key');
    await run(clientOf(ardent).setGateway(7401n, gateway.address, true));
    const tree = new LaneTree();
    const lane = { destination: 7402n, size: 3n, root: `0x${'ab'.repeat(32)}` as const };
    tree.append(filedLaneLeaf({ source: 7401n, ...lane }));
    const content = { blockHash: `0x${'01'.repeat(32)}` as const, lanesRoot: tree.root(), lanes: 1n };
    const file = clientOf(gateway);
    await run(file.file(7401n, 8n, content));
    expect(await run(file.ledger(7401n))).toMatchObject({ interval: 4, lastHeight: 8n, contradictions: 0 });
    const standing = await run(file.standing(7401n, 8n));
    expect(standing).toMatchObject({ confirmations: 1n, wanted: 1n, usable: true });
    expect(standing.filing).toMatchObject({ ...content, gateway: gateway.address });
    expect(await run(file.filings(7401n, 8n))).toHaveLength(1);
    expect(await run(file.includes(7401n, 8n, lane, tree.place(0)))).toBe(true);
    expect(await run(file.includes(7401n, 8n, { ...lane, size: 4n }, tree.place(0)))).toBe(false);
  });
});
