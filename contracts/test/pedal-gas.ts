import type { Hex } from '../../src/crypto/index.ts';
import { addressFor } from './harness.ts';
import {
  blsKeyOf,
  createOracle,
  NO_PROOF,
  type Oracle,
  possessionOf,
  publicKeyOf,
  SILENCE_BLOCKS,
  STAKE,
} from './pedal-fixture.ts';
import { EDGE_NODE, registerObserver } from './world.ts';

/** Groups of the paper's smallest and largest size, the largest of other oracles, and one beyond. */
const GROUP_SIZES = [4, 9, 31, 64] as const;
const BATCH = 10;

/** Gas of the oracle's calls, by the size of the working group; two nodes more than that are registered. */
export async function pedalGas(): Promise<Record<string, number>> {
  const gas: Record<string, number> = {};
  for (const size of GROUP_SIZES) Object.assign(gas, await gasAt(size));
  return gas;
}

async function gasAt(groupSize: number): Promise<Record<string, number>> {
  const gas: Record<string, number> = {};
  const measure = async (name: string, call: Promise<{ readonly gasUsed: bigint }>) => {
    gas[`${name} (group of ${groupSize})`] = Number((await call).gasUsed);
  };
  const oracle = await createOracle({
    nodes: groupSize + 2,
    groupSize,
    expectedWinners: groupSize + 2,
    openRequests: 64,
    openPerRequester: 64,
  });
  const { pedal } = oracle;
  const [first] = oracle.nodes;
  if (first === undefined) throw new Error('no node');
  const proof = oracle.proofOf(first, await pedal.read('alphaOf', [oracle.term()]));
  await measure('Pedal.elect', pedal.write(first.account, 'elect', [oracle.term(), proof]));
  oracle.passElection();
  const asker = addressFor('asker');
  const ids: bigint[] = [];
  for (let count = 0; count < BATCH + 3; count++) ids.push(await oracle.ask(asker));
  await measure('Pedal.answer, first payment', answer(oracle, ids[0] as bigint));
  await measure('Pedal.answer', answer(oracle, ids[1] as bigint));
  await measure(`Pedal.answerMany, ${BATCH}`, answerMany(oracle, ids.slice(2, 2 + BATCH)));
  const waiting = ids.at(-1) as bigint;
  oracle.chain.mine(SILENCE_BLOCKS);
  const [worker] = await oracle.group();
  await measure('Pedal.replaceMaster', pedal.write(worker?.account ?? asker, 'replaceMaster', [waiting]));
  oracle.toNextTerm();
  oracle.passElection();
  await measure('Pedal.answer, with the proof of a master by turn', answer(oracle, waiting));
  await measure('OracleRegistry.register', register(oracle));
  if (groupSize === GROUP_SIZES[0]) Object.assign(gas, await plainGas(oracle));
  return gas;
}

async function plainGas(oracle: Oracle): Promise<Record<string, number>> {
  const { pedal, chain } = oracle;
  const asker = addressFor('asker');
  const last = async () => pedal.read('requestCount', []);
  await chain.fund(asker, 10_000n);
  const args = [await jobOf(oracle), '0x1234', BigInt(chain.now() + 60), 0] as const;
  const request = Number((await pedal.write(asker, 'request', args, 1_000n)).gasUsed);
  chain.advance(60);
  const expire = Number((await pedal.write(asker, 'expire', [await last()])).gasUsed);
  return {
    'Pedal.request': request,
    'Pedal.expire': expire,
    'Pedal.collect': Number((await pedal.write(asker, 'collect', [])).gasUsed),
  };
}

async function jobOf(oracle: Oracle): Promise<Hex> {
  return (await oracle.pedal.read('requestOf', [1n])).job;
}

async function register({ world, registry, chain }: Oracle) {
  const [account, key] = [addressFor('one more'), blsKeyOf('one more')];
  await chain.fund(account, STAKE);
  await registerObserver(world, world.companies[0], account, EDGE_NODE);
  return registry.write(account, 'register', [publicKeyOf(key), possessionOf(key, account, chain.chainId)], STAKE);
}

async function answer(oracle: Oracle, id: bigint) {
  const outcome = oracle.outcome(id);
  const signed = await oracle.sign(oracle.term(), outcome);
  return oracle.pedal.write((await oracle.master()).account, 'answer', [oracle.term(), outcome, signed]);
}

async function answerMany(oracle: Oracle, ids: readonly bigint[]) {
  const outcomes = ids.map((id) => oracle.outcome(id));
  const group = await oracle.group();
  const quorum = Number(await oracle.pedal.read('quorumOf', [BigInt(group.length), false]));
  const digest = await oracle.pedal.read('batchDigest', [oracle.term(), outcomes]);
  const signed = oracle.attest(digest, group.slice(0, quorum), group, NO_PROOF);
  return oracle.pedal.write((await oracle.master()).account, 'answerMany', [oracle.term(), outcomes, signed]);
}
