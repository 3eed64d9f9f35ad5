import WebSocket from 'ws';
import { callRpc } from './http-client.ts';

/** Sees every block that becomes final at one sealer, with its transactions. */
export interface Watcher {
  /** When a transaction was seen in a block that carries its certificate, ms of `performance.now()`. */
  finalAt(hash: string): number | undefined;
  /** Times at which transactions became final, in order, since the watcher began. */
  readonly finals: readonly number[];
  readonly blocks: number;
  close(): void;
}

/** A head is announced when its block is durable with its certificate; what stands in it is asked for then. */
export async function watch(rpcUrl: string): Promise<Watcher> {
  const finals: number[] = [];
  const seen = new Map<string, number>();
  let blocks = 0;
  const socket = new WebSocket(rpcUrl.replace('http', 'ws'));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  socket.on('message', (text: Buffer) => {
    const message = JSON.parse(text.toString()) as { readonly params?: { readonly result?: { readonly number?: string } } };
    const number = message.params?.result?.number;
    if (number === undefined) return;
    const at = performance.now();
    blocks += 1;
    callRpc<{ readonly transactions: readonly string[] }>(rpcUrl, 'eth_getBlockByNumber', number, false)
      .then(({ transactions }) => {
        for (const hash of transactions) {
          seen.set(hash, at);
          finals.push(at);
        }
      })
      // A sealer that is killed answers no more; whoever watches it looks at another one then.
      .catch(() => undefined);
  });
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }));
  return {
    finalAt: (hash) => seen.get(hash),
    finals,
    get blocks() {
      return blocks;
    },
    close: () => socket.close(),
  };
}
