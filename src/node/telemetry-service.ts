import type { Hex } from '../crypto/index.ts';
import {
  checkReadings,
  type Environment,
  type Objects,
  type Reading,
  type ReadingPage,
  type ReadingRange,
  sleep,
  type Timer,
} from '../environment/index.ts';
import { hasCode, invariant, TreadleError } from '../errors.ts';
import { followHead } from '../light/index.ts';
import {
  TELEMETRY_EXPIRE_MICROS,
  TELEMETRY_LOOK_BACK_BUNDLES,
  TELEMETRY_PROOF_ATTEMPTS,
  TELEMETRY_PROOF_PAUSE_MICROS,
} from '../limits.ts';
import {
  type BundleAnchor,
  createTelemetryLog,
  findLatest,
  ledgerAnchor,
  openProver,
  type ProofBundle,
  proveAnchor,
  readCheckpoint,
  readSegmentRecord,
  type SegmentRecord,
  type TelemetryLogOptions,
  type TelemetryLogStatus,
} from '../twins/index.ts';
import './errors.ts';
import type { FullNode } from './full-node.ts';
import { createLocalRpc } from './rpc-service.ts';

export interface TelemetryServiceOptions extends Omit<TelemetryLogOptions, 'origin'> {
  /** Name of the log; `treadle/` and the node's address when absent. */
  readonly origin?: string;
  /** Older readings leave the store. */
  readonly retentionDays?: number;
}

export interface TelemetryServiceDependencies {
  /** With a store of readings. */
  readonly environment: Environment;
  readonly full: Pick<FullNode, 'client' | 'rpc' | 'setup'>;
  readonly objects: Objects;
}

/** Which reading is to be proved: the one at a place of the log, or the latest of a metric, or that of a time. */
export type ProofWanted =
  | { readonly index: number }
  | { readonly twin: string; readonly metric: string; readonly timeMs?: number };

/** What the log of a node says of itself to everybody. */
export interface TelemetryLogReport extends TelemetryLogStatus {
  /** The account that puts its checkpoints on the ledger. */
  readonly author: Hex;
  /** Text of the latest checkpoint on the ledger. */
  readonly checkpoint?: string;
  /** Where it stands. */
  readonly anchor?: Pick<SegmentRecord, 'blockNumber' | 'transactionHash' | 'toMs'>;
}

