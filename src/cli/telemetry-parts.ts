import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { NodeFile, TelemetrySecret, TelemetrySettings } from '../consortium/index.ts';
import type { Hex } from '../crypto/index.ts';
import { folderObjects, type HostEnvironment, postgresTelemetry, s3Objects, sqliteTelemetry } from '../environment/host/index.ts';
import type { HttpApp, Logger, Objects, TelemetryStore } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import {
  createTelemetryService,
  type FullNode,
  type TelemetryRule,
  type TelemetryService,
  telemetryAccess,
  tokenDigest,
  withTelemetry,
} from '../node/index.ts';
import './errors.ts';
import { type LoadedNode, readText } from './load-setup.ts';
import { followBroker, type TelemetryBroker } from './telemetry-mqtt.ts';

/** What a token must have at least: 16 characters of hex are 64 bits. */
const TOKEN_CHARACTERS_MIN = 16;

/** Where a node keeps its readings, and what lets requests in. */
export interface TelemetryParts {
  readonly settings: TelemetrySettings;
  readonly store: TelemetryStore;
  readonly objects: Objects;
  readonly tokens: ReadonlyMap<Hex, TelemetryRule>;
  readonly brokers: readonly TelemetryBroker[];
}

/**
 * Opens what the section "telemetry" of a node's file names; undefined without it. Secrets are read here and told nobody.
 * @throws TreadleError CLI_SECRET_MISSING | CLI_FILE_UNREADABLE | TELEMETRY_*
 */
export async function openTelemetryParts(loaded: LoadedNode, log: Logger): Promise<TelemetryParts | undefined> {
  const settings = telemetryOf(loaded.setup.file);
  if (settings === undefined) return undefined;
  const { folder, dataFolder } = loaded;
  const tokens = new Map<Hex, TelemetryRule>();
  for (const { name, token, may, twins } of settings.tokens) {
    const text = await readSecret(token, { folder, what: `the token "${name}"` });
    if (text.length < TOKEN_CHARACTERS_MIN)
      throw missing(`the token "${name}" has fewer than ${TOKEN_CHARACTERS_MIN} characters`);
    tokens.set(tokenDigest(text), { may, ...(twins && { twins }) });
  }
  const brokers: TelemetryBroker[] = [];
  for (const { password, caFile, ...broker } of settings.mqtt)
    brokers.push({
      ...broker,
      ...(password && { password: await readSecret(password, { folder, what: `the password for ${broker.address}` }) }),
      ...(caFile !== undefined && { caFile: resolve(folder, caFile) }),
    });
  const objects = await openObjects(settings.objects, { folder, dataFolder });
  return { settings, tokens, brokers, objects, store: await openStore(settings.store, { folder, dataFolder, log }) };
}

/** Starts the telemetry of a node that has its parts; closing it also ends the brokers. */
export async function startTelemetry(
  { settings, store, objects, brokers }: TelemetryParts,
  environment: HostEnvironment,
  full: FullNode,
): Promise<TelemetryService> {
  const { origin, batchReadings, batchMs, anchorMs, retentionDays, twins } = settings;
  const options = {
    ...(origin !== undefined && { origin }),
    ...(retentionDays !== undefined && { retentionDays }),
    batchReadings,
    batchAgeMicros: 1000 * batchMs,
    anchorIntervalMicros: 1000 * anchorMs,
  };
  const service = await createTelemetryService(options, { environment: { ...environment, telemetry: store }, full, objects });
  const following: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of following) await end();
    await service.close();
  };
  try {
    for (const broker of brokers) following.push(await followBroker(broker, { service, environment, twins }));
  } catch (error) {
    await close();
    throw error;
  }
  return { ...service, close };
}

/** What a node serves, with its readings in front of it. */
export function servingTelemetry(
  app: HttpApp,
  { settings, tokens }: TelemetryParts,
  { service, environment }: { readonly service: TelemetryService; readonly environment: HostEnvironment },
): HttpApp {
  const addresses = new Map(
    settings.addresses.map(({ address, may, twins }) => [address.toLowerCase(), { may, ...(twins && { twins }) }]),
  );
  const access = telemetryAccess({ loopback: settings.loopback, tokens, addresses });
  const { clock, log } = environment;
  return withTelemetry(app, { service, access, twins: settings.twins, clock, log });
}

function telemetryOf(file: NodeFile): TelemetrySettings | undefined {
  return 'telemetry' in file ? file.telemetry : undefined;
}

interface Folders {
  readonly folder: string;
  readonly dataFolder: string;
}

async function openStore(
  store: TelemetrySettings['store'],
  { folder, dataFolder, log }: Folders & { readonly log: Logger },
): Promise<TelemetryStore> {
  if (store.kind === 'sqlite') {
    const file = store.file === undefined ? join(dataFolder, 'telemetry.sqlite') : resolve(folder, store.file);
    await mkdir(dirname(file), { recursive: true });
    return sqliteTelemetry({ file });
  }
  const { host, port, database, user, password, tls, caFile, schema } = store;
  const url = new URL('postgres://localhost');
  url.hostname = host;
  url.port = String(port);
  url.pathname = `/${encodeURIComponent(database)}`;
  url.username = encodeURIComponent(user);
  if (password !== undefined)
    url.password = encodeURIComponent(await readSecret(password, { folder, what: 'the password of the telemetry store' }));
  url.searchParams.set('sslmode', tls ? 'verify-full' : 'disable');
  if (tls && caFile !== undefined) url.searchParams.set('sslrootcert', resolve(folder, caFile));
  return postgresTelemetry({ connectionString: url.href, log, ...(schema !== undefined && { schema }) });
}

async function openObjects(objects: TelemetrySettings['objects'], { folder, dataFolder }: Folders): Promise<Objects> {
  if (objects.kind === 'folder') {
    const place = objects.folder === undefined ? join(dataFolder, 'telemetry-log') : resolve(folder, objects.folder);
    await mkdir(place, { recursive: true });
    return folderObjects(place);
  }
  const { accessKeyId, secretAccessKey, endpoint, region, bucket, prefix } = objects;
  return s3Objects({
    endpoint,
    region,
    bucket,
    ...(prefix !== undefined && { prefix }),
    accessKeyId: await readSecret(accessKeyId, { folder, what: 'the access key of the bucket' }),
    secretAccessKey: await readSecret(secretAccessKey, { folder, what: 'the secret key of the bucket' }),
  });
}

/** A secret from its file or environment variable; line breaks around it do not count. */
async function readSecret(secret: TelemetrySecret, { folder, what }: { folder: string; what: string }): Promise<string> {
  const text = 'file' in secret ? await readText(resolve(folder, secret.file)) : (process.env[secret.variable] ?? '');
  const trimmed = text.trim();
  if (trimmed !== '') return trimmed;
  throw missing('file' in secret ? `${secret.file} with ${what} is empty` : `${secret.variable} with ${what} is not set`);
}

function missing(detail: string): TreadleError {
  return new TreadleError('CLI_SECRET_MISSING', { detail });
}
