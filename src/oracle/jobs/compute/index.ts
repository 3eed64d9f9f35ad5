export * from './compute-job.ts';
export * from './compute-spec.ts';
export * from './round-answer.ts';
