import { createBlock } from '@ethereumjs/block';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createAccessList2930Tx, createEOACode7702Tx } from '@ethereumjs/tx';
import { eoaCode7702SignAuthorization, hexToBytes } from '@ethereumjs/util';
import { createVM, runBlock } from '@ethereumjs/vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { type Header, makeHeader, mixHashAfter } from '../chain/header.ts';
import type { Genesis } from '../genesis.ts';
import type { CallRequest } from '../ledger.ts';
import { decodeTransaction } from '../pool/transaction-codec.ts';
import { WORKBENCH_INIT_CODE } from '../testing/contracts.ts';
import {
  CHAIN_ID,
  callData,
  GOVERNANCE,
  present,
  replaceSealersData,
  sealerKeys,
  signedBy,
  testGenesis,
  testKey,
  WORKBENCH,
  word,
} from '../testing/fixtures.ts';
import { chainRules } from './chain-rules.ts';
import { EvmExecutor } from './evm-executor.ts';
import type { Execution } from './executor.ts';
import { genesisHeader } from './genesis-state.ts';
import { SharedExecutor } from './shared-executor.ts';
import { readAccount, readProof, readStorage } from './state-reader.ts';
import { bytesOfKey } from './state-snapshot.ts';
import { createMemoryStateStore } from './state-store.ts';

const [SEALER] = sealerKeys(4).map(({ address }) => address) as [Address];

/** A chain without network or disk: an executor and its latest header. */
class Bench {
  readonly store = createMemoryStateStore();
  readonly executor = new EvmExecutor({ chainId: CHAIN_ID, governance: GOVERNANCE, store: this.store });
  readonly headers: Header[] = [];

  static async open(genesis: Genesis = testGenesis()): Promise<Bench> {
    const bench = new Bench();
    const { stateRoot, nodes } = await bench.executor.genesis(genesis);
    bench.store.stage(nodes);
    bench.headers.push(genesisHeader(genesis, stateRoot));
    return bench;
  }

  get head(): Header {
    return this.headers.at(-1) as Header;
  }

  readonly ancestorHash = async (number: number): Promise<Hex | undefined> => this.headers[number]?.hash;

  request(raws: readonly Uint8Array[], mode: 'select' | 'exact' = 'exact') {
    const transactions = raws.map((raw) => decodeTransaction(raw, CHAIN_ID));
    return {
      parent: this.head,
      proposer: SEALER,
      timestampMs: this.head.timestampMs + 500,
      transactions,
      mode,
      ancestorHash: this.ancestorHash,
    };
  }

  async run(raws: readonly Uint8Array[], mode: 'select' | 'exact' = 'exact'): Promise<Execution> {
    const request = this.request(raws, mode);
    const execution = await this.executor.execute(request);
    this.store.stage(execution.nodes);
    this.headers.push(
      makeHeader({
        ...execution,
        parentHash: this.head.hash,
        proposer: SEALER,
        number: this.head.number + 1,
        gasLimit: this.head.gasLimit,
        timestampMs: request.timestampMs,
        mixHash: mixHashAfter(this.head.hash),
      }),
    );
    return execution;
  }

  call(request: CallRequest) {
    return this.executor.call(request, { header: this.head, ancestorHash: this.ancestorHash });
  }

  estimate(request: CallRequest) {
    return this.executor.estimateGas(request, { header: this.head, ancestorHash: this.ancestorHash });
  }

  account(address: Address) {
    return readAccount(this.executor.snapshot(this.head.stateRoot), address);
  }
}

