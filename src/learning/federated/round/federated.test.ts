import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyFrom } from '../../../crypto/index.ts';
import { openDoor } from '../../../environment/contract/index.ts';
import { createHostEnvironment } from '../../../environment/host/index.ts';
import { nodeId, SECOND, TRAINING, trainingServices, trainingWorld } from '../testing/training-world.ts';
import { digestOfWeights } from '../weights.ts';
import { CLIENT_PROTOCOL, decodeAnswer, encodeClientRequest } from './messages.ts';
import { checkRecordChain } from './record-chain.ts';
import { MODEL_PROTOCOL, UPDATE_PROTOCOL } from './weight-exchange.ts';

const MINUTES = 60 * SECOND;

describe('a training over the network', () => {
  it('learns, and everybody ends with the anchored model', async () => {
    const runs = [];
    for (let run = 0; run < 2; run++) {
      const { world, coordinator, ledger, models, first, evaluate } = await trainingWorld({ clients: 4 });
      const before = await evaluate(first);
      const weights = await world.run(coordinator.run(), 30 * MINUTES);
      await world.runFor(10 * SECOND);
      const last = ledger.get(3);
      expect(coordinator.records.map(({ round }) => round)).toEqual([1, 2, 3]);
      checkRecordChain(coordinator.records, { training: TRAINING, first: digestOfWeights(first) });
      expect(digestOfWeights(weights)).toBe(last?.digest);
      expect(last?.metrics.accuracy).toBeGreaterThan(Math.max(0.9, before.accuracy));
      expect(last?.accepted).toHaveLength(4);
      for (const seen of models.values()) expect(seen.at(-1)).toEqual({ digest: last?.digest, final: true });
      runs.push({ digest: last?.digest, trace: world.traceHash() });
    }
    expect(runs[1]).toEqual(runs[0]);
  });

  it('asks others in the place of those who cannot, and ends with a quorum when a third is cut off', async () => {
    const { world, coordinator, environment } = await trainingWorld({
      clients: 6,
      coordinator: { active: 4, quorum: 3, deadlineMicros: 120 * SECOND },
    });
    world.at(1000, () => {
      for (const number of [3, 5]) {
        world.block(environment.node, nodeId(number));
        world.block(nodeId(number), environment.node);
      }
    });
    await world.run(coordinator.run(), 60 * MINUTES);
    const gone = [nodeId(3), nodeId(5)];
    for (const { accepted, absent } of coordinator.records) {
      expect(accepted.length).toBeGreaterThanOrEqual(3);
      for (const { client } of accepted) expect(gone).not.toContain(client);
      for (const { client } of absent) expect(gone).toContain(client);
    }
    expect(coordinator.records.flatMap(({ absent }) => absent).length).toBeGreaterThan(0);
  });

  it('takes what came at the deadline and names those who were late', async () => {
    const never = new Promise<never>(() => undefined);
    const { world, coordinator } = await trainingWorld({
      clients: 3,
      coordinator: { quorum: 2, rounds: 1, deadlineMicros: 30 * SECOND },
      twist: (honest, number) => (number === 3 ? () => never : honest),
    });
    await world.run(coordinator.run(), 30 * MINUTES);
    const [record] = coordinator.records;
    expect(record?.accepted.map(({ client }) => client)).toEqual([nodeId(2), nodeId(4)]);
    expect(record?.absent).toEqual([{ client: nodeId(3), reason: 'late: was training at the end of the round' }]);
  });

  it('says what is missing when no quorum comes', async () => {
    const { world, coordinator } = await trainingWorld({
      clients: 3,
      coordinator: { quorum: 3, deadlineMicros: 10 * SECOND, attemptsMax: 2 },
      twist: (honest, number) => (number === 3 ? () => new Promise<never>(() => undefined) : honest),
    });
    await expect(world.run(coordinator.run(), 30 * MINUTES)).rejects.toMatchObject({
      code: 'FEDERATED_QUORUM_MISSED',
      detail: 'Round 1: 2 updates came, 3 are needed',
    });
  });

  it('goes on from the last finished round when the coordinator is killed in the middle of one', async () => {
    const undisturbed = await trainingWorld({ clients: 4 });
    const expected = digestOfWeights(await undisturbed.world.run(undisturbed.coordinator.run(), 30 * MINUTES));

    const { world, coordinator, environment, ledger, models, clients, addresses, start, openCoordinator } = await trainingWorld({
      clients: 4,
    });
    void coordinator.run().catch(() => undefined);
    await world.runUntil(() => ledger.size === 1 && [...models.values()].some((seen) => seen.length === 2), 30 * MINUTES);
    world.crash(environment.node);
    await world.runFor(5 * SECOND);
    const again = world.restart(environment.node);
    const reopened = await world.run(openCoordinator(again));
    expect(reopened.records.map(({ round }) => round)).toEqual([1]);
    await world.run(start(again));
    for (const [number, { node }] of clients)
      await world.run(again.network.connect({ node, addresses: addresses.get(number) as readonly string[] }));
    const weights = await world.run(reopened.run(), 30 * MINUTES);
    expect(digestOfWeights(weights)).toBe(expected);
    expect([...ledger.keys()]).toEqual([1, 2, 3]);

    // Of all the weights that came, nothing but the model is left on the coordinator's disk: two chunks.
    world.crash(again.node);
    const table = await world.run(world.restart(again.node).disk.table('federated-coordinator'));
    expect(await world.run(table.keys({ limit: 100 }))).toHaveLength(2);
  });

  it('a node may be coordinator and client', async () => {
    const { world, environment, clients, ledger, models, coordinator, openClient } = await trainingWorld({ clients: 2 });
    // The coordinator's node opens a client too: each has handlers and a table of its own.
    await world.run(openClient(environment, 9));
    await world.run(coordinator.run(), 30 * MINUTES);
    expect([clients.size, ledger.size, models.get(9)]).toEqual([2, 3, []]);
  });

  it('refuses a disk that holds another training', async () => {
    const { world, coordinator, environment, openCoordinator, first } = await trainingWorld({ clients: 2 });
    await world.run(coordinator.run(), 30 * MINUTES);
    first[0] = 42;
    world.crash(environment.node);
    await expect(world.run(openCoordinator(world.restart(environment.node)))).rejects.toMatchObject({
      code: 'FEDERATED_STATE_INVALID',
    });
  });

  it('leaves out an update that is not what was announced, and one with numbers that are none', async () => {
    const { world, coordinator, environment } = await trainingWorld({
      clients: 4,
      coordinator: { rounds: 1, quorum: 2 },
      twist: (honest, number) => async (global, task) => {
        const trained = await honest(global, task);
        if (number === 2) trained.weights[5] = Number.NaN;
        return trained;
      },
    });
    const request = environment.network.request.bind(environment.network);
    Object.assign(environment.network, {
      request: async (...[to, protocol, body, options]: Parameters<typeof request>) => {
        const answer = (await request(to, protocol, body, options)).slice();
        // Somebody on the line changes what client 3 sends.
        if (to === nodeId(3) && protocol === UPDATE_PROTOCOL) answer[77] = (answer[77] as number) ^ 1;
        return answer;
      },
    });
    await world.run(coordinator.run(), 30 * MINUTES);
    const [record] = coordinator.records;
    expect(record?.accepted.map(({ client }) => client)).toEqual([4, 5].map(nodeId));
    expect(record?.absent).toEqual([
      { client: nodeId(2), reason: 'weight 5 is no finite number' },
      { client: nodeId(3), reason: expect.stringMatching(/^FEDERATED_WEIGHTS_DAMAGED: Weights announced as 0x/) },
    ]);
  });

  it('a strategy rejects liars, by name', async () => {
    const { world, coordinator } = await trainingWorld({
      clients: 6,
      strategy: 'pedal',
      twist: (honest, number) => async (global, task) => {
        const trained = await honest(global, task);
        return number <= 3 ? { ...trained, weights: trained.weights.toReversed() } : trained;
      },
    });
    await world.run(coordinator.run(), 30 * MINUTES);
    for (const { accepted, rejected } of coordinator.records) {
      expect(accepted).toHaveLength(2);
      expect(rejected.map(({ client }) => client)).toEqual(expect.arrayContaining([nodeId(2), nodeId(3)]));
    }
    expect(coordinator.records.at(-1)?.metrics.accuracy).toBeGreaterThan(0.9);
  });

  it('a client applies nothing but the anchored model, and takes orders of nobody but its coordinator', async () => {
    const { world, environment, clients, models, first, addresses } = await trainingWorld({ clients: 2 });
    const order = { epochs: 1, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.1 }, seed: '' } as const;
    const other = first.slice();
    other[0] = 1;
    const request = (digest: `0x${string}`) =>
      encodeClientRequest({
        type: 'order',
        ...{ training: TRAINING, round: 1, order, claim: false, withinMicros: SECOND },
        model: { digest, sizeBytes: first.length * 4 },
      });
    const ask = environment.network.request(nodeId(2), CLIENT_PROTOCOL, request(digestOfWeights(other)));
    await expect(world.run(ask)).rejects.toMatchObject({ code: 'FEDERATED_MODEL_NOT_ANCHORED' });
    const stranger = clients.get(3);
    await world.run(
      stranger?.network.connect({ node: nodeId(2), addresses: addresses.get(2) as readonly string[] }) ?? Promise.resolve(),
    );
    const answer = await world.run(
      stranger?.network.request(nodeId(2), CLIENT_PROTOCOL, request(digestOfWeights(first))) ?? Promise.resolve(new Uint8Array()),
    );
    expect(decodeAnswer(answer)).toEqual({ taken: false, reason: 'takes no orders of this node for this training' });
    await world.runFor(5 * SECOND);
    expect(models.get(2)).toEqual([]);
  });

  it('weights go on where a broken line stopped them', async () => {
    const { world, coordinator, environment, clients, ledger } = await trainingWorld({
      clients: 1,
      coordinator: { rounds: 1, deadlineMicros: 600 * SECOND },
      bitsPerSecond: 200_000,
    });
    const asked: number[] = [];
    const client = clients.get(2);
    const request = client?.network.request.bind(client.network);
    if (client && request) {
      Object.assign(client.network, {
        request: (...[to, protocol, body, options]: Parameters<typeof request>) => {
          if (protocol === MODEL_PROTOCOL && asked.push(body.at(-1) as number) === 2) {
            // The line breaks while the second chunk is on its way.
            world.at(SECOND / 10, () => environment.network.disconnect(client.node, 'a broken line'));
            const addresses = client.network.addresses();
            world.at(SECOND, () => void environment.network.connect({ node: client.node, addresses }));
          }
          return request(to, protocol, body, options);
        },
      });
    }
    await world.run(coordinator.run(), 60 * MINUTES);
    expect(ledger.get(1)?.accepted).toHaveLength(1);
    // 0x80 is how the number 0 is written: the first chunk was asked for once, the second one twice.
    expect(asked.slice(0, 3)).toEqual([0x80, 1, 1]);
  });

  it('gives the same bits in the simulator and over the host network', async () => {
    const keys = [11, 12, 13].map((byte) => keyFrom(new Uint8Array(32).fill(byte)));
    const nodes = keys.map(({ address }) => address);
    const simulated = await trainingWorld({ clients: 2, nodes });
    const expected = digestOfWeights(await simulated.world.run(simulated.coordinator.run(), 30 * MINUTES));

    const folder = await mkdtemp(path.join(tmpdir(), 'treadle-federated-'));
    const services = trainingServices({}, nodes);
    const environments = await Promise.all(
      keys.map((key) => {
        const listen = { host: '127.0.0.1', port: 0 };
        return createHostEnvironment({ key, dataFolder: path.join(folder, key.address), listen, logLevel: 'silent' });
      }),
    );
    try {
      const [master, ...clients] = environments as [(typeof environments)[0], ...typeof environments];
      const coordinator = await services.openCoordinator(master);
      for (const [at, client] of clients.entries()) await services.openClient(client, at + 2);
      for (const environment of environments) await environment.network.start(openDoor);
      for (const client of clients) await master.network.connect({ node: client.node, addresses: client.network.addresses() });
      expect(digestOfWeights(await coordinator.run())).toBe(expected);
    } finally {
      await Promise.all(environments.map((environment) => environment.close()));
      await rm(folder, { recursive: true, force: true });
    }
  });
});
