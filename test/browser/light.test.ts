import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLight } from '../../scripts/build-light.ts';
import { type ServedLedger, serveLedger } from '../../src/cli/testing/served-ledger.ts';
import type { LightAccount, LightFault, LightHead, LightReceipt } from '../../src/light/index.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const QUIET_FLAGS = ['--disable-background-networking', '--disable-component-update'];
const present = existsSync(CHROMIUM);
if (!present) process.stdout.write(`browser tests skipped: no Chromium at ${CHROMIUM}\n`);

/** What the page runs; as text, because a test runner would rewrite its import. */
const IN_PAGE = `async ({ code, urls, genesisText, hash, address }) => {
  const { createLightNode } = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const light = createLightNode({ rpcUrls: urls, genesis: genesisText, fetch: (...call) => fetch(...call) });
  try {
    const head = await light.follow();
    const account = await light.account(address, ['0x0']);
    const receipt = await light.receipt(hash);
    return {
      head,
      account: { ...account, balance: String(account.balance), nonce: String(account.nonce) },
      receipt: receipt && { status: receipt.status, blockNumber: receipt.blockNumber, blockHash: receipt.blockHash },
      faults: [...light.faults],
    };
  } catch (error) {
    return { error: error.code ?? String(error), faults: [...light.faults] };
  }
}`;

/** Passes JSON-RPC on to a node, and changes the answer before the browser sees it. */
async function between(
  url: string,
  change: (method: string, text: string) => string,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(async (request, response) => {
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const body = await new Response(request as unknown as ReadableStream).text();
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { method } = JSON.parse(body) as { readonly method: string };
    response.writeHead(200, { ...cors, 'content-type': 'application/json' }).end(change(method, await answer.text()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe.skipIf(!present)('the light node in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'treadle-light-'));
  const servers: Server[] = [];
  let ledger: ServedLedger;
  let browser: Browser;
  let page: Page;
  let code: string;

  beforeAll(async () => {
    [ledger, code, browser] = await Promise.all([
      serveLedger(),
      buildLight(join(folder, 'out')).then((file) => readFileSync(file, 'utf8')),
      chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...QUIET_FLAGS] }),
    ]);
    page = await browser.newPage();
  });

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
    await ledger?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Outcome {
    readonly head: LightHead;
    readonly account: { readonly [K in keyof LightAccount]: unknown };
    readonly receipt: Pick<LightReceipt, 'status' | 'blockNumber' | 'blockHash'> | undefined;
    readonly faults: readonly LightFault[];
    readonly error?: string;
  }

  /** Runs the library in the page against these nodes. */
  function ask(rpcUrls: readonly string[], transactionHash: string, genesis = JSON.stringify(ledger.genesis)): Promise<Outcome> {
    const input = { code, urls: rpcUrls, genesisText: genesis, hash: transactionHash, address: ledger.proxy.address };
    return page.evaluate(`(${IN_PAGE})(${JSON.stringify(input)})`) as Promise<Outcome>;
  }

  it('follows the chain from the genesis file and proves accounts and receipts by itself', async () => {
    const { transactionHash } = await ledger.clientOf(ledger.proxy).transact({ to: ledger.companies[0].address, value: 5n });
    const honest = await between(ledger.url, (_method, text) => text);
    servers.push(honest.server);
    const outcome = await ask([honest.url], transactionHash);
    expect(outcome).toMatchObject({ faults: [], receipt: { status: 1 }, account: { nonce: '1' } });
    expect(outcome.account.balance).toBe(String(1_000n * 10n ** 18n - 5n));
    expect(outcome.receipt?.blockNumber).toBeLessThanOrEqual(outcome.head.number);
  });

  it('believes no node that lies, says which did, and asks the next', async () => {
    const { transactionHash } = await ledger.clientOf(ledger.proxy).transact({ to: ledger.companies[0].address, value: 7n });
    const honest = await between(ledger.url, (_method, text) => text);
    const rich = await between(ledger.url, (method, text) =>
      method === 'eth_getProof'
        ? text.replace(/"balance":"0x[0-9a-f]+"/, '"balance":"0xffffffffffffffffffff"')
        : method === 'treadle_receiptProof'
          ? '{"jsonrpc":"2.0","id":1,"result":{}}'
          : text,
    );
    const other = await between(ledger.url, (method, text) =>
      method === 'treadle_receiptProof' ? text.replace(/"transactionProof":\["0x..../, '"transactionProof":["0x0000') : text,
    );
    const forger = await between(ledger.url, (method, text) =>
      method === 'treadle_headers' ? text.replace(/"signatures":\["0x..../g, '"signatures":["0x0102') : text,
    );
    servers.push(honest.server, rich.server, other.server, forger.server);
    const outcome = await ask([rich.url, other.url, forger.url, honest.url], transactionHash);
    expect(outcome.error).toBeUndefined();
    expect(outcome.account.balance).toBe(String(1_000n * 10n ** 18n - 12n));
    expect(outcome.receipt?.status).toBe(1);
    const liars = new Set(outcome.faults.map(({ url }) => url));
    // The first node shows true headers and a false balance; the second is asked for the rest, and its receipt proof fails.
    expect([...liars].sort()).toEqual([other.url, rich.url].sort());
    expect((await ask([other.url], transactionHash)).error).toBe('LIGHT_BAD_PROOF');
    expect((await ask([rich.url], transactionHash)).error).toBe('LIGHT_BAD_PROOF');
    expect((await ask([forger.url], transactionHash)).error).toBe('LIGHT_UNTRUSTED_HEADER');
  });

  it('refuses a genesis file of another consortium', async () => {
    const honest = await between(ledger.url, (_method, text) => text);
    servers.push(honest.server);
    const foreign = JSON.stringify({ ...ledger.genesis, chainId: 1 });
    expect((await ask([honest.url], `0x${'00'.repeat(32)}`, foreign)).error).toBe('LIGHT_UNTRUSTED_HEADER');
    expect(await ask([honest.url], `0x${'00'.repeat(32)}`, '{}').catch((error: Error) => error.message)).toContain(
      'names no chain id',
    );
  });
});
