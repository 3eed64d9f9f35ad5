import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type TrainingSpec, type TrainingTask, trainingTasksClient } from '../contracts/index.ts';
import { bearingDataset, type Dataset, digestOfWeights } from '../learning/index.ts';
import { readKernelBytes } from '../learning/engine/testing/engines.ts';
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
let made: Dataset | undefined;
const load = async (): Promise<Dataset> => {
  made ??= bearingDataset({ machines: 3, windowsEach: 16, windowSamples: 64, noise: 0.05 });
  return made;
};

function withData(setup: NodeSetup, part: number): NodeSetup {
  const datasets = [{ name: 'bearing', part, of: CLIENTS, partition: 'iid' as const, alpha: 1, seed: 'parts' }];
  return { ...setup, file: { ...setup.file, learning: { tasks: 1, stakeWeiMax: ETHER.toString(), datasets } } };
}

/** A consortium with an oracle, and edge nodes that have a part of the data each. */
async function started(options: ClusterOptions = {}) {
  const cluster = createCluster(scenario, 1, {
    ...options,
    platform: { kernels, datasets: load },
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
    ...{ dataset: 'bearing', url: '', network: 'mlp', strategy: 'pedal', seed: 7n, rounds: 3, epochs: 2, batchSize: 10 },
    ...{ learningRatePpm: 50_000, clients: CLIENTS, quorum: 4, roundSeconds: 120, clientStakeWei: 0n },
    expiresAt: BigInt(Math.floor(cluster.world.now / 1e6)) + 3_600n,
    ...change,
  };
  const first = digestOfWeights(await firstModel(spec, { load, kernels }));
  const money = { rewardWei: 3_000_000n, stakeWei: ETHER, budgetWei: 100n };
  return (await ask(tasks.release({ ...spec, first }, money))).id;
}

async function over({ ask, tasks, cluster }: Started, id: bigint): Promise<TrainingTask> {
  for (let step = 0; step < 16; step++) {
    const task = await ask(tasks.task(id));
    if (task.endedAt > 0n) return task;
    await cluster.world.runFor(5 * SECOND);
  }
  const lines = cluster.world.log().filter(({ event }) => /training|trouble|not-read|not-seen|round-failed|model|turn/.test(event));
  console.log(lines.slice(-40).map((line) => JSON.stringify([line.timeMicros / 1e6 % 10000, line.node.slice(0, 6), line.event, line.fields], (_, v) => typeof v === 'bigint' ? String(v) : v)).join('\n'));
  for (const { oracle, id: node } of cluster.running('oracle')) console.log(node, JSON.stringify(oracle.rounds.slice(-2), (_, v) => typeof v === 'bigint' ? String(v) : v));
  return expect.fail('the task does not end');
}

describe('tasks of learning', () => {
  it('end with a model whose digest is the ledger’s, and clients are paid', async () => {
    const made = await started();
    const id = await release(made);
    const task = await over(made, id);
    expect(task).toMatchObject({ state: 'finished', roundsDone: 3, failures: 0 });
    console.log(await made.ask(Promise.all([1, 2, 3].map((round) => made.tasks.round(id, round)))));
    console.log(await made.ask(made.tasks.clients(id)));
    expect(made.cluster.failures).toEqual([]);
  }, 120_000);
});
