import { Ajv2020 } from 'ajv/dist/2020.js';
import { type KeyPath, ScenarioText } from '../../scenario/scenario-text.ts';
import { validateAgainst } from '../../scenario/validate.ts';
import type { Range } from '../dice.ts';
import type { Count, CountRange, FaultEntry, FaultScenario } from './fault-scenario.ts';
import { faultScenarioSchema } from './schema.ts';

const check = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true }).compile(faultScenarioSchema);

/** True for a text that says of itself that it is a fault scenario. */
export function isFaultScenario(text: string): boolean {
  return /^faultScenario\s*:/m.test(text);
}

/**
 * Reads a fault scenario: YAML, checked against the published schema, quantities turned into numbers in base units.
 *
 * @param options.file - name of the file, for messages
 * @throws TreadleError SCENARIO_NOT_YAML | SCENARIO_UNKNOWN_KEY | SCENARIO_INVALID
 */
export function readFaultScenario(text: string, options: { readonly file: string }): FaultScenario {
  const source = new ScenarioText(text, options.file);
  const raw = validateAgainst(source, check) as RawFaultScenario;
  const read = new Reader(source);
  const { chain, network, machines, load, safety, liveness, checks } = raw;
  return {
    name: raw.faultScenario,
    description: raw.description,
    nodes: raw.nodes,
    chain: {
      blockIntervalMicros: read.time(chain.blockInterval, ['chain', 'blockInterval']),
      heartbeatMicros: read.time(chain.heartbeat, ['chain', 'heartbeat']),
      baseTimeoutMicros: read.time(chain.baseTimeout, ['chain', 'baseTimeout']),
    },
    network: {
      latency: read.times(network.latency, ['network', 'latency']),
      bandwidthBitsPerSecond: read.one('bandwidth', network.bandwidth, ['network', 'bandwidth']),
      loss: read.one('share', network.loss, ['network', 'loss']),
    },
    machines: {
      cores: machines.cores,
      syncMicros: read.time(machines.sync, ['machines', 'sync']),
      ownState: machines.ownState,
      snapshotBehind: machines.snapshotBehind,
      memoryBytes: machines.memory === undefined ? undefined : read.one('size', machines.memory, ['machines', 'memory']),
      storageBytes: machines.storage === undefined ? 0 : read.one('size', machines.storage, ['machines', 'storage']),
    },
    load: {
      ratePerSecond: load.rate,
      at: load.at,
      records: read.one('share', load.records, ['load', 'records']),
      payloads: read.one('share', load.payloads, ['load', 'payloads']),
      payloadBytes: read.range('size', load.payloadSize, ['load', 'payloadSize']),
    },
    warmUpMicros: read.time(raw.warmUp, ['warmUp']),
    safety: {
      duration: read.times(safety.duration, ['safety', 'duration']),
      liars: countRange(safety.liars),
      kinds: safety.kinds,
      faults: safety.faults.map((entry, at) => readEntry(read, entry, ['safety', 'faults', at])),
    },
    liveness: {
      withinMicros: read.time(liveness.within, ['liveness', 'within']),
      blocks: liveness.blocks,
      resumeMicros: liveness.resume === undefined ? undefined : read.time(liveness.resume, ['liveness', 'resume']),
    },
    checks: {
      throughputShare:
        checks.throughput === undefined ? undefined : read.one('share', checks.throughput, ['checks', 'throughput']),
      blockRateShare: checks.blockRate === undefined ? undefined : read.one('share', checks.blockRate, ['checks', 'blockRate']),
      afterMicros: checks.after === undefined ? 0 : read.time(checks.after, ['checks', 'after']),
      gapMicros: checks.gap === undefined ? undefined : read.time(checks.gap, ['checks', 'gap']),
      hangoverMicros: checks.hangover === undefined ? undefined : read.time(checks.hangover, ['checks', 'hangover']),
      evidenceBlocks: checks.evidence === undefined ? undefined : countOf(checks.evidence),
      repaired: checks.repaired,
      inclusionBlocks: checks.inclusion === undefined ? undefined : countOf(checks.inclusion),
      nobodyHonestAccused: checks.nobodyHonestAccused,
    },
  };
}

