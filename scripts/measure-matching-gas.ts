/**
 * Measures what matching costs at 100, 1,000 and 10,000 registered nodes and writes `docs/reference/gas.md`, together with the
 * committed gas of every call (`contracts/gas-snapshot.json`).
 *
 *   node scripts/measure-matching-gas.ts            about two minutes
 *   node scripts/measure-matching-gas.ts --nodes 100,1000
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Layout, layouts, measureMatching } from '../contracts/test/matching-gas.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function render(rows: readonly string[], calls: Readonly<Record<string, number>>): string {
  return `# Gas

There is no fee on this chain; gas bounds what a call and a block may do. Both tables are measured on the EVM that the ledger uses.

## Every call

\`contracts/gas-snapshot.json\` holds these numbers and a test fails when one drifts; \`node scripts/gas-snapshot.ts --write\` rewrites it
after a change that is meant. The numbers are those of a receipt: with the base cost of a transaction and its data.

| Call | Gas |
|---|---:|
${Object.entries(calls)
  .map(([name, gas]) => `| ${name} | ${gas.toLocaleString('en')} |`)
  .join('\n')}

## Matching, by the number of nodes

Written by \`node scripts/measure-matching-gas.ts\`. *City*: all nodes within 0.1 degree, gathered round a few centres. *Uniform*: spread over
the whole earth. *Worst*: every price lies just above the limit, within the same power of two, so that every node has to be looked at before
the answer is "all above the limit". A call may use 100,000,000 gas.

\`edgeMatch\` is the view alone; \`requestMatch\` is the device's transaction, which names the four nearest eligible nodes and takes a slot.
Mean and largest of 50 random positions.

| Nodes | Layout | edgeMatch mean | edgeMatch max | requestMatch mean | requestMatch max | worst edgeMatch |
|---:|---|---:|---:|---:|---:|---:|
${rows.join('\n')}
`;
}

async function main(): Promise<void> {
  const flag = process.argv.indexOf('--nodes');
  const counts = (flag < 0 ? '100,1000,10000' : (process.argv[flag + 1] ?? '')).split(',').map(Number);
  const calls = JSON.parse(readFileSync(join(root, 'contracts/gas-snapshot.json'), 'utf8')) as Record<string, number>;
  const rows: string[] = [];
  for (const nodes of counts) {
    for (const layout of Object.keys(layouts) as Layout[]) {
      const gas = await measureMatching({ nodes, layout, seed: 7 });
      const numbers = [gas.callMean, gas.callMax, gas.requestMean, gas.requestMax, gas.worstCall];
      rows.push(
        `| ${nodes.toLocaleString('en')} | ${layout} | ${numbers.map((each) => each.toLocaleString('en')).join(' | ')} |`,
      );
      console.log(rows.at(-1));
    }
  }
  writeFileSync(join(root, 'docs/reference/gas.md'), render(rows, calls));
}

if (import.meta.main) await main();
