/**
 * Shows where the gas of the contracts' calls differs from `contracts/gas-snapshot.json`.
 *
 *   node scripts/gas-snapshot.ts           exits 1 when something drifted
 *   node scripts/gas-snapshot.ts --write   writes the snapshot
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gasOfCalls } from '../contracts/test/gas-of-calls.ts';

const file = join(dirname(fileURLToPath(import.meta.url)), '../contracts/gas-snapshot.json');

async function main(): Promise<void> {
  const measured = await gasOfCalls();
  const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  const names = [...new Set([...Object.keys(before), ...Object.keys(measured)])];
  const drifted = names.filter((name) => before[name] !== measured[name]);
  for (const name of drifted) console.log(`${name}: ${before[name] ?? 'new'} -> ${measured[name] ?? 'gone'}`);
  if (process.argv.includes('--write')) writeFileSync(file, `${JSON.stringify(measured, undefined, 2)}\n`);
  else process.exitCode = drifted.length === 0 ? 0 : 1;
}

if (import.meta.main) await main();
