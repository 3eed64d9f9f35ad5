import { jobId } from '../contracts/index.ts';
import type { Hex } from '../crypto/index.ts';
import { invariant } from '../errors.ts';
import { type OracleJob, type OracleRequest, RequestRefused } from './job.ts';
import type { FailureReason } from './reasons.ts';

/** A request with the job that works on it, read once. */
export interface Task {
  readonly request: OracleRequest;
  readonly job: OracleJob;
  readonly query: unknown;
  /** Why nobody could work on it; the query is undefined then. */
  readonly refused: FailureReason | undefined;
}

/** How long one look for a task may take, where looks usually may take `usual`. */
export function lookMicrosOf({ job, query, refused }: Task, usual: number): number {
  return refused === undefined && job.lookMicros !== undefined ? job.lookMicros(query) : usual;
}

/** The jobs that a node can work on, by the contract's names. */
export class JobBook {
  readonly #jobs = new Map<Hex, OracleJob>();

  constructor(jobs: readonly OracleJob[]) {
    for (const job of jobs) {
      const id = jobId(job.name);
      invariant(!this.#jobs.has(id), `one job is named ${job.name}`);
      this.#jobs.set(id, job);
    }
  }

  /** Undefined for a job that this node does not know: it takes no part in it. */
  task(request: OracleRequest): Task | undefined {
    const job = this.#jobs.get(request.job);
    if (job === undefined) return undefined;
    try {
      return { request, job, query: job.query(request), refused: undefined };
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      return { request, job, query: undefined, refused: error.reason };
    }
  }

  get names(): readonly string[] {
    return [...this.#jobs.values()].map(({ name }) => name);
  }
}
