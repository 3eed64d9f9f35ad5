import type { Logger, Metrics } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { DISK_FULL_RETRY_MICROS } from '../../limits.ts';
import type { Pauses } from './pauses.ts';

export interface RoomWaiterOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly pauses: Pauses;
}

/**
 * Writes that must not be given up because the disk is full: a block that a quorum has agreed on is final, whether this
 * node has room for it or not. They are tried again until somebody makes room.
 */
export class RoomWaiter {
  private readonly options: RoomWaiterOptions;

  constructor(options: RoomWaiterOptions) {
    this.options = options;
  }

  /** Runs `write` until it does not fail with DISK_FULL. @throws TreadleError LEDGER_CLOSED when the node stops first */
  async run<T>(what: string, write: () => Promise<T>): Promise<T> {
    const { log, metrics, pauses } = this.options;
    for (let waited = false; ; waited = true) {
      try {
        const result = await write();
        if (waited) {
          metrics.gauge('storage_full', 0);
          log.info('disk-has-room', { what });
        }
        return result;
      } catch (error) {
        if (!hasCode(error, 'DISK_FULL')) throw error;
        metrics.gauge('storage_full', 1);
        if (!waited) log.error('disk-full', { what, action: 'make room: the node waits and then goes on' });
        await pauses.wait(DISK_FULL_RETRY_MICROS, 'room on the disk');
        if (pauses.closed) throw new TreadleError('LEDGER_CLOSED', { cause: error });
      }
    }
  }
}
