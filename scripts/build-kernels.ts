/**
 * Compiles the training kernels `src/learning/engine/kernels/*.as` (AssemblyScript) to `dist/kernels/simd.wasm`, whose results
 * are the same on every machine, and `dist/kernels/relaxed.wasm`, which may fuse multiplication and addition.
 *
 *   node scripts/build-kernels.ts
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What is used of the compiler. Its own declarations would replace those of the global console everywhere. */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readonly readFile: (name: string) => string | null;
      readonly writeFile: (name: string, bytes: string | Uint8Array) => void;
      readonly listFiles: () => null;
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}
const COMPILER: string = 'assemblyscript/asc';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCES = path.join(ROOT, 'src/learning/engine/kernels');

const FLAVOURS = {
  simd: ['--enable', 'simd'],
  relaxed: ['--enable', 'simd', '--enable', 'relaxed-simd'],
} as const;

/** Compiles both flavours into `folder` and returns the paths of the modules. */
export async function buildKernels(folder = path.join(ROOT, 'dist/kernels')): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const written: string[] = [];
  for (const [flavour, features] of Object.entries(FLAVOURS)) {
    const file = path.join(folder, `${flavour}.wasm`);
    // Under its own name only when it is whole: another process may be building, or reading, the same.
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, await compile(features));
    renameSync(draft, file);
    written.push(file);
  }
  return written;
}

async function compile(features: readonly string[]): Promise<Uint8Array> {
  const entries = readdirSync(SOURCES).filter((name) => name.endsWith('.as'));
  const output: { bytes?: Uint8Array } = {};
  const asc = (await import(COMPILER)) as Compiler;
  const { error, stderr } = await asc.main(
    [
      // The compiler knows one extension; ours keeps the sources apart from TypeScript, which they are not.
      ...entries.sort().map((name) => name.replace(/as$/, 'ts')),
      ...['--outFile', 'kernels.wasm', '--runtime', 'stub', '--noAssert', '--importMemory', '--initialMemory', '1'],
      ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', ...features],
    ],
    {
      readFile: (name) => {
        const source = path.join(SOURCES, name.replace(/ts$/, 'as'));
        return entries.includes(path.basename(source)) ? readFileSync(source, 'utf8') : null;
      },
      writeFile: (_name, bytes) => {
        if (typeof bytes !== 'string') output.bytes = bytes;
      },
      listFiles: () => null,
    },
  );
  if (error !== null || output.bytes === undefined) throw new Error(`The kernels do not compile: ${stderr.toString()}`);
  return output.bytes;
}

if (import.meta.main) for (const file of await buildKernels()) console.log(path.relative(ROOT, file));
