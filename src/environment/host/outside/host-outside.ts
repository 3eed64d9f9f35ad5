import { join } from 'node:path';
import { TreadleError } from '../../../errors.ts';
import type { Environment } from '../../environment.ts';
import type { Outside } from '../../outside.ts';
import type { OutsideConfig } from '../../outside-config.ts';
import { gatedOutside, type SourceReader } from '../../outside-gate.ts';
import { serverAddress } from '../../outside-source.ts';
import '../../errors.ts';
import { FileReader } from './file-reader.ts';
import { HttpClient, type NameLookup } from './http-client.ts';
import { MqttReader } from './mqtt-broker.ts';
import { OpcUaReader } from './opcua-server.ts';
import { SqlReader } from './sql-database.ts';

export interface OutsideAccess {
  readonly config: OutsideConfig;
  /** What the paths of the configuration are relative to. */
  readonly folder: string;
}

export interface HostOutsideOptions extends Pick<Environment, 'clock' | 'log' | 'metrics'> {
  readonly access: OutsideAccess;
  /** Where certificates of this node's own are kept. */
  readonly dataFolder: string;
  /** How names become addresses; default: the system's way. */
  readonly lookup?: NameLookup;
}

/** The sources that a node can really read. */
export function hostOutside(options: HostOutsideOptions): Outside {
  return gatedOutside(options, hostReader(options));
}

function hostReader({ access: { config, folder }, dataFolder, clock, log, lookup }: HostOutsideOptions): SourceReader {
  const nowMs = (): number => Math.floor(clock.now() / 1000);
  const http = new HttpClient({ access: config.http ?? {}, folder, nowMs, ...(lookup !== undefined && { lookup }) });
  const files = config.files === undefined ? undefined : new FileReader({ files: config.files, folder, nowMs });
  const brokers = mapped(config.mqtt, (text, broker) => {
    const address = serverAddress('mqtt', text);
    return [address, new MqttReader({ address, broker, folder, nowMs })];
  });
  const servers = mapped(config.opcua, (text, server) => {
    const address = serverAddress('opcua', text);
    return [address, new OpcUaReader({ address, server, folder, ownFolder: join(dataFolder, 'outside'), nowMs, log })];
  });
  const databases = mapped(config.databases, (name, database) => [name, new SqlReader({ database, folder, nowMs })]);
  return {
    read: (source, terms) => {
      switch (source.kind) {
        case 'http':
          return http.read(source, terms);
        case 'mqtt':
          return listed(brokers.get(serverAddress('mqtt', source.broker)), 'this broker').read(source, terms);
        case 'opcua':
          return listed(servers.get(serverAddress('opcua', source.endpoint)), 'this OPC UA server').read(source, terms);
        case 'sql':
          return listed(databases.get(source.database), `a database "${source.database}"`).read(source, terms);
        case 'file':
          return listed(files, 'a folder of files').read(source, terms);
      }
    },
    close: async () => {
      await Promise.all([...brokers.values(), ...servers.values(), ...databases.values()].map((reader) => reader.close()));
    },
  };
}

function mapped<V, R>(
  entries: Readonly<Record<string, V>> = {},
  map: (name: string, value: V) => readonly [string, R],
): ReadonlyMap<string, R> {
  return new Map(Object.entries(entries).map(([name, value]) => map(name, value)));
}

/** @throws TreadleError OUTSIDE_NOT_ALLOWED when there is no reader for it */
function listed<T>(reader: T | undefined, what: string): T {
  if (reader !== undefined) return reader;
  throw new TreadleError('OUTSIDE_NOT_ALLOWED', { detail: `the file of this node does not list ${what}` });
}
