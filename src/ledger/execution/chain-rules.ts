import { paramsBlock } from '@ethereumjs/block';
import { Common, ConsensusAlgorithm, ConsensusType, Hardfork, Mainnet, type ParamsDict } from '@ethereumjs/common';
import { paramsEVM } from '@ethereumjs/evm';
import { paramsTx } from '@ethereumjs/tx';
import { paramsVM } from '@ethereumjs/vm';
import secp256k1 from 'secp256k1';
import { keccak256, sha256 } from '../../crypto/index.ts';

/** Recovers the 64-byte public key; `v` as transactions and the ECRECOVER precompile hand it over. */
function recoverPublicKey(hash: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array, chainId?: bigint): Uint8Array {
  const recovery = v < 2n ? v : chainId === undefined ? v - 27n : v - (chainId * 2n + 35n);
  if (recovery !== 0n && recovery !== 1n) throw new RangeError('invalid signature v value');
  const signature = new Uint8Array(64);
  signature.set(r, 32 - r.length);
  signature.set(s, 64 - s.length);
  return secp256k1.ecdsaRecover(signature, Number(recovery), hash, false).subarray(1);
}

/**
 * Rules that know which parameters they hold: every transaction, header and engine of @ethereumjs copies its rules and
 * merges the same few hundred parameters into them, which costs more than what they are made for.
 */
class MergedRules extends Common {
  private merged: ReadonlySet<ParamsDict> = new Set();

  override updateParams(params: ParamsDict): void {
    if (this.merged.has(params)) return;
    super.updateParams(params);
    this.merged = new Set([...this.merged, params]);
  }

  override resetParams(params: ParamsDict): void {
    super.resetParams(params);
    this.merged = new Set();
  }
}

const rulesOfChain = new Map<number, Common>();

/**
 * The rules that @ethereumjs executes by: Ethereum's at the Prague fork from block 0, with this chain's id and with
 * the house's hashing (WASM) and recovery (native) in place of the slower defaults.
 *
 * Prague's system contracts are left out: there is no beacon chain whose roots EIP-4788 could keep and no validator
 * to exit or consolidate (EIP-7002, EIP-7251), and EIP-2935's copy of the block hashes in the state would make an
 * archive grow by some 2 KB with every empty block. The header fields that go with them stay, with the values that
 * the proposals define for "none"; `BLOCKHASH` answers from the chain for the last 256 blocks.
 */
export function chainRules(chainId: number): Common {
  const known = rulesOfChain.get(chainId);
  if (known !== undefined) return known;
  const rules = new MergedRules({
    chain: {
      ...Mainnet,
      name: `treadle-${chainId}`,
      chainId,
      consensus: { type: ConsensusType.ProofOfStake, algorithm: ConsensusAlgorithm.Casper, casper: {} },
      hardforks: Mainnet.hardforks.map(({ name }) => ({ name, block: 0 })),
      bootstrapNodes: [],
    },
    hardfork: Hardfork.Prague,
    customCrypto: { keccak256, sha256, ecrecover: recoverPublicKey },
  });
  for (const params of [paramsTx, paramsBlock, paramsEVM, paramsVM]) rules.updateParams(params);
  rulesOfChain.set(chainId, rules);
  return rules;
}
