import { fromHex, type Hex, toHex } from '../crypto/index.ts';
import {
  type Environment,
  type Micros,
  type Objects,
  type Reading,
  sleep,
  type TelemetryStore,
  type Timer,
} from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import {
  TELEMETRY_BATCH_READINGS_MAX,
  TWINS_ANCHOR_INTERVAL_MICROS,
  TWINS_BATCH_AGE_MICROS,
  TWINS_BATCH_READINGS,
  TWINS_INTEGRATE_READINGS_MAX,
  TWINS_PENDING_READINGS_MAX,
} from '../limits.ts';
import { checkOrigin, NO_HEAD, streamOfOrigin } from './checkpoint.ts';
import './errors.ts';
import { anchorRound } from './anchor-round.ts';
import type { CheckpointAnchor } from './ledger-anchor.ts';
import { LogJournal, type LogState } from './log-journal.ts';
import { decodeReading, encodeReading, SALT_BYTES } from './reading-entry.ts';
import { partialPaths } from './tile-paths.ts';
import { growTree, loadEdge, type TreeEdge } from './tile-tree.ts';
import { emptyRoot } from './tree-hash.ts';

export interface TelemetryLogOptions {
  /** The log's name, one line that nobody else uses: it stands in every checkpoint. */
  readonly origin: string;
  /** Readings after which a batch is added at once; default TWINS_BATCH_READINGS. */
  readonly batchReadings?: number;
  /** Time after which an incomplete batch is added; default TWINS_BATCH_AGE_MICROS. */
  readonly batchAgeMicros?: Micros;
  /** Least time between two checkpoints on the ledger; default TWINS_ANCHOR_INTERVAL_MICROS. */
  readonly anchorIntervalMicros?: Micros;
}

export interface TelemetryLogDependencies {
  readonly environment: Pick<Environment, 'clock' | 'disk' | 'random' | 'log' | 'metrics' | 'track'>;
  /** Where tiles, bundles of entries and checkpoints lie. The bundles hold readings and salts: only the tiles are for others. */
  readonly objects: Objects;
  readonly anchor: CheckpointAnchor;
  /** Where the readings can be queried, when they should. */
  readonly store?: TelemetryStore;
}

export interface TelemetryLogStatus {
  readonly origin: string;
  /** Readings in the tiles. */
  readonly size: number;
  /** Readings that are durable in the journal and wait for their tiles. */
  readonly pending: number;
  /** Readings below the last checkpoint on the ledger. */
  readonly anchoredSize: number;
  readonly anchoredSegments: number;
  /** Why the latest attempt to add to the tiles or to the ledger failed; absent when it did not. */
  readonly failure?: { readonly code: string; readonly reason: string };
}

/**
 * An append-only log of readings whose checkpoints stand on the ledger. Whatever was accepted survives a crash at any moment,
 * and what was anchored is never changed.
 */
export interface TelemetryLog {
  /**
   * Takes readings in; they are durable when it resolves with the index of the first. A caller that was not told so may add them
   * again: they are two entries then.
   * @throws TreadleError TELEMETRY_INVALID | TWINS_LOG_FULL | TWINS_LOG_CLOSED | DISK_FULL
   */
  add(readings: readonly Reading[]): Promise<number>;
  /** Adds what waits to the tiles and puts a checkpoint on the ledger now. @throws TreadleError TWINS_ANCHOR_FAILED | TWINS_LOG_FORKED | ... */
  flush(): Promise<void>;
  status(): TelemetryLogStatus;
  close(): Promise<void>;
}

/**
 * Opens the log of this origin, or begins it.
 * @throws TreadleError TWINS_ORIGIN_INVALID | TWINS_LOG_DAMAGED | DISK_LOG_DAMAGED
 */
export async function createTelemetryLog(
  options: TelemetryLogOptions,
  dependencies: TelemetryLogDependencies,
): Promise<TelemetryLog> {
  const { origin } = options;
  checkOrigin(origin);
  const stream = streamOfOrigin(origin);
  const { disk } = dependencies.environment;
  const { journal, state = FRESH, entries } = await LogJournal.open(disk, `telemetry-${stream.slice(2, 34)}`, origin);
  const edge = await loadEdge(dependencies.objects, state.size, fromHex(state.root));
  return new Log(options, dependencies, { journal, state, edge, entries });
}

