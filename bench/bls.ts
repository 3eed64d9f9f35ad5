/**
 * An oracle's round on the ledger and beside it: gas and processor time of checking the master's proof and the group's
 * signature in a contract, and processor time of signing, checking and adding signatures, at groups of 4, 9 and 31.
 *
 *   node bench/bls.ts [--json]
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { encodeFunctionData, parseAbi } from 'viem';
import { addressFor, createChain } from '../contracts/test/harness.ts';
import { compileSources } from '../scripts/build-contracts.ts';
import {
  type Address,
  aggregateSignatures,
  type BlsKey,
  blsKeyFrom,
  type Hex,
  keccak256,
  lendBlsCurve,
  toEip2537G1,
  toEip2537G2,
  toHex,
  verifyAggregate,
  verifyBls,
} from '../src/crypto/index.ts';
import { nativeBlsCurve } from '../src/environment/host/index.ts';

const GROUPS = [4, 9, 31] as const;
const ROUNDS = 15;
const json = process.argv.includes('--json');
const LIBRARY: Address = '0x0000000000000000000000000000000000007381';
const abi = parseAbi([
  'function verify(bytes publicKey, bytes32 message, bytes signature) view returns (bool)',
  'function verifyRound(bytes master, bytes32 alpha, bytes proof, bytes[] signers, bytes32 message, bytes signature) view returns (bool)',
]);

lendBlsCurve(nativeBlsCurve);
const chain = await createChain();
await chain.place(LIBRARY, compiledHarness());
const native = measureBeside('native');
lendBlsCurve(() => undefined);
const javascript = measureBeside('javascript');
lendBlsCurve(nativeBlsCurve);
const rounds: Awaited<ReturnType<typeof measureRound>>[] = [];
// Once for nothing: the WebAssembly of the curve is compiled again, better, while it runs.
await measureRound(0);
for (const group of GROUPS) rounds.push(await measureRound(group));
if (json) console.log(JSON.stringify({ bls: { native, javascript, rounds } }));
else print();

/** One check of a round as a transaction would make it, and what a node of the group does before. */
async function measureRound(group: number) {
  const quorum = Math.floor((2 * group) / 3) + 1;
  const keys = Array.from({ length: quorum }, (_, index) => keyOf(`node ${index}`));
  const master = keyOf('master');
  const signers = keys.map(({ publicKey }) => toHex(toEip2537G1(publicKey)));
  const onChain: number[] = [];
  const offChain: number[] = [];
  let gasUsed = 0n;
  let gasOfProved = 0n;
  for (let round = 0; round < ROUNDS; round++) {
    const [alpha, message] = [digestOf(`alpha ${group} ${round}`), digestOf(`result ${group} ${round}`)];
    const signatures = keys.map((key) => key.sign(message));
    const sum = aggregateSignatures(signatures);
    const proof = toHex(toEip2537G2(master.sign(alpha)));
    const signature = toHex(toEip2537G2(sum));
    const key = toHex(toEip2537G1(master.publicKey));
    const data = encodeFunctionData({
      abi,
      functionName: 'verifyRound',
      args: [key, toHex(alpha), proof, signers, toHex(message), signature],
    });
    const before = process.cpuUsage();
    const answer = await send(data);
    onChain.push(millisSince(before));
    gasUsed = answer;
    gasOfProved = await send(encodeFunctionData({ abi, functionName: 'verify', args: [key, toHex(alpha), proof] }));
    offChain.push(collect(keys, message, signatures));
  }
  return {
    group,
    quorum,
    gas: Number(gasUsed),
    gasOfOneCheck: Number(gasOfProved),
    chainMs: median(onChain),
    nodeMs: median(offChain),
  };
}

async function send(data: Hex): Promise<bigint> {
  const { success, returnData, gasUsed } = await chain.send(addressFor('anyone'), { to: LIBRARY, data });
  if (!success || BigInt(returnData) !== 1n) throw new Error('a signature of the benchmark was refused');
  return gasUsed;
}

/** What the master does: each signature is checked as it comes in, then all are added. */
function collect(keys: readonly BlsKey[], message: Uint8Array, signatures: readonly Uint8Array[]): number {
  const before = process.cpuUsage();
  for (const [index, key] of keys.entries()) {
    if (!verifyBls(key.publicKey, message, signatures[index] as Uint8Array)) throw new Error('a signature was refused');
  }
  aggregateSignatures(signatures);
  return millisSince(before);
}

/** Milliseconds of each operation outside of the ledger. */
function measureBeside(name: string) {
  const key = keyOf('one');
  const keys = Array.from({ length: 7 }, (_, index) => keyOf(`node ${index}`));
  const samples: { sign: number[]; verify: number[]; aggregate: number[]; verifySum: number[] } = {
    sign: [],
    verify: [],
    aggregate: [],
    verifySum: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    // Another message each time: what was checked before is remembered.
    const message = digestOf(`${name} ${round}`);
    const signature = timed(samples.sign, () => key.sign(message));
    timed(samples.verify, () => verifyBls(key.publicKey, message, signature));
    const signatures = keys.map((each) => each.sign(message));
    const sum = timed(samples.aggregate, () => aggregateSignatures(signatures));
    const publicKeys = keys.map(({ publicKey }) => publicKey);
    timed(samples.verifySum, () => verifyAggregate(publicKeys, message, sum));
  }
  return {
    signMs: median(samples.sign),
    verifyMs: median(samples.verify),
    aggregate7Ms: median(samples.aggregate),
    verifyAggregate7Ms: median(samples.verifySum),
  };
}

function timed<T>(samples: number[], work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  samples.push(millisSince(before));
  return result;
}

function millisSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function keyOf(name: string): BlsKey {
  return blsKeyFrom(digestOf(name));
}

function digestOf(text: string): Uint8Array {
  return keccak256(new TextEncoder().encode(text));
}

function compiledHarness(): Hex {
  const file = 'BlsHarness.sol';
  const source = readFileSync(path.join(import.meta.dirname, '../contracts/test/fixtures', file), 'utf8');
  const compiled = compileSources({ [file]: source }, { only: [file] }).get('BlsHarness');
  if (compiled === undefined) throw new Error('the fixture has no BlsHarness');
  return compiled.bytecode;
}

function print(): void {
  console.log(`beside the ledger, ms of processor time${' '.repeat(9)}native  JavaScript`);
  for (const [label, name] of [
    ['sign', 'signMs'],
    ['verify one', 'verifyMs'],
    ['add 7 signatures', 'aggregate7Ms'],
    ['verify a sum of 7', 'verifyAggregate7Ms'],
  ] as const) {
    console.log(`  ${label.padEnd(42)}${native[name].toFixed(2).padStart(10)}${javascript[name].toFixed(1).padStart(12)}`);
  }
  console.log('a round                  signers  gas of the transaction  ms in the EVM  ms of collecting the signatures');
  for (const { group, quorum, gas, chainMs, nodeMs } of rounds) {
    const cells = [String(quorum).padStart(6), String(gas).padStart(24), chainMs.toFixed(1).padStart(15)];
    console.log(`  group of ${String(group).padEnd(12)}${cells.join('')}${nodeMs.toFixed(1).padStart(33)}`);
  }
  console.log(`one check of a key's signature: ${rounds[0]?.gasOfOneCheck} gas in a transaction of its own`);
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] as number;
}
