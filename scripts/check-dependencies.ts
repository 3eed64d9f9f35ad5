/**
 * Holds the imports of the project against `.dependency-cruiser.cjs`.
 *
 * dependency-cruiser reads JavaScript, and TypeScript only with a compiler older than ours. So it is shown a copy of
 * the sources whose types Node has taken off; type-only imports become plain ones first, since the rules hold for them too.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';

const ROOT = path.resolve(import.meta.dirname, '..');
/** What is copied; imports that lead elsewhere would not be resolved. */
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'contracts'];
/** The rule that holds for what runs only: two files may know each other's types. */
const RUNTIME_RULE = 'no-cycles';

/**
 * Checks the project's imports.
 *
 * @param root - the checkout, or in tests another folder laid out like it
 * @returns one line per violation: rule, importer and imported
 */
export async function checkDependencies(root = ROOT): Promise<string[]> {
  const withTypes = await violations(root, { typeImports: true });
  const runtime = await violations(root, { typeImports: false });
  return [
    ...withTypes.filter((line) => !line.startsWith(RUNTIME_RULE)),
    ...runtime.filter((line) => line.startsWith(RUNTIME_RULE)),
  ];
}

async function violations(root: string, { typeImports }: { readonly typeImports: boolean }): Promise<string[]> {
  // Inside the checkout, so that packages are found; ignored by git and by the other checks.
  mkdirSync(path.join(ROOT, 'tmp'), { recursive: true });
  const copy = mkdtempSync(path.join(ROOT, 'tmp/dependencies-'));
  try {
    const folders = FOLDERS.filter((folder) => {
      return copyStripped({ from: path.join(root, folder), to: path.join(copy, folder), typeImports }) > 0;
    });
    copyFileSync(path.join(ROOT, 'package.json'), path.join(copy, 'package.json'));
    const { options, ...ruleSet } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as IConfiguration;
    const { output } = await cruise(folders, { ...options, ruleSet, validate: true, baseDir: copy });
    const { summary, modules } = output as ICruiseResult;
    if (modules.length === 0) throw new Error(`no modules found in ${root}`);
    return summary.violations.map(({ rule, from, to, cycle }) => {
      const trail = cycle === undefined ? [to] : cycle.map(({ name }) => name);
      return `${rule.name}: ${[from, ...trail].map((name) => name.replace(/[.]js$/, '.ts')).join(' -> ')}`;
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

interface CopyOptions {
  readonly from: string;
  readonly to: string;
  /** Turn type-only imports into plain ones instead of taking them off. */
  readonly typeImports: boolean;
}

/** Copies the TypeScript files of a folder as JavaScript; returns how many. */
function copyStripped({ from, to, typeImports }: CopyOptions): number {
  const files = existsSync(from) ? typescriptFiles(from) : [];
  for (const file of files) {
    const target = path.join(to, file.replace(/[.]ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    const source = readFileSync(path.join(from, file), 'utf8');
    writeFileSync(target, stripped(typeImports ? withPlainImports(source) : source));
  }
  return files.length;
}

function typescriptFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.split(path.sep).includes('node_modules'),
  );
}

function withPlainImports(source: string): string {
  return source.replace(/^(import|export) type (?=[{*]|\w+ from )/gm, '$1 ').replace(/([{,]\s*)type (?=\w+[\s,}])/g, '$1');
}

function stripped(source: string): string {
  return stripTypeScriptTypes(source).replace(/(\bfrom\s+|\bimport\s+|\bimport\()(['"])([.][^'"]*)[.]ts\2/g, '$1$2$3.js$2');
}

if (import.meta.main) {
  const lines = await checkDependencies();
  for (const line of lines) console.error(line);
  console.log(lines.length === 0 ? 'imports: every rule holds' : `imports: ${lines.length} violations`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}
