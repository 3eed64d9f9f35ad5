import { PEER_PROBE_MICROS, PEER_SILENCE_MICROS } from '../../limits.ts';
import type { Clock, Timer } from '../environment.ts';
import type { PeerConnection } from './peer-connection.ts';

const WATCH_MICROS = 1_000_000;

/** Probes connections that are silent and gives up those that stay so. Returns what ends the watch. */
export function watchSilence(clock: Clock, connections: () => Iterable<PeerConnection>): () => void {
  let watchedAt = clock.now();
  let timer: Timer;
  const watch = () => {
    const now = clock.now();
    // After a pause of this process (a long computation, a suspended machine) what came meanwhile is still unread.
    const paused = now - watchedAt > 3 * WATCH_MICROS;
    watchedAt = now;
    for (const connection of [...connections()]) {
      if (paused) connection.lastHeardMicros = now;
      const silence = now - connection.lastHeardMicros;
      if (silence > PEER_SILENCE_MICROS) connection.close('nothing was heard from the peer');
      else if (silence > PEER_PROBE_MICROS * (connection.probes + 1)) connection.probe();
    }
    timer = clock.set(WATCH_MICROS, watch, 'watch over connections');
  };
  timer = clock.set(WATCH_MICROS, watch, 'watch over connections');
  return () => clock.cancel(timer);
}
