import { signTransaction } from '../../../src/contracts/index.ts';
import { type Hex, keccak256, keyFrom } from '../../../src/crypto/index.ts';
import type { Cluster } from '../../../src/experiments/index.ts';
import { ledgerNode } from './small-cluster.ts';

/** Submits transactions at some node, and notes which of them it acknowledged. */
export interface Submitter {
  readonly acknowledged: readonly Hex[];
  readonly refused: readonly string[];
  submit(): void;
  /** Submits one every so often until the returned function is called. */
  every(micros: number): () => void;
}

/** Each transaction is of an account of its own, so that one which is lost holds up no other. */
export function submitter(cluster: Cluster, name: string): Submitter {
  const acknowledged: Hex[] = [];
  const refused: string[] = [];
  let count = 0;
  const submit = (): void => {
    const key = keyFrom(keccak256(new TextEncoder().encode(`${name} ${++count}`)));
    const { chainId } = cluster.genesis;
    const { raw } = signTransaction({ chainId, nonce: 0n, to: cluster.id('proxy'), value: 0n, gas: 21_000n, data: '0x' }, key);
    void ledgerNode(cluster, name)
      .full.rpc.call('eth_sendRawTransaction', [raw])
      .then(
        (hash) => acknowledged.push(hash as Hex),
        (error: unknown) => refused.push(String(error)),
      );
  };
  return {
    acknowledged,
    refused,
    submit,
    every(micros) {
      let stopped = false;
      const again = (): void => {
        if (stopped) return;
        submit();
        cluster.world.at(micros, again);
      };
      cluster.world.at(micros, again);
      return () => {
        stopped = true;
      };
    },
  };
}

/** In how many blocks of a node each transaction stands. */
export async function inclusions(cluster: Cluster, name: string, hashes: readonly Hex[]): Promise<readonly number[]> {
  const { ledger } = ledgerNode(cluster, name).full;
  const counts = new Map<Hex, number>();
  for (let number = Math.max(1, ledger.firstBlock()); number <= ledger.head.number; number++) {
    for (const { transactionHash } of (await cluster.world.run(ledger.receipts(number))) ?? []) {
      counts.set(transactionHash, (counts.get(transactionHash) ?? 0) + 1);
    }
  }
  return hashes.map((hash) => counts.get(hash) ?? 0);
}
