/**
 * Runs a benchmark by name, or lists them.
 *
 *   node bench/run.ts [NAME] [--json]
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { nearestName } from '../src/suggestion.ts';

const FOLDER = import.meta.dirname;
/** Files of this folder that are no benchmarks. */
const HELPERS = new Set(['run', 'where-time-goes']);
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => path.basename(file, '.ts'))
  .filter((name) => !HELPERS.has(name))
  .sort();

const name = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
if (name === undefined) {
  console.log('node bench/run.ts NAME [--json]\n');
  for (const each of names) console.log(`  ${each.padEnd(14)} ${summaryOf(each)}`);
} else if (names.includes(name)) {
  // A benchmark is a program: importing it runs it.
  await import(`./${name}.ts`);
} else {
  const near = nearestName(name, names);
  console.error(
    `There is no benchmark "${name}"${near === undefined ? '' : `, did you mean "${near}"?`} Known: ${names.join(', ')}.`,
  );
  process.exitCode = 1;
}

/** The first sentence of the comment that a benchmark begins with. */
function summaryOf(benchmark: string): string {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(path.join(FOLDER, `${benchmark}.ts`), 'utf8')) ?? [];
  const text = comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim();
  return /^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
}
