import { z } from 'zod';
import { CONTACT_ADDRESSES_MAX, CONTACT_NAME_BYTES_MAX, ORACLE_LOOK_MICROS, OUTSIDE_TIMEOUT_MICROS_MAX } from '../limits.ts';
import { type ConfigText, readConfig } from './config-reader.ts';
import { address, weiText } from './fields.ts';
import { outsideConfigSchema } from './outside-config.ts';
import { telemetrySchema } from './telemetry-config.ts';
import { versionsText, WIRE_VERSIONS } from './wire-versions.ts';

const port = z
  .int('expected a port number')
  .min(0, 'a port is 0 (any free one) to 65535')
  .max(65535, 'a port is 0 (any free one) to 65535');
const endpoint = z.strictObject({
  host: z.string('expected a host name or an IP address').min(1, 'expected a host name or an IP address').default('127.0.0.1'),
  port,
});
const latitude = z
  .number('expected degrees as a number')
  .min(-90, 'a latitude is -90 to 90 degrees')
  .max(90, 'a latitude is -90 to 90 degrees');
const longitude = z
  .number('expected degrees as a number')
  .min(-180, 'a longitude is -180 to 180 degrees')
  .max(180, 'a longitude is -180 to 180 degrees');
const path = z.string('expected a path').min(1, 'expected a path, relative to this file');
const serviceName = z
  .string('expected the name of a service')
  .regex(/^[a-z][a-z0-9.-]{0,31}$/, 'expected the name of a service, such as "vibration.spectrum"');
const positiveInteger = z.int('expected a whole number').positive('expected a whole number above 0');
const contact = z.strictObject({
  node: address,
  addresses: z.array(z.string().min(1)).min(1, 'expected at least one address').max(CONTACT_ADDRESSES_MAX),
});

const edge = z.strictObject({
  services: z.array(serviceName).min(1, 'an edge node offers at least one service'),
  /** Tasks at a time. */
  capacity: positiveInteger.max(65_535),
  latitude,
  longitude,
  /** For one task. */
  priceWei: weiText,
  /** The ONNX model that a service runs, by the name of the service. */
  models: z.record(serviceName, path).optional(),
});

const device = z.strictObject({
  latitude,
  longitude,
  service: serviceName.default('vibration.spectrum'),
  /** Most it pays for one task. */
  maxPriceWei: weiText,
  /** Time from one task to the next. */
  intervalMs: positiveInteger.default(2000),
  /** Put into the payment channel to the proxy when it is opened. */
  depositWei: weiText.default('1000000000000000000'),
  /** How long the proxy may still claim after the device starts to close its channel. */
  challengeSeconds: positiveInteger.default(3600),
  /** Accelerometer samples in one task. */
  windowSamples: positiveInteger.max(65_536).default(2048),
  sampleRateHz: positiveInteger.max(1_000_000).default(6400),
});

const oracle = z.strictObject({
  /** What the node puts down to work, and keeps at; the least that the registry takes when left out. */
  stakeWei: weiText.optional(),
  /** True: the node leaves the oracle for good and takes its stake back when it may. */
  retire: z.boolean('expected true or false').default(false),
  /** The most that one look at a source may take; more of it where contents are large or sources slow. */
  lookMs: positiveInteger.max(OUTSIDE_TIMEOUT_MICROS_MAX / 1000).default(ORACLE_LOOK_MICROS / 1000),
  /** What the node may read outside the consortium; hosts with public addresses, by HTTP, when left out. */
  outside: outsideConfigSchema.optional(),
});

const datasetName = z
  .string('expected the name of a data set')
  .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'expected the name of a data set');

/** What a node that takes part in training tasks has, and how much it does. */
const learning = z.strictObject({
  /** Tasks at a time. */
  tasks: positiveInteger.max(64).default(1),
  /** The highest stake that it puts down for a place. */
  stakeWeiMax: weiText.default('1000000000000000000'),
  /** A folder with files of data sets; the cache of `treadle data` is looked into besides. */
  dataFolder: path.optional(),
  /** The data sets that it has, and which part of each it trains on. */
  datasets: z
    .array(
      z
        .strictObject({
          name: datasetName,
          /** Part of so many into which the data are divided; counted from 0. */
          part: z.int('expected a whole number').min(0, 'parts are counted from 0').default(0),
          of: positiveInteger.max(100_000).default(1),
          partition: z.enum(['iid', 'slices', 'dirichlet', 'quantity', 'machine']).default('iid'),
          alpha: z.number('expected a number').positive('expected a number above 0').default(1),
          /** Whoever divides by the same seed has other samples than this node. */
          seed: z.string('expected a text').min(1, 'expected a text').default('parts'),
        })
        .refine(({ part, of }) => part < of, 'the part is one of those that there are'),
    )
    .default([]),
});

