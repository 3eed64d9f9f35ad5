import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import type { Genesis } from '../genesis.ts';
import { CHAIN_ID, callData, GOVERNANCE, present, testGenesis, testKey, WORKBENCH, word } from '../testing/fixtures.ts';
import { EvmExecutor } from './evm-executor.ts';
import { GENESIS_DEPLOYER, genesisHeader } from './genesis-state.ts';
import { readAccount, readCode } from './state-reader.ts';
import { createMemoryStateStore } from './state-store.ts';

async function build(genesis: Genesis) {
  const store = createMemoryStateStore();
  const executor = new EvmExecutor({ chainId: CHAIN_ID, governance: genesis.governance, store });
  const { stateRoot, nodes } = await executor.genesis(genesis);
  store.stage(nodes);
  return { executor, header: genesisHeader(genesis, stateRoot) };
}

describe('genesis', () => {
  it('is the same every time, whatever the order of the balances', async () => {
    const genesis = testGenesis();
    const reversed = { ...genesis, alloc: Object.fromEntries(Object.entries(genesis.alloc).reverse()) };
    const { header } = await build(genesis);
    expect((await build(reversed)).header.hash).toBe(header.hash);
    expect(header.hash).toBe('0x47feb966f5c19cc91b09eec10bb00bf41c18dca5645ef50a8dcca22465dc8bfe');
    expect(header.nextSealers).toEqual(genesis.sealers);
  });

  it('differs for another chain id, time, balance or seat of governance', async () => {
    const genesis = testGenesis();
    const moved = '0x0000000000000000000000000000000000003000';
    const [governance, ...others] = genesis.contracts;
    const variants: readonly Genesis[] = [
      genesis,
      { ...genesis, chainId: CHAIN_ID + 1 },
      { ...genesis, timestampMs: genesis.timestampMs + 1 },
      { ...genesis, alloc: { ...genesis.alloc, [testKey(30).address]: '1' } },
      { ...genesis, governance: moved, contracts: [{ ...present(governance), address: moved }, ...others] },
    ];
    const hashes = await Promise.all(variants.map(async (variant) => (await build(variant)).header.hash));
    expect(new Set(hashes).size).toBe(variants.length);
  });

  it('runs constructors in place: storage, immutables and sender are as a deployment there would leave them', async () => {
    const { executor, header } = await build(testGenesis());
    const place = { header, ancestorHash: async () => undefined };
    const read = async (signature: string) =>
      toHex((await executor.call({ to: WORKBENCH, data: callData(signature) }, place)).returnData);
    expect(await read('count()')).toBe(`0x${word(7)}`);
    expect(await read('maker()')).toBe(`0x${word(GENESIS_DEPLOYER)}`);
    expect(await read('born()')).toBe(`0x${word(0)}`);
    const snapshot = executor.snapshot(header.stateRoot);
    expect(await readAccount(snapshot, WORKBENCH)).toMatchObject({ nonce: 1n, balance: 0n });
    expect((await readCode(snapshot, GOVERNANCE)).length).toBeGreaterThan(100);
    expect((await readAccount(snapshot, testKey(3).address))?.balance).toBe(10n ** 18n);
    expect(await readAccount(snapshot, GENESIS_DEPLOYER)).toBeUndefined();
  });

  it('refuses a description that does not hold together', async () => {
    const genesis = testGenesis();
    const [governance, workbench] = genesis.contracts as [Genesis['contracts'][0], Genesis['contracts'][0]];
    const bad: readonly [Partial<Genesis>, string][] = [
      [{ sealers: genesis.sealers.slice(1) }, 'GENESIS_SEALERS_MISMATCH'],
      [{ governance: WORKBENCH }, 'GENESIS_SEALERS_MISMATCH'],
      [{ governance: testKey(1).address }, 'GENESIS_SEALERS_MISMATCH'],
      [{ contracts: [governance, { ...workbench, initCode: '0x5f5ffd' }] }, 'GENESIS_CONTRACT_FAILED'],
      [{ contracts: [governance, { ...workbench, initCode: '0x00' }] }, 'GENESIS_CONTRACT_FAILED'],
      [{ contracts: [governance, { ...workbench, address: GOVERNANCE }] }, 'GENESIS_INVALID'],
      [{ contracts: [governance, { ...workbench, initCode: '0x0' }] }, 'GENESIS_INVALID'],
      [{ sealers: [...genesis.sealers].reverse() }, 'GENESIS_INVALID'],
      [{ sealers: [] }, 'GENESIS_INVALID'],
      [{ alloc: { [testKey(1).address]: '-1' } }, 'GENESIS_INVALID'],
      [{ alloc: { [testKey(1).address.toUpperCase() as `0x${string}`]: '1' } }, 'GENESIS_INVALID'],
      [{ gasLimit: '0x1' }, 'GENESIS_INVALID'],
      [{ chainId: 0 }, 'GENESIS_INVALID'],
      [{ timestampMs: 1.5 }, 'GENESIS_INVALID'],
    ];
    for (const [change, code] of bad) await expect(build({ ...genesis, ...change })).rejects.toMatchObject({ code });
  });
});
