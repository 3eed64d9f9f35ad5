import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = resolve(import.meta.dirname, '../../..');
const { findPinnedNode } = createRequire(import.meta.url)(join(ROOT, 'bin/pinned-node.js')) as {
  readonly findPinnedNode: (root: string) => string | undefined;
};
/** The Node that `bin/treadle` runs on: started with it, the command is one process and not two. */
const NODE = findPinnedNode(ROOT) ?? process.execPath;
const POLL_MS = 50;

/** A command under way. */
export interface Command {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it has written to its standard output so far. */
  readonly stdout: () => string;
  /** Standard error goes to this file. */
  readonly errorFile: string;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts `treadle` with these arguments. Standard error goes to a file of `folder`, which must exist. */
export function treadle(folder: string, ...args: readonly string[]): Command {
  const errorFile = join(folder, `stderr-${args[0]}-${readdirSync(folder).length}.txt`);
  const child = spawn(NODE, [join(ROOT, 'bin/treadle'), ...args], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', openSync(errorFile, 'a')],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += String(chunk);
  });
  const ended = new Promise<number | string>((settle) => child.on('close', (code, signal) => settle(code ?? signal ?? 'lost')));
  return { process: child, pid: child.pid ?? -1, stdout: () => output, errorFile, ended };
}

/** Runs `treadle` to its end and returns what `--json` printed. */
export async function treadleJson<T>(folder: string, ...args: readonly string[]): Promise<T> {
  const command = treadle(folder, ...args, '--json');
  const code = await command.ended;
  const document: unknown = JSON.parse(command.stdout());
  if (code !== 0) throw new Error(`treadle ${args.join(' ')} ended with ${code}: ${JSON.stringify(document)}`);
  return document as T;
}

/** The one JSON document that a command prints once it runs. */
export async function firstDocument<T>(command: Command, withinMs: number): Promise<T> {
  let over: number | string | undefined;
  void command.ended.then((code) => {
    over = code;
  });
  return until(`the first words of the command (its errors are in ${command.errorFile})`, withinMs, () => {
    // A short command has said all and ended before anybody looks.
    const document = parsed<T>(command.stdout());
    if (document === undefined && over !== undefined)
      throw new Error(`it ended with ${over}: ${command.stdout()} ${readFileSync(command.errorFile, 'utf8')}`);
    return document;
  });
}

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** Asks again and again until there is an answer; `false`, `undefined` and failures count as none. */
export async function until<T>(
  what: string,
  withinMs: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`did not happen within ${withinMs / 1000} s: ${what}`, { cause: last });
    await delay(POLL_MS);
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch (error) {
    // Without /proc a process that answers counts as running.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync('/proc');
  }
}

/** kill -9 of all of them at once; resolves when none is left. */
export async function killAtOnce(pids: readonly number[]): Promise<void> {
  for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  await until('the processes are gone', 10_000, () => !pids.some(isRunning));
}

/** A new folder for one test file; `remove` deletes it. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'treadle-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Takes a port of 127.0.0.1, so that nobody else can. */
export function takePort(port: number): Promise<Server> {
  return new Promise((settle, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => settle(server));
  });
}

/** Writes half a record behind the last one of a log, as a power cut in the middle of a write does. */
export function tearTail(logFile: string): void {
  const header = Buffer.from('TRL1\0\0\0\x64\x12\x34\x56\x78half of what was to be written', 'latin1');
  appendFileSync(logFile, header);
}
