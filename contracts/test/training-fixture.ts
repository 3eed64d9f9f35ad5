import { trainingTasksArtifact as artifact, type trainingTasksArtifact } from '../../src/contracts/index.ts';
import type { Address, Hex } from '../../src/crypto/index.ts';
import { encodeRoundAnswer, type RejectionReason, rejectionReasons } from '../../src/oracle/index.ts';
import { addressFor, placeContract, type TestChain, type TestContract } from './harness.ts';
import { createOracle, digestOf, FEE, FORFEIT, type JobConfig, type Oracle, PEDAL, REGISTRY } from './pedal-fixture.ts';
import { EDGE_NODE, registerObserver } from './world.ts';

export const TASKS: Address = '0x00000000000000000000000000000000000a0006';
export const MIN_STAKE = 10_000n;
export const REWARD = 4_000n;
export const ROUND_SECONDS = 60;
export const RETRIES = 5;
const COMPUTE: Hex = `0x${Buffer.from('compute').toString('hex').padEnd(64, '0')}`;

type Lists = {
  readonly accepted?: readonly (readonly [place: number, samples: number])[];
  readonly rejected?: readonly (readonly [place: number, why: number])[];
};

/** A round's result as the group would sign it. */
export function roundResult(round: number, { accepted = [], rejected = [] }: Lists = {}): { bytes: Hex; digest: Hex } {
  const digest = digestOf(`model ${round}`);
  const bytes = encodeRoundAnswer({
    ...{ round, digest, record: digestOf(`record ${round}`), sizeBytes: 400, accuracyPpm: 900_000, lossPpm: 300_000n },
    accepted: accepted.map(([place, samples]) => ({ place, samples })),
    rejected: rejected.map(([place, why]) => ({ place, why: rejectionReasons[why] as RejectionReason })),
  });
  return { bytes: `0x${Buffer.from(bytes).toString('hex')}`, digest };
}

export interface ReleaseChange {
  readonly from?: Address;
  readonly stakeWei?: bigint;
  readonly rewardWei?: bigint;
  readonly value?: bigint;
  readonly spec?: Partial<ReturnType<typeof specOf>>;
}

export interface Training {
  readonly oracle: Oracle;
  readonly chain: TestChain;
  readonly pedal: Oracle['pedal'];
  readonly tasks: TestContract<typeof trainingTasksArtifact.abi>;
  /** A company. */
  readonly owner: Address;
  readonly clients: readonly Address[];
  release(change?: ReleaseChange): Promise<bigint>;
  enrolAll(id: bigint): Promise<void>;
  /** A task with three clients that runs. */
  started(change?: ReleaseChange): Promise<bigint>;
  advance(id: bigint): Promise<bigint>;
  answer(request: bigint, result: Hex): Promise<void>;
  fail(request: bigint, reason: number): Promise<void>;
  round(id: bigint, round: number, lists: Lists): Promise<void>;
  task(id: bigint): Promise<{ state: number; roundsDone: number; failures: number; request: bigint }>;
}

export function specOf({ chain }: { readonly chain: TestChain }) {
  return {
    ...{ dataset: 'bearing', url: '', network: 'mlp', strategy: 'pedal', first: digestOf('first'), seed: 1n },
    ...{ rounds: 2, epochs: 1, batchSize: 10, learningRate: 50_000, clients: 3, quorum: 2, roundSeconds: ROUND_SECONDS },
    ...{ expiresAt: BigInt(chain.now() + ROUND_SECONDS * 20), clientStakeWei: 0n },
  };
}

/** A consortium with an oracle that takes rounds of training, and the contract of tasks. */
export async function createTraining(): Promise<Training> {
  const job: JobConfig = {
    ...{ feeWei: FEE, groupSize: 4, unanimous: false, enabled: true, maxSpecBytes: 1_000, maxResultBytes: 1_000 },
    forfeit: Number(FORFEIT),
  };
  const oracle = await createOracle({ expectedWinners: 9, jobs: [{ name: COMPUTE, config: job }] });
  const { chain, pedal, world } = oracle;
  await oracle.elect();
  const config = { minStakeWei: MIN_STAKE, openTasks: 4, openPerOwner: 3 };
  const tasks = await placeContract(chain, TASKS, artifact, [REGISTRY, PEDAL, config]);
  const owner = world.companies[0].address;
  const clients: Address[] = [];
  for (let count = 0; count < 4; count++) {
    const client = addressFor(`training client ${count}`);
    await registerObserver(world, world.companies[count % 3] ?? world.companies[0], client, EDGE_NODE);
    await chain.fund(client, 10n ** 9n);
    clients.push(client);
  }
  await chain.fund(owner, 10n ** 9n);
  const bring = async (request: bigint, change: { readonly reason?: number; readonly result?: Hex }) => {
    const electionEnd = Number(await pedal.read('electionEnd', [oracle.term()]));
    if (chain.height() < electionEnd) oracle.passElection();
    const term = oracle.term();
    const outcome = oracle.outcome(request, change);
    const signed = await oracle.sign(term, outcome);
    await pedal.write((await oracle.master()).account, 'answer', [term, outcome, signed]);
  };
  const made: Training = {
    ...{ oracle, chain, pedal, tasks, owner, clients },
    async release({ from = owner, stakeWei = MIN_STAKE, rewardWei = REWARD, value, spec = {} } = {}) {
      await chain.fund(from, 10n ** 6n);
      const sent = value ?? rewardWei + stakeWei + 3n * FEE;
      const { returnData } = await tasks.write(from, 'release', [{ ...specOf({ chain }), ...spec }, rewardWei, stakeWei], sent);
      return BigInt(returnData);
    },
    async enrolAll(id) {
      for (const client of clients.slice(0, 3)) await tasks.write(client, 'enrol', [id, 100]);
    },
    async started(change) {
      const id = await made.release(change);
      await made.enrolAll(id);
      await tasks.write(owner, 'start', [id]);
      return id;
    },
    advance: async (id) => BigInt((await tasks.write(clients[3] as Address, 'advance', [id])).returnData),
    answer: (request, result) => bring(request, { result }),
    fail: (request, reason) => bring(request, { reason, result: '0x' }),
    async round(id, round, lists) {
      await made.answer(await made.advance(id), roundResult(round, lists).bytes);
    },
    task: async (id) => (await tasks.read('taskOf', [id]))[0],
  };
  return made;
}
