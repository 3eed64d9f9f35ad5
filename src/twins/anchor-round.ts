import { fromHex, type Hex } from '../crypto/index.ts';
import type { Environment, Micros, Objects } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { TWINS_ANCHOR_ATTEMPTS, TWINS_ANCHOR_PAUSE_MICROS } from '../limits.ts';
import { formatCheckpoint, headAfter } from './checkpoint.ts';
import './errors.ts';
import type { AnchorPlace, CheckpointAnchor } from './ledger-anchor.ts';
import type { LogState, OpenSegment } from './log-journal.ts';
import { encodeSegmentRecord, readSegmentRecord, segmentPath } from './segment-record.ts';

/** Where the latest checkpoint that is on the ledger lies. */
export const CHECKPOINT_PATH = 'checkpoint';

export interface AnchorRoundParts {
  readonly environment: Pick<Environment, 'clock' | 'log' | 'metrics'>;
  readonly objects: Objects;
  readonly anchor: CheckpointAnchor;
  readonly origin: string;
  readonly stream: Hex;
  readonly state: () => LogState;
  readonly isClosed: () => boolean;
  readonly pause: (micros: Micros) => Promise<void>;
  /** Makes a change of the state durable. */
  readonly write: (change: (state: LogState) => LogState) => Promise<void>;
}

/**
 * Brings one checkpoint onto the ledger. What is to be sent is written down first, and the same segment is sent until it stands
 * there: the ledger takes it once, since a segment must not begin before the one in front of it ended.
 * @throws TreadleError TWINS_ANCHOR_FAILED | TWINS_LOG_FORKED
 */
export async function anchorRound(parts: AnchorRoundParts): Promise<void> {
  const { environment, origin } = parts;
  let last: unknown;
  for (let attempt = 0; attempt < TWINS_ANCHOR_ATTEMPTS && !parts.isClosed(); attempt++) {
    if (attempt > 0) await parts.pause(TWINS_ANCHOR_PAUSE_MICROS * 2 ** (attempt - 1));
    try {
      return await anchorOnce(parts);
    } catch (error) {
      if (hasCode(error, 'TWINS_LOG_FORKED') || hasCode(error, 'TWINS_LOG_CLOSED')) throw error;
      last = error;
      environment.metrics.count('telemetry_log_anchor_failures_total');
      environment.log.info('checkpoint_not_anchored', { origin, attempt, error: String(error) });
    }
  }
  const words = last instanceof Error ? last.message : String(last);
  throw new TreadleError('TWINS_ANCHOR_FAILED', {
    detail: `a checkpoint of ${origin} is not on the ledger after ${TWINS_ANCHOR_ATTEMPTS} attempts: ${words}`,
    ...(last !== undefined && { cause: last }),
  });
}

async function anchorOnce(parts: AnchorRoundParts): Promise<void> {
  if (parts.state().open === undefined) await parts.write((state) => opened(state, parts.environment.clock.now()));
  const segment = parts.state().open as OpenSegment;
  const place = await settle(parts, segment);
  await publish(parts, segment, place);
  parts.environment.log.info('checkpoint_anchored', { origin: parts.origin, size: segment.size, ...place });
}

function opened(state: LogState, nowMicros: Micros): LogState {
  const { anchored, size, root } = state;
  const nowMs = Math.floor(nowMicros / 1000);
  // The first segment covers no time before it; each later one begins where the one before it ended, and is never empty of time.
  const fromMs = anchored.segments === 0 ? nowMs : anchored.toMs;
  const toMs = Math.max(nowMs, fromMs + 1);
  return { ...state, open: { previous: anchored.head, fromMs, toMs, count: size - anchored.size, root, size } };
}

/** Sends the segment unless it stands on the ledger already. */
async function settle({ anchor, stream, state }: AnchorRoundParts, segment: OpenSegment): Promise<AnchorPlace | undefined> {
  const head = headAfter(segment);
  const before = await anchor.current(stream);
  if (before.head === head) return undefined;
  if (before.head !== segment.previous) {
    throw new TreadleError('TWINS_LOG_FORKED', {
      detail: `the ledger has ${before.count} readings of this log in ${before.segments} segments, the log ${state().anchored.size} in ${state().anchored.segments}`,
      data: { onLedger: before, inLog: state().anchored },
    });
  }
  try {
    return await anchor.add(stream, segment);
  } catch (error) {
    // Refused because an earlier try arrived after all, or not heard of in time.
    if ((await anchor.current(stream)).head === head) return undefined;
    throw error;
  }
}

/** The folder tells of the checkpoint before the journal forgets that it is open: after a crash in between it is told again. */
async function publish(parts: AnchorRoundParts, segment: OpenSegment, place: AnchorPlace | undefined): Promise<void> {
  const { objects, anchor, origin } = parts;
  const { size, toMs, root } = segment;
  const sequence = parts.state().anchored.segments;
  const known = await readSegmentRecord(objects, sequence);
  const record = encodeSegmentRecord({ ...segment, author: anchor.author, ...(place ?? placeOf(known)) });
  const checkpoint = new TextEncoder().encode(formatCheckpoint({ origin, size, root: fromHex(root) }));
  await objects.put(new Map([[segmentPath(sequence), record]]));
  await objects.put(new Map([[CHECKPOINT_PATH, checkpoint]]));
  await parts.write(({ open: _, ...state }) => ({
    ...state,
    anchored: { size, segments: sequence + 1, head: headAfter(segment), toMs },
  }));
}

function placeOf(known: Partial<AnchorPlace> | undefined): Partial<AnchorPlace> {
  const { blockNumber, transactionHash } = known ?? {};
  return { ...(blockNumber !== undefined && { blockNumber }), ...(transactionHash !== undefined && { transactionHash }) };
}
