import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledContract, compileSources } from '../../scripts/build-contracts.ts';
import { type Address, fromHex, type Hex, keccak256, type NodeKey, toHex } from '../../src/crypto/index.ts';
import {
  CHAIN_FACTS_ADDRESS,
  createMemoryStateStore,
  decodeTransaction,
  EvmExecutor,
  type Execution,
  type Genesis,
  genesisHeader,
  type HeaderRecord,
  PAYLOAD_ADDRESS,
  RECORDS_ADDRESS,
} from '../../src/ledger/index.ts';
import {
  CHAIN_ID,
  GOVERNANCE,
  sealerKeys,
  signedBy,
  type TransactionContent,
  testGenesis,
  testKey,
} from '../../src/ledger/testing/fixtures.ts';

const REFERENCE: Address = '0x0000000000000000000000000000000000009001';
const CALLER: Address = '0x0000000000000000000000000000000000009002';
const [SEALER] = sealerKeys(4).map(({ address }) => address) as [Address];
const DOMAIN = keccak256(new TextEncoder().encode('a chain of the tests'));

const folder = import.meta.dirname;
const recordsAbi = parseAbi([
  'struct Entry { bytes32 key; bytes value; }',
  'struct Attestation { address subject; bytes32 digest; bytes32 kind; }',
  'struct Segment { bytes32 stream; uint64 fromMs; uint64 toMs; uint32 count; bytes32 root; }',
  'struct Stream { uint64 fromMs; uint64 toMs; uint64 count; uint64 segments; bytes32 head; }',
  'function put(bytes32 key, bytes value)',
  'function putMany(Entry[] entries)',
  'function anchor(bytes32 digest)',
  'function anchorMany(bytes32[] digests)',
  'function attest(address subject, bytes32 digest, bytes32 kind)',
  'function attestMany(Attestation[] attestations)',
  'function telemetry(bytes32 stream, uint64 fromMs, uint64 toMs, uint32 count, bytes32 root)',
  'function telemetryMany(Segment[] segments)',
  'function get(address author, bytes32 key) view returns (bytes value)',
  'function anchoredAt(address author, bytes32 digest) view returns (uint64, uint64)',
  'function attestedAt(address author, address subject, bytes32 digest, bytes32 kind) view returns (uint64, uint64)',
  'function streamOf(address author, bytes32 stream) view returns (Stream)',
]);
const callerAbi = parseAbi([
  'function call(address target, bytes data) returns (bool success, bytes answer)',
  'function callWithGas(address target, bytes data, uint256 gasGiven) returns (bool success, bytes answer, uint256 gasTaken)',
  'function staticCall(address target, bytes data) view returns (bool success, bytes answer)',
  'function delegateCall(address target, bytes data) returns (bool success, bytes answer)',
  'function callAndGoOn(address target, bytes data) returns (bool)',
  'function anchorThere(address records, bytes32 digest) returns (uint64 timestamp)',
]);

let compiled: ReadonlyMap<string, CompiledContract>;

beforeAll(() => {
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  compiled = compileSources({
    'IRecords.sol': read('../src/IRecords.sol'),
    'ReferenceRecords.sol': read('fixtures/ReferenceRecords.sol'),
  });
});

/** A chain on which the built-in contract and its reference stand beside each other. */
class Chain {
  readonly store = createMemoryStateStore();
  readonly executor: EvmExecutor;
  head: HeaderRecord;
  last: Execution | undefined;
  private readonly nonces = new Map<number, number>();

  private constructor(executor: EvmExecutor, head: HeaderRecord) {
    this.executor = executor;
    this.head = head;
  }

  static async open(options: { readonly shortWay?: boolean } = {}): Promise<Chain> {
    const base = testGenesis();
    const code = (name: string): Hex => (compiled.get(name) as CompiledContract).bytecode;
    const genesis: Genesis = {
      ...base,
      contracts: [
        ...base.contracts,
        { name: 'ReferenceRecords', address: REFERENCE, initCode: code('ReferenceRecords') },
        { name: 'AnyCaller', address: CALLER, initCode: code('AnyCaller') },
      ],
    };
    const store = createMemoryStateStore();
    const executor = new EvmExecutor({ chainId: CHAIN_ID, governance: GOVERNANCE, store, domain: DOMAIN, ...options });
    const { stateRoot, nodes } = await executor.genesis(genesis);
    store.stage(nodes);
    return new Chain(executor, genesisHeader(genesis, stateRoot));
  }

  sign(sender: number, content: Omit<TransactionContent, 'nonce'>): Uint8Array {
    const nonce = this.nonces.get(sender) ?? 0;
    this.nonces.set(sender, nonce + 1);
    return signedBy(testKey(sender), { ...content, nonce });
  }

