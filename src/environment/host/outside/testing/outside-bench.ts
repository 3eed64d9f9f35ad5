import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '../../../metric-store.ts';
import type { Outside, OutsideOptions, OutsideReading, OutsideSource } from '../../../outside.ts';
import type { OutsideConfig } from '../../../outside-config.ts';
import { hostClock } from '../../host-clock.ts';
import { hostLog } from '../../host-log.ts';
import { hostOutside } from '../host-outside.ts';
import type { NameLookup } from '../http-client.ts';

/** A door to the outside without the rest of a node. */
export interface OutsideBench {
  readonly outside: Outside;
  /** What the configuration's paths are relative to. */
  readonly folder: string;
  read(source: OutsideSource, options?: Partial<OutsideOptions>): Promise<OutsideReading>;
  /** The content as JSON. */
  json(source: OutsideSource, options?: Partial<OutsideOptions>): Promise<unknown>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly lookup?: NameLookup;
  /** An own one by default. */
  readonly folder?: string;
}

export const NODE = '0x00000000000000000000000000000000000000aa';

export async function openBench(config: OutsideConfig, { lookup, ...options }: BenchOptions = {}): Promise<OutsideBench> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'treadle-outside-')));
  const clock = hostClock();
  const log = hostLog({ node: NODE, level: 'silent' });
  const outside = hostOutside({
    access: { config, folder },
    dataFolder: folder,
    clock,
    log,
    metrics: createMetrics(),
    ...(lookup !== undefined && { lookup }),
  });
  const read = (source: OutsideSource, asked: Partial<OutsideOptions> = {}) =>
    outside.read(source, { timeoutMicros: 15_000_000, maxBytes: 1_000_000, ...asked });
  return {
    outside,
    folder,
    read,
    json: async (source, asked) => JSON.parse(new TextDecoder().decode((await read(source, asked)).content)),
    close: async () => {
      await outside.close();
      clock.close();
      await log.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
