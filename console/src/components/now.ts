import { useSyncExternalStore } from 'react';
import { live } from '../api/live.ts';

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let nowMs = Date.now();
let ticking: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

function tick(): void {
  nowMs = Date.now() + live.clockSkewMs();
  for (const listener of [...listeners]) listener();
}

/** The node's time, moving once a second: one clock for every relative time on the page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}
