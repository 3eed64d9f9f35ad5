/**
 * Serves the console over a generated consortium, for work on its pages:
 *
 *     node console/dev/fixture-server.ts [--port 7400] [--edge-nodes 10000] [--tasks 10000] [--empty]
 */
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveHttp } from '../../src/environment/host/index.ts';
import { type ConsoleFile, createApi } from '../../src/node/api/index.ts';
import { createFixtureEnvironment } from '../../src/node/api/testing/api-environment.ts';
import { createFixtureWorld } from '../../src/node/api/testing/fixture-world.ts';

const DIST = join(import.meta.dirname, '..', 'dist');
const GROW_MS = 2_000;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7400' },
    'edge-nodes': { type: 'string', default: '10000' },
    tasks: { type: 'string', default: '10000' },
    devices: { type: 'string', default: '400' },
    channels: { type: 'string', default: '1200' },
    empty: { type: 'boolean', default: false },
  },
});

async function consoleFile(path: string): Promise<ConsoleFile | undefined> {
  try {
    return { body: await readFile(join(DIST, path)), mediaType: MEDIA_TYPES[extname(path)] ?? 'application/octet-stream' };
  } catch {
    return undefined;
  }
}

const size = (name: 'edge-nodes' | 'tasks' | 'devices' | 'channels'): number => (values.empty ? 0 : Number(values[name]));
console.log('making the fixture…');
const world = createFixtureWorld({
  edgeNodes: size('edge-nodes'),
  devices: size('devices'),
  tasks: size('tasks'),
  channels: size('channels'),
  oracle: !values.empty,
  endMs: Date.now(),
});
const api = createApi({
  environment: createFixtureEnvironment(),
  ledger: world.ledger,
  treadle: world.consortium.treadle(world.ledger),
  nameOf: world.consortium.nameOf,
  viewOf: () => 0,
  consoleFiles: consoleFile,
  ...(world.oracle && { oracleRounds: world.oracle.rounds }),
});
const server = await serveHttp(api, { host: '127.0.0.1', port: Number(values.port), portTries: 20 });
if (!values.empty) setInterval(() => world.grow(Date.now()), GROW_MS);
console.log(`${server.url} – ${world.ledger.head.number} blocks, ${world.ledger.transactionCount()} transactions`);