describe('the EVM executor', () => {
  it('moves value, at gas price 0', async () => {
    const bench = await Bench.open();
    const to = testKey(50).address;
    const { outcomes } = await bench.run([
      signedBy(testKey(0), { nonce: 0, to, value: 5n }),
      signedBy(testKey(0), { nonce: 1, to, value: 6n, legacy: true }),
    ]);
    expect(outcomes.map(({ status, gasUsed, type }) => ({ status, gasUsed, type }))).toEqual([
      { status: 1, gasUsed: 21000n, type: 2 },
      { status: 1, gasUsed: 21000n, type: 0 },
    ]);
    expect(outcomes[1]?.cumulativeGasUsed).toBe(42000n);
    expect((await bench.account(to))?.balance).toBe(11n);
    expect(await bench.account(testKey(0).address)).toMatchObject({ nonce: 2n, balance: 10n ** 18n - 11n });
  });

  it('pays a gas price to the proposer when one is offered', async () => {
    const bench = await Bench.open();
    await bench.run([signedBy(testKey(0), { nonce: 0, to: testKey(50).address, gasPrice: 3n })]);
    expect((await bench.account(SEALER))?.balance).toBe(63000n);
  });

  it('deploys a contract and calls it', async () => {
    const bench = await Bench.open();
    const { outcomes } = await bench.run([
      signedBy(testKey(0), { nonce: 0, data: fromHex(WORKBENCH_INIT_CODE), gas: 5_000_000n }),
    ]);
    const address = outcomes[0]?.contractAddress as Address;
    expect(address).toMatch(/^0x[0-9a-f]{40}$/);
    expect(toHex((await bench.call({ to: address, data: callData('maker()') })).returnData)).toBe(
      `0x${word(testKey(0).address)}`,
    );
    const set = await bench.run([signedBy(testKey(1), { nonce: 0, to: address, data: callData('set(uint256,uint256)', 4, 44) })]);
    expect(set.outcomes[0]?.logs).toEqual([
      expect.objectContaining({
        address,
        topics: [expect.any(String), `0x${word(testKey(1).address)}`, `0x${word(4)}`],
        data: `0x${word(44)}`,
      }),
    ]);
    expect(toHex((await bench.call({ to: address, data: callData('values(uint256)', 4) })).returnData)).toBe(`0x${word(44)}`);
  });

  it('keeps reverted and exhausted transactions in the block, with status 0 and the gas used', async () => {
    const bench = await Bench.open();
    const reason = fromHex(`${toHex(callData('fail(string)', 32, 2))}${Buffer.from('no').toString('hex').padEnd(64, '0')}`);
    const { included, outcomes } = await bench.run([
      signedBy(testKey(0), { nonce: 0, to: WORKBENCH, data: reason }),
      signedBy(testKey(0), { nonce: 1, to: WORKBENCH, data: callData('burn()'), gas: 200_000n }),
      signedBy(testKey(0), { nonce: 2, to: WORKBENCH, data: callData('set(uint256,uint256)', 1, 1) }),
    ]);
    expect(included).toHaveLength(3);
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 1]);
    expect(outcomes[0]?.revertData?.startsWith('0x08c379a0')).toBe(true);
    expect(outcomes[1]?.gasUsed).toBe(200_000n);
    expect(outcomes[1]?.revertData).toBeUndefined();
    expect(toHex((await bench.call({ to: WORKBENCH, data: callData('count()') })).returnData)).toBe(`0x${word(7)}`);
  });

  it('leaves out what cannot run when it selects, and stops at it when it must be exact', async () => {
    const bench = await Bench.open();
    const good = signedBy(testKey(0), { nonce: 0, to: testKey(9).address, value: 1n });
    const early = signedBy(testKey(1), { nonce: 4, to: testKey(9).address });
    const poor = signedBy(testKey(60), { nonce: 0, to: testKey(9).address, value: 1n });
    const exact = await bench.executor.execute(bench.request([good, early]));
    expect(exact.refused).toEqual([expect.objectContaining({ kind: 'invalid', reason: expect.stringMatching(/nonce/) })]);
    const selected = await bench.run([early, poor, good], 'select');
    expect(selected.included).toHaveLength(1);
    expect(selected.refused.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/nonce/),
      expect.stringMatching(/enough funds/),
    ]);
  });

  it('does not go beyond the gas limit of the block', async () => {
    const bench = await Bench.open(testGenesis({ gasLimit: '0x186a0' }));
    const raws = [0, 1, 2].map((index) => signedBy(testKey(index), { nonce: 0, to: testKey(9).address, gas: 60_000n }));
    const { included, refused } = await bench.run(raws, 'select');
    expect(included).toHaveLength(2);
    expect(refused).toEqual([expect.objectContaining({ kind: 'no-room' })]);
  });

  it('runs access-list and set-code transactions', async () => {
    const bench = await Bench.open();
    const common = chainRules(CHAIN_ID);
    const key = testKey(0);
    const listed = createAccessList2930Tx(
      {
        nonce: 0,
        gasLimit: 100_000n,
        to: hexToBytes(WORKBENCH),
        data: callData('count()'),
        accessList: [{ address: WORKBENCH, storageKeys: [`0x${word(1)}`] }],
      },
      { common },
    ).sign(key.privateKey);
    const authority = testKey(70);
    const authorization = eoaCode7702SignAuthorization(
      [fromHex(`0x${CHAIN_ID.toString(16)}`), fromHex(WORKBENCH), new Uint8Array(0)],
      authority.privateKey,
    );
    const delegated = createEOACode7702Tx(
      {
        nonce: 1,
        gasLimit: 300_000n,
        to: hexToBytes(authority.address),
        data: callData('set(uint256,uint256)', 1, 2),
        authorizationList: [authorization],
      },
      { common },
    ).sign(key.privateKey);
    const { outcomes } = await bench.run([listed.serialize(), delegated.serialize()]);
    expect(outcomes.map(({ status, type }) => [status, type])).toEqual([
      [1, 1],
      [1, 4],
    ]);
    expect(outcomes[1]?.logs[0]?.address).toBe(authority.address);
    // A delegated account still sends transactions of its own.
    const { outcomes: own } = await bench.run([signedBy(authority, { nonce: 1, to: testKey(9).address })]);
    expect(own[0]?.status).toBe(1);
  });

  it('answers BLOCKHASH for the last 256 blocks and shows contracts their block', async () => {
    const bench = await Bench.open();
    for (let block = 0; block < 258; block++) await bench.run([]);
    const hashOf = async (number: number) =>
      toHex((await bench.call({ to: WORKBENCH, data: callData('hashOf(uint256)', number) })).returnData);
    expect(await hashOf(257)).toBe(bench.headers[257]?.hash);
    expect(await hashOf(2)).toBe(bench.headers[2]?.hash);
    expect(await hashOf(1)).toBe(`0x${word(0)}`);
    expect(await hashOf(258)).toBe(`0x${word(0)}`);
    const context = toHex((await bench.call({ to: WORKBENCH, data: callData('context()') })).returnData);
    const seconds = Math.floor(bench.head.timestampMs / 1000);
    expect(context).toBe(`0x${word(258)}${word(seconds)}${word(SEALER)}${word(CHAIN_ID)}${word(0)}`);
  });

  it('asks the governance contract who seals next, and keeps the set when the answer is of no use', async () => {
    const bench = await Bench.open();
    const next = sealerKeys(4)
      .map(({ address }) => address)
      .slice(1);
    const shuffled = [...next].reverse();
    const changed = await bench.run([signedBy(testKey(0), { nonce: 0, to: GOVERNANCE, data: replaceSealersData(shuffled) })]);
    expect(changed.nextSealers).toEqual(next);
    expect(changed.sealersKept).toBeUndefined();
    const emptied = await bench.run([signedBy(testKey(0), { nonce: 1, to: GOVERNANCE, data: replaceSealersData([]) })]);
    expect(emptied.nextSealers).toEqual(next);
    expect(emptied.sealersKept).toMatch(/no sealers/);
    const doubled = await bench.run([
      signedBy(testKey(0), { nonce: 2, to: GOVERNANCE, data: replaceSealersData([present(next[0]), present(next[0])]) }),
    ]);
    expect(doubled.sealersKept).toMatch(/twice/);
  });

  it('estimates the smallest gas limit that works', async () => {
    const bench = await Bench.open();
    await bench.run([signedBy(testKey(0), { nonce: 0, to: WORKBENCH, data: callData('set(uint256,uint256)', 9, 9) })]);
    const requests: readonly CallRequest[] = [
      { from: testKey(1).address, to: testKey(2).address, value: 1n },
      { from: testKey(1).address, to: WORKBENCH, data: callData('set(uint256,uint256)', 1, 2) },
      { from: testKey(1).address, to: WORKBENCH, data: callData('clear(uint256)', 9) },
      { from: testKey(1).address, to: WORKBENCH, data: callData('nested(uint256)', 5) },
      { from: testKey(1).address, data: fromHex(WORKBENCH_INIT_CODE) },
    ];
    for (const request of requests) {
      const gas = await bench.estimate(request);
      expect((await bench.call({ ...request, gas })).success).toBe(true);
      const less = await bench.call({ ...request, gas: gas - 1n }).catch((error: TreadleError) => error);
      expect(less instanceof TreadleError ? less.code : less.success).toEqual(
        less instanceof TreadleError ? 'LEDGER_GAS_TOO_LOW' : false,
      );
      const content = {
        nonce: 0,
        ...(request.to && { to: request.to }),
        ...(request.data && { data: request.data }),
        value: request.value ?? 0n,
      };
      const real = await bench.executor.execute(bench.request([signedBy(testKey(1), { ...content, gas })]));
      expect(real.outcomes[0]?.status).toBe(1);
    }
    expect(await bench.estimate(present(requests[0]))).toBe(21000n);
    const failing = bench.estimate({ to: WORKBENCH, data: callData('fail(string)', 32, 0) });
    await expect(failing).rejects.toSatisfy(
      (error) => hasCode(error, 'LEDGER_CALL_REVERTED') && String(error.data.returnData).startsWith('0x08c379a0'),
    );
  });

  it('leaves no trace of a call and refuses one without enough gas', async () => {
    const bench = await Bench.open();
    const before = await bench.call({ to: WORKBENCH, data: callData('set(uint256,uint256)', 1, 2) });
    expect(before.success).toBe(true);
    expect(toHex((await bench.call({ to: WORKBENCH, data: callData('values(uint256)', 1) })).returnData)).toBe(`0x${word(0)}`);
    await expect(bench.call({ to: WORKBENCH, gas: 20_999n })).rejects.toSatisfy((error) => hasCode(error, 'LEDGER_GAS_TOO_LOW'));
    const calls = Array.from({ length: 40 }, (_, index) =>
      bench.call({ to: WORKBENCH, data: callData('hashOf(uint256)', index) }),
    );
    expect((await Promise.all(calls)).every(({ success }) => success)).toBe(true);
  });

  it('keeps every old root readable', async () => {
    const bench = await Bench.open();
    for (let value = 1; value <= 3; value++) {
      await bench.run([
        signedBy(testKey(0), { nonce: value - 1, to: WORKBENCH, data: callData('set(uint256,uint256)', 0, value) }),
      ]);
    }
    const fresh = new EvmExecutor({ chainId: CHAIN_ID, governance: GOVERNANCE, store: bench.store });
    for (const [number, header] of bench.headers.entries()) {
      const place = { header, ancestorHash: bench.ancestorHash };
      const { returnData } = await fresh.call({ to: WORKBENCH, data: callData('values(uint256)', 0) }, place);
      expect(toHex(returnData)).toBe(`0x${word(number)}`);
    }
  });
});

