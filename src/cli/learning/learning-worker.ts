import { parentPort, workerData } from 'node:worker_threads';
import { createEngine, type Job, JobWorker, type KernelBytes, type RunData } from '../../learning/index.ts';

/** What a thread is given when it starts; the samples lie in memory that all threads share. */
export interface LearningWorkerStart {
  readonly kernels: KernelBytes;
  readonly fastMath: boolean;
  readonly data: RunData;
}

export interface LearningWorkerTask {
  readonly id: number;
  readonly job: Job;
}

export type LearningWorkerAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: unknown };

const port = parentPort;
if (port !== null) {
  const { kernels, fastMath, data } = workerData as LearningWorkerStart;
  const worker = new JobWorker(createEngine({ kernels, fastMath }), data);
  port.on('message', ({ id, job }: LearningWorkerTask) => {
    worker.run(job).then(
      (result) => port.postMessage({ id, result } satisfies LearningWorkerAnswer),
      (error: unknown) => port.postMessage({ id, error } satisfies LearningWorkerAnswer),
    );
  });
}