  async run(raws: readonly Uint8Array[], mode: 'select' | 'exact' = 'exact'): Promise<Execution> {
    const timestampMs = this.head.timestampMs + 1500;
    const execution = await this.executor.execute({
      parent: this.head,
      proposer: SEALER,
      timestampMs,
      transactions: raws.map((raw) => decodeTransaction(raw, CHAIN_ID)),
      mode,
      ancestorHash: async () => undefined,
    });
    this.executor.store.stage(execution.nodes);
    this.head = { ...this.head, stateRoot: execution.stateRoot, number: this.head.number + 1, timestampMs };
    this.last = execution;
    return execution;
  }

  async call(to: Address, data: Hex, from: Address = testKey(0).address) {
    const place = { header: this.head, ancestorHash: async () => undefined };
    return this.executor.call({ to, from, data: fromHex(data) }, place);
  }

  async storageRoot(address: Address): Promise<Hex> {
    const account = await this.executor.snapshot(this.head.stateRoot).account(String.fromCharCode(...fromHex(address)));
    return toHex(account?.storageRoot ?? new Uint8Array(0));
  }
}

type Operation = { readonly sender: number; readonly data: Hex };

const word32 = fc.integer({ min: 0, max: 5 }).map((number) => toHex(keccak256(Uint8Array.of(number))));
const value = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(0, 1, 31, 32, 33, 64, 100, 4096, 4097).map((length) => new Uint8Array(length).fill(length % 255)),
  )
  .map(toHex);
const subject = fc.constantFrom(testKey(20).address, testKey(21).address);
const time = fc.integer({ min: 0, max: 40 }).map(BigInt);
const segment = fc.record({ stream: word32, fromMs: time, toMs: time, count: fc.integer({ min: 0, max: 3 }), root: word32 });
const attestation = fc.record({ subject, digest: word32, kind: word32 });
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });

const call = fc.oneof(
  fc.tuple(word32, value).map((args) => encodeFunctionData({ abi: recordsAbi, functionName: 'put', args })),
  list(fc.record({ key: word32, value })).map((entries) =>
    encodeFunctionData({ abi: recordsAbi, functionName: 'putMany', args: [entries] }),
  ),
  word32.map((digest) => encodeFunctionData({ abi: recordsAbi, functionName: 'anchor', args: [digest] })),
  list(word32).map((digests) => encodeFunctionData({ abi: recordsAbi, functionName: 'anchorMany', args: [digests] })),
  attestation.map(({ subject, digest, kind }) =>
    encodeFunctionData({ abi: recordsAbi, functionName: 'attest', args: [subject, digest, kind] }),
  ),
  list(attestation).map((items) => encodeFunctionData({ abi: recordsAbi, functionName: 'attestMany', args: [items] })),
  segment.map(({ stream, fromMs, toMs, count, root }) =>
    encodeFunctionData({ abi: recordsAbi, functionName: 'telemetry', args: [stream, fromMs, toMs, count, root] }),
  ),
  list(segment).map((segments) => encodeFunctionData({ abi: recordsAbi, functionName: 'telemetryMany', args: [segments] })),
  fc
    .tuple(fc.constantFrom(testKey(0).address, testKey(1).address), word32)
    .map((args) => encodeFunctionData({ abi: recordsAbi, functionName: 'get', args })),
);

/** The call as it is, cut short, or with a byte changed: what a contract must refuse as a Solidity contract does. */
const data = fc.oneof(
  { weight: 6, arbitrary: call },
  {
    weight: 1,
    arbitrary: fc.tuple(call, fc.nat(200)).map(([whole, cut]) => whole.slice(0, Math.max(2, whole.length - 2 * cut)) as Hex),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(call, fc.nat(), fc.nat(255)).map(([whole, at, byte]) => {
      const bytes = fromHex(whole);
      bytes[at % bytes.length] = byte;
      return toHex(bytes);
    }),
  },
);

const operation: fc.Arbitrary<Operation> = fc.record({ sender: fc.integer({ min: 0, max: 1 }), data });

function said({ outcomes }: Execution, at: number) {
  const { status, logs, revertData } = outcomes[at] ?? { status: undefined, logs: [], revertData: undefined };
  return { status, revertData, logs: logs.map(({ topics, data }) => ({ topics, data })) };
}

