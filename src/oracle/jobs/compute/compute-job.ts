import type { Address, Hex } from '../../../crypto/index.ts';
import { fromHex, toHex } from '../../../crypto/index.ts';
import { JOB_DEFAULTS, type OracleJob, RequestRefused } from '../../job.ts';
import { type ComputeQuery, readComputeSpec } from './compute-spec.ts';
import { decodeRoundAnswer, encodeRoundAnswer, type RoundAnswer } from './round-answer.ts';

/** Carries rounds of training out; the node plugs it in. */
export interface RoundWorker {
  /** Runs a round with its clients. @returns the digest of what was gathered; @throws RequestRefused | TreadleError */
  lead(query: ComputeQuery, deadlineMicros: number): Promise<Hex>;
  /** Computes the outcome from what a leader gathered. @throws RequestRefused | TreadleError */
  check(query: ComputeQuery, gathered: Hex, deadlineMicros: number): Promise<RoundAnswer>;
}

export interface ComputeJobOptions {
  /** The contract of tasks: nobody else's requests are worked on. */
  readonly tasks: Address;
  readonly worker: RoundWorker;
}

/** A request lives as long as a round may take; within it whoever leads, and two that take over, get their turn. */
const TURNS = 4;

/**
 * The computing oracle: one round of training. Whoever leads gathers updates that clients signed; the group fetches them, aggregates and
 * evaluates again, and signs when it finds the same bits.
 */
export function computeJob({ tasks, worker }: ComputeJobOptions): OracleJob<ComputeQuery> {
  return {
    ...JOB_DEFAULTS,
    name: 'compute',
    query({ spec, requester }) {
      if (requester !== tasks) throw new RequestRefused('notAllowed', 'rounds are asked for by the contract of training tasks');
      return readComputeSpec(spec);
    },
    agreement: () => 'propose',
    lookMicros: ({ roundSeconds }) => Math.floor((roundSeconds * 1e6) / TURNS),
    async lead(query, _request, deadlineMicros) {
      const gathered = await worker.lead(query, deadlineMicros);
      return fromHex(gathered);
    },
    async observe(query, _request, deadlineMicros, hint) {
      // Without it there is nothing to look at: a failure that passes, so that another one may lead.
      if (hint === undefined) throw new Error('nobody said what was gathered');
      return encodeRoundAnswer(await worker.check(query, toHex(hint), deadlineMicros));
    },
    validateSight: (_query, value) => decodeRoundAnswer(value) !== undefined,
    outcome: () => undefined,
    report: (_query, value) => value,
  };
}
