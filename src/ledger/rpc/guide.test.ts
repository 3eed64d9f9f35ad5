import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRpcHttpApp } from './http-app.ts';
import { openTestChain } from './testing/test-chain.ts';

const guide = readFileSync(new URL('../../../docs/guides/use-ethereum-tools.md', import.meta.url), 'utf8');
const root = new URL('../../../', import.meta.url);

/** The example of a chapter and what the guide says it prints. */
function example(title: string): { readonly code: string; readonly output: string } {
  const chapter = guide.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(chapter)?.[1] ?? '';
  return { code: block('js'), output: block('text') };
}

let server: Server;
beforeAll(async () => {
  const chain = await openTestChain({ sealAtOnce: true });
  const app = createRpcHttpApp(chain.rpc);
  server = createServer((request, response) => {
    void readBody(request).then(async (body) => {
      const answer = await app.handle({
        method: request.method ?? 'GET',
        path: request.url ?? '/',
        query: {},
        headers: {},
        body,
      });
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Uint8Array.from(Buffer.concat(parts));
}

describe('the guide to Ethereum tools', () => {
  it.each(['viem', 'ethers'])('has an example for %s that runs as it stands', async (title) => {
    const { code, output } = example(title);
    expect(code).toContain('127.0.0.1:8545');
    const { port } = server.address() as AddressInfo;
    const program = code.replaceAll('127.0.0.1:8545', `127.0.0.1:${port}`);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: root,
      timeout: 50_000,
    });
    expect(stdout).toBe(output);
  });
});