describe('the executor against @ethereumjs running whole blocks', () => {
  it('reaches the same roots and gas for any mix of transactions', async () => {
    const action = fc.record({
      sender: fc.integer({ min: 0, max: 4 }),
      kind: fc.constantFrom('set', 'clear', 'transfer', 'make', 'nested', 'burn', 'deploy', 'governance'),
      key: fc.integer({ min: 0, max: 5 }),
      value: fc.integer({ min: 0, max: 3 }),
    });
    const property = fc.asyncProperty(
      fc.array(fc.array(action, { maxLength: 6 }), { minLength: 1, maxLength: 3 }),
      async (blocks) => {
        const bench = await Bench.open();
        const oracle = await openOracle(bench);
        const nonces = new Map<number, number>();
        for (const actions of blocks) {
          const raws = actions.map(({ sender, kind, key, value }) => {
            const nonce = nonces.get(sender) ?? 0;
            nonces.set(sender, nonce + 1);
            const to = kind === 'transfer' ? testKey(80 + key).address : kind === 'governance' ? GOVERNANCE : WORKBENCH;
            const data = {
              set: callData('set(uint256,uint256)', key, value),
              clear: callData('clear(uint256)', key),
              transfer: new Uint8Array(0),
              make: callData('make()'),
              nested: callData('nested(uint256)', key),
              burn: callData('burn()'),
              deploy: fromHex(WORKBENCH_INIT_CODE),
              governance: replaceSealersData(sealerKeys(4 + value).map(({ address }) => address)),
            }[kind];
            const wei = kind === 'transfer' ? BigInt(value) : 0n;
            return signedBy(testKey(sender), {
              nonce,
              data,
              value: wei,
              gas: kind === 'burn' ? 90_000n : 2_000_000n,
              ...(kind !== 'deploy' && { to }),
            });
          });
          const execution = await bench.run(raws);
          const result = await oracle(raws, bench.head);
          expect(execution.stateRoot).toBe(result.stateRoot);
          expect(execution.receiptsRoot).toBe(result.receiptsRoot);
          expect(execution.gasUsed).toBe(result.gasUsed);
          expect(toHex(execution.logsBloom)).toBe(result.logsBloom);
        }
      },
    );
    await fc.assert(property, { numRuns: 15 });
  });
});

