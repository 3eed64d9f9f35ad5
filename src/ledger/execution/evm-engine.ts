import { type Block, createBlock } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { createVM, type VM } from '@ethereumjs/vm';
import { type Address, fromHex, type Hex } from '../../crypto/index.ts';
import { mixHashAfter } from '../chain/header.ts';
import type { AncestorHash } from './executor.ts';
import { JournaledState } from './journaled-state.ts';
import { rememberJumpDestinations } from './jump-destinations.ts';
import type { StateSnapshot } from './state-snapshot.ts';

/** What contracts see of the block that they run in. */
export interface BlockEnvironment {
  readonly number: number;
  readonly parentHash: Hex;
  readonly proposer: Address;
  readonly timestampMs: number;
  readonly gasLimit: bigint;
}

/** One EVM with the state that it works on. It runs one thing at a time. */
export interface Engine {
  readonly vm: VM;
  readonly evm: EVM;
  readonly state: JournaledState;
  /** Makes the engine stand on `snapshot`, with nothing changed, and answer `BLOCKHASH` through `ancestorHash`. */
  prepare(snapshot: StateSnapshot, ancestorHash: AncestorHash): void;
}

const ZERO_HASH = new Uint8Array(32);

/** Makes an engine. */
export async function createEngine(rules: Common, snapshot: StateSnapshot): Promise<Engine> {
  let ancestorHash: AncestorHash = async () => undefined;
  const blockchain = {
    getBlock: async (number: number) => {
      const hash = await ancestorHash(number);
      return { hash: () => (hash === undefined ? ZERO_HASH : fromHex(hash)) };
    },
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const state = new JournaledState(snapshot);
  const evm = await createEVM({ common: rules.copy(), stateManager: state, blockchain });
  rememberJumpDestinations(evm);
  const vm = await createVM({ common: evm.common, stateManager: state, blockchain, evm });
  return {
    vm,
    evm,
    state,
    prepare(next, hashes) {
      ancestorHash = hashes;
      state.reset(next);
      evm.journal.cleanJournal();
      evm.transientStorage.clear();
    },
  };
}

/** The block object that the EVM reads its environment from. */
export function evmBlock(rules: Common, environment: BlockEnvironment): Block {
  const { number, parentHash, proposer, timestampMs, gasLimit } = environment;
  return createBlock(
    {
      header: {
        number,
        parentHash: fromHex(parentHash),
        coinbase: proposer,
        timestamp: Math.floor(timestampMs / 1000),
        gasLimit,
        baseFeePerGas: 0n,
        mixHash: fromHex(mixHashAfter(parentHash)),
      },
    },
    { common: rules, skipConsensusFormatValidation: true },
  );
}
