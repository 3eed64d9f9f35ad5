import type { Directory } from '../consortium/index.ts';
import type { Environment, NodeId, Timer } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import { EXCHANGE_RETRY_MICROS_MAX, EXCHANGE_RETRY_MICROS_MIN } from '../limits.ts';
import { growingPauseMicros } from './growing-pause.ts';

/** Reads what connected peers know of others, and reads it again where that failed. */
export interface DirectoryExchanges {
  /** A peer is connected: what it knows is to be read. */
  begin(peer: NodeId): void;
  /** A peer is gone: its contacts come with the next one. */
  end(peer: NodeId): void;
  stop(): void;
}

interface Options {
  readonly environment: Environment;
  readonly directory: Pick<Directory, 'exchangeWith'>;
  /** Whether there is still something to ask for after an attempt that failed. */
  readonly isNeeded: () => boolean;
}

interface Attempt {
  failures: number;
  pause: Timer | undefined;
}

/**
 * When a whole plant starts at once, the first answers come later than anybody waits for them: who gave up then would know
 * nobody for as long as the connection lasts. So an exchange is tried again, with growing pauses, while the peer stays.
 */
export function createDirectoryExchanges({ environment, directory, isNeeded }: Options): DirectoryExchanges {
  const open = new Map<NodeId, Attempt>();

  const ask = async (peer: NodeId, attempt: Attempt): Promise<void> => {
    attempt.pause = undefined;
    try {
      await directory.exchangeWith(peer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      environment.log.debug('directory.exchange-failed', { peer, reason });
      // Another connection, or none: whatever this attempt was about is over.
      if (open.get(peer) !== attempt) return;
      // What cannot be read will be no better the next time.
      const again = !hasCode(error, 'DIRECTORY_REQUEST_INVALID') && isNeeded();
      if (again) return askLater(peer, attempt);
    }
    if (open.get(peer) === attempt) open.delete(peer);
  };

  const askLater = (peer: NodeId, attempt: Attempt): void => {
    const pause = growingPauseMicros(attempt.failures++, { min: EXCHANGE_RETRY_MICROS_MIN, max: EXCHANGE_RETRY_MICROS_MAX });
    attempt.pause = environment.clock.set(pause, () => void ask(peer, attempt), 'contacts of a peer, again');
    environment.metrics.count('directory_exchanges_repeated_total');
  };

  const end = (peer: NodeId): void => {
    const pause = open.get(peer)?.pause;
    if (pause !== undefined) environment.clock.cancel(pause);
    open.delete(peer);
  };

  return {
    begin(peer) {
      end(peer);
      const attempt: Attempt = { failures: 0, pause: undefined };
      open.set(peer, attempt);
      void ask(peer, attempt);
    },
    end,
    stop() {
      for (const peer of [...open.keys()]) end(peer);
    },
  };
}