/** Plays the same blocks on @ethereumjs' own state manager, from the same genesis state. */
async function openOracle(bench: Bench) {
  const common = chainRules(CHAIN_ID).copy();
  const stateManager = new MerkleStateManager({ common });
  const genesis = testGenesis();
  const place = { header: bench.head, ancestorHash: bench.ancestorHash };
  const snapshot = bench.executor.snapshot(bench.head.stateRoot);
  const owned: Record<string, unknown[]> = {};
  for (const [address, wei] of Object.entries(genesis.alloc)) owned[address] = [BigInt(wei), undefined, undefined, 0n];
  for (const { address } of genesis.contracts) {
    const { account } = await readProof(snapshot, address, []);
    const code = await snapshot.code(fromHex(account.codeHash));
    const storage: [Uint8Array, Uint8Array][] = [];
    const slots = address === WORKBENCH ? [1n] : [0n, ...Array.from({ length: 4 }, (_, at) => BigInt(LIST_SLOT) + BigInt(at))];
    for (const slot of slots) {
      const key = fromHex(`0x${word(slot)}`);
      storage.push([key, await readStorage(snapshot, address, key)]);
    }
    owned[address] = [0n, code, storage, 1n];
  }
  await stateManager.generateCanonicalGenesis(owned);
  expect(toHex(await stateManager.getStateRoot())).toBe(place.header.stateRoot);
  const vm = await createVM({ common, stateManager });
  return async (raws: readonly Uint8Array[], header: Header) => {
    const block = createBlock(
      {
        header: {
          number: header.number,
          parentHash: fromHex(header.parentHash),
          coinbase: header.proposer,
          timestamp: Math.floor(header.timestampMs / 1000),
          gasLimit: header.gasLimit,
          baseFeePerGas: 0n,
          mixHash: fromHex(header.mixHash),
        },
        transactions: raws.map((raw) => decodeTransaction(raw, CHAIN_ID).transaction),
      },
      { common, skipConsensusFormatValidation: true },
    );
    const result = await runBlock(vm, { block, generate: true, skipBlockValidation: true });
    return {
      stateRoot: toHex(result.stateRoot),
      receiptsRoot: toHex(result.receiptsRoot),
      gasUsed: result.gasUsed,
      logsBloom: toHex(result.logsBloom),
    };
  };
}

