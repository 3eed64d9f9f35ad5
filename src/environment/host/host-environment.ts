import { createHash } from 'node:crypto';
import { lendBlsCurve, lendSha256, type NodeKey } from '../../crypto/index.ts';
import type { Environment } from '../environment.ts';
import { createMetrics } from '../metric-store.ts';
import type { TelemetryStore } from '../telemetry.ts';
import '../errors.ts';
import { suitCollector } from './collector.ts';
import { hostClock } from './host-clock.ts';
import { hostCpu } from './host-cpu.ts';
import { hostDisk } from './host-disk.ts';
import { hostLog, type LogLevel } from './host-log.ts';
import { HostNetwork } from './host-network.ts';
import { hostRandom } from './host-random.ts';
import type { ListenOptions } from './libp2p-node.ts';
import type { LinkShaping } from './link-shaping.ts';
import { nativeBlsCurve } from './native-bls.ts';
import { hostOutside, type OutsideAccess } from './outside/index.ts';

export interface HostOptions {
  readonly key: NodeKey;
  /** Everything the node keeps; created when missing. One process at a time. */
  readonly dataFolder: string;
  /** Where other nodes dial; left out for a node that only dials. */
  readonly listen?: ListenOptions;
  /** Slows or cuts what this node sends, for tests of what a bad network does. */
  readonly shaping?: LinkShaping;
  /** Default 'info'. */
  readonly logLevel?: LogLevel;
  /** Default: standard error. */
  readonly logFile?: string;
  /** How many bytes the node may still write; by default what the file system of the data folder says. */
  readonly freeBytes?: () => Promise<number>;
  /** What the node may read outside. Default: hosts with public addresses, by HTTP. */
  readonly outside?: OutsideAccess;
  /** Where readings are kept; closed with the environment. */
  readonly telemetry?: TelemetryStore;
}

export interface HostEnvironment extends Environment {
  /** Stops the network, cancels the timers, closes the disk. */
  close(): Promise<void>;
}

/**
 * The environment of a node that runs as a program.
 *
 * @throws TreadleError DISK_IN_USE when another process has the data folder
 */
export async function createHostEnvironment(options: HostOptions): Promise<HostEnvironment> {
  suitCollector();
  lendSha256((...parts) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  });
  lendBlsCurve(nativeBlsCurve);
  const node = options.key.address;
  const log = hostLog({
    node,
    level: options.logLevel ?? 'info',
    ...(options.logFile !== undefined && { file: options.logFile }),
  });
  const clock = hostClock();
  const metrics = createMetrics();
  const { freeBytes } = options;
  const disk = await hostDisk(options.dataFolder, { log, metrics, ...(freeBytes && { freeBytes }) }).catch(
    async (error: unknown) => {
      await log.close();
      throw error;
    },
  );
  const network = new HostNetwork(
    {
      key: options.key,
      ...(options.listen !== undefined && { listen: options.listen }),
      ...(options.shaping !== undefined && { shaping: options.shaping }),
    },
    { clock, log, metrics },
  );
  const outside = hostOutside({
    access: options.outside ?? { config: {}, folder: options.dataFolder },
    dataFolder: options.dataFolder,
    clock,
    log,
    metrics,
  });
  return {
    node,
    clock,
    network,
    disk,
    random: hostRandom(),
    cpu: hostCpu(clock, metrics),
    log,
    metrics,
    outside,
    ...(options.telemetry && { telemetry: options.telemetry }),
    track: (_what, promise) => promise,
    close: async () => {
      await outside.close();
      await options.telemetry?.close();
      await network.stop();
      clock.close();
      await disk.close();
      await log.close();
    },
  };
}
