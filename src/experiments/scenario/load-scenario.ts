import { nodesPerMemberFor, type OracleSettingsInput, oracleSettingsSchema } from '../../consortium/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { type Calibration, readCalibration } from './calibration.ts';
import { type FaultEntry, readFaults } from './faults.ts';
import { type Place, readPlaces } from './places.ts';
import type { LinkSettings, Placement, Scenario } from './scenario.ts';
import { type KeyPath, ScenarioText } from './scenario-text.ts';
import { validateScenario } from './validate.ts';

export interface LoadScenarioOptions {
  /** Name of the scenario file, for messages. */
  readonly file: string;
  /** Reads a file that the scenario names, by its path relative to the scenario file. */
  readonly readFile: (path: string) => string;
  /** Takes the place of the scenario's `sites`. */
  readonly sites?: string;
  /** Takes the place of the scenario's `users`. */
  readonly users?: string;
}

/** Nodes where the scenario neither counts them nor names a file. */
const EDGE_COUNT_DEFAULT = 20;
const DEVICE_COUNT_DEFAULT = 100;

/**
 * Reads a scenario: YAML, checked against the published schema, quantities turned into numbers in base units.
 *
 * @throws {@link TreadleError} SCENARIO_NOT_YAML | SCENARIO_UNKNOWN_KEY | SCENARIO_INVALID | SCENARIO_FILE_MISSING | PLACES_INVALID
 */
export function loadScenario(text: string, options: LoadScenarioOptions): Scenario {
  const source = new ScenarioText(text, options.file);
  return scenarioOf(source, validateScenario(source) as RawScenario, options);
}

/** Turns what the schema let through into a scenario. @throws TreadleError SCENARIO_INVALID | SCENARIO_FILE_MISSING | PLACES_INVALID */
export function scenarioOf(source: ScenarioText, raw: RawScenario, options: LoadScenarioOptions): Scenario {
  const durationMicros = positive(source, 'duration', raw.duration, ['duration']);
  const edge = readEdge(source, raw, options);
  const devices = readDevices(source, raw, options);
  const calibration = calibrationOf(source, raw, options);
  const counts = { companies: raw.ledger.companies, edges: edge.count, devices: devices.count, oracles: raw.oracle.nodes };
  return {
    name: raw.scenario,
    description: raw.description,
    durationMicros,
    seed: raw.seed,
    ledger: readLedger(source, raw),
    edge,
    devices,
    oracle: readOracle(source, raw),
    area: {
      latitude: raw.area.latitude,
      longitude: raw.area.longitude,
      radiusMetres: positive(source, 'length', raw.area.radius, ['area', 'radius']),
    },
    network: {
      ...readLink(source, raw.network, ['network']),
      devices: readLink(source, raw.network.devices, ['network', 'devices']),
    },
    cpu: {
      sealerCores: raw.cpu.sealerCores,
      edgeCores: raw.cpu.edgeCores,
      deviceCores: raw.cpu.deviceCores,
      costMicros: { ...calibration?.costMicros, ...readCosts(source, raw) },
      ...(calibration !== undefined && { syncMicros: calibration.syncMicros }),
    },
    payments: {
      depositWei: source.amount(raw.payments.deposit, ['payments', 'deposit']),
      edgeDepositWei: source.amount(raw.payments.edgeDeposit, ['payments', 'edgeDeposit']),
      challengeMicros: positive(source, 'duration', raw.payments.challenge, ['payments', 'challenge']),
    },
    faults: readFaults(raw.faults, { source, counts, durationMicros }),
  };
}

function readLedger(source: ScenarioText, { ledger }: RawScenario): Scenario['ledger'] {
  const time = (key: 'blockInterval' | 'heartbeat' | 'baseTimeout') => positive(source, 'duration', ledger[key], ['ledger', key]);
  const settings = {
    companies: ledger.companies,
    sealers: ledger.companies + 1,
    blockIntervalMicros: time('blockInterval'),
    heartbeatMicros: time('heartbeat'),
    baseTimeoutMicros: time('baseTimeout'),
    ...(ledger.gather !== undefined && { gatherMicros: positive(source, 'duration', ledger.gather, ['ledger', 'gather']) }),
  };
  if ((settings.gatherMicros ?? 0) > settings.blockIntervalMicros) {
    throw source.invalid(['ledger', 'gather'], `blocks gather for ${ledger.gather}, longer than the block interval`);
  }
  if (settings.heartbeatMicros < settings.blockIntervalMicros) {
    throw source.invalid(
      ['ledger', 'heartbeat'],
      `the heartbeat (${ledger.heartbeat}) is shorter than the block interval (${ledger.blockInterval})`,
    );
  }
  return settings;
}

