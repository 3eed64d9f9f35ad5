import type { Hex } from '../../../crypto/index.ts';
import { toHex } from '../../../crypto/index.ts';
import { RequestRefused } from '../../job.ts';

/** Which round of which task of learning is asked for. */
export interface ComputeQuery {
  readonly task: bigint;
  readonly round: number;
  /** Digest of the global model that it begins with. */
  readonly previous: Hex;
  readonly roundSeconds: number;
}

const WORD = 32;
const ROUND_SECONDS_MAX = 86_400;
const ROUNDS_MAX = 1_000;

/** Reads what `TrainingTasks.advance` wrote: four words. @throws RequestRefused */
export function readComputeSpec(spec: Uint8Array): ComputeQuery {
  if (spec.length !== 4 * WORD) throw new RequestRefused('invalidSpec', `${spec.length} bytes, expected ${4 * WORD}`);
  const word = (at: number): bigint => BigInt(toHex(spec.subarray(at * WORD, (at + 1) * WORD)));
  const [task, round, roundSeconds] = [word(0), word(1), word(3)];
  if (round < 1n || round > ROUNDS_MAX) throw new RequestRefused('invalidSpec', 'there is no such round');
  if (roundSeconds < 1n || roundSeconds > ROUND_SECONDS_MAX) throw new RequestRefused('invalidSpec', 'no time for a round');
  return {
    task,
    round: Number(round),
    previous: toHex(spec.subarray(2 * WORD, 3 * WORD)),
    roundSeconds: Number(roundSeconds),
  };
}
