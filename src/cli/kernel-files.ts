import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KernelBytes } from '../learning/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const sources = join(root, 'src/learning/engine/kernels');
const built = join(root, 'dist/kernels');
const script = join(root, 'scripts/build-kernels.ts');

/**
 * The compiled training kernels; compiles them first when they are absent or older than their sources.
 *
 * @throws Error with the compiler's messages when they do not compile
 */
export async function ensureKernels(tell: (text: string) => void): Promise<KernelBytes> {
  if (!(await isFresh())) {
    tell('Compiling the training kernels (once) ...');
    await promisify(execFile)(process.execPath, [script], { cwd: root });
  }
  const [simd, relaxed] = await Promise.all([readFile(join(built, 'simd.wasm')), readFile(join(built, 'relaxed.wasm'))]);
  return { simd, relaxed };
}

async function isFresh(): Promise<boolean> {
  const outputs = await Promise.all(['simd.wasm', 'relaxed.wasm'].map((name) => changedAt(join(built, name))));
  // An installation without the sources has what was built for it.
  const names = await readdir(sources).catch(() => []);
  const inputs = await Promise.all([...names.map((name) => join(sources, name)), script].map(changedAt));
  return Math.min(...outputs) > 0 && Math.max(...inputs) <= Math.min(...outputs);
}

/** When a file was changed last; 0 when there is none. */
async function changedAt(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}
