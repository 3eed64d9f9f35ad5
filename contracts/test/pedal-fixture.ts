import { encodeFunctionData } from 'viem';
import { dataFeedArtifact, oracleRegistryArtifact, pedalArtifact } from '../../src/contracts/index.ts';
import {
  type Address,
  aggregateSignatures,
  type BlsKey,
  blsKeyFrom,
  fromHex,
  type Hex,
  isBelowThreshold,
  keccak256,
  lendBlsCurve,
  provePossession,
  proveVrf,
  sha256,
  toEip2537G1,
  toEip2537G2,
  toHex,
  vrfOutput,
} from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import { addressFor, placeContract, type TestChain, type TestContract } from './harness.ts';
import { createWorld, EDGE_NODE, registerObserver, type World } from './world.ts';

lendBlsCurve(nativeBlsCurve);

export const REGISTRY: Address = '0x00000000000000000000000000000000000a0001';
export const PEDAL: Address = '0x00000000000000000000000000000000000a0002';
export const FEED: Address = '0x00000000000000000000000000000000000a0003';
export const DATA_JOB = nameBytes('data');
export const NONE = 0;
export const PENDING = 1;
export const ANSWERED = 2;
export const FAILED = 3;
export const EXPIRED = 4;

export const FEE = 1_000n;
export const STAKE = 100_000n;
export const TERM_BLOCKS = 32;
export const ELECT_BLOCKS = 4;
export const STAGE_BLOCKS = 2;
export const SILENCE_BLOCKS = 6;
export const SILENCE_SLASH = 40_000n;
export const EXIT_BLOCKS = 4 * TERM_BLOCKS;
export const FORFEIT = 1_000n;

export interface OracleNode {
  readonly id: number;
  readonly account: Address;
  readonly key: BlsKey;
}

export interface Outcome {
  readonly id: bigint;
  readonly reason: number;
  readonly observedAt: bigint;
  readonly result: Hex;
}

export interface Attestation {
  readonly signers: bigint;
  readonly signature: Hex;
  readonly proof: Hex;
}

export interface OracleOptions {
  readonly nodes?: number;
  readonly groupSize?: number;
  readonly expectedWinners?: number;
  readonly unanimous?: boolean;
  readonly openRequests?: number;
  readonly openPerRequester?: number;
  readonly nodesPerMember?: number;
  readonly maxResultBytes?: number;
  /** There from the beginning, without a vote. */
  readonly jobs?: readonly { readonly name: Hex; readonly config: JobConfig }[];
}

export interface JobConfig {
  readonly feeWei: bigint;
  readonly groupSize: number;
  readonly unanimous: boolean;
  readonly enabled: boolean;
  readonly maxSpecBytes: number;
  readonly maxResultBytes: number;
  readonly forfeit: number;
}

/** A consortium with an oracle whose nodes are registered, at the first block of their first term. */
export interface Oracle {
  readonly world: World;
  readonly chain: TestChain;
  readonly registry: TestContract<typeof oracleRegistryArtifact.abi>;
  readonly pedal: TestContract<typeof pedalArtifact.abi>;
  readonly nodes: readonly OracleNode[];
  readonly groupSize: number;
  term(): bigint;
  /** All companies approve a call. */
  vote(target: Address, data: Hex): Promise<void>;
  /** Everyone below the threshold shows its number; returns them, smallest number first, and goes on to the election's end. */
  elect(): Promise<readonly OracleNode[]>;
  /** Goes on to the end of the election without anybody showing a number. */
  passElection(): void;
  toNextTerm(): void;
  master(term?: bigint): Promise<OracleNode>;
  group(term?: bigint): Promise<readonly OracleNode[]>;
  proofOf(node: OracleNode, alpha: Hex): Hex;
  outcome(id: bigint, change?: Partial<Outcome>): Outcome;
  attest(digest: Hex, signers: readonly OracleNode[], group: readonly OracleNode[], proof?: Hex): Attestation;
  /** What a quorum of the group and its master would send. */
  sign(term: bigint, outcome: Outcome, count?: number): Promise<Attestation>;
  ask(from: Address, change?: { value?: bigint; seconds?: number; gas?: number; spec?: Hex; job?: Hex }): Promise<bigint>;
}

