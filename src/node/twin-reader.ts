import { type LedgerClient, recordsClient } from '../contracts/index.ts';
import { toHex } from '../crypto/index.ts';
import { type Environment, type Micros, sleep } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { TWIN_READ_ATTEMPTS, TWIN_READ_PAUSE_MICROS, TWINS_BUNDLE_BYTES_MAX } from '../limits.ts';
import { bundleUrl, RequestRefused, type TwinSource } from '../oracle/index.ts';
import { headAfter, type ProofBundle, parseBundle, parseCheckpoint, streamOfOrigin, verifyBundle } from '../twins/index.ts';

/** Reads the latest proved reading of a twin, as text. */
export type TwinReader = (source: TwinSource, options: { readonly timeoutMicros: Micros }) => Promise<string>;

interface Dependencies {
  readonly environment: Environment;
  /** Of the node's own ledger, which alone is believed. */
  readonly client: LedgerClient;
}

/**
 * Reads twins of other owners. What an owner says counts only when it stands below the latest checkpoint that its account put on
 * the ledger, as this node's own ledger has it: an owner can keep silent, and cannot alter.
 *
 * The reader rejects with RequestRefused invalidData for whatever does not prove itself, and with OUTSIDE_* as reading a source does.
 */
export function createTwinReader({ environment, client }: Dependencies): TwinReader {
  const { outside, clock, log, metrics } = environment;
  const records = recordsClient(client);

  return async (source, { timeoutMicros }) => {
    const until = clock.now() + timeoutMicros;
    let fault = '';
    for (let attempt = 0; attempt < TWIN_READ_ATTEMPTS; attempt++) {
      if (attempt > 0) await sleep(environment, TWIN_READ_PAUSE_MICROS, 'a checkpoint on its way to the ledger');
      const left = until - clock.now();
      if (left <= 0) break;
      const { content } = await outside.read(
        { kind: 'http', url: bundleUrl(source) },
        { timeoutMicros: left, maxBytes: TWINS_BUNDLE_BYTES_MAX },
      );
      const bundle = proved(source, content);
      const doubt = await ledgerDoubt(source, bundle);
      if (doubt === undefined) return fresh(source, bundle);
      // The owner's folder, the ledger and this node's copy of it may each be a block apart; what was altered stays so.
      fault = doubt;
    }
    throw refuse(source, fault === '' ? 'the time was over' : fault);
  };

  /** A bundle that proves a reading of this twin below its own checkpoint. */
  function proved(source: TwinSource, content: Uint8Array): ProofBundle {
    try {
      const bundle = parseBundle(new TextDecoder().decode(content));
      verifyBundle(bundle);
      const { twin, metric } = bundle.reading;
      if (twin !== source.twin || metric !== source.metric) throw refuse(source, `the bundle is of ${metric} of ${twin}`);
      return bundle;
    } catch (error) {
      if (error instanceof TreadleError) throw refuse(source, `${error.code}: ${error.detail}`);
      throw error;
    }
  }

  /** Why the bundle's checkpoint is not the latest of the author's log; undefined when it is. */
  async function ledgerDoubt({ author }: TwinSource, { anchor, checkpoint }: ProofBundle): Promise<string | undefined> {
    const { origin, size, root } = parseCheckpoint(checkpoint);
    if (anchor === undefined) return 'the bundle says nothing of the ledger';
    const { head, count } = await records.stream(author, streamOfOrigin(origin));
    const claimed = headAfter({ ...anchor.segment, root: toHex(root) });
    if (head === claimed && count === size) return undefined;
    return `the ledger has ${count} readings of ${origin} by ${author} under the head ${head}, the checkpoint of ${size} leads to ${claimed}`;
  }

  function fresh(source: TwinSource, { reading: { timeMs, value } }: ProofBundle): string {
    const ageMs = Math.floor(clock.now() / 1000) - timeMs;
    if (source.maxAgeMs === undefined || ageMs <= source.maxAgeMs) return String(value);
    throw refuse(source, `the latest reading is ${ageMs} ms old, ${source.maxAgeMs} are asked for`);
  }

  function refuse({ url, twin, metric, author }: TwinSource, reason: string): RequestRefused {
    metrics.count('oracle_twins_refused_total');
    log.error('oracle.twin-refused', { url, twin, metric, author, reason });
    return new RequestRefused('invalidData', reason);
  }
}
