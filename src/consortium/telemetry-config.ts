import { z } from 'zod';
import { isServerAddress } from '../environment/index.ts';
import {
  TELEMETRY_BATCH_READINGS_MAX,
  TELEMETRY_NAME_BYTES_MAX,
  TELEMETRY_RULES_MAX,
  TWINS_ANCHOR_INTERVAL_MICROS,
  TWINS_BATCH_AGE_MICROS,
  TWINS_BATCH_READINGS,
} from '../limits.ts';

const path = z.string('expected a path').min(1, 'expected a path, relative to this file');
const word = z.string('expected a text').min(1, 'expected a text that is not empty');
const positiveInteger = z.int('expected a whole number').positive('expected a whole number above 0');

/** Where a secret stands: never in node.json itself, which is copied and shown. */
const secret = z.union(
  [
    z.strictObject({ file: path }),
    z.strictObject({ variable: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable') }),
  ],
  'expected {"file": PATH} or {"variable": NAME}: a secret does not stand in node.json',
);

const pattern = z
  .string('expected the name of a twin')
  .min(1, 'expected the name of a twin, "*" standing for any characters')
  .max(TELEMETRY_NAME_BYTES_MAX, 'this name is too long');
const patterns = z.array(pattern).min(1, 'leave it out to take all twins').max(TELEMETRY_RULES_MAX, 'too many patterns');
const may = z.array(z.enum(['read', 'write'], 'expected "read" or "write"'));

const store = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sqlite'), file: path.exactOptional() }),
  z.strictObject({
    kind: z.literal('postgres'),
    host: word,
    port: positiveInteger.max(65_535, 'a port is 1 to 65535').default(5432),
    database: word,
    user: word,
    password: secret.exactOptional(),
    /** The server must show a certificate that is valid for its name. */
    tls: z.boolean('expected true or false').default(true),
    caFile: path.exactOptional(),
    schema: word.exactOptional(),
  }),
]);

const objects = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), folder: path.exactOptional() }),
  z.strictObject({
    kind: z.literal('s3'),
    endpoint: z.url({ protocol: /^https?$/, error: 'expected the address of the service, such as https://s3.example' }),
    region: word,
    bucket: word,
    prefix: word.exactOptional(),
    accessKeyId: secret,
    secretAccessKey: secret,
  }),
]);

const broker = z.strictObject({
  address: z.string().refine((text) => isServerAddress('mqtt', text), 'expected "mqtt://host:1883" or "mqtts://host:8883"'),
  user: word.exactOptional(),
  password: secret.exactOptional(),
  caFile: path.exactOptional(),
  topics: z
    .array(
      z.strictObject({
        topic: z.string('expected a topic').regex(/^[^#$][^#]*$/, 'a topic here has no "#": each level must be named or be "+"'),
        twin: word,
        metric: word,
        value: word.exactOptional(),
        time: word.exactOptional(),
      }),
    )
    .min(1, 'name at least one topic')
    .max(TELEMETRY_RULES_MAX, 'too many topics'),
});

/** The section "telemetry" of a node's file: readings of the owner's machines, kept and proved by this node. */
export const telemetrySchema = z.strictObject({
  /** Name of the log, in every checkpoint; `treadle/` and the node's address when left out. */
  origin: word.exactOptional(),
  store: store.default({ kind: 'sqlite' }),
  objects: objects.default({ kind: 'folder' }),
  batchReadings: positiveInteger.max(TELEMETRY_BATCH_READINGS_MAX).default(TWINS_BATCH_READINGS),
  batchMs: positiveInteger.default(TWINS_BATCH_AGE_MICROS / 1000),
  anchorMs: positiveInteger.default(TWINS_ANCHOR_INTERVAL_MICROS / 1000),
  /** Older readings leave the store; the log keeps them. All are kept when left out. */
  retentionDays: positiveInteger.exactOptional(),
  /** Twins of which readings are taken. */
  twins: patterns.default(['*']),
  /** What programs on this machine may do without a token. */
  loopback: may.default(['read', 'write']),
  tokens: z
    .array(
      z.strictObject({
        name: word,
        token: secret,
        may: may.min(1, 'say what the token is for'),
        twins: patterns.exactOptional(),
      }),
    )
    .max(TELEMETRY_RULES_MAX, 'too many tokens')
    .default([]),
  addresses: z
    .array(
      z.strictObject({
        address: z.union([z.ipv4(), z.ipv6()], 'expected an IP address'),
        may: may.min(1, 'say what this address may do'),
        twins: patterns.exactOptional(),
      }),
    )
    .max(TELEMETRY_RULES_MAX, 'too many addresses')
    .default([]),
  /** Brokers whose messages are readings. */
  mqtt: z.array(broker).max(TELEMETRY_RULES_MAX, 'too many brokers').default([]),
});

export type TelemetrySettings = z.output<typeof telemetrySchema>;
export type TelemetrySecret = z.output<typeof secret>;