export const NO_PROOF: Hex = '0x';

export function blsKeyOf(name: string): BlsKey {
  return blsKeyFrom(sha256(new TextEncoder().encode(name)));
}

export function publicKeyOf(key: BlsKey): Hex {
  return toHex(toEip2537G1(key.publicKey));
}

export function signatureOf(key: BlsKey, digest: Hex): Hex {
  return toHex(toEip2537G2(key.sign(fromHex(digest))));
}

export function possessionOf(key: BlsKey, node: Address, chainId: number, registry = REGISTRY): Hex {
  return toHex(toEip2537G2(provePossession(key, { chainId, registry, node })));
}

/** Registers a node whose account one of the companies has certified. */
export async function registerNode(oracle: Pick<Oracle, 'world' | 'registry'>, name: string, company = 0): Promise<OracleNode> {
  const { world, registry } = oracle;
  const account = addressFor(name);
  const key = blsKeyOf(name);
  await world.chain.fund(account, 10n * STAKE);
  await registerObserver(world, world.companies[company] ?? world.companies[0], account, EDGE_NODE);
  const args = [publicKeyOf(key), possessionOf(key, account, world.chain.chainId)] as const;
  const { returnData } = await registry.write(account, 'register', args, STAKE);
  return { id: Number(returnData), account, key };
}

/** Places the contracts, without a job and without nodes. */
export async function placeOracle(options: OracleOptions = {}) {
  const world = await createWorld();
  const { chain } = world;
  const config = {
    minStakeWei: STAKE,
    termBlocks: TERM_BLOCKS,
    exitBlocks: EXIT_BLOCKS,
    nodesPerMember: options.nodesPerMember ?? 64,
  };
  const registry = await placeContract(chain, REGISTRY, oracleRegistryArtifact, [world.consortium.address, PEDAL, config]);
  const pedal = await placeContract(chain, PEDAL, pedalArtifact, [
    REGISTRY,
    {
      election: { electBlocks: ELECT_BLOCKS, expectedWinners: options.expectedWinners ?? 1 },
      limits: { openRequests: options.openRequests ?? 8, openPerRequester: options.openPerRequester ?? 5 },
      stageBlocks: STAGE_BLOCKS,
      silenceBlocks: SILENCE_BLOCKS,
      silenceSlashWei: SILENCE_SLASH,
    },
    options.jobs ?? [],
  ]);
  const vote = async (target: Address, data: Hex) => {
    for (const company of world.companies) await registry.write(company.address, 'approve', [target, data]);
  };
  return { world, chain, registry, pedal, vote };
}