function readEdge(source: ScenarioText, raw: RawScenario, options: LoadScenarioOptions): Scenario['edge'] {
  const { edge } = raw;
  const file = options.sites ?? raw.sites;
  const placement: Placement =
    file === undefined
      ? { kind: edge.placement }
      : { kind: 'places', file, places: placesOf(source, options, { file, key: 'sites', section: 'edge', count: edge.count }) };
  return {
    count: placement.kind === 'places' ? placement.places.length : (edge.count ?? EDGE_COUNT_DEFAULT),
    capacity: edge.capacity,
    priceWei: source.amount(edge.price, ['edge', 'price']),
    services: edge.services,
    placement,
  };
}

function readDevices(source: ScenarioText, raw: RawScenario, options: LoadScenarioOptions): Scenario['devices'] {
  const { devices } = raw;
  const file = options.users ?? raw.users;
  const placement: Scenario['devices']['placement'] =
    file === undefined
      ? { kind: 'random' }
      : {
          kind: 'places',
          file,
          places: placesOf(source, options, { file, key: 'users', section: 'devices', count: devices.count }),
        };
  return {
    count: placement.kind === 'places' ? placement.places.length : (devices.count ?? DEVICE_COUNT_DEFAULT),
    taskIntervalMicros: positive(source, 'duration', devices.taskInterval, ['devices', 'taskInterval']),
    service: devices.service,
    maxPriceWei: source.amount(devices.maxPrice, ['devices', 'maxPrice']),
    window: {
      samples: devices.window.samples,
      sampleRateHz: positive(source, 'frequency', devices.window.sampleRate, ['devices', 'window', 'sampleRate']),
    },
    placement,
  };
}

/** @throws {@link TreadleError} SCENARIO_INVALID for what genesis would not take */
function readOracle(source: ScenarioText, { oracle, ledger }: RawScenario): Scenario['oracle'] {
  const { nodes, cores, minStake, silenceSlash, jobs, ...blocks } = oracle;
  const wei = (text: string, path: KeyPath): string => source.amount(text, path).toString();
  const jobEntries = Object.entries(jobs).map(([name, { fee, ...limits }]) => [
    name,
    { ...limits, feeWei: wei(fee, ['oracle', 'jobs', name, 'fee']) },
  ]);
  const settings: OracleSettingsInput = {
    nodesPerMember: nodesPerMemberFor({ oracles: nodes, companies: ledger.companies }),
    ...blocks,
    minStakeWei: wei(minStake, ['oracle', 'minStake']),
    silenceSlashWei: wei(silenceSlash, ['oracle', 'silenceSlash']),
    jobs: Object.fromEntries(jobEntries),
  };
  const checked = oracleSettingsSchema.safeParse(settings);
  if (!checked.success) {
    throw source.invalid(['oracle'], checked.error.issues[0]?.message ?? 'the oracle cannot be set up like this');
  }
  return { nodes, cores, settings };
}

interface PlacesWanted {
  readonly file: string;
  readonly key: 'sites' | 'users';
  readonly section: 'edge' | 'devices';
  readonly count: number | undefined;
}

/** The places of a file, or as many of them as are wanted, evenly spaced so that a part still covers the whole map. */
function placesOf(
  source: ScenarioText,
  { readFile }: LoadScenarioOptions,
  { file, key, section, count }: PlacesWanted,
): readonly Place[] {
  const places = readPlaces(readNamed(source, readFile, { file, key: [key] }), file);
  if (count === undefined) return places;
  if (count > places.length) {
    throw source.invalid([section, 'count'], `${count} nodes are asked for, ${file} has ${places.length} rows`);
  }
  return Array.from({ length: count }, (_, index) => places[Math.floor((index * places.length) / count)] as Place);
}

