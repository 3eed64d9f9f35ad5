import {
  type FederalFileClient,
  federalFileClient,
  type LaneAnswer,
  outboxClient,
  requireSameLane,
} from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { LANE_HEIGHTS_BACK, LANE_STEP_BLOCKS } from '../../limits.ts';
import { type LaneQuery, type LaneSource, RequestRefused } from '../../oracle/index.ts';
import { filingContent } from './filing-content.ts';
import type { Sibling, Siblings } from './siblings.ts';

interface Dependencies {
  readonly environment: Environment;
  readonly siblings: Siblings;
}

/** Where heights of a ledger are filed. */
interface FiledAt {
  readonly file: FederalFileClient;
  readonly interval: number;
  readonly lastHeight: bigint;
}

/**
 * Lanes of other ledgers as this process's own full nodes of them have them. A height of a local ledger counts when it is filed with
 * the federal one, usably, and is in the chain of the own full node with the same hash and lanes. Of a ledger that nobody files for, the
 * federal one among them, heights that are multiples of the step count.
 */
export function createLaneSource({ environment, siblings }: Dependencies): LaneSource {
  const { log, metrics } = environment;

  async function filedAt(chainId: number): Promise<FiledAt | undefined> {
    for (const { client } of siblings.others(chainId)) {
      const file = federalFileClient(client);
      try {
        const { interval, lastHeight } = await file.ledger(BigInt(chainId));
        return { file, interval, lastHeight };
      } catch (error) {
        // There is no file on that ledger, or none for this one.
        if (!hasCode(error, 'CONTRACT_REVERTED') && !hasCode(error, 'CONTRACT_BAD_ANSWER')) throw error;
      }
    }
    return undefined;
  }

  /** Multiples of the step that may count, the newest first. */
  function candidates(head: number, at: FiledAt | undefined): readonly bigint[] {
    const step = at?.interval ?? LANE_STEP_BLOCKS;
    const newest = Math.min(head, at === undefined ? head : Number(at.lastHeight));
    return Array.from({ length: LANE_HEIGHTS_BACK }, (_, back) => BigInt((Math.floor(newest / step) - back) * step)).filter(
      (height) => height > 0n,
    );
  }

  async function counts(at: FiledAt | undefined, chainId: bigint, height: bigint): Promise<boolean> {
    if (at === undefined) return true;
    const filings = await at.file.filings(chainId, height);
    return filings.length > 0 && (await at.file.standing(chainId, height)).usable;
  }

  function seated(source: bigint): Sibling {
    const sibling = siblings.of(Number(source));
    if (sibling === undefined) throw new RequestRefused('sourceUnreachable', `this process has no node of ledger ${source}`);
    return sibling;
  }

  async function confirm(at: FiledAt | undefined, sibling: Sibling, height: bigint): Promise<Hex> {
    const own = await filingContent(sibling, Number(height));
    if (at === undefined) return own.blockHash;
    const { filing } = await at.file.standing(BigInt(sibling.chainId), height);
    if (filing.blockHash === own.blockHash && filing.lanesRoot === own.lanesRoot && filing.lanes === own.lanes)
      return own.blockHash;
    metrics.count('lane_filing_contradicted_total');
    log.error('lane.filing-contradicted', { ledger: sibling.chainId, height, filed: filing.blockHash, own: own.blockHash });
    throw new RequestRefused('invalidData', `what is filed of height ${height} is not what this node's own ledger holds`);
  }

  return {
    async newestHeight(source) {
      const sibling = seated(source);
      const at = await filedAt(sibling.chainId);
      for (const height of candidates(sibling.ledger.head.number, at)) {
        if (await counts(at, source, height)) return height;
      }
      throw new RequestRefused('sourceUnreachable', `no height of ledger ${source} is filed yet that this node has`);
    },
    async look({ source, destination, size }: LaneQuery, height): Promise<LaneAnswer> {
      const sibling = seated(source);
      const at = await filedAt(sibling.chainId);
      const head = sibling.ledger.head.number;
      if (height > BigInt(head)) throw new RequestRefused('sourceUnreachable', `ledger ${source} is not at ${height} here yet`);
      if (!candidates(head, at).includes(height) || !(await counts(at, source, height))) {
        throw new RequestRefused('sourceUnreachable', `height ${height} of ledger ${source} is none to look at`);
      }
      const blockHash = await confirm(at, sibling, height);
      const shown = await outboxClient(sibling.client).lane(destination, Number(height));
      await sibling.lanes.readTo(Number(height));
      const record = sibling.lanes.lane(destination);
      requireSameLane(record, shown);
      const wanted = size === 0n ? shown.size : size;
      if (wanted > shown.size) throw new RequestRefused('invalidData', `the lane has ${shown.size} leaves at height ${height}`);
      const answer = { source, root: record.tree.root(Number(wanted)), size: wanted, height, blockHash };
      log.debug('lane.seen', { source, size: wanted, height });
      return answer;
    },
  };
}
