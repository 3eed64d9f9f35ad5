/**
 * Builds the light node as one module for browsers and other programs: `dist/light/treadle-light.js`.
 *
 *   node scripts/build-light.ts
 */
import path from 'node:path';
import { build } from 'vite';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Builds into `folder` and returns the path of the module. */
export async function buildLight(folder = path.join(ROOT, 'dist/light')): Promise<string> {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      lib: { entry: path.join(ROOT, 'src/light/index.ts'), formats: ['es'], fileName: () => 'treadle-light.js' },
    },
  });
  return path.join(folder, 'treadle-light.js');
}

if (import.meta.main) console.log(await buildLight());
