import type { Common } from '@ethereumjs/common';
import { type Address, fromHex, type Hex, isAddress, keccak256, toAddress, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { BLOCK_GAS_MAX, GENESIS_CONSTRUCTOR_GAS, SEALERS_MAX } from '../../limits.ts';
import { BLOOM_BYTES } from '../chain/bloom.ts';
import { EMPTY_TRIE_ROOT, type Header, isAscending, makeHeader } from '../chain/header.ts';
import type { Genesis, GenesisContract } from '../genesis.ts';
import { encode } from '../rlp-fields.ts';
import { createEngine, type Engine, evmBlock } from './evm-engine.ts';
import type { GenesisState } from './executor.ts';
import { evmAddress } from './message-call.ts';
import { askSealers } from './next-sealers.ts';
import type { BuiltIn } from './precompiles/built-in.ts';
import { applyChanges } from './state-root.ts';
import { StateSnapshot } from './state-snapshot.ts';
import type { StateStore } from './state-store.ts';

/** Who deploys the genesis contracts: `msg.sender` of their constructors (EIP-4788's system address). */
export const GENESIS_DEPLOYER: Address = '0xfffffffffffffffffffffffffffffffffffffffe';
const ZERO_HASH: Hex = `0x${'0'.repeat(64)}`;
const ZERO_ADDRESS: Address = `0x${'0'.repeat(40)}`;
const WEI_MAX = 2n ** 256n - 1n;

/**
 * Builds the state of block 0: balances, then every contract's constructor, in the order of the file, run in place at
 * the declared address, so that what it stores is stored there.
 *
 * @throws TreadleError GENESIS_INVALID | GENESIS_CONTRACT_FAILED | GENESIS_SEALERS_MISMATCH
 */
export async function buildGenesisState(
  genesis: Genesis,
  options: { readonly rules: Common; readonly store: StateStore; readonly builtIns?: readonly BuiltIn[] },
): Promise<GenesisState> {
  checkGenesis(genesis);
  const base = new StateSnapshot(EMPTY_TRIE_ROOT, options.store);
  const engine = await createEngine(options.rules, base, options.builtIns ?? []);
  engine.prepare(base, async () => undefined);
  for (const [address, balance] of Object.entries(genesis.alloc)) {
    await engine.state.modifyAccountFields(evmAddress(toAddress(address)), { balance: BigInt(balance) });
  }
  for (const contract of genesis.contracts) await construct(engine, contract, genesis, options.rules);
  await assertSealers(engine, genesis, options.rules);
  const { root, nodes } = await applyChanges(base, engine.state.changes());
  return { stateRoot: root, nodes };
}

/** Block 0: what the state cannot hold (the chain's id, where governance stands) is bound into its mix hash. */
export function genesisHeader(genesis: Genesis, stateRoot: Hex): Header {
  return makeHeader({
    parentHash: ZERO_HASH,
    proposer: ZERO_ADDRESS,
    stateRoot,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(BLOOM_BYTES),
    number: 0,
    gasLimit: BigInt(genesis.gasLimit),
    gasUsed: 0n,
    timestampMs: genesis.timestampMs,
    nextSealers: genesis.sealers,
    mixHash: toHex(keccak256(encode([genesis.chainId, fromHex(genesis.governance)]))),
  });
}

async function construct(engine: Engine, contract: GenesisContract, genesis: Genesis, rules: Common): Promise<void> {
  const { evm, state } = engine;
  const address = evmAddress(contract.address);
  const block = evmBlock(rules, environmentOf(genesis));
  // A contract starts with nonce 1 (EIP-161), so that what it creates in its constructor gets the usual addresses.
  await state.modifyAccountFields(address, { nonce: 1n });
  const result = await evm.runCode({
    block,
    code: fromHex(contract.initCode),
    to: address,
    caller: evmAddress(GENESIS_DEPLOYER),
    gasLimit: GENESIS_CONSTRUCTOR_GAS,
    gasPrice: 0n,
  });
  evm.journal.cleanJournal();
  evm.transientStorage.clear();
  state.originalStorageCache.clear();
  if (result.exceptionError !== undefined || result.returnValue.length === 0) {
    const reason = result.exceptionError?.error ?? 'it returned no code';
    throw new TreadleError('GENESIS_CONTRACT_FAILED', {
      detail: `the constructor of ${contract.name} failed: ${reason}`,
      data: { name: contract.name, address: contract.address, reason, returnData: toHex(result.returnValue) },
    });
  }
  await state.putCode(address, Uint8Array.from(result.returnValue));
}

async function assertSealers(engine: Engine, genesis: Genesis, rules: Common): Promise<void> {
  const answer = await askSealers(engine, genesis.governance, evmBlock(rules, environmentOf(genesis)));
  const data = { declared: genesis.sealers, answered: 'sealers' in answer ? answer.sealers : undefined };
  if (!('sealers' in answer)) throw new TreadleError('GENESIS_SEALERS_MISMATCH', { detail: answer.unusable, data });
  if (answer.sealers.join() !== genesis.sealers.join()) {
    const detail = `genesis declares ${genesis.sealers.length} sealers, the governance contract answers ${answer.sealers.length} others`;
    throw new TreadleError('GENESIS_SEALERS_MISMATCH', { detail, data });
  }
}

function environmentOf(genesis: Genesis) {
  const { timestampMs } = genesis;
  return { number: 0, parentHash: ZERO_HASH, proposer: ZERO_ADDRESS, timestampMs, gasLimit: BigInt(genesis.gasLimit) };
}

/** Holds a genesis description to its form. @throws TreadleError GENESIS_INVALID */
export function checkGenesis(genesis: Genesis): void {
  const refuse = (field: string, why: string): never => {
    throw new TreadleError('GENESIS_INVALID', { detail: `${field} ${why}`, data: { field } });
  };
  if (!Number.isSafeInteger(genesis.chainId) || genesis.chainId < 1) refuse('chainId', 'is not a positive integer');
  if (!Number.isSafeInteger(genesis.timestampMs) || genesis.timestampMs < 0)
    refuse('timestampMs', 'is not a time in milliseconds');
  if (!/^0x[0-9a-fA-F]{1,16}$/.test(genesis.gasLimit)) refuse('gasLimit', 'is not hex');
  const gasLimit = BigInt(genesis.gasLimit);
  if (gasLimit < 5000n || gasLimit > BLOCK_GAS_MAX) refuse('gasLimit', `is not between 5000 and ${BLOCK_GAS_MAX}`);
  if (genesis.sealers.length === 0 || genesis.sealers.length > SEALERS_MAX)
    refuse('sealers', `has not 1 to ${SEALERS_MAX} entries`);
  if (!genesis.sealers.every(isAddress)) refuse('sealers', 'holds something that is no lower-case address');
  if (!isAscending(genesis.sealers)) refuse('sealers', 'is not ascending');
  if (!isAddress(genesis.governance)) refuse('governance', 'is no lower-case address');
  for (const [address, balance] of Object.entries(genesis.alloc)) {
    if (!isAddress(address)) refuse('alloc', `names ${address}, which is no lower-case address`);
    if (!/^\d{1,78}$/.test(balance) || BigInt(balance) > WEI_MAX) refuse(`alloc.${address}`, 'is not a number of wei');
  }
  const addresses = genesis.contracts.map(({ address }) => address);
  if (!addresses.every(isAddress)) refuse('contracts', 'names an address that is no lower-case address');
  if (new Set(addresses).size !== addresses.length) refuse('contracts', 'names an address twice');
  for (const { name, initCode } of genesis.contracts) {
    if (!/^0x([0-9a-fA-F]{2})+$/.test(initCode)) refuse(`contracts.${name}.initCode`, 'is not hex');
  }
}
