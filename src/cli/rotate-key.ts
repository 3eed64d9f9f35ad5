import { readKeyFile } from '../consortium/index.ts';
import { consortiumClient, createLedgerClient } from '../contracts/index.ts';
import type { Address, Hex, NodeKey } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';
import { readText } from './load-setup.ts';
import { type ActingOperator, openOperator, systemTimers } from './operator.ts';
import { createOutput } from './output.ts';
import { acting } from './refusals.ts';

export interface RotateKeyOptions {
  readonly newKey: string;
  /** True: the new key takes the seat in this command. */
  readonly now?: boolean;
  readonly rpc: string;
  readonly key: string;
  readonly json?: boolean;
}

/**
 * `treadle consortium rotate-key`: the account of a company or of the proxy names the key that its node runs with from now on. Without
 * `--now` the node that runs with the new key takes the seat by itself, as soon as it has the chain.
 */
export async function rotateKey(options: RotateKeyOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const operator = await openOperator(options);
  const newKey = readKeyFile({ file: options.newKey, text: await readText(options.newKey) });
  const { consortium, key } = operator;
  const account = key.address;
  const before = await seatOf(operator);
  const named = await acting(consortium.nameSuccessor(newKey.address));
  const taken = options.now === true ? await takeSeat(operator, newKey) : undefined;
  out.line(
    taken === undefined
      ? `${newKey.address} may seal for ${account} since block ${named.blockNumber}. Start a node with it; it takes over by itself when it has the chain, and the old node stops sealing in the same moment.`
      : `${newKey.address} seals for ${account} from block ${taken.blockNumber + 1} on.`,
  );
  out.line(
    `In its node.json: "company": "${account}", "keyFile" the new key, "accountKeyFile" the key of the account (${options.key}).`,
  );
  out.result({
    account,
    previous: before,
    current: newKey.address,
    taken: taken !== undefined,
    blockNumber: (taken ?? named).blockNumber,
  });
}

/** @throws TreadleError CLI_REFUSED when the key is no member's account */
async function seatOf({ consortium, key }: ActingOperator): Promise<Address> {
  const { sealer } = await acting(consortium.seat(key.address));
  return sealer;
}

/** Acts with the new key: its signature under a recent block is its consent. */
async function takeSeat({ rpc, chainId }: ActingOperator, newKey: NodeKey): Promise<{ readonly blockNumber: number }> {
  const { number, hash } = readBlock(await rpc('eth_getBlockByNumber', ['latest', false]));
  const consortium = consortiumClient(createLedgerClient({ rpc, chainId, environment: systemTimers, key: newKey }));
  const { receipt } = await acting(consortium.proveSync({ height: BigInt(number), hash }));
  return receipt;
}

function readBlock(answer: unknown): { readonly number: number; readonly hash: Hex } {
  const { number, hash } = (answer ?? {}) as { readonly number?: unknown; readonly hash?: unknown };
  if (typeof number === 'string' && typeof hash === 'string' && /^0x[0-9a-f]{64}$/.test(hash)) {
    return { number: Number(number), hash: hash as Hex };
  }
  throw new TreadleError('CLI_NOT_JSON_RPC', { detail: 'the answer to eth_getBlockByNumber is no block' });
}