const storage = z.strictObject({
  /** Most that the data folder takes; 0 keeps everything. */
  limitGb: z.number('expected a number of GB').min(0, 'a limit is 0 (keep everything) or above').default(0),
  /** Blocks behind from which the node fetches the state instead of executing them. */
  snapshotBehindBlocks: positiveInteger.optional(),
});

const wireVersion = z
  .int('expected a whole number')
  .min(WIRE_VERSIONS.lowest, `this release speaks wire version ${versionsText(WIRE_VERSIONS)}`)
  .max(WIRE_VERSIONS.highest, `this release speaks wire version ${versionsText(WIRE_VERSIONS)}`);
const wireVersions = z
  .strictObject({ lowest: wireVersion, highest: wireVersion })
  .refine(({ lowest, highest }) => lowest <= highest, 'the lowest version is above the highest');

const common = {
  /** Where editors find the description of this file; not read. */
  $schema: z.string().optional(),
  name: z
    .string('expected a name')
    .min(1, 'expected a name')
    .refine(
      (text) => new TextEncoder().encode(text).length <= CONTACT_NAME_BYTES_MAX,
      `a name has at most ${CONTACT_NAME_BYTES_MAX} bytes`,
    ),
  /** The company that the node belongs to. */
  company: address,
  keyFile: path.default('key.json'),
  genesisFile: path.default('../genesis.json'),
  dataFolder: path.default('data'),
  /** Where peers connect. */
  listen: endpoint.default({ host: '127.0.0.1', port: 0 }),
  /** Addresses told to others instead of the one listened on, for a node behind a router. */
  advertise: z.array(z.string().min(1)).max(CONTACT_ADDRESSES_MAX).optional(),
  /** Whom to ask first; any one node of the consortium will do. */
  contacts: z.array(contact).default([]),
  rpc: endpoint.optional(),
  console: endpoint.optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  storage: storage.default({ limitGb: 0 }),
  /** What the node speaks with its peers; all that this release can when left out. */
  wireVersions: wireVersions.optional(),
  /** Data sets that the node trains on in tasks of learning; it takes part in none when left out. */
  learning: learning.optional(),
};
/** For a sealer whose node runs with another key than its company's or proxy's account. */
const seated = { accountKeyFile: path.optional() };
/** Whoever has a ledger of its own may keep the readings of its machines. */
const owner = { telemetry: telemetrySchema.optional() };
const certified = { certificateFile: path.default('certificate.json') };

const proxy = z.strictObject({
  ...common,
  ...seated,
  ...owner,
  role: z.literal('proxy'),
  /** Put into the payment channel to an edge node when it is opened. */
  depositWei: weiText.default('10000000000000000000'),
  /** How long an edge node may still claim after the proxy starts to close a channel. */
  challengeSeconds: positiveInteger.default(3600),
});
const company = z.strictObject({ ...common, ...seated, ...owner, role: z.literal('company') });
const edgeNode = z.strictObject({ ...common, ...certified, ...owner, role: z.literal('edge'), edge });
const deviceNode = z.strictObject({ ...common, ...certified, role: z.literal('device'), device });
const centre = z.strictObject({ ...common, ...certified, ...owner, role: z.literal('centre') });
const oracleNode = z.strictObject({ ...common, ...certified, ...owner, role: z.literal('oracle'), oracle: oracle.prefault({}) });

/** `node.json`: everything that an operator sets for one node. Paths are relative to the file. */
export const nodeFileSchema = z.discriminatedUnion('role', [proxy, company, edgeNode, deviceNode, centre, oracleNode], {
  error: 'expected an object whose "role" is proxy, company, edge, device, centre or oracle',
});
export type NodeFile = z.output<typeof nodeFileSchema>;
/** What is written: keys with defaults may be left out. */
export type NodeFileInput = z.input<typeof nodeFileSchema>;
export type EdgeSettings = z.output<typeof edge>;
export type DeviceSettings = z.output<typeof device>;
export type TrainingSettings = z.output<typeof learning>;
export type OracleNodeSettings = z.output<typeof oracle>;

/** `fleet.json`: nodes that share one process. */
export const fleetFileSchema = z.strictObject({
  name: z.string('expected a name').min(1, 'expected a name'),
  /** Folders with a node.json each, relative to this file. */
  members: z.array(path).min(1, 'a fleet has at least one member'),
});
export type FleetFile = z.output<typeof fleetFileSchema>;

/**
 * Reads `node.json`.
 *
 * @throws {@link TreadleError} CONFIG_NOT_JSON | CONFIG_UNKNOWN_KEY | CONFIG_INVALID, naming the file and the key
 */
export function readNodeFile(config: ConfigText): NodeFile {
  return readConfig(nodeFileSchema, config);
}

/**
 * Reads `fleet.json`.
 *
 * @throws {@link TreadleError} as {@link readNodeFile}
 */
export function readFleetFile(config: ConfigText): FleetFile {
  return readConfig(fleetFileSchema, config);
}
