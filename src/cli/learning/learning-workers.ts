import { Worker } from 'node:worker_threads';
import { type Job, type JobResult, type JobRunner, type RunData, shareSamples } from '../../learning/index.ts';
import type { LearningWorkerAnswer, LearningWorkerStart, LearningWorkerTask } from './learning-worker.ts';

const FILE = new URL('./learning-worker.ts', import.meta.url);

export interface LearningWorkers extends JobRunner {
  close(): Promise<void>;
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads that train and evaluate, first come first served. The outcome of a job does not depend on the thread. */
export function startLearningWorkers(
  start: Omit<LearningWorkerStart, 'data'> & { readonly data: RunData; readonly workers: number },
): LearningWorkers {
  const workerData: LearningWorkerStart = { ...start, data: shareSamples(start.data) };
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const underWay = new Map<number, Waiting>();
  let last = 0;
  let broken: unknown;
  const next = (): void => {
    while (queue.length > 0 && idle.length > 0) {
      const [waiting, worker] = [queue.shift() as Waiting, idle.shift() as Worker];
      const id = ++last;
      underWay.set(id, waiting);
      worker.postMessage({ id, job: waiting.job } satisfies LearningWorkerTask);
    }
  };
  const fail = (error: unknown): void => {
    broken ??= error;
    for (const { reject } of [...underWay.values(), ...queue.splice(0)]) reject(error);
    underWay.clear();
  };
  const workers = Array.from({ length: start.workers }, () => {
    const worker = new Worker(FILE, { workerData });
    worker.on('message', (answer: LearningWorkerAnswer) => {
      const waiting = underWay.get(answer.id);
      underWay.delete(answer.id);
      idle.push(worker);
      if ('error' in answer) waiting?.reject(answer.error);
      else waiting?.resolve(answer.result);
      next();
    });
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('a training thread ended')));
    return worker;
  });
  idle.push(...workers);
  return {
    run: <J extends Job>(job: J) =>
      new Promise<JobResult<J>>((resolve, reject) => {
        if (broken !== undefined) return reject(broken);
        queue.push({ job, resolve: resolve as (result: unknown) => void, reject });
        next();
      }),
    async close() {
      for (const worker of workers) worker.removeAllListeners('exit');
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
