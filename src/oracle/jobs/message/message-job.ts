import { encodeLaneAnswer, type LaneAnswer } from '../../../contracts/index.ts';
import { concatBytes, equalBytes, fromHex, toHex } from '../../../crypto/index.ts';
import { JOB_DEFAULTS, type OracleJob, RequestRefused } from '../../job.ts';

/** A lane of another ledger, as a request names it. */
export interface LaneQuery {
  /** Chain ids. */
  readonly source: bigint;
  readonly destination: bigint;
  /** Leaves of the tree that is asked for; 0 = as many as there are. */
  readonly size: bigint;
}

/** How a node looks at lanes of other ledgers. */
export interface LaneSource {
  /**
   * The newest height of a source that everybody can look at.
   * @throws RequestRefused sourceUnreachable | notAllowed
   */
  newestHeight(source: bigint): Promise<bigint>;
  /**
   * A lane as it was in a block of its source.
   * @throws RequestRefused sourceUnreachable: this node cannot look there (yet) | notAllowed: nobody may look there |
   * invalidData: what was filed and this node's own ledger contradict each other, or there are not so many leaves
   */
  look(query: LaneQuery, height: bigint): Promise<LaneAnswer>;
}

const WORD = 32;
const ANSWER_BYTES = 5 * WORD;

/**
 * Says what the root of a lane is. Whoever leads names the height at which everybody looks; each of the others looks there for
 * itself, and signs when it saw the same. A height that a liar names is refused unless the node itself would look at such a one, so
 * all that a liar can do is to name a true root that is a little old.
 *
 * @param chainId - of the ledger whose oracle this is: it answers for lanes that lead to it
 */
export function messageJob({ chainId, lanes }: { readonly chainId: bigint; readonly lanes: LaneSource }): OracleJob<LaneQuery> {
  return {
    ...JOB_DEFAULTS,
    name: 'message',
    query({ spec }) {
      if (spec.length !== 3 * WORD) throw new RequestRefused('invalidSpec', 'the specification is not three words');
      const [source, destination, size] = [0, 1, 2].map((at) => wordAt(spec, at)) as [bigint, bigint, bigint];
      if (destination !== chainId) throw new RequestRefused('notAllowed', `lanes to ${destination} are not for this ledger`);
      if (source === destination || size >= 1n << 64n) throw new RequestRefused('invalidSpec', 'there is no such lane');
      return { source, destination, size };
    },
    agreement: () => 'propose',
    lead: async ({ source }) => fromHex(wordOf(await lanes.newestHeight(source))),
    async observe(query, _request, _deadlineMicros, hint) {
      const height = hint === undefined ? await lanes.newestHeight(query.source) : wordAt(hint, 0);
      return fromHex(encodeLaneAnswer(await lanes.look(query, height)));
    },
    validateSight: (query, value) =>
      value.length === ANSWER_BYTES &&
      wordAt(value, 0) === query.source &&
      (query.size === 0n || wordAt(value, 2) === query.size),
    outcome(_query, values, groupSize) {
      for (const value of values) {
        if (values.filter((other) => equalBytes(other, value)).length > groupSize / 2) return { kind: 'value', value };
      }
      return undefined;
    },
    report: (_query, value) => value,
    accept: (_query, value, own) => own !== undefined && equalBytes(value, own),
  };
}

function wordAt(bytes: Uint8Array, at: number): bigint {
  return BigInt(toHex(concatBytes([bytes.subarray(at * WORD, (at + 1) * WORD)])));
}

function wordOf(value: bigint): `0x${string}` {
  return `0x${value.toString(16).padStart(2 * WORD, '0')}`;
}
