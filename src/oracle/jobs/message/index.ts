/** The job `message`: what the root of a lane of another ledger is. */
export * from './message-job.ts';
