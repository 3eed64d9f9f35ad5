import { readKeyFile } from '../consortium/index.ts';
import {
  type ClientEnvironment,
  type ConsortiumClient,
  consortiumClient,
  createLedgerClient,
  type EdgeRegistryClient,
  edgeRegistryClient,
  type LedgerClient,
  type PaymentChannelsClient,
  paymentChannelsClient,
  type Rpc,
} from '../contracts/index.ts';
import type { NodeKey } from '../crypto/index.ts';
import type { Timer } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { readText } from './load-setup.ts';
import { payloadSenderOverHttp } from './payload-over-http.ts';
import { ask, rpcOverHttp } from './rpc-over-http.ts';

export interface OperatorOptions {
  /** JSON-RPC address of a node. */
  readonly rpc: string;
  /** Key file of whoever acts. */
  readonly key?: string;
}

/** Someone at a terminal: a node to ask, and perhaps a key to act with. */
export interface Operator {
  readonly rpc: Rpc;
  readonly client: LedgerClient;
  readonly chainId: number;
  readonly consortium: ConsortiumClient;
  readonly registry: EdgeRegistryClient;
  readonly channels: PaymentChannelsClient;
  readonly key: NodeKey | undefined;
}

export type ActingOperator = Operator & { readonly key: NodeKey };

/**
 * Reaches the node that a command names, and reads the key file if there is one.
 * @throws TreadleError CLI_NO_ANSWER | CLI_NOT_JSON_RPC | CLI_NODE_REFUSED | CLI_BAD_OPTION | CLI_FILE_UNREADABLE | CONFIG_*
 */
export async function openOperator(options: OperatorOptions & { readonly key: string }): Promise<ActingOperator>;
export async function openOperator(options: OperatorOptions): Promise<Operator>;
export async function openOperator({ rpc: url, key: file }: OperatorOptions): Promise<Operator> {
  const key = file === undefined ? undefined : readKeyFile({ file, text: await readText(file) });
  const rpc = rpcOverHttp(url);
  const chainId = await readChainId(rpc);
  const client = createLedgerClient({
    rpc,
    chainId,
    environment: systemTimers,
    sendPayload: payloadSenderOverHttp(url),
    ...(key !== undefined && { key }),
  });
  return {
    rpc,
    client,
    chainId,
    consortium: consortiumClient(client),
    registry: edgeRegistryClient(client),
    channels: paymentChannelsClient(client),
    key,
  };
}

async function readChainId(rpc: Rpc): Promise<number> {
  const answer = await ask<unknown>(rpc, 'eth_chainId');
  const chainId = typeof answer === 'string' && /^0x[0-9a-f]+$/i.test(answer) ? Number(answer) : Number.NaN;
  if (Number.isSafeInteger(chainId)) return chainId;
  throw new TreadleError('CLI_NOT_JSON_RPC', {
    detail: `the answer to eth_chainId is not a number: ${String(answer).slice(0, 60)}`,
  });
}

interface SystemTimer extends Timer {
  readonly handle: NodeJS.Timeout;
}

/** The part of an environment that a client of the ledger needs, on the timers of the operating system. */
export const systemTimers: ClientEnvironment = {
  clock: {
    now: () => Date.now() * 1000,
    set(delayMicros, handler, label) {
      const timer: SystemTimer = { label, handle: setTimeout(handler, delayMicros / 1000) };
      return timer;
    },
    cancel: (timer) => clearTimeout((timer as SystemTimer).handle),
  },
  track: (_label, promise) => promise,
};
