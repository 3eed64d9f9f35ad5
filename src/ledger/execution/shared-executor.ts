import { BoundedMap } from '../../bounded-map.ts';
import { type Hex, toHex } from '../../crypto/index.ts';
import { SHARED_CALL_BYTES_MAX, SHARED_CALLS_MAX, SHARED_EXECUTIONS_MAX } from '../../limits.ts';
import type { Genesis } from '../genesis.ts';
import type { CallRequest, CallResult } from '../ledger.ts';
import type { CallPlace, Execution, ExecutionRequest, Executor, GenesisState } from './executor.ts';
import type { StateSnapshot } from './state-snapshot.ts';
import type { StateStore } from './state-store.ts';

/**
 * Lets the simulated nodes of one process compute each block once: execution is a function of the parent and of the
 * candidate alone, so the second node that asks gets the first one's answer. What they share is content-addressed
 * or immutable; nothing that a node does can change another's view.
 */
export class SharedExecutor implements Executor {
  readonly store: StateStore;
  private readonly inner: Executor;
  private readonly executions = new BoundedMap<string, Promise<Execution>>(SHARED_EXECUTIONS_MAX);
  private readonly calls = new BoundedMap<string, Promise<CallResult>>(SHARED_CALLS_MAX);
  private readonly geneses = new BoundedMap<string, Promise<GenesisState>>(SHARED_EXECUTIONS_MAX);
  private readonly counts = { computed: 0, shared: 0 };

  constructor(inner: Executor) {
    this.inner = inner;
    this.store = inner.store;
  }

  /** Executions that were computed, and those that were answered from another node's. */
  statistics(): { readonly computed: number; readonly shared: number } {
    return { ...this.counts };
  }

  genesis(genesis: Genesis): Promise<GenesisState> {
    return remember(this.geneses, JSON.stringify(genesis), () => this.inner.genesis(genesis));
  }

  execute(request: ExecutionRequest): Promise<Execution> {
    if (request.mode === 'select') return this.select(request);
    const key = keyOf(
      request,
      request.transactions.map(({ hash }) => hash),
    );
    if (this.executions.get(key) !== undefined) this.counts.shared += 1;
    else this.counts.computed += 1;
    return remember(this.executions, key, () => this.inner.execute(request));
  }

  /** What a call returns follows from the block that it stands on, as an execution does. */
  call(request: CallRequest, place: CallPlace): Promise<CallResult> {
    const { from, to, data = new Uint8Array(0), value, gas } = request;
    if (data.length > SHARED_CALL_BYTES_MAX) return this.inner.call(request, place);
    const key = `${place.header.hash} ${from} ${to} ${value} ${gas} ${toHex(data)}`;
    return remember(this.calls, key, () => this.inner.call(request, place));
  }

  estimateGas(request: CallRequest, place: CallPlace): Promise<bigint> {
    return this.inner.estimateGas(request, place);
  }

  snapshot(root: Hex): StateSnapshot {
    return this.inner.snapshot(root);
  }

  /** A proposer's selection depends on its own pool; what it selected is then what every other node executes. */
  private async select(request: ExecutionRequest): Promise<Execution> {
    const execution = await this.inner.execute(request);
    this.counts.computed += 1;
    const exact = execution.refused.length === 0 ? execution : { ...execution, refused: [] };
    this.executions.set(
      keyOf(
        request,
        execution.included.map(({ hash }) => hash),
      ),
      Promise.resolve(exact),
    );
    return execution;
  }
}

function keyOf({ parent, proposer, timestampMs }: ExecutionRequest, hashes: readonly Hex[]): string {
  return `${parent.hash} ${proposer} ${timestampMs} ${hashes.join()}`;
}

function remember<T>(known: BoundedMap<string, Promise<T>>, key: string, compute: () => Promise<T>): Promise<T> {
  const present = known.get(key);
  if (present !== undefined) return present;
  const computed = compute();
  known.set(key, computed);
  // A failure is not an answer: the next node tries again.
  computed.catch(() => known.delete(key));
  return computed;
}