/** The readings of a node's machines: kept, logged, on the ledger as checkpoints, and shown with proofs. */
export interface TelemetryService {
  /** @throws TreadleError TELEMETRY_INVALID | TWINS_LOG_FULL | TWINS_LOG_CLOSED | DISK_FULL */
  add(readings: readonly Reading[]): Promise<{ readonly accepted: number; readonly first: number }>;
  /** The latest reading of each metric of a twin, by their own times; those of the last second may be missing. */
  latest(twin: string): Promise<readonly Reading[]>;
  readings(range: ReadingRange): Promise<ReadingPage>;
  /**
   * The proof of a reading under the latest checkpoint on the ledger, with what shows that it stands there.
   * @throws TreadleError TWINS_NO_SUCH_READING | TWINS_LOG_DAMAGED | TWINS_ANCHOR_WRONG | LIGHT_*
   */
  prove(wanted: ProofWanted): Promise<ProofBundle>;
  report(): Promise<TelemetryLogReport>;
  /** Logs and anchors now what waits. @throws TreadleError TWINS_ANCHOR_FAILED | TWINS_LOG_FORKED */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const DAY_MS = 24 * 3_600_000;

/**
 * Opens a node's telemetry: its log goes on where it was.
 * @throws TreadleError TWINS_ORIGIN_INVALID | TWINS_LOG_DAMAGED | DISK_LOG_DAMAGED
 */
export async function createTelemetryService(
  options: TelemetryServiceOptions,
  { environment, full, objects }: TelemetryServiceDependencies,
): Promise<TelemetryService> {
  const { telemetry: store, clock } = environment;
  invariant(store !== undefined, 'a node with telemetry has a store of readings');
  const { origin = `treadle/${environment.node}`, retentionDays, ...pace } = options;
  const anchor = ledgerAnchor(full.client);
  const log = await createTelemetryLog({ ...pace, origin }, { environment, objects, store, anchor });
  const stopExpiring = retentionDays === undefined ? undefined : expireOldReadings(environment, retentionDays);
  const proofOf = ledgerProofs({ full, objects, origin, status: () => log.status() });

  async function proveOnce(wanted: ProofWanted): Promise<ProofBundle> {
    const prover = await openProver(objects);
    const { size } = prover.checkpoint;
    const index =
      'index' in wanted ? wanted.index : await findLatest(objects, wanted, { size, bundles: TELEMETRY_LOOK_BACK_BUNDLES });
    return prover.prove({ index, anchor: await proofOf(size) });
  }

  return {
    async add(readings) {
      checkReadings(readings);
      const first = await log.add(readings);
      return { accepted: readings.length, first };
    },
    latest: (twin) => store.latest(twin),
    readings: (range) => store.range(range),
    async prove(wanted) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await proveOnce(wanted);
        } catch (error) {
          // A checkpoint that is on its way moves between the ledger and the folder, and takes partial tiles with it.
          const mayPass = hasCode(error, 'TWINS_ANCHOR_WRONG') || hasCode(error, 'TWINS_LOG_DAMAGED');
          if (!mayPass || attempt === TELEMETRY_PROOF_ATTEMPTS) throw error;
          await sleep(environment, TELEMETRY_PROOF_PAUSE_MICROS, 'a checkpoint on its way');
        }
      }
    },
    async report() {
      const status = log.status();
      const about = { ...status, author: anchor.author };
      if (status.anchoredSegments === 0) return about;
      const { text } = await readCheckpoint(objects);
      const segment = await readSegmentRecord(objects, status.anchoredSegments - 1);
      const { blockNumber, transactionHash, toMs } = segment ?? {};
      return {
        ...about,
        checkpoint: text,
        ...(toMs !== undefined && {
          anchor: { toMs, ...(blockNumber !== undefined && { blockNumber }), ...(transactionHash && { transactionHash }) },
        }),
      };
    },
    flush: () => log.flush(),
    async close() {
      stopExpiring?.();
      await log.close();
    },
  };

  /** Removes now and then what is too old; the first time at once. */
  function expireOldReadings({ log: lines }: Environment, days: number): () => void {
    let timer: Timer | undefined;
    let stopped = false;
    const look = (): void => {
      const beforeMs = Math.max(0, Math.floor(clock.now() / 1000) - days * DAY_MS);
      environment
        .track('old readings to leave the store', store?.expire({ beforeMs }) ?? Promise.resolve(0))
        .then((count) => count > 0 && lines.info('telemetry.expired', { count, beforeMs }))
        .catch((error: unknown) => lines.warn('telemetry.not-expired', { reason: String(error) }))
        .finally(() => {
          if (!stopped) timer = clock.set(TELEMETRY_EXPIRE_MICROS, look, 'old readings');
        });
    };
    look();
    return () => {
      stopped = true;
      if (timer !== undefined) clock.cancel(timer);
    };
  }
}

interface LedgerProofParts {
  readonly full: Pick<FullNode, 'rpc' | 'setup'>;
  readonly objects: Objects;
  readonly origin: string;
  readonly status: () => TelemetryLogStatus;
}

/** What shows that the checkpoint of a size is on the ledger: made once for each checkpoint, whoever asks for it. */
function ledgerProofs({ full, objects, origin, status }: LedgerProofParts): (size: number) => Promise<BundleAnchor> {
  const rpc = createLocalRpc(full.rpc);
  let kept: { readonly size: number; readonly anchor: Promise<BundleAnchor> } | undefined;

  async function make(size: number): Promise<BundleAnchor> {
    const { anchoredSegments } = status();
    // The folder is told of a checkpoint before the journal, so the segment may be one further than the status says.
    for (const sequence of [anchoredSegments - 1, anchoredSegments]) {
      const segment = sequence < 0 ? undefined : await readSegmentRecord(objects, sequence);
      if (segment?.size !== size) continue;
      return proveAnchor({ rpc, genesis: full.setup.genesis, origin, segment, follow: followHead });
    }
    throw new TreadleError('TWINS_LOG_DAMAGED', { detail: `the record of the checkpoint of ${size} readings is missing` });
  }

  return (size) => {
    if (kept?.size === size) return kept.anchor;
    const anchor = make(size);
    const mine = { size, anchor };
    kept = mine;
    anchor.catch(() => {
      if (kept === mine) kept = undefined;
    });
    return anchor;
  };
}