function readNamed(
  source: ScenarioText,
  readFile: (path: string) => string,
  { file, key }: { readonly file: string; readonly key: KeyPath },
): string {
  try {
    return readFile(file);
  } catch (cause) {
    if (hasCode(cause, 'SCENARIO_FILE_MISSING')) throw cause;
    const line = source.lineOf(key);
    throw new TreadleError('SCENARIO_FILE_MISSING', {
      detail: `${source.file}, line ${line}: ${key.join('.')}: cannot read ${file}`,
      data: { file },
      cause,
    });
  }
}

function readCosts(source: ScenarioText, raw: RawScenario): Readonly<Record<string, number>> {
  const costs = Object.entries(raw.cpu.costs);
  return Object.fromEntries(costs.map(([name, cost]) => [name, source.quantity('cost', cost, ['cpu', 'costs', name])]));
}

function calibrationOf(source: ScenarioText, raw: RawScenario, options: LoadScenarioOptions): Calibration | undefined {
  const file = raw.cpu.calibration;
  if (file === undefined) return undefined;
  const read = readCalibration(readNamed(source, options.readFile, { file, key: ['cpu', 'calibration'] }));
  if ('reason' in read) throw source.invalid(['cpu', 'calibration'], `${file} is no calibration: ${read.reason}`);
  return read;
}

function readLink(source: ScenarioText, link: RawLink, path: KeyPath): LinkSettings {
  const lossShare = source.quantity('share', link.loss, [...path, 'loss']);
  if (lossShare > 1) throw source.invalid([...path, 'loss'], `"${link.loss}" is more than everything`);
  return {
    latencyMicros: source.quantity('duration', link.latency, [...path, 'latency']),
    jitterMicros: source.quantity('duration', link.jitter, [...path, 'jitter']),
    bandwidthBitsPerSecond: positive(source, 'bandwidth', link.bandwidth, [...path, 'bandwidth']),
    lossShare,
  };
}

function positive(
  source: ScenarioText,
  kind: 'duration' | 'bandwidth' | 'frequency' | 'length',
  text: string,
  path: KeyPath,
): number {
  const value = source.quantity(kind, text, path);
  if (value <= 0) throw source.invalid(path, `"${text}" must be above zero`);
  return value;
}

interface RawLink {
  readonly latency: string;
  readonly jitter: string;
  readonly bandwidth: string;
  readonly loss: string;
}

interface RawJob {
  readonly fee: string;
  readonly groupSize: number;
  readonly unanimous: boolean;
  readonly maxSpecBytes: number;
  readonly maxResultBytes: number;
  readonly forfeit: number;
}

/** What the schema lets through, after its defaults were filled in. */
export interface RawScenario {
  readonly scenario: string;
  readonly description: string;
  readonly duration: string;
  readonly seed: number;
  readonly ledger: {
    readonly companies: number;
    readonly blockInterval: string;
    readonly heartbeat: string;
    readonly baseTimeout: string;
    readonly gather?: string;
  };
  readonly edge: {
    readonly count?: number;
    readonly capacity: number;
    readonly price: string;
    readonly services: readonly string[];
    readonly placement: 'random' | 'grid';
  };
  readonly devices: {
    readonly count?: number;
    readonly taskInterval: string;
    readonly service: string;
    readonly maxPrice: string;
    readonly window: { readonly samples: number; readonly sampleRate: string };
  };
  readonly oracle: {
    readonly nodes: number;
    readonly cores: number;
    readonly minStake: string;
    readonly termBlocks: number;
    readonly electBlocks: number;
    readonly stageBlocks: number;
    readonly silenceBlocks: number;
    readonly silenceSlash: string;
    readonly expectedWinners: number;
    readonly nodesPerMember?: number;
    readonly openRequests: number;
    readonly openPerRequester: number;
    readonly jobs: Readonly<Record<string, RawJob>>;
  };
  readonly area: { readonly latitude: number; readonly longitude: number; readonly radius: string };
  readonly sites?: string;
  readonly users?: string;
  readonly network: RawLink & { readonly devices: RawLink };
  readonly cpu: {
    readonly sealerCores: number;
    readonly edgeCores: number;
    readonly deviceCores: number;
    readonly calibration?: string;
    readonly costs: Readonly<Record<string, string>>;
  };
  readonly payments: { readonly deposit: string; readonly edgeDeposit: string; readonly challenge: string };
  readonly faults: readonly FaultEntry[];
}
