import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rpcErrors } from './errors.ts';
import { openTestChain } from './testing/test-chain.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

it('the reference lists every method with its line, and no other', async () => {
  const { rpc } = await openTestChain();
  const rows = [...read('docs/reference/json-rpc.md').matchAll(/^\| `([a-z0-9]+_\w+)` \| .* \| (.*) \|$/gm)];
  expect(new Map(rows.map(([, name, summary]) => [name, summary]))).toEqual(
    new Map([...rpc.methods].map(([name, { summary }]) => [name, summary])),
  );
});

it('the error reference lists every code', () => {
  const rows = [...read('docs/reference/errors/rpc.md').matchAll(/^\| `(RPC_\w+)` \| (.*) \| (.*) \|$/gm)];
  expect(Object.fromEntries(rows.map(([, code, summary, action]) => [code, { summary, action }]))).toEqual(rpcErrors);
});
