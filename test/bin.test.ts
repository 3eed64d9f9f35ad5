import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const run = promisify(execFile);
const skipOnWindows = process.platform === 'win32';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, in a folder that is not the checkout's. */
async function outcomeOf(file: string, ...args: string[]): Promise<Outcome> {
  try {
    return { code: 0, ...(await run(file, args, { cwd: tmpdir() })) };
  } catch (error) {
    const { code, stdout, stderr } = error as Outcome;
    return { code, stdout, stderr };
  }
}

// A checkout with a command that tells what it was given, and a "pinned Node" that says its name first.
const COMMAND = `
export async function main(args) {
  console.log('command', ...args);
  if (args[0] === 'wait') await new Promise(() => setInterval(() => {}, 1000));
  return args[0] === 'fail' ? 1 : 0;
}
if (process.env.PINNED === 'yes') {
  process.on('SIGTERM', () => { console.log('stopped cleanly'); process.exit(0); });
  process.exitCode = await main(process.argv.slice(2));
}
`;
const PINNED = `#!/bin/sh\necho pinned\nPINNED=yes exec "${process.execPath}" "$@"\n`;

let checkout: string;
let bare: string;
let oldNode: string;

beforeAll(() => {
  const folder = mkdtempSync(path.join(tmpdir(), 'treadle-bin-'));
  [checkout, bare] = [path.join(folder, 'with pinned'), path.join(folder, 'without')];
  for (const root of [checkout, bare]) {
    cpSync(path.join(ROOT, 'bin'), path.join(root, 'bin'), { recursive: true });
    mkdirSync(path.join(root, 'scripts'));
    cpSync(path.join(ROOT, 'scripts/require-node.mjs'), path.join(root, 'scripts/require-node.mjs'));
    mkdirSync(path.join(root, 'src/cli'), { recursive: true });
    writeFileSync(path.join(root, 'package.json'), '{ "type": "module" }');
    writeFileSync(path.join(root, 'src/cli/main.ts'), COMMAND);
  }
  const pinnedFolder = path.join(checkout, `node_modules/node-${process.platform}-${process.arch}/bin`);
  mkdirSync(pinnedFolder, { recursive: true });
  writeFileSync(path.join(pinnedFolder, 'node'), PINNED);
  chmodSync(path.join(pinnedFolder, 'node'), 0o755);
  oldNode = path.join(folder, 'old.cjs');
  writeFileSync(oldNode, "Object.defineProperty(process, 'version', { value: 'v18.19.0' });");
});

afterAll(() => rmSync(path.dirname(checkout), { recursive: true, force: true }));

describe.skipIf(skipOnWindows)('bin/treadle', () => {
  it('starts itself again with the pinned Node, from any folder, whatever Node runs it', async () => {
    for (const preload of [[], ['-r', oldNode]]) {
      const { code, stdout } = await outcomeOf(
        process.execPath,
        ...preload,
        path.join(checkout, 'bin/treadle'),
        'go',
        'a b',
        '--json',
      );
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'pinned\ncommand go a b --json\n' });
    }
  });

  it('passes the exit code on', async () => {
    expect((await outcomeOf(process.execPath, path.join(checkout, 'bin/treadle'), 'fail')).code).toBe(1);
    expect((await outcomeOf(process.execPath, path.join(bare, 'bin/treadle'), 'fail')).code).toBe(1);
  });

  it('passes signals on and waits for a clean end', async () => {
    const child = spawn(process.execPath, [path.join(checkout, 'bin/treadle'), 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('command wait') && !child.killed) child.kill('SIGTERM');
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(output).toBe('pinned\ncommand wait\nstopped cleanly\n');
    expect(code).toBe(0);
  });

  it('dies of the signal that killed the command', async () => {
    const child = spawn(process.execPath, [path.join(checkout, 'bin/treadle'), 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', () => child.kill('SIGHUP'));
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.on('close', (...end) => resolve(end)),
    );
    expect([code, signal]).toEqual([null, 'SIGHUP']);
  });

  it('runs without a pinned Node when this one is new enough', async () => {
    const { code, stdout } = await outcomeOf(process.execPath, path.join(bare, 'bin/treadle'), 'go');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'command go\n' });
  });

  it('says in one line what to do when no Node is new enough', async () => {
    const { code, stdout, stderr } = await outcomeOf(process.execPath, '-r', oldNode, path.join(bare, 'bin/treadle'), 'go');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^treadle: this is Node v18\.19\.0, Treadle needs 22\.18\.0 or newer\. Run "npm ci" in .*without.*install Node 24\.\n$/,
    );
  });
});

describe('scripts/require-node.mjs', () => {
  it('lets a new Node pass and stops an old one with the same line', async () => {
    const script = path.join(bare, 'scripts/require-node.mjs');
    expect((await outcomeOf(process.execPath, script)).code).toBe(0);
    const { code, stderr } = await outcomeOf(process.execPath, '-r', oldNode, script);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^treadle: this is Node v18\.19\.0.*\n$/);
  });
});
