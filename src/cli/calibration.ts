import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { planConsortium } from '../consortium/index.ts';
import { signTransaction } from '../contracts/index.ts';
import {
  aggregateSignatures,
  blsKeyFrom,
  fromHex,
  type Hex,
  keccak256,
  keyFrom,
  lendBlsCurve,
  type NodeKey,
  recoverAddress,
  signDigest,
  toHex,
  verifyBls,
} from '../crypto/index.ts';
import { nativeBlsCurve } from '../environment/host/index.ts';
import { invariant } from '../errors.ts';
import {
  commitPayload,
  createMemoryStateStore,
  decodeTransaction,
  EvmExecutor,
  type Genesis,
  genesisHeader,
  type Header,
  RECORDS_ADDRESS,
} from '../ledger/index.ts';
import { encodeSamples, SAMPLES_MEDIA_TYPE, vibrationSpectrum } from '../market/index.ts';

/** How often each measurement is repeated; the cheapest repetition counts: what disturbs it only adds. */
const REPETITIONS = 5;
const SIGNATURES = 300;
const BLS_SIGNATURES = 20;
const TRANSACTIONS = 150;
const BODIES = 8;
const BODY_BYTES = 1024 * 1024;
const WINDOWS = 40;
const WINDOW_SAMPLES = 2048;
const SYNCS = 50;
/** A vote's record in the log: about so many bytes. */
const RECORD_BYTES = 300;
const CHAIN_ID = 7331;
/** An empty place of the address space: the contract that is run stands there. */
const TARGET = `0x${'ca11b'.padStart(40, '0')}` as const;
/** Writes the second word of the input to the slot that the first one names, and logs: 6020355f35555f5fa000, put there by its constructor. */
const TARGET_INIT_CODE: Hex = '0x696020355f35555f5fa0005f52600a6016f3';

/** Microseconds of one core per unit of each operation that nodes charge, as this machine does them. */
export async function measureCpuCosts(): Promise<Readonly<Record<string, number>>> {
  const key = quietKey(1);
  let seed = 0;
  const digest = (): Uint8Array => keccak256(fromHex(toHex(Uint8Array.of(seed >> 16, seed >> 8, seed++))));
  const fresh = () => Array.from({ length: SIGNATURES }, digest);
  const signed = () => fresh().map((each) => ({ digest: each, signature: key.sign(each) }));
  let nonce = 0n;
  const transactions = () => Array.from({ length: TRANSACTIONS }, () => transaction(key, nonce++));
  const bodies = () => Array.from({ length: BODIES }, () => new Uint8Array(BODY_BYTES).fill(seed++ % 251));
  lendBlsCurve(nativeBlsCurve);
  const blsKey = blsKeyFrom(keccak256(Uint8Array.of(3)));
  const blsDigests = () => Array.from({ length: BLS_SIGNATURES }, digest);
  const blsSigned = () => blsDigests().map((each) => ({ digest: each, signature: blsKey.sign(each) }));
  const window = { bytes: vibrationWindow(), mediaType: SAMPLES_MEDIA_TYPE, parameters: {} };
  return {
    vote_sign: await perUnit(SIGNATURES, fresh, (each) => key.sign(each)),
    vote_verify: await perUnit(SIGNATURES, signed, (vote) => recoverAddress(vote.digest, vote.signature)),
    transaction_recover: await perUnit(TRANSACTIONS, transactions, (raw) => decodeTransaction(raw, CHAIN_ID).sender),
    bls_sign: await perUnit(BLS_SIGNATURES, blsDigests, (each) => blsKey.sign(each)),
    bls_verify: await perUnit(BLS_SIGNATURES, blsSigned, (each) => verifyBls(blsKey.publicKey, each.digest, each.signature)),
    bls_aggregate: await perUnit(
      BLS_SIGNATURES,
      () => [blsSigned().map(({ signature }) => signature)],
      (signatures) => aggregateSignatures(signatures),
    ),
    payload_kib: await perUnit((BODIES * BODY_BYTES) / 1024, bodies, (body) => commitPayload(body, 'application/octet-stream')),
    evm_gas: await measureGas(transaction),
    records_gas: await measureGas(anchor),
    'service.vibration.spectrum': await perUnit(
      (WINDOWS * window.bytes.length) / 1024,
      () => Array.from({ length: WINDOWS }, () => window),
      (each) => vibrationSpectrum.run(each),
    ),
  };
}