const FRESH: LogState = {
  size: 0,
  root: toHex(emptyRoot()),
  anchored: { size: 0, segments: 0, head: NO_HEAD, toMs: 0 },
};

interface Opened {
  readonly journal: LogJournal;
  readonly state: LogState;
  readonly edge: TreeEdge;
  /** Entries that wait. */
  readonly entries: Uint8Array[];
}

class Log implements TelemetryLog {
  readonly #options: Required<TelemetryLogOptions>;
  readonly #parts: TelemetryLogDependencies;
  readonly #journal: LogJournal;
  readonly #stream: Hex;
  #state: LogState;
  #edge: TreeEdge;
  #pending: Uint8Array[];
  #failure: TelemetryLogStatus['failure'];
  #closed = false;
  #timer: Timer | undefined;
  #timerDueMicros = 0;
  /** Work on tiles and journal, one piece after the other. */
  #writing: Promise<unknown> = Promise.resolve();
  #anchoring: Promise<void> | undefined;
  #anchorDueMicros = 0;

  constructor(options: TelemetryLogOptions, dependencies: TelemetryLogDependencies, opened: Opened) {
    this.#options = {
      batchReadings: TWINS_BATCH_READINGS,
      batchAgeMicros: TWINS_BATCH_AGE_MICROS,
      anchorIntervalMicros: TWINS_ANCHOR_INTERVAL_MICROS,
      ...options,
    };
    this.#parts = dependencies;
    this.#journal = opened.journal;
    this.#state = opened.state;
    this.#edge = opened.edge;
    this.#pending = opened.entries;
    this.#stream = streamOfOrigin(options.origin);
    this.#plan();
  }

  status(): TelemetryLogStatus {
    const { size, anchored } = this.#state;
    return {
      origin: this.#options.origin,
      size,
      pending: this.#pending.length,
      anchoredSize: anchored.size,
      anchoredSegments: anchored.segments,
      ...(this.#failure && { failure: this.#failure }),
    };
  }

  async add(readings: readonly Reading[]): Promise<number> {
    this.#checkOpen();
    if (this.#pending.length + readings.length > TWINS_PENDING_READINGS_MAX)
      throw new TreadleError('TWINS_LOG_FULL', {
        detail: `${this.#pending.length} readings wait already`,
        data: { pending: this.#pending.length },
      });
    const salts = this.#parts.environment.random.stream('telemetry-salts');
    const entries = readings.map((reading) => encodeReading({ reading, salt: salts.bytes(SALT_BYTES) }));
    const first = this.#state.size + this.#pending.length;
    this.#journal.append(entries);
    for (const entry of entries) this.#pending.push(entry);
    this.#parts.environment.metrics.count('telemetry_log_readings_total', entries.length);
    if (this.#pending.length >= this.#options.batchReadings) this.#kick();
    else this.#plan();
    await this.#journal.sync();
    return first;
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    while (this.#pending.length > 0) await this.#integrate();
    // One under way may be of an earlier size.
    await this.#anchoring?.catch(() => undefined);
    while (!this.#closed && this.#isUnanchored()) await this.#anchorNow();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer) this.#parts.environment.clock.cancel(this.#timer);
    await this.#writing.catch(() => undefined);
    await this.#journal.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new TreadleError('TWINS_LOG_CLOSED');
  }

  #isUnanchored(): boolean {
    return this.#state.open !== undefined || this.#state.size > this.#state.anchored.size;
  }

  /** Sets the timer for whatever is due next. */
  #plan(): void {
    if (this.#closed) return;
    const { clock } = this.#parts.environment;
    const waits: Micros[] = [];
    if (this.#pending.length > 0) waits.push(this.#options.batchAgeMicros);
    if (this.#isUnanchored() && this.#anchoring === undefined) waits.push(Math.max(0, this.#anchorDueMicros - clock.now()));
    if (waits.length === 0) return;
    const wait = Math.min(...waits);
    const due = clock.now() + wait;
    // What is due earlier is not put off by what comes later.
    if (this.#timer !== undefined && this.#timerDueMicros <= due) return;
    if (this.#timer) clock.cancel(this.#timer);
    this.#timerDueMicros = due;
    this.#timer = clock.set(wait, () => this.#kick(), 'telemetry log');
  }

  /** Does in the background what is due. */
  #kick(): void {
    const { clock } = this.#parts.environment;
    if (this.#timer) clock.cancel(this.#timer);
    this.#timer = undefined;
    const integrated = this.#pending.length > 0 ? this.#integrate() : Promise.resolve();
    const done = integrated.then(() => {
      if (this.#isUnanchored() && this.#anchoring === undefined && clock.now() >= this.#anchorDueMicros)
        void this.#anchorNow().catch(() => undefined);
    });
    // A failure stands in the status; the next timer tries again.
    done.catch(() => undefined).finally(() => this.#plan());
  }

  /** Runs when what was begun before has ended. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#writing.then(() => {
      this.#checkOpen();
      return work();
    });
    this.#writing = mine.catch(() => undefined);
    return mine;
  }

  /** Adds what waits to the tiles: first the objects, then the journal that says that they count. */
  async #integrate(): Promise<void> {
    try {
      await this.#exclusive(async () => {
        const entries = this.#pending.slice(0, TWINS_INTEGRATE_READINGS_MAX);
        if (entries.length === 0) return;
        await this.#storeReadings(entries);
        const before = this.#edge.size;
        const { edge, root, objects } = growTree(this.#edge, entries);
        await this.#parts.objects.put(objects);
        const state = { ...this.#state, size: edge.size, root: toHex(root) };
        await this.#journal.rewrite(state, this.#pending.slice(entries.length));
        this.#state = state;
        this.#edge = edge;
        this.#pending.splice(0, entries.length);
        await this.#tidy(before);
        this.#parts.environment.metrics.gauge('telemetry_log_size', edge.size);
      });
      this.#failure = undefined;
    } catch (error) {
      throw this.#noted(error);
    }
  }

  async #storeReadings(entries: readonly Uint8Array[]): Promise<void> {
    const { store } = this.#parts;
    if (store === undefined) return;
    const readings = entries.map((entry) => decodeReading(entry)?.reading as Reading);
    for (let at = 0; at < readings.length; at += TELEMETRY_BATCH_READINGS_MAX)
      await store.append(readings.slice(at, at + TELEMETRY_BATCH_READINGS_MAX));
  }

  /** Removes the partial tiles of a size that nobody needs any more. */
  async #tidy(size: number): Promise<void> {
    const { anchored, open } = this.#state;
    const needed = new Set([this.#state.size, anchored.size, open?.size ?? 0].flatMap(partialPaths));
    await this.#parts.objects.delete(partialPaths(size).filter((path) => !needed.has(path)));
  }

  #anchorNow(): Promise<void> {
    this.#anchoring ??= this.#anchor().finally(() => {
      this.#anchoring = undefined;
      this.#plan();
    });
    return this.#anchoring;
  }

  async #anchor(): Promise<void> {
    const { environment, objects, anchor } = this.#parts;
    this.#anchorDueMicros = environment.clock.now() + this.#options.anchorIntervalMicros;
    try {
      await environment.track(
        'checkpoint on the ledger',
        anchorRound({
          environment,
          objects,
          anchor,
          origin: this.#options.origin,
          stream: this.#stream,
          state: () => this.#state,
          isClosed: () => this.#closed,
          pause: (micros) => sleep(environment, micros, 'before anchoring again'),
          write: (change) =>
            this.#exclusive(async () => {
              const before = this.#state.anchored.size;
              const state = change(this.#state);
              await this.#journal.rewrite(state, this.#pending);
              this.#state = state;
              if (state.anchored.size !== before) await this.#tidy(before);
            }),
        }),
      );
      this.#failure = undefined;
    } catch (error) {
      throw this.#noted(error);
    }
  }

  /** Keeps why something failed for the status. */
  #noted(error: unknown): unknown {
    if (this.#closed) return error;
    const code = error instanceof TreadleError ? error.code : 'INTERNAL';
    const reason = error instanceof Error ? error.message : String(error);
    this.#failure = { code, reason };
    this.#parts.environment.log.warn('telemetry_log_failed', { origin: this.#options.origin, code, reason });
    return error;
  }
}
