import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { orderDigest, pedalClient, type TrainingSpec, type TrainingTask, trainingTasksClient } from '../contracts/index.ts';
import { readKernelBytes } from '../learning/engine/testing/engines.ts';
import { BLOB_CLASSES, BLOB_FEATURES, blobs } from '../learning/federated/testing/blobs.ts';
import { CLIENT_PROTOCOL, type Dataset, digestOfWeights, encodeClientRequest } from '../learning/index.ts';
import { firstModel, type NodeSetup } from '../node/index.ts';
import { type Cluster, type ClusterOptions, createCluster } from './cluster.ts';
import { loadScenario } from './scenario/index.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const ETHER = 10n ** 18n;
const CLIENTS = 6;
const TEXT = `
scenario: training-tasks
duration: 60 s
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: 1 s, baseTimeout: 2 s }
edge: { count: ${CLIENTS} }
devices: { count: 0 }
oracle: { nodes: 6, termBlocks: 60, electBlocks: 4, silenceBlocks: 12, minStake: 10 ether, jobs: { compute: { groupSize: 5, fee: 7 wei } } }
`;
const scenario = loadScenario(TEXT, { file: 'training.yaml', readFile: (path) => readFileSync(path, 'utf8') });
const kernels = readKernelBytes();

/** Points around four centres, learnt in a few rounds; `lies` marks every class as the next one. */
function points(lies: boolean): Dataset<Float32Array> {
  const part = (count: number, seed: string) => {
    const { inputs, labels } = blobs(count, seed);
    return { count, values: inputs, labels: lies ? labels.map((label) => (label + 1) % BLOB_CLASSES) : labels };
  };
  const classNames = Array.from({ length: BLOB_CLASSES }, (_, number) => `class ${number}`);
  return { name: 'points', sampleShape: [BLOB_FEATURES], classNames, train: part(240, 'train'), test: part(150, 'test') };
}

function withData(setup: NodeSetup, part: number): NodeSetup {
  const datasets = [{ name: 'points', part, of: CLIENTS, partition: 'iid' as const, alpha: 1, seed: 'parts' }];
  return { ...setup, file: { ...setup.file, learning: { tasks: 1, stakeWeiMax: ETHER.toString(), datasets } } };
}

/** A consortium with an oracle, and edge nodes that have a part of the data each. */
async function started({ liar, ...options }: ClusterOptions & { readonly liar?: string } = {}) {
  const cluster = createCluster(scenario, 1, {
    ...options,
    platform: ({ name }) => ({ kernels, datasets: async () => points(name === liar) }),
    setup: ({ name, setup }) => (setup.file.role === 'edge' ? withData(setup, Number(name.split('-').at(-1)) - 1) : setup),
  });
  await cluster.start();
  await until(cluster, () => cluster.running('oracle').every(({ keeper }) => keeper.seat?.record.inSet === true));
  const { client } = cluster.running('proxy')[0]?.full ?? expect.fail('there is no proxy');
  const ask = <T>(question: Promise<T>): Promise<T> => cluster.world.run(question);
  return { cluster, ask, client, tasks: trainingTasksClient(client) };
}

function until(cluster: Cluster, condition: () => boolean, micros = 20 * MINUTE): Promise<void> {
  return cluster.world.runUntil(condition, micros);
}

type Started = Awaited<ReturnType<typeof started>>;

/** Releases a task from the proxy's account and runs until it is over. */
async function release({ ask, tasks, cluster }: Started, change: Partial<TrainingSpec> = {}): Promise<bigint> {
  const spec = {
    ...{ dataset: 'points', url: '', network: 'mlp', strategy: 'pedal', seed: 7n, rounds: 3, epochs: 2, batchSize: 10 },
    ...{ learningRatePpm: 50_000, clients: CLIENTS, quorum: 4, roundSeconds: 120, clientStakeWei: 0n },
    expiresAt: BigInt(Math.floor(cluster.world.now / 1e6)) + 3_600n,
    ...change,
  };
  const first = digestOfWeights(await firstModel(spec, { load: async () => points(false), kernels }));
  const money = { rewardWei: 3_000_000n, stakeWei: ETHER, budgetWei: 100n };
  return (await ask(tasks.release({ ...spec, first }, money))).id;
}

async function over({ ask, tasks, cluster }: Started, id: bigint): Promise<TrainingTask> {
  for (let step = 0; step < 400; step++) {
    const task = await ask(tasks.task(id));
    if (task.endedAt > 0n) return task;
    await cluster.world.runFor(5 * SECOND);
  }
  return expect.fail('the task does not end');
}