function readEntry(read: Reader, raw: RawEntry, path: KeyPath): FaultEntry {
  const times = (key: 'first' | 'every' | 'for' | 'latency' | 'jitter' | 'skew' | 'jump'): Range | undefined =>
    raw[key] === undefined ? undefined : read.times(raw[key], [...path, key]);
  const shares = (key: 'loss' | 'duplicate' | 'reorder'): Range | undefined =>
    raw[key] === undefined ? undefined : read.range('share', raw[key], [...path, key]);
  return {
    kind: raw.kind,
    first: times('first') as Range,
    every: times('every'),
    lasts: times('for') as Range,
    nodes: countRange(raw.nodes),
    who: raw.who,
    beyond: raw.beyond,
    tornTail: read.one('share', raw.tornTail, [...path, 'tornTail']),
    disks: raw.disks,
    shapes: raw.shapes,
    swizzle: raw.swizzle,
    share: read.range('share', raw.share, [...path, 'share']),
    keepsCore: raw.keepsCore,
    latency: times('latency'),
    jitter: times('jitter'),
    loss: shares('loss'),
    bursts: raw.bursts,
    duplicate: shares('duplicate'),
    reorder: shares('reorder'),
    bandwidth: raw.bandwidth === undefined ? undefined : read.range('bandwidth', raw.bandwidth, [...path, 'bandwidth']),
    skew: times('skew'),
    drift: raw.drift === undefined ? undefined : { min: 0, max: raw.drift },
    jump: times('jump'),
    factor: numbersOf(raw.factor),
    values: countRange(raw.values),
    count: countRange(raw.count),
    size: read.range('size', raw.size, [...path, 'size']),
    at: raw.at,
    changes: raw.changes,
    settings: raw.settings,
  };
}

type RangedKind = 'duration' | 'share' | 'bandwidth' | 'size';

class Reader {
  readonly #source: ScenarioText;

  constructor(source: ScenarioText) {
    this.#source = source;
  }

  one(kind: RangedKind, text: string, path: KeyPath): number {
    return this.#source.quantity(kind, text, path);
  }

  time(text: string, path: KeyPath): number {
    const micros = this.one('duration', text, path);
    if (micros <= 0) throw this.#source.invalid(path, `"${text}" must be above zero`);
    return micros;
  }

  times(text: string, path: KeyPath): Range {
    return this.range('duration', text, path);
  }

  range(kind: RangedKind, text: string, path: KeyPath): Range {
    const [low = '', high = low] = text.split('..').map((part) => part.trim());
    const range = { min: this.one(kind, low, path), max: this.one(kind, high, path) };
    if (range.min > range.max) throw this.#source.invalid(path, `"${text}" begins above its end`);
    return range;
  }
}

function countRange(text: string): CountRange {
  const [low = '0', high = low] = text.split('..').map((part) => part.trim());
  return { min: countOf(low), max: countOf(high) };
}

function countOf(text: string): Count {
  const [, unit = '', rest = ''] = /^([fn]?)(.*)$/.exec(text) ?? [];
  return { per: unit === 'f' || unit === 'n' ? unit : 'one', plus: rest === '' ? 0 : Number(rest) };
}

function numbersOf(text: string): Range {
  const [low = 0, high = low] = text.split('..').map((part) => Number(part.trim()));
  return { min: low, max: high };
}

type RawEntry = Pick<
  FaultEntry,
  'kind' | 'who' | 'beyond' | 'disks' | 'shapes' | 'swizzle' | 'keepsCore' | 'bursts' | 'at' | 'changes' | 'settings'
> & {
  readonly first: string;
  readonly every?: string;
  readonly for: string;
  readonly nodes: string;
  readonly tornTail: string;
  readonly share: string;
  readonly latency?: string;
  readonly jitter?: string;
  readonly loss?: string;
  readonly duplicate?: string;
  readonly reorder?: string;
  readonly bandwidth?: string;
  readonly skew?: string;
  readonly drift?: number;
  readonly jump?: string;
  readonly factor: string;
  readonly values: string;
  readonly count: string;
  readonly size: string;
};

/** What the schema lets through, after its defaults were filled in. */
interface RawFaultScenario {
  readonly faultScenario: string;
  readonly description: string;
  readonly nodes: readonly number[];
  readonly chain: { readonly blockInterval: string; readonly heartbeat: string; readonly baseTimeout: string };
  readonly network: { readonly latency: string; readonly bandwidth: string; readonly loss: string };
  readonly machines: {
    readonly cores: number;
    readonly sync: string;
    readonly ownState: boolean;
    readonly snapshotBehind?: number;
    readonly memory?: string;
    readonly storage?: string;
  };
  readonly load: {
    readonly rate: number;
    readonly at: 'all' | 'one';
    readonly records: string;
    readonly payloads: string;
    readonly payloadSize: string;
  };
  readonly warmUp: string;
  readonly safety: {
    readonly duration: string;
    readonly liars: string;
    readonly kinds: FaultScenario['safety']['kinds'];
    readonly faults: readonly RawEntry[];
  };
  readonly liveness: { readonly within: string; readonly blocks: number; readonly resume?: string };
  readonly checks: {
    readonly throughput?: string;
    readonly blockRate?: string;
    readonly after?: string;
    readonly gap?: string;
    readonly hangover?: string;
    readonly evidence?: string;
    readonly repaired: boolean;
    readonly inclusion?: string;
    readonly nobodyHonestAccused: boolean;
  };
}