describe('records', () => {
  it('stores, logs, answers and refuses what the same contract in Solidity does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(operation, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        async (blocks) => {
          const chain = await Chain.open();
          for (const operations of blocks) {
            const execution = await chain.run(
              operations.flatMap(({ sender, data }) =>
                [RECORDS_ADDRESS, REFERENCE].map((to) => chain.sign(sender, { to, data: fromHex(data), gas: 20_000_000n })),
              ),
            );
            for (const at of operations.keys()) expect(said(execution, 2 * at)).toEqual(said(execution, 2 * at + 1));
            expect(await chain.storageRoot(RECORDS_ADDRESS)).toBe(await chain.storageRoot(REFERENCE));
          }
          for (const { data, sender } of blocks.flat()) {
            const [built, written] = await Promise.all(
              [RECORDS_ADDRESS, REFERENCE].map((to) => chain.call(to, data, testKey(sender).address)),
            );
            expect(built && { success: built.success, data: toHex(built.returnData) }).toEqual(
              written && { success: written.success, data: toHex(written.returnData) },
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes the short way to the same roots, receipts, gas and errors as the general way', async () => {
    // The last one has no account yet.
    const keys = [testKey(0), testKey(1), testKey(2), testKey(77)];
    const transaction = fc.record({
      sender: fc.integer({ min: 0, max: 3 }),
      data,
      gas: fc.oneof(fc.constant(1_000_000), fc.integer({ min: 21_000, max: 60_000 })),
      legacy: fc.boolean(),
      value: fc.constantFrom(0n, 0n, 0n, 1n),
      gasPrice: fc.constantFrom(0n, 0n, 0n, 1n, 10n ** 18n),
      nonceGap: fc.constantFrom(0, 0, 0, 0, 1),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(transaction, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
        async (blocks) => {
          const short = await Chain.open();
          const general = await Chain.open({ shortWay: false });
          const nonces = [0, 0, 0, 0];
          for (const block of blocks) {
            const raws = block.map(({ sender, data, gas, legacy, value, gasPrice, nonceGap }) => {
              const nonce = (nonces[sender] as number) + nonceGap;
              return signedBy(keys[sender] as NodeKey, {
                nonce,
                to: RECORDS_ADDRESS,
                data: fromHex(data),
                gas: BigInt(gas),
                legacy,
                value,
                gasPrice,
              });
            });
            const [left, right] = [await short.run(raws, 'select'), await general.run(raws, 'select')];
            expect({ ...left, nodes: [...left.nodes] }).toEqual({ ...right, nodes: [...right.nodes] });
            for (const { sender } of left.included) {
              const index = keys.findIndex(({ address }) => address === sender);
              nonces[index] = (nonces[index] as number) + 1;
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is written by contracts in their own name', async () => {
    const chain = await Chain.open();
    const digest = toHex(keccak256(Uint8Array.of(1)));
    const args = [RECORDS_ADDRESS, digest] as const;
    const { outcomes } = await chain.run([
      chain.sign(0, { to: CALLER, data: fromHex(encodeFunctionData({ abi: callerAbi, functionName: 'anchorThere', args })) }),
    ]);
    expect(outcomes[0]?.status).toBe(1);
    const anchoredAt = async (author: Address) => {
      const data = encodeFunctionData({ abi: recordsAbi, functionName: 'anchoredAt', args: [author, digest] });
      const { returnData } = await chain.call(RECORDS_ADDRESS, data);
      return decodeFunctionResult({ abi: recordsAbi, functionName: 'anchoredAt', data: toHex(returnData) });
    };
    expect(await anchoredAt(CALLER)).toEqual([BigInt(Math.floor(chain.head.timestampMs / 1000)), BigInt(chain.head.number)]);
    expect(await anchoredAt(testKey(0).address)).toEqual([0n, 0n]);
  });

  it('costs a contract exactly what it costs a transaction, beside the call itself', async () => {
    const chain = await Chain.open();
    const anchor = (seed: number) =>
      encodeFunctionData({ abi: recordsAbi, functionName: 'anchor', args: [toHex(keccak256(Uint8Array.of(seed)))] });
    const execution = await chain.run([chain.sign(0, { to: RECORDS_ADDRESS, data: fromHex(anchor(1)) })]);
    const bytes = fromHex(anchor(1));
    const zeros = bytes.filter((byte) => byte === 0).length;
    const own = Number(execution.outcomes[0]?.gasUsed) - 21_000 - 4 * zeros - 16 * (bytes.length - zeros);
    // call 200, record 200, one slot read 200 and filled 5,000, a log of three topics 375 + 3 * 375.
    expect(own).toBe(7_100);
    const withGas = async (gas: number) => {
      const data = encodeFunctionData({
        abi: callerAbi,
        functionName: 'callWithGas',
        args: [RECORDS_ADDRESS, anchor(2), BigInt(gas)],
      });
      const { returnData } = await chain.call(CALLER, data);
      return decodeFunctionResult({ abi: callerAbi, functionName: 'callWithGas', data: toHex(returnData) });
    };
    const [enough, less] = [await withGas(own), await withGas(own - 1)];
    expect(enough[0]).toBe(true);
    expect(less[0]).toBe(false);
    // What is given and not used comes back: the rest is the call's own.
    const rich = await withGas(own + 5_000);
    expect(rich[2]).toBe(enough[2]);
  });

  it('writes nothing in a static call, in a delegated one, with value, or in what is undone', async () => {
    const chain = await Chain.open();
    const before = await chain.storageRoot(RECORDS_ADDRESS);
    const data = encodeFunctionData({ abi: recordsAbi, functionName: 'anchor', args: [toHex(keccak256(Uint8Array.of(1)))] });
    const answers = async (functionName: 'staticCall' | 'delegateCall') => {
      const sent = encodeFunctionData({ abi: callerAbi, functionName, args: [RECORDS_ADDRESS, data] });
      await chain.run([chain.sign(0, { to: CALLER, data: fromHex(sent) })]);
      const { returnData } = await chain.call(CALLER, sent);
      const [success, answer] = decodeFunctionResult({ abi: callerAbi, functionName, data: toHex(returnData) });
      return { success, answer };
    };
    const named = (signature: string): Hex => toHex(keccak256(new TextEncoder().encode(signature)).subarray(0, 4));
    expect(await answers('staticCall')).toEqual({ success: false, answer: named('ReadOnly()') });
    expect(await answers('delegateCall')).toEqual({ success: false, answer: named('NotItself()') });
    const undone = encodeFunctionData({ abi: callerAbi, functionName: 'callAndGoOn', args: [RECORDS_ADDRESS, data] });
    const { outcomes } = await chain.run([
      chain.sign(0, { to: CALLER, data: fromHex(undone) }),
      chain.sign(0, { to: RECORDS_ADDRESS, data: fromHex(data), value: 1n }),
    ]);
    expect(outcomes.map(({ status, logs }) => ({ status, logs: logs.length }))).toEqual([
      { status: 1, logs: 0 },
      { status: 0, logs: 0 },
    ]);
    expect(await chain.storageRoot(RECORDS_ADDRESS)).toBe(before);
  });

  it('can be read in a static call', async () => {
    const chain = await Chain.open();
    const key = toHex(keccak256(Uint8Array.of(9)));
    const text = toHex(new TextEncoder().encode('a value of more than thirty-two bytes, to be sure'));
    const put = encodeFunctionData({ abi: recordsAbi, functionName: 'put', args: [key, text] });
    await chain.run([chain.sign(0, { to: RECORDS_ADDRESS, data: fromHex(put) })]);
    const get = encodeFunctionData({ abi: recordsAbi, functionName: 'get', args: [testKey(0).address, key] });
    const data = encodeFunctionData({ abi: callerAbi, functionName: 'staticCall', args: [RECORDS_ADDRESS, get] });
    const { returnData } = await chain.call(CALLER, data);
    const [success, answer] = decodeFunctionResult({ abi: callerAbi, functionName: 'staticCall', data: toHex(returnData) });
    expect(success).toBe(true);
    expect(decodeFunctionResult({ abi: recordsAbi, functionName: 'get', data: answer })).toBe(text);
  });

  it('answers nothing where the genesis has no account for it', async () => {
    const genesis = { ...testGenesis(), contracts: testGenesis().contracts.filter(({ address }) => address !== RECORDS_ADDRESS) };
    const store = createMemoryStateStore();
    const executor = new EvmExecutor({ chainId: CHAIN_ID, governance: GOVERNANCE, store });
    const { stateRoot, nodes } = await executor.genesis(genesis);
    store.stage(nodes);
    const data = fromHex(encodeFunctionData({ abi: recordsAbi, functionName: 'anchor', args: [toHex(new Uint8Array(32))] }));
    const request = {
      parent: genesisHeader(genesis, stateRoot),
      proposer: SEALER,
      timestampMs: genesis.timestampMs + 1,
      transactions: [decodeTransaction(signedBy(testKey(0), { nonce: 0, to: RECORDS_ADDRESS, data }), CHAIN_ID)],
      mode: 'exact' as const,
      ancestorHash: async () => undefined,
    };
    const { outcomes } = await executor.execute(request);
    expect(outcomes[0]).toMatchObject({ status: 1, logs: [] });
  });
});

describe('the other built-in contracts', () => {
  it('tell the domain of the chain, and of a transaction without a payload that it has none', async () => {
    const chain = await Chain.open();
    expect(toHex((await chain.call(CHAIN_FACTS_ADDRESS, '0x')).returnData)).toBe(toHex(DOMAIN));
    expect((await chain.call(PAYLOAD_ADDRESS, '0x')).returnData).toEqual(new Uint8Array(0));
    const data = encodeFunctionData({ abi: callerAbi, functionName: 'staticCall', args: [CHAIN_FACTS_ADDRESS, '0x'] });
    const [, answer] = decodeFunctionResult({
      abi: callerAbi,
      functionName: 'staticCall',
      data: toHex((await chain.call(CALLER, data)).returnData),
    });
    expect(answer).toBe(toHex(DOMAIN));
  });
});
