import type { OracleSettingsInput } from '../../consortium/index.ts';
import type { Micros } from '../../environment/index.ts';
import type { Fault } from './faults.ts';
import type { Place } from './places.ts';

/** One kind of link, in base units. */
export interface LinkSettings {
  readonly latencyMicros: Micros;
  readonly jitterMicros: Micros;
  readonly bandwidthBitsPerSecond: number;
  /** 0 to 1. */
  readonly lossShare: number;
}

/** Where nodes stand: at places from a file, or put into the area by the runner. */
export type Placement =
  | { readonly kind: 'random' }
  | { readonly kind: 'grid' }
  | { readonly kind: 'places'; readonly file: string; readonly places: readonly Place[] };

/** A scenario as the runner takes it: every default filled in, every quantity a number in base units. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly durationMicros: Micros;
  readonly seed: number;
  readonly ledger: {
    readonly companies: number;
    /** The companies and the proxy. */
    readonly sealers: number;
    readonly blockIntervalMicros: Micros;
    readonly heartbeatMicros: Micros;
    readonly baseTimeoutMicros: Micros;
    /** None when absent. */
    readonly gatherMicros?: Micros;
  };
  readonly edge: {
    readonly count: number;
    readonly capacity: number;
    readonly priceWei: bigint;
    readonly services: readonly string[];
    readonly placement: Placement;
  };
  readonly devices: {
    readonly count: number;
    readonly taskIntervalMicros: Micros;
    readonly service: string;
    readonly maxPriceWei: bigint;
    readonly window: { readonly samples: number; readonly sampleRateHz: number };
    readonly placement: Exclude<Placement, { readonly kind: 'grid' }>;
  };
  /** `settings` is what genesis takes. */
  readonly oracle: { readonly nodes: number; readonly cores: number; readonly settings: OracleSettingsInput };
  readonly area: { readonly latitude: number; readonly longitude: number; readonly radiusMetres: number };
  readonly network: LinkSettings & { readonly devices: LinkSettings };
  readonly cpu: {
    readonly sealerCores: number;
    readonly edgeCores: number;
    readonly deviceCores: number;
    /** Microseconds per unit of an operation, where the scenario or its calibration sets it. */
    readonly costMicros: Readonly<Record<string, number>>;
    /** Time of a flush to disk, where a calibration names it. */
    readonly syncMicros?: Micros;
  };
  readonly payments: { readonly depositWei: bigint; readonly edgeDepositWei: bigint; readonly challengeMicros: Micros };
  /** In order of time; of two at one time, in the order of the file. */
  readonly faults: readonly Fault[];
}