/** keccak256(0): where the elements of the list in slot 0 begin. */
const LIST_SLOT = '0x290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563';

describe('a shared executor', () => {
  it('gives what a plain one gives and computes each block once', async () => {
    const plain = await Bench.open();
    const shared = new SharedExecutor(plain.executor);
    const raws = [0, 1, 2].map((index) =>
      signedBy(testKey(index), { nonce: 0, to: WORKBENCH, data: callData('set(uint256,uint256)', index, 1) }),
    );
    const late = signedBy(testKey(5), { nonce: 3, to: WORKBENCH });
    const selected = await shared.execute(plain.request([...raws, late], 'select'));
    const [first, second] = await Promise.all([shared.execute(plain.request(raws)), shared.execute(plain.request(raws))]);
    const direct = await plain.executor.execute(plain.request(raws));
    const commitments = ({ stateRoot, receiptsRoot, transactionsRoot, gasUsed }: Execution) => ({
      stateRoot,
      receiptsRoot,
      transactionsRoot,
      gasUsed,
    });
    expect(selected.refused).toHaveLength(1);
    expect(first.refused).toHaveLength(0);
    expect(second).toBe(first);
    expect(commitments(first)).toEqual(commitments(direct));
    expect(commitments(selected)).toEqual(commitments(direct));
    expect(shared.statistics()).toEqual({ computed: 1, shared: 2 });
    await shared.execute(plain.request(raws.slice(1)));
    expect(shared.statistics().computed).toBe(2);
    const genesis = testGenesis();
    expect(await shared.genesis(genesis)).toBe(await shared.genesis(testGenesis()));
  });

  it('answers a call once for each block that it stands on', async () => {
    const plain = await Bench.open();
    const shared = new SharedExecutor(plain.executor);
    const place = () => ({ header: plain.head, ancestorHash: plain.ancestorHash });
    const request = { to: WORKBENCH, data: callData('set(uint256,uint256)', 1, 2) };
    const before = await shared.call(request, place());
    expect(before).toEqual(await plain.executor.call(request, place()));
    expect(await shared.call({ ...request }, place())).toBe(before);
    expect(await shared.call({ ...request, data: callData('set(uint256,uint256)', 1, 3) }, place())).not.toBe(before);
    const moved = { ...place(), header: { ...plain.head, hash: plain.head.parentHash } };
    expect(await shared.call(request, moved)).not.toBe(before);
  });
});

describe('keys of bytes', () => {
  it('go back to the bytes', () => {
    expect(bytesOfKey('\u0000ÿa')).toEqual(Uint8Array.of(0, 255, 97));
  });
});
