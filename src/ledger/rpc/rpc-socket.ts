import type { SocketHandler, TextSink } from '../../environment/index.ts';
import { RPC_BODY_BYTES_MAX, RPC_SOCKET_CALLS_MAX, RPC_SOCKET_QUEUE_MAX } from '../../limits.ts';
import { toJson } from './json.ts';
import type { RpcConnection } from './method.ts';
import type { Rpc } from './rpc.ts';
import { type RpcError, rpcError } from './rpc-error.ts';

/**
 * One WebSocket. A bounded number of its messages run at once and a bounded number wait; a client that sends more
 * than it lets the node answer is told so and closed.
 */
export function openRpcSocket(rpc: Rpc, sink: TextSink): SocketHandler {
  const closeListeners = new Set<() => void>();
  const waiting: string[] = [];
  let running = 0;
  let open = true;

  const connection: RpcConnection = {
    notify: (text) => send(text),
    onClose(listener) {
      closeListeners.add(listener);
      return () => void closeListeners.delete(listener);
    },
  };

  function send(text: string): boolean {
    if (!open) return false;
    if (sink.send(text)) return true;
    end();
    return false;
  }

  function end(): void {
    if (!open) return;
    open = false;
    waiting.length = 0;
    for (const listener of [...closeListeners]) listener();
    closeListeners.clear();
  }

  function refuse(error: RpcError): void {
    send(toJson({ jsonrpc: '2.0', id: null, error: error.toObject() }));
    sink.close();
    end();
  }

  /** Answers a message, then those that wait, until none is left. */
  async function run(first: string): Promise<void> {
    running++;
    for (let text: string | undefined = first; text !== undefined; text = waiting.shift()) {
      const answer = await rpc.handleText(text, connection);
      if (answer !== undefined) send(answer);
    }
    running--;
  }

  return {
    message(text) {
      if (!open) return;
      if (text.length > RPC_BODY_BYTES_MAX) {
        refuse(
          rpcError('RPC_INVALID_REQUEST', {
            detail: `the message has ${text.length} characters; at most ${RPC_BODY_BYTES_MAX} are taken`,
          }),
        );
      } else if (running < RPC_SOCKET_CALLS_MAX) {
        void run(text);
      } else if (waiting.length < RPC_SOCKET_QUEUE_MAX) {
        waiting.push(text);
      } else {
        refuse(
          rpcError('RPC_LIMIT', {
            detail: `more than ${RPC_SOCKET_CALLS_MAX + RPC_SOCKET_QUEUE_MAX} calls of this connection are unanswered`,
          }),
        );
      }
    },
    closed: end,
  };
}
