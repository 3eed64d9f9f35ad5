import type { TextSink, Timer } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { API_EVENT_IDS_MAX, API_EVENT_INTERVAL_MICROS, API_PING_INTERVAL_MICROS, API_STREAMS_MAX } from '../../limits.ts';
import { type ChainContext, nowMs } from './context.ts';
import type { LiveEvent } from './types.ts';

/** Server-sent events of one node to all its consoles. */
export interface EventHub {
  /** @throws TreadleError API_TOO_MANY_STREAMS when no further client is taken */
  checkRoom(): void;
  /** Adds a client; the returned function is called when it leaves. A client above the limit is sent away. */
  join(sink: TextSink): () => void;
  stop(): void;
}

/** Bundles what happened and tells every client of it at most four times a second; works only while someone listens. */
export function createEventHub(context: ChainContext): EventHub {
  const { environment, ledger, projection, treadle } = context;
  const { clock } = environment;
  const sinks = new Set<TextSink>();
  const dirty = {
    head: false,
    pending: false,
    tasks: new Set<string>(),
    channels: new Set<string>(),
    requests: new Set<string>(),
    messages: new Set<string>(),
  };
  let unsubscribe: (() => void)[] = [];
  let timer: Timer | undefined;
  let consensus = '';
  let quietSince = 0;

  const send = (event: LiveEvent): void => {
    quietSince = clock.now();
    const text = JSON.stringify(event);
    for (const sink of [...sinks]) if (!sink.send(text)) leave(sink);
  };
  const sendConsensus = (): void => {
    const { height, round, phase, viewChanges } = treadle.consensus();
    // A phase passes several times per block; the view and its changes are what an operator watches.
    const state = `${round}/${viewChanges}`;
    if (state === consensus) return;
    consensus = state;
    send({ type: 'consensus', height, round, phase, viewChanges });
  };
  const sendIds = (type: 'task' | 'channel' | 'oracle' | 'message', ids: Set<string>): void => {
    if (ids.size === 0) return;
    const shown = [...ids].slice(0, API_EVENT_IDS_MAX);
    ids.clear();
    send({ type, ids: shown });
  };
  const flush = (): void => {
    if (dirty.head) {
      const { number, hash, timestampMs } = ledger.head;
      send({ type: 'head', number, hash, timestampMs, totalTransactions: ledger.transactionCount() });
    }
    if (dirty.pending || dirty.head) send({ type: 'pending', count: ledger.pendingCount() });
    dirty.head = false;
    dirty.pending = false;
    sendConsensus();
    sendIds('task', dirty.tasks);
    sendIds('channel', dirty.channels);
    sendIds('oracle', dirty.requests);
    sendIds('message', dirty.messages);
    if (clock.now() - quietSince >= API_PING_INTERVAL_MICROS) send({ type: 'ping' });
    timer = sinks.size === 0 ? undefined : clock.set(API_EVENT_INTERVAL_MICROS, flush, 'api: next bundle of events');
  };

  const begin = (): void => {
    quietSince = clock.now();
    unsubscribe = [
      ledger.onHead(() => {
        dirty.head = true;
      }),
      ledger.onPending(() => {
        dirty.pending = true;
      }),
      projection.onChange((change) => {
        for (const id of change.tasks) dirty.tasks.add(id);
        for (const id of change.channels) dirty.channels.add(id);
        for (const id of change.requests) dirty.requests.add(id);
        for (const id of change.messages) dirty.messages.add(id);
      }),
    ];
    timer = clock.set(API_EVENT_INTERVAL_MICROS, flush, 'api: next bundle of events');
  };
  const end = (): void => {
    for (const stop of unsubscribe) stop();
    unsubscribe = [];
    if (timer !== undefined) clock.cancel(timer);
    timer = undefined;
  };
  const leave = (sink: TextSink): void => {
    if (sinks.delete(sink) && sinks.size === 0) end();
  };

  return {
    checkRoom() {
      if (sinks.size >= API_STREAMS_MAX) throw new TreadleError('API_TOO_MANY_STREAMS');
    },
    join(sink) {
      if (sinks.size >= API_STREAMS_MAX) {
        sink.close();
        return () => undefined;
      }
      sinks.add(sink);
      if (sinks.size === 1) begin();
      sink.send(JSON.stringify({ type: 'hello', nowMs: nowMs(context), height: ledger.head.number } satisfies LiveEvent));
      return () => leave(sink);
    },
    stop() {
      for (const sink of [...sinks]) {
        sink.close();
        leave(sink);
      }
      end();
    },
  };
}
