import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { checkDependencies } from '../scripts/check-dependencies.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const run = promisify(execFile);

/** Runs Biome; resolves with what it printed when it found something. */
async function biome(folder: string, ...args: string[]): Promise<string | undefined> {
  try {
    await run(process.execPath, [path.join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), ...args], {
      cwd: folder,
      maxBuffer: 16 * 1024 * 1024,
    });
    return undefined;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}

/** Lays out files in a temporary folder and removes them afterwards. */
async function withFiles<T>(files: Readonly<Record<string, string>>, use: (root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(path.join(tmpdir(), 'treadle-lint-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    return await use(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

describe('Biome', () => {
  it('finds nothing', async () => {
    expect(await biome(ROOT, 'check', '.', '--max-diagnostics=50', '--diagnostic-level=error')).toBeUndefined();
  });

  it('would find time, timers, randomness and node modules in shared code', async () => {
    const lines = [
      'Date.now()',
      'setTimeout(() => {}, 1)',
      'fetch("x")',
      'process.exit(1)',
      'Buffer.from("x")',
      'performance.now()',
    ];
    const shared = `import { readFileSync } from 'node:fs';\n${lines.map((line) => `export const x${lines.indexOf(line)} = ${line};`).join('\n')}\nreadFileSync('x');\n`;
    const config = readFileSync(path.join(ROOT, 'biome.json'), 'utf8');
    const findings = (name: string) => withFiles({ 'biome.json': config, [name]: shared }, (root) => biome(root, 'lint', name));
    const found = (await findings('src/market/x.ts')) ?? '';
    expect(found).toContain('noRestrictedImports');
    expect(found.match(/noRestrictedGlobals/g)).toHaveLength(lines.length);
    expect((await findings('src/environment/host/x.ts')) ?? '').not.toContain('noRestricted');
  });
});

describe('imports', () => {
  it('keep the rules of .dependency-cruiser.cjs', async () => {
    expect(await checkDependencies()).toEqual([]);
  });

  it('would be caught when they do not', async () => {
    const files = {
      'src/errors.ts': 'export const e = 1;\n',
      'src/environment/index.ts': "export * from './sim/index.ts';\nexport const i = 1;\n",
      'src/environment/sim/index.ts': 'export const sim = 1;\n',
      'src/environment/host/index.ts': 'export const host = 1;\n',
      'src/crypto/index.ts': "export * from './hash.ts';\nimport { x } from '../market/index.ts';\nexport const k = x;\n",
      'src/crypto/hash.ts': 'export const h = 1;\n',
      'src/market/index.ts':
        "import type { H } from '../crypto/hash.ts';\nimport { c } from '../consortium/index.ts';\nexport const x: H = c;\n",
      'src/consortium/index.ts':
        "import { a } from './a.ts';\nimport { sim } from '../environment/sim/index.ts';\nexport const c = a + sim;\n",
      'src/consortium/a.ts': "import { b } from './b.ts';\nimport 'node:fs';\nimport 'vitest';\nexport const a = b;\n",
      'src/consortium/b.ts':
        "import { a } from './a.ts';\nimport '../../test/t.ts';\nimport { gone } from './gone.ts';\nexport const b = a + gone;\n",
      'src/consortium/c.test.ts': "import { sim } from '../environment/sim/index.ts';\nimport 'vitest';\nexport const c = sim;\n",
      'src/experiments/index.ts': "import { host } from '../environment/host/index.ts';\nexport const e = host;\n",
      'test/t.ts': 'export const t = 1;\n',
    };
    const found = await withFiles(files, (root) => checkDependencies(root));
    const rulesBroken = [...new Set(found.map((line) => line.split(':')[0]))].sort();
    expect(rulesBroken).toEqual([
      'development-packages',
      'down-the-levels-crypto',
      'down-the-levels-market',
      'host',
      'no-cycles',
      'node-built-ins',
      'resolvable',
      'simulator',
      'src-stands-alone',
      'through-the-index',
    ]);
    expect(found.filter((line) => line.includes('c.test.ts'))).toEqual([]);
    expect(found.some((line) => line.startsWith('through-the-index: src/market/index.ts -> src/crypto/hash.ts'))).toBe(true);
  });
});
