import { spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const consoleFolder = join(root, 'console');
const built = join(consoleFolder, 'dist');

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

/** Reads a file of the built console, or undefined when there is none of this name. */
export async function readConsoleFile(
  path: string,
): Promise<{ readonly body: Uint8Array; readonly mediaType: string } | undefined> {
  const file = normalize(join(built, path));
  if (!file.startsWith(built + sep)) return undefined;
  try {
    return { body: await readFile(file), mediaType: MEDIA_TYPES[extname(file)] ?? 'application/octet-stream' };
  } catch {
    return undefined;
  }
}

/**
 * Builds the console when it is absent or older than its sources: the one build step of the house, and it is for the
 * browser. Without a console the nodes run all the same, so a failure is told and not fatal.
 */
export async function ensureConsole(tell: (text: string) => void): Promise<void> {
  if (await isFresh()) return;
  tell('Building the console (once) ...');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const failure = await run([vite, 'build', consoleFolder, '--logLevel', 'error']);
  if (failure !== undefined) tell(`The console could not be built: ${failure}. The nodes run without it.`);
}

/** What the console is built from beside `src`. */
const SINGLE_SOURCES = ['index.html', 'vite.config.ts'];

async function isFresh(): Promise<boolean> {
  const index = await stat(join(built, 'index.html')).catch(() => undefined);
  if (index === undefined) return false;
  const configuration = await Promise.all(SINGLE_SOURCES.map((name) => stat(join(consoleFolder, name)).catch(() => undefined)));
  const latest = Math.max(await newest(join(consoleFolder, 'src')), ...configuration.map((file) => file?.mtimeMs ?? 0));
  return latest <= index.mtimeMs;
}

/** When the latest of the files was changed; an installation without the sources has none. */
async function newest(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const times = await Promise.all(
    entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs),
  );
  return Math.max(0, ...times);
}

function run(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: root,
      // Whoever asks for it (a test runner sets its own): what is built is what users get.
      env: { ...process.env, NODE_ENV: 'production' },
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2_000);
    });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(code === 0 ? undefined : errors.trim() || `exit code ${code}`));
  });
}
