import { type Block, createBlock } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { NobleBN254 } from '@ethereumjs/evm';
import { createVM, type VM } from '@ethereumjs/vm';
import { type Address, fromHex, type Hex } from '../../crypto/index.ts';
import { mixHashAfter } from '../chain/header.ts';
import type { AncestorHash } from './executor.ts';
import { JournaledState } from './journaled-state.ts';
import { rememberJumpDestinations } from './jump-destinations.ts';
import { blsPrecompiles } from './precompiles/bls-precompiles.ts';
import type { BuiltIn } from './precompiles/built-in.ts';
import { BuiltInEvm } from './precompiles/built-in-evm.ts';
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
  readonly evm: BuiltInEvm;
  readonly state: JournaledState;
  /** Makes the engine stand on `snapshot`, with nothing changed, and answer `BLOCKHASH` through `ancestorHash`. */
  prepare(snapshot: StateSnapshot, ancestorHash: AncestorHash): void;
}

const ZERO_HASH = new Uint8Array(32);

/** Makes an engine whose EVM has the given contracts built in. */
export async function createEngine(rules: Common, snapshot: StateSnapshot, builtIns: readonly BuiltIn[]): Promise<Engine> {
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
  const bn254 = new NobleBN254();
  const evm = new BuiltInEvm({
    common: rules.copy(),
    stateManager: state,
    blockchain,
    bls: blsPrecompiles,
    bn254,
    builtIns,
    state,
  });
  rememberJumpDestinations(evm);
  const vm = await createVM({ common: evm.common, stateManager: state, blockchain, evm });
  return {
    vm,
    evm,
    state,
    prepare(next, hashes) {
      ancestorHash = hashes;
      state.reset(next);
      evm.payload = undefined;
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
