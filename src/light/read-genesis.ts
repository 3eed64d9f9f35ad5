import { TreadleError } from '../errors.ts';
import type { Genesis } from '../ledger/light/index.ts';
import './errors.ts';

/** What a light node needs of a consortium's `genesis.json`, as text or parsed. @throws TreadleError LIGHT_BAD_GENESIS */
export function readGenesis(genesis: string | Genesis): Genesis {
  let parsed: unknown = genesis;
  if (typeof genesis === 'string') {
    try {
      parsed = JSON.parse(genesis);
    } catch (cause) {
      throw new TreadleError('LIGHT_BAD_GENESIS', { detail: 'the genesis file is no JSON', cause });
    }
  }
  const { chainId, sealers } = (parsed ?? {}) as Partial<Genesis>;
  const named = Array.isArray(sealers) && sealers.length > 0 && sealers.every((each) => /^0x[0-9a-f]{40}$/.test(String(each)));
  if (!Number.isSafeInteger(chainId) || !named) {
    throw new TreadleError('LIGHT_BAD_GENESIS', { detail: 'the genesis file names no chain id or no sealers' });
  }
  return parsed as Genesis;
}
