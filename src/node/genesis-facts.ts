import { decodeAbiParameters, type Hex as ViemHex } from 'viem';
import { type Roster, rosterOfFounders } from '../consortium/index.ts';
import { CONSORTIUM_ADDRESS, consortiumArtifact } from '../contracts/index.ts';
import { toAddress } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { createMemoryStateStore, EvmExecutor, type Executor, type Genesis, genesisHeader } from '../ledger/index.ts';
import type { Platform } from './setup.ts';

/** The RLP of block 0: what a light node trusts from the start. It is computed, not asked for. */
export async function genesisHeaderOf(genesis: Genesis, platform: Pick<Platform, 'executor'>): Promise<Uint8Array> {
  const executor: Executor =
    platform.executor ??
    new EvmExecutor({ chainId: genesis.chainId, governance: genesis.governance, store: createMemoryStateStore() });
  const state = await executor.genesis(genesis);
  return genesisHeader(genesis, state.stateRoot).rlp;
}

/** Who founded the consortium: the constructor arguments of its contract in the genesis file. */
export function genesisRoster(genesis: Genesis): Roster {
  const contract = genesis.contracts.find(({ address }) => address === CONSORTIUM_ADDRESS);
  if (contract === undefined || !contract.initCode.startsWith(consortiumArtifact.bytecode)) {
    throw new TreadleError('NODE_MISCONFIGURED', {
      detail: 'genesis.json does not place the Consortium contract of this release',
    });
  }
  const { proxy, companies } = readFounders(`0x${contract.initCode.slice(consortiumArtifact.bytecode.length)}`);
  const seats = companies.map(({ account, name }) => ({ account: toAddress(account), name }));
  return rosterOfFounders(toAddress(proxy), seats, genesis.sealers);
}

interface Founders {
  readonly proxy: string;
  readonly companies: readonly { readonly account: string; readonly name: string }[];
}

function readFounders(encoded: ViemHex): Founders {
  const inputs = consortiumArtifact.abi.find((entry) => entry.type === 'constructor')?.inputs ?? [];
  try {
    const [proxy, companies] = decodeAbiParameters(inputs, encoded) as readonly [string, Founders['companies']];
    return { proxy, companies };
  } catch (cause) {
    throw new TreadleError('NODE_MISCONFIGURED', {
      detail: 'genesis.json places the Consortium contract with founders that cannot be read',
      cause,
    });
  }
}
