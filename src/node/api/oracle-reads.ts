import {
  createLedgerClient,
  type LedgerClient,
  type OracleRegistryClient,
  oracleRegistryClient,
  type PedalClient,
  pedalClient,
} from '../../contracts/index.ts';
import { type Address, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { BlockId, LedgerView } from '../../ledger/index.ts';
import type { RoundRecord } from '../../oracle/index.ts';
import type { ApiEnvironment } from './context.ts';

/** The oracle's contracts as this node's ledger has them; nothing is sent. */
export interface OracleReads {
  readonly client: LedgerClient;
  readonly pedal: PedalClient;
  readonly registry: OracleRegistryClient;
}

/** What oracle nodes did when they led: kept by each of them, in memory. */
export interface OracleRounds {
  /** Of this node, the latest first, all or about one request; undefined when it is no oracle node. */
  readonly own: ((request?: string) => readonly RoundRecord[]) | undefined;
  /** Asks the node that runs for an account. Rejects when it does not answer. */
  ask(account: Address, request?: string): Promise<readonly RoundRecord[]>;
}

const REVERTED = 3;
const UNKNOWN_METHOD = -32601;

/** Typed clients over the node's own ledger. */
export function createOracleReads({ clock }: Pick<ApiEnvironment, 'clock'>, ledger: LedgerView): OracleReads {
  const rpc = async (method: string, [request, block]: readonly unknown[]): Promise<unknown> => {
    if (method === 'eth_getBalance') {
      const account = await ledger.account(request as Address, 'latest');
      return `0x${(account?.balance ?? 0n).toString(16)}`;
    }
    if (method !== 'eth_call') throw Object.assign(new Error('only reads are possible here'), { code: UNKNOWN_METHOD });
    const { to, data } = request as { readonly to: Address; readonly data: Hex };
    const called = await ledger.call({ to, data: fromHex(data) }, blockId(block as string));
    if (called.success) return toHex(called.returnData);
    throw Object.assign(new Error(called.error ?? 'reverted'), { code: REVERTED, data: toHex(called.returnData) });
  };
  const environment = { clock, track: <T>(_label: string, promise: Promise<T>): Promise<T> => promise };
  const client = createLedgerClient({ rpc, environment, chainId: ledger.chainId });
  return { client, pedal: pedalClient(client), registry: oracleRegistryClient(client) };
}

function blockId(block: string): BlockId {
  return block.startsWith('0x') ? Number(block) : (block as BlockId);
}
