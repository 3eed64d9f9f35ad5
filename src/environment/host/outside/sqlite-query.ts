import { Worker } from 'node:worker_threads';
import { TreadleError } from '../../../errors.ts';
import { OUTSIDE_ROWS_MAX } from '../../../limits.ts';
import type { SqlParameter } from '../../outside.ts';
import { contentTooLarge, type ReadTerms } from '../../outside-gate.ts';
import type { SqliteAnswer, SqliteTask } from './sqlite-worker.ts';

/** What the thread of one query may take beside the memory of SQLite itself: several times the largest answer. */
const WORKER_MEMORY_MB = 128;

export interface SqliteQuestion {
  readonly path: string;
  readonly query: string;
  readonly parameters: readonly SqlParameter[];
}

/**
 * Runs one query over a database file, read-only, in a thread of its own: SQLite works without a pause, and a query that
 * never ends can only be stopped with its thread.
 *
 * @returns a JSON array with an object for each row
 * @throws TreadleError OUTSIDE_REFUSED | OUTSIDE_TOO_LARGE | OUTSIDE_TIMEOUT
 */
export function querySqlite(question: SqliteQuestion, { maxBytes, signal }: ReadTerms): Promise<Uint8Array> {
  const task: SqliteTask = { ...question, maxBytes, rowsMax: OUTSIDE_ROWS_MAX };
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
    workerData: task,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY_MB },
  });
  return new Promise<Uint8Array>((resolve, reject) => {
    const stop = () => reject(new TreadleError('OUTSIDE_TIMEOUT'));
    signal.addEventListener('abort', stop, { once: true });
    worker.once('message', (answer: SqliteAnswer) => {
      if (answer.type === 'rows') resolve(answer.content);
      else reject(answer.type === 'tooLarge' ? contentTooLarge(maxBytes) : refused(answer.message));
    });
    worker.once('error', (cause) => reject(refused('its thread failed', cause)));
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      reject(refused('its thread ended'));
    });
  }).finally(() => worker.terminate());
}

function refused(message: string, cause?: unknown): TreadleError {
  return new TreadleError('OUTSIDE_REFUSED', { detail: `the query was not answered: ${message}`, cause });
}