/** Runs until a round has been asked for and its master trains with the clients. */
async function underWay(made: Started, id: bigint): Promise<TrainingTask> {
  for (let step = 0; step < 600; step++) {
    const task = await made.ask(made.tasks.task(id));
    if (task.request > 0n) return task;
    await made.cluster.world.runFor(SECOND / 4);
  }
  return expect.fail('no round begins');
}

describe('tasks of learning', () => {
  it('end with a model whose digest is the ledger’s, and clients are paid', async () => {
    const made = await started();
    const id = await release(made);
    expect(await over(made, id)).toMatchObject({ state: 'finished', roundsDone: 3, failures: 0 });
    const rounds = await made.ask(Promise.all([1, 2, 3].map((round) => made.tasks.round(id, round))));
    expect(rounds.at(-1)?.accuracyPpm).toBeGreaterThan(700_000);
    const clients = await made.ask(made.tasks.clients(id));
    for (const { accepted, rejected } of clients) expect(accepted + rejected).toBe(3);
    expect(clients.reduce((sum, { earnedWei }) => sum + earnedWei, 0n)).toBe(3_000_000n);
    // What clients began their last round with is what the ledger has of the round before.
    for (const { full } of made.cluster.running('edge')) {
      const applied = full.training?.client.applied.get(`${made.client.chainId}:${id}`);
      expect(applied?.round).toBe(2);
      expect(applied && digestOfWeights(applied.weights)).toBe(rounds[1]?.digest);
    }
    expect(made.cluster.failures).toEqual([]);
  }, 120_000);

  it('leave out a client that lies', async () => {
    const made = await started({ liar: 'edge-3' });
    const id = await release(made);
    expect(await over(made, id)).toMatchObject({ state: 'finished', roundsDone: 3 });
    const liar = made.cluster.id('edge-3');
    const found = (await made.ask(made.tasks.clients(id))).find(({ account }) => account === liar);
    expect(found).toMatchObject({ accepted: 0, rejected: 3, earnedWei: 0n });
  }, 120_000);

  it('go on when the master dies in the middle of a round', async () => {
    const made = await started();
    const id = await release(made);
    const { request } = await underWay(made, id);
    const pedal = pedalClient(made.client);
    const masterNow = async () => (await made.ask(pedal.explain(request))).master;
    let master = await masterNow();
    // While an election runs nobody leads.
    for (let step = 0; step < 400 && BigInt(master) === 0n; step++) {
      await made.cluster.world.runFor(SECOND / 20);
      master = await masterNow();
    }
    expect((await made.ask(pedal.requestOf(request))).state).toBe('pending');
    const name = [...made.cluster.seats.values()].find(({ setup }) => setup.key.address === master)?.name;
    made.cluster.crash(name ?? expect.fail('nobody leads'));
    expect(await over(made, id)).toMatchObject({ state: 'finished', roundsDone: 3 });
  }, 120_000);

  it('end with a result when a third of the clients is cut off', async () => {
    const made = await started();
    const id = await release(made);
    await underWay(made, id);
    for (const name of ['edge-1', 'edge-2']) made.cluster.crash(name);
    expect(await over(made, id)).toMatchObject({ state: 'finished', roundsDone: 3 });
    const gone = new Set(['edge-1', 'edge-2'].map((name) => made.cluster.id(name)));
    const clients = await made.ask(made.tasks.clients(id));
    for (const { account, accepted, rejected } of clients) if (!gone.has(account)) expect(accepted + rejected).toBe(3);
  }, 120_000);

  it('have a leader that hands out another model refused, and the proof kept', async () => {
    const made = await started();
    const id = await release(made);
    await underWay(made, id);
    const liar = made.cluster.running('oracle')[0] ?? expect.fail('there is no oracle node');
    const client = made.cluster.running('edge')[0] ?? expect.fail('there is no edge node');
    const { chainId } = made.client;
    const model = `0x${'77'.repeat(32)}` as const;
    const signature = liar.full.setup.key.sign(orderDigest({ chainId, task: id, round: 1, model }));
    const order = { epochs: 1, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.1 }, seed: '' } as const;
    const body = encodeClientRequest({
      ...{ type: 'order', training: `${chainId}:${id}`, round: 1, order, claim: false, withinMicros: SECOND, signature },
      model: { digest: model, sizeBytes: 4 },
    });
    const { network } = liar.full.environment;
    const told = liar.peering.reach(client.id).then(() => network.request(client.id, CLIENT_PROTOCOL, body));
    await expect(made.ask(told)).rejects.toMatchObject({ code: 'FEDERATED_MODEL_NOT_ANCHORED' });
    expect(await over(made, id)).toMatchObject({ state: 'finished' });
    expect(await made.ask(made.tasks.lied(liar.id))).toBe(true);
  }, 120_000);
});