/** Microseconds until a small record that is appended to a file in this folder would survive a power cut. */
export async function measureSyncMicros(folder: string): Promise<number> {
  const name = path.join(folder, `.treadle-calibration-${process.pid}`);
  const file = await open(name, 'wx');
  try {
    const record = new Uint8Array(RECORD_BYTES);
    const times: number[] = [];
    for (let sync = 0; sync < SYNCS; sync++) {
      const started = performance.now();
      await file.write(record);
      await file.datasync();
      times.push((performance.now() - started) * 1000);
    }
    return times.sort((left, right) => left - right)[SYNCS / 2] as number;
  } finally {
    await file.close();
    await rm(name);
  }
}

/** Processor time per unit: `prepare` makes new input for each repetition, for caches must not answer; `work` on each of it is measured. */
async function perUnit<T>(units: number, prepare: () => readonly T[], work: (input: T) => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
    const inputs = prepare();
    const before = process.cpuUsage();
    for (const input of inputs) {
      const outcome = work(input);
      if (outcome instanceof Promise) await outcome;
    }
    const { user, system } = process.cpuUsage(before);
    // The first repetition compiles the code.
    if (repetition > 0) least = Math.min(least, (user + system) / units);
  }
  return least;
}

/** Time per gas of such transactions, each of which writes a slot and logs, with the state root of their block. */
async function measureGas(make: (key: NodeKey, nonce: bigint) => Uint8Array): Promise<number> {
  const key = quietKey(2);
  const genesis = genesisWithTarget();
  const store = createMemoryStateStore();
  const executor = new EvmExecutor({ chainId: CHAIN_ID, governance: genesis.governance, store });
  const { stateRoot, nodes } = await executor.genesis(genesis);
  store.stage(nodes);
  let parent: Header = genesisHeader(genesis, stateRoot);
  let nonce = 0n;
  let gasUsed = 0;
  const block = () => [Array.from({ length: TRANSACTIONS }, () => decodeTransaction(make(key, nonce++), CHAIN_ID))];
  const microsPerBlock = await perUnit(1, block, async (transactions) => {
    const timestampMs = parent.timestampMs + 500;
    const { proposer } = parent;
    const execution = await executor.execute({
      parent,
      proposer,
      timestampMs,
      transactions,
      mode: 'exact',
      ancestorHash: async () => undefined,
    });
    invariant(
      execution.outcomes.every(({ status }) => status === 1),
      'the transactions that are measured succeed',
    );
    store.stage(execution.nodes);
    gasUsed = Number(execution.gasUsed);
    parent = { ...parent, stateRoot: execution.stateRoot, number: parent.number + 1, timestampMs };
  });
  return microsPerBlock / gasUsed;
}

function genesisWithTarget(): Genesis {
  const { genesis } = planConsortium({
    chainId: CHAIN_ID,
    name: 'Calibration',
    companies: ['A', 'B', 'C'],
    edgeNodes: 0,
    devices: 0,
    random: { bytes: (length) => randomBytes(length), float: () => 0.5 },
    nowMs: 0,
  });
  return { ...genesis, contracts: [...genesis.contracts, { name: 'Target', address: TARGET, initCode: TARGET_INIT_CODE }] };
}

function transaction(key: NodeKey, nonce: bigint): Uint8Array {
  const words = [nonce, nonce + 1n].map((word) => word.toString(16).padStart(64, '0')).join('');
  const fields = { chainId: CHAIN_ID, nonce, gas: 100_000n, to: TARGET, value: 0n, data: `0x${words}` } as const;
  return fromHex(signTransaction(fields, key).raw);
}

const ANCHOR_SELECTOR = toHex(keccak256(new TextEncoder().encode('anchor(bytes32)')).subarray(0, 4));

/** A record: another digest each. */
function anchor(key: NodeKey, nonce: bigint): Uint8Array {
  const digest = toHex(keccak256(new TextEncoder().encode(`calibration ${nonce}`))).slice(2);
  const fields = {
    chainId: CHAIN_ID,
    nonce,
    gas: 100_000n,
    to: RECORDS_ADDRESS,
    value: 0n,
    data: `${ANCHOR_SELECTOR}${digest}`,
  } as const;
  return fromHex(signTransaction(fields, key).raw);
}

/** A key that does not remember what it signed: what is measured is the recovery. */
function quietKey(number: number): NodeKey {
  const key = keyFrom(keccak256(Uint8Array.of(number)));
  return { ...key, sign: (digest) => signDigest(digest, key.privateKey) };
}

function vibrationWindow(): Uint8Array {
  const samples = Float32Array.from({ length: WINDOW_SAMPLES }, (_, at) => Math.sin(at / 7) + Math.sin(at / 3.1));
  return encodeSamples({ sampleRateHz: 6400, unit: 'm/s2', axes: [samples] });
}