export async function createOracle(options: OracleOptions = {}): Promise<Oracle> {
  const { nodes: count = 6, groupSize = 4, unanimous = false } = options;
  const placed = await placeOracle(options);
  const { chain, pedal, vote } = placed;
  const job = {
    feeWei: FEE,
    groupSize,
    unanimous,
    enabled: true,
    maxSpecBytes: 1_000,
    maxResultBytes: options.maxResultBytes ?? 256,
    forfeit: Number(FORFEIT),
  };
  await vote(PEDAL, encodeFunctionData({ abi: pedal.abi, functionName: 'setJob', args: [DATA_JOB, job] }));
  const nodes: OracleNode[] = [];
  for (let index = 0; index < count; index++) nodes.push(await registerNode(placed, `oracle ${index}`, index % 3));
  const byAccount = new Map(nodes.map((node) => [node.account, node]));
  const find = (account: string): OracleNode => {
    const node = byAccount.get(account.toLowerCase() as Address);
    if (node === undefined) throw new Error(`no node ${account}`);
    return node;
  };
  const oracle: Oracle = {
    ...placed,
    nodes,
    groupSize,
    term: () => BigInt(Math.floor(chain.height() / TERM_BLOCKS)),
    async elect() {
      const term = oracle.term();
      const alpha = await pedal.read('alphaOf', [term]);
      const below = nodes
        .map((node) => ({ node, proof: proveVrf(node.key, fromHex(alpha)) }))
        .map(({ node, proof }) => ({ node, proof, output: vrfOutput(proof) }))
        .filter(({ output }) => isBelowThreshold(output, options.expectedWinners ?? 1, nodes.length))
        .sort((left, right) => Buffer.compare(left.output, right.output));
      // From the largest down, so that the leader changes with each of them.
      for (const { node, proof } of below.toReversed()) {
        await pedal.write(node.account, 'elect', [term, toHex(toEip2537G2(proof))]);
      }
      oracle.passElection();
      return below.map(({ node }) => node);
    },
    passElection: () => chain.mine(Math.max(0, Number(oracle.term()) * TERM_BLOCKS + ELECT_BLOCKS - chain.height())),
    toNextTerm: () => chain.mine(TERM_BLOCKS - (chain.height() % TERM_BLOCKS)),
    master: async (term = oracle.term()) => find(await pedal.read('masterOf', [term])),
    group: async (term = oracle.term()) => (await pedal.read('groupOf', [term, BigInt(groupSize)])).map(find),
    proofOf: (node, alpha) => signatureOf(node.key, alpha),
    outcome: (id, change = {}) => ({ id, reason: 0, observedAt: BigInt(chain.now()), result: numberResult(21n), ...change }),
    attest(digest, signers, group, proof = NO_PROOF) {
      const bits = signers.map((node) => 1n << BigInt(group.indexOf(node))).reduce((all, bit) => all | bit, 0n);
      const sum = aggregateSignatures(signers.map(({ key }) => key.sign(fromHex(digest))));
      return { signers: bits, signature: toHex(toEip2537G2(sum)), proof };
    },
    async sign(term, outcome, signing) {
      const group = await oracle.group(term);
      const quorum = Number(await pedal.read('quorumOf', [BigInt(groupSize), unanimous]));
      const digest = await pedal.read('answerDigest', [term, outcome]);
      const candidates = await pedal.read('candidatesOf', [term]);
      const owes = candidates.length === 0;
      const proof = owes ? signatureOf((await oracle.master(term)).key, await pedal.read('alphaOf', [term])) : NO_PROOF;
      return oracle.attest(digest, group.slice(0, signing ?? quorum), group, proof);
    },
    async ask(from, { value = FEE, seconds = 600, gas = 0, spec = '0x1234', job: asked = DATA_JOB } = {}) {
      await chain.fund(from, value);
      const { returnData } = await pedal.write(from, 'request', [asked, spec, BigInt(chain.now() + seconds), gas], value);
      return BigInt(returnData);
    },
  };
  oracle.toNextTerm();
  return oracle;
}

/** A feed over the oracle's data job. */
export function placeFeed(chain: TestChain): Promise<TestContract<typeof dataFeedArtifact.abi>> {
  return placeContract(chain, FEED, dataFeedArtifact, [
    PEDAL,
    {
      job: DATA_JOB,
      spec: '0xabcd',
      description: 'oven temperature',
      decimals: 2,
      heartbeatSeconds: 3_600,
      deviation: 10_000,
      requestSeconds: 120,
    },
  ]);
}

/** A number as data jobs answer it. */
export function numberResult(value: bigint): Hex {
  return `0x${BigInt.asUintN(256, value).toString(16).padStart(64, '0')}`;
}

export function digestOf(text: string): Hex {
  return toHex(keccak256(new TextEncoder().encode(text)));
}

function nameBytes(name: string): Hex {
  return `0x${Buffer.from(name).toString('hex').padEnd(64, '0')}`;
}
