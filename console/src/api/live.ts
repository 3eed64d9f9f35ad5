import type { QueryClient } from '@tanstack/react-query';
import type { LiveEvent } from '../../../src/node/api/types.ts';

/** Whether the console hears of changes as they happen. */
export type LiveState = 'connecting' | 'live' | 'reconnecting';

/** The first part of a query's key names what makes its answer stale. */
export type Topic = 'head' | 'pending' | 'consensus' | 'task' | 'channel' | 'oracle' | 'message';

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;
/** A node says something at least every 15 s; silence for longer means that the line is dead. */
const SILENCE_MS = 40_000;
/** Answers are fetched again at most this often, however fast the chain grows. */
const REFRESH_MS = 1_000;

interface LiveStore {
  subscribe(listener: () => void): () => void;
  state(): LiveState;
  /** The node's clock minus this browser's, so that "3 s ago" is right on a machine whose clock is wrong. */
  clockSkewMs(): number;
  start(client: QueryClient): () => void;
}

/** The one connection for events of this page: it reconnects by itself and marks stale what an event touches. */
export const live: LiveStore = createLive();

function createLive(): LiveStore {
  const listeners = new Set<() => void>();
  let state: LiveState = 'connecting';
  let skewMs = 0;

  const become = (next: LiveState): void => {
    if (next === state) return;
    state = next;
    for (const listener of [...listeners]) listener();
  };

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => state,
    clockSkewMs: () => skewMs,
    start(client) {
      const refresher = createRefresher(client);
      const stop = connectForever({
        opened: () => {
          become('live');
          // Whatever happened while the line was down was missed.
          for (const topic of ['head', 'pending', 'consensus', 'task', 'channel', 'oracle', 'message'] as const)
            refresher.touch(topic);
        },
        lost: () => become('reconnecting'),
        event: (event) => {
          if (event.type === 'hello') skewMs = event.nowMs - Date.now();
          else if (event.type !== 'ping') refresher.touch(event.type);
        },
      });
      return () => {
        stop();
        refresher.stop();
      };
    },
  };
}

function createRefresher(client: QueryClient): { touch(topic: Topic): void; stop(): void } {
  const touched = new Set<Topic>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastMs = 0;
  const flush = (): void => {
    timer = undefined;
    lastMs = Date.now();
    for (const topic of touched) void client.invalidateQueries({ queryKey: [topic] });
    touched.clear();
  };
  return {
    touch(topic) {
      touched.add(topic);
      timer ??= setTimeout(flush, Math.max(0, lastMs + REFRESH_MS - Date.now()));
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

interface LineHandlers {
  opened(): void;
  lost(): void;
  event(event: LiveEvent): void;
}

// EventSource reconnects by itself only after some failures (not after an error status), hence the own loop.
function connectForever(handlers: LineHandlers): () => void {
  let source: EventSource | undefined;
  let retryMs = RETRY_MS_MIN;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const drop = (): void => {
    source?.close();
    clearTimeout(silence);
    clearTimeout(retry);
    handlers.lost();
    retry = setTimeout(open, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(drop, SILENCE_MS);
  };
  const open = (): void => {
    source = new EventSource('/api/events');
    source.onopen = () => {
      retryMs = RETRY_MS_MIN;
      heard();
      handlers.opened();
    };
    source.onmessage = (message: MessageEvent<string>) => {
      heard();
      handlers.event(JSON.parse(message.data) as LiveEvent);
    };
    source.onerror = drop;
  };
  open();
  return () => {
    source?.close();
    clearTimeout(retry);
    clearTimeout(silence);
  };
}
