import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { expect, it } from 'vitest';
import type { ProofBundle } from './proof-bundle.ts';
import type { Verdict } from './verify-bundle.ts';

const page = readFileSync(new URL('../../docs/reference/telemetry.md', import.meta.url), 'utf8');

it('bundles are verified by a module that needs no Node, and is small', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'treadle-verify-'));
  try {
    const entry = join(folder, 'entry.ts');
    const source = (name: string): string => JSON.stringify(new URL(name, import.meta.url).pathname);
    writeFileSync(
      entry,
      `export { verifyBundle } from ${source('./verify-bundle.ts')}; export { parseBundle } from ${source('./proof-bundle.ts')};`,
    );
    await build({
      configFile: false,
      logLevel: 'error',
      build: { outDir: join(folder, 'out'), target: 'es2023', lib: { entry, formats: ['es'], fileName: () => 'verify.js' } },
    });
    const file = join(folder, 'out/verify.js');
    const code = readFileSync(file, 'utf8');
    expect(code).not.toMatch(/from\s*["']node:|import\s*["']node:|__vite-browser-external/);
    expect(code.length).toBeLessThan(300_000);
    const verifier = (await import(pathToFileURL(file).href)) as {
      parseBundle: (text: string) => ProofBundle;
      verifyBundle: (bundle: ProofBundle) => Verdict;
    };
    const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const bundle = verifier.parseBundle(text);
    expect(verifier.verifyBundle(bundle)).toMatchObject({ index: 1, size: 3, continues: 2 });
    expect(() => verifier.verifyBundle({ ...bundle, index: 2 })).toThrow(
      expect.objectContaining({ code: 'TWINS_INCLUSION_WRONG' }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
