import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the tests look for PostgreSQL's programs. */
const FOLDERS = ['/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];
const folder = FOLDERS.find((each) => ['postgres', 'initdb'].every((name) => existsSync(join(each, name))));

/** Whether this machine has a PostgreSQL that the tests can start. */
export const HAS_POSTGRES = folder !== undefined;

export interface PostgresServer {
  /** Of the database of a name, which is made when missing. */
  readonly url: string;
  stop(): Promise<void>;
}

const STARTED = /database system is ready to accept connections/;
const START_MS = 30_000;

/** Starts a server of its own in a temporary folder, on a free port of this machine, without the root's rights that it refuses. */
export async function startPostgres(): Promise<PostgresServer> {
  const data = mkdtempSync(join(tmpdir(), 'treadle-postgres-'));
  const user = unprivileged();
  if (user) chownSync(data, user.uid, user.gid);
  const options = { cwd: data, ...user, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' } } as const;
  execFileSync(
    join(folder as string, 'initdb'),
    ['-D', join(data, 'db'), '-U', 'treadle', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    {
      ...options,
      stdio: 'ignore',
    },
  );
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${data}`, 'fsync=off', 'shared_buffers=16MB'];
  const server = spawn(
    join(folder as string, 'postgres'),
    ['-D', join(data, 'db'), '-p', String(port), ...settings.flatMap((each) => ['-c', each])],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await ready(server);
  return {
    url: `postgres://treadle@127.0.0.1:${port}/postgres`,
    stop: async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      // Its quick way of stopping: connections are closed.
      server.kill('SIGINT');
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Who the server runs as when the tests run as root: the user `postgres`, else `nobody`. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string, name: string): number | undefined => {
    try {
      return Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    } catch {
      return undefined;
    }
  };
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`PostgreSQL did not start: ${said}`)), START_MS);
    server.stderr?.on('data', (chunk) => {
      said += String(chunk);
      if (!STARTED.test(said)) return;
      clearTimeout(timer);
      resolve();
    });
    server.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`PostgreSQL ended with ${code}: ${said}`));
    });
  });
}
