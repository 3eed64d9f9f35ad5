import { createBlock } from '@ethereumjs/block';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createAccount, createAddressFromString } from '@ethereumjs/util';
import { createVM, runBlock } from '@ethereumjs/vm';
import type { Address } from '../../crypto/index.ts';
import { chainRules } from '../execution/chain-rules.ts';
import { EvmExecutor } from '../execution/evm-executor.ts';
import { readCode } from '../execution/state-reader.ts';
import { createMemoryStateStore } from '../execution/state-store.ts';
import type { Genesis } from '../genesis.ts';
import { decodeTransaction } from '../pool/transaction-codec.ts';
import { CHAIN_ID, GOVERNANCE, WORKBENCH } from './fixtures.ts';

/** Executes blocks on @ethereumjs' own state manager: the yardstick of the benchmark. Throws when a transaction fails. */
export async function openLibraryExecutor(
  genesis: Genesis,
  proposer: Address,
): Promise<(raws: readonly Uint8Array[], height: number) => Promise<void>> {
  const common = chainRules(CHAIN_ID).copy();
  const stateManager = new MerkleStateManager({ common });
  for (const [address, wei] of Object.entries(genesis.alloc)) {
    await stateManager.putAccount(createAddressFromString(address), createAccount({ balance: BigInt(wei) }));
  }
  await stateManager.putCode(createAddressFromString(WORKBENCH), await workbenchCode(genesis));
  const vm = await createVM({ common, stateManager });
  return async (raws, height) => {
    const block = createBlock(
      {
        header: { number: height, coinbase: proposer, timestamp: height, gasLimit: BigInt(genesis.gasLimit), baseFeePerGas: 0n },
        transactions: raws.map((raw) => decodeTransaction(raw, CHAIN_ID).transaction),
      },
      { common, skipConsensusFormatValidation: true },
    );
    const { results } = await runBlock(vm, { block, generate: true, skipBlockValidation: true });
    if (results.some(({ execResult }) => execResult.exceptionError !== undefined))
      throw new Error('a transaction of the benchmark failed');
  };
}

async function workbenchCode(genesis: Genesis): Promise<Uint8Array> {
  const store = createMemoryStateStore();
  const executor = new EvmExecutor({ chainId: CHAIN_ID, governance: GOVERNANCE, store });
  const { stateRoot, nodes } = await executor.genesis(genesis);
  store.stage(nodes);
  return readCode(executor.snapshot(stateRoot), WORKBENCH);
}
