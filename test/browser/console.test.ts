import { existsSync, readFileSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConsoleFile } from '../../src/cli/console-files.ts';
import type { Address } from '../../src/crypto/index.ts';
import { type HttpServer, serveHttp } from '../../src/environment/host/index.ts';
import { type Api, type Page as ApiPage, createApi, type TaskRow } from '../../src/node/api/index.ts';
import { createFixtureEnvironment } from '../../src/node/api/testing/api-environment.ts';
import { createFixtureWorld, type FixtureWorld } from '../../src/node/api/testing/fixture-world.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const QUIET_FLAGS = ['--disable-background-networking', '--disable-component-update'];
/** A page with 10,000 rows behind it answers a click within this time, on a machine that is busy with other tests. */
const RESPONSE_MS_MAX = 4_000;

/** How long a change on the page is waited for. */
const POLL = { timeout: 10_000 };

interface PageOptions extends BrowserContextOptions {
  /** Errors that belong to what is tested. */
  readonly expected?: RegExp;
}

const present = existsSync(CHROMIUM);
if (!present) process.stdout.write(`browser tests skipped: no Chromium at ${CHROMIUM}\n`);

describe.skipIf(!present)('the console in a browser', () => {
  let world: FixtureWorld;
  let api: Api;
  let server: HttpServer;
  let browser: Browser;

  beforeAll(async () => {
    world = createFixtureWorld({ edgeNodes: 10_000, devices: 300, tasks: 1_500, channels: 200, oracle: true, endMs: Date.now() });
    const { ledger, consortium, oracle } = world;
    api = createApi({
      environment: createFixtureEnvironment(),
      ledger,
      treadle: consortium.treadle(ledger),
      nameOf: consortium.nameOf,
      consoleFiles: readConsoleFile,
      ...(oracle && { oracleRounds: oracle.rounds }),
    });
    server = await serveHttp(api, { host: '127.0.0.1', port: 0 });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...QUIET_FLAGS] });
  });

  afterAll(async () => {
    await browser?.close();
    api?.stop();
    await server?.close();
  });

  /** Opens a page in a context of its own; `use` fails when the page logged an error. */
  async function onPage(
    at: string,
    use: (page: Page) => Promise<void>,
    { expected, ...options }: PageOptions = {},
  ): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    try {
      await page.goto(server.url + at);
      await use(page);
      expect(errors.filter((error) => expected === undefined || !expected.test(error))).toEqual([]);
    } finally {
      await context.close();
    }
  }

  const ask = async <T>(route: string): Promise<T> => (await fetch(`${server.url}/api/${route}`)).json() as Promise<T>;

  it('shows the four counters, the nodes, the latest blocks and transactions', async () => {
    await onPage('/', async (page) => {
      const blocks = page.getByTestId('counter-blocks');
      await blocks.waitFor();
      const shown = Number((await blocks.textContent())?.replaceAll(',', ''));
      expect(shown).toBe(world.ledger.head.number);
      for (const name of ['transactions', 'pending', 'view'])
        expect(await page.getByTestId(`counter-${name}`).textContent()).toMatch(/^[\d,]+$/);
      const rows = (name: string) => expect.poll(() => page.getByRole('table', { name }).getByRole('row').count(), POLL);
      await rows('Nodes').toBeGreaterThan(5);
      await rows('Latest blocks').toBe(9);
      await rows('Latest transactions').toBe(9);
    });
  });

  it('switches the curve between minutes, hours and days', async () => {
    await onPage('/', async (page) => {
      const chart = page.getByTestId('series');
      await chart.locator('svg path').first().waitFor({ state: 'attached' });
      const totals: number[] = [];
      for (const unit of ['minutes', 'hours', 'days']) {
        await page.getByRole('button', { name: unit, exact: true }).click();
        await page.getByRole('img', { name: new RegExp(`in the last 15 ${unit}`) }).waitFor();
        totals.push(Number(await chart.getAttribute('data-total')));
      }
      // Every longer span holds the shorter ones.
      expect(totals).toEqual([...totals].sort((left, right) => left - right));
      expect(new Set(totals).size).toBe(3);
    });
  });

  it('hears of a new block and a new task without asking', async () => {
    await onPage('/tasks', async (page) => {
      await page.getByTestId('live').getByText('live', { exact: true }).waitFor();
      await page.getByRole('table', { name: 'Tasks' }).waitFor();
      const id = world.grow(Date.now());
      await page.locator(`a[href="/tasks/${id}"]`).waitFor();
      await page.getByRole('link', { name: 'Overview' }).click();
      const blocks = page.getByTestId('counter-blocks');
      await blocks.getByText(world.ledger.head.number.toLocaleString('en')).waitFor();
      world.grow(Date.now());
      await blocks.getByText(world.ledger.head.number.toLocaleString('en')).waitFor();
    });
  });

  it('shows the oracle: its term, the election with proofs, nodes and stakes', async () => {
    await onPage('/oracle', async (page) => {
      await page.getByTestId('requests-answered').getByText('21').waitFor();
      const rows = (name: string) => expect.poll(() => page.getByRole('table', { name }).getByRole('row').count(), POLL);
      await rows('Oracle nodes').toBe(7);
      await rows('Candidates').toBe(3);
      await rows('Latest requests').toBe(9);
      await page.getByText('was replaced').waitFor();
      await page.getByText('for silence').waitFor();
      await page.getByRole('table', { name: 'Latest requests' }).getByRole('link', { name: '24', exact: true }).click();
      await page.getByText('Request 24 is pending').waitFor();
      await page.getByText('did not bring it; work nodes may bring it now').waitFor();
    });
  });

  it('draws the rounds about a request, and marks liars and objections', async () => {
    await onPage('/requests/21', async (page) => {
      await page.getByTestId('answer').getByText('order 4711').waitFor();
      const round = page.getByTestId('round');
      for (const phase of ['Seeing', 'Signing, 3 needed', 'Into a block']) await round.getByText(phase).waitFor();
      await round.getByText('lied', { exact: true }).waitFor();
      await round.getByText('it saw something else').waitFor();
      expect(await page.getByText('did not sign, or too late').count()).toBe(1);
    });
    await onPage('/requests/24', async (page) => {
      await page.getByTestId('round').getByText('No answer: the source was down, slow, or refused.').waitFor();
      await page.getByText('Did not tell:').waitFor();
    });
  });

  it('filters requests, and finds one by its number', async () => {
    await onPage('/requests?state=failed', async (page) => {
      await page.getByText('1–1 of 1 requests').waitFor();
      await page.getByRole('combobox', { name: 'Search' }).fill('23');
      await page.getByRole('option', { name: /Request 23/ }).click();
      await page.getByText('Request 23 expired.').waitFor();
    });
    await onPage('/requests/999', (page) => page.getByText('No request 999 is remembered').waitFor(), { expected: /404/ });
  });

  it('draws a feed, in both colour schemes', async () => {
    for (const colorScheme of ['light', 'dark'] as const)
      await onPage(
        '/feeds',
        async (page) => {
          await page
            .getByRole('img', { name: 'Oven 1, degrees Celsius: 20 rounds' })
            .locator('svg path')
            .first()
            .waitFor({ state: 'attached' });
          expect(await page.getByTestId('feed-value').textContent()).toMatch(/^2\d\.\d\d$/);
        },
        { colorScheme },
      );
  });

  it('proves a reading in the browser, and says what is wrong with an altered one', async () => {
    const page = readFileSync(new URL('../../docs/reference/telemetry.md', import.meta.url), 'utf8');
    const [, bundle = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    await onPage('/verify', async (tab) => {
      const field = tab.getByRole('textbox', { name: 'Proof bundle' });
      await field.fill(bundle);
      await tab.getByRole('button', { name: 'Verify', exact: true }).click();
      await tab.getByTestId('reading').getByText('läuft').waitFor();
      await tab.getByText('in the log; the ledger was not checked').waitFor();
      await field.fill(bundle.replace('läuft', 'steht'));
      await tab.getByRole('button', { name: 'Verify', exact: true }).click();
      await tab.getByRole('alert').getByText('leads to 0x').waitFor();
      await field.fill('no bundle');
      await tab.getByRole('button', { name: 'Verify', exact: true }).click();
      await tab.getByRole('alert').getByText('it is no JSON').waitFor();
    });
  });

  it('shows messages between ledgers by state, and the ledgers side by side', async () => {
    await onPage('/messages?state=given+up', async (page) => {
      await page.getByText('1–1 of 1 messages').waitFor();
      await page.getByRole('link', { name: 'to 7358, no. 3' }).click();
      await page.getByText('settled: given up').waitFor();
      await page.getByRole('link', { name: 'Ledgers', exact: true }).click();
      await page.getByText('group and certificate').waitFor();
    });
  });

  it('pages through 10,000 rows and stays quick', async () => {
    await onPage('/edge-nodes?size=100', async (page) => {
      await page.getByText('1–100 of 10,000 edge nodes').waitFor();
      expect(await page.getByRole('table', { name: 'Edge nodes' }).getByRole('row').count()).toBe(101);
      const timed = async (what: () => Promise<void>): Promise<void> => {
        const startMs = performance.now();
        await what();
        expect(performance.now() - startMs).toBeLessThan(RESPONSE_MS_MAX);
      };
      await timed(async () => {
        await page.getByRole('button', { name: 'Last page' }).click();
        await page.getByText('9,901–10,000 of 10,000').waitFor();
      });
      await timed(async () => {
        await page.getByRole('searchbox', { name: 'Find edge nodes' }).fill('edge node 4242');
        await page.getByText('1–1 of 1 edge nodes').waitFor();
      });
      await page.getByRole('link', { name: 'Edge node 4242' }).click();
      await page.getByRole('heading', { name: 'Edge node 4242', level: 1 }).waitFor();
    });
  });

  it('pages back through the chain and forth again', async () => {
    await onPage('/transactions', async (page) => {
      const first = page.getByRole('table', { name: 'Transactions' }).locator('tbody tr td:first-child a').first();
      const newest = await first.getAttribute('href');
      await page.getByRole('button', { name: 'Older ›' }).click();
      await expect.poll(() => first.getAttribute('href'), POLL).not.toBe(newest);
      await page.getByRole('button', { name: 'Newest' }).click();
      await expect.poll(() => first.getAttribute('href'), POLL).toBe(newest);
    });
  });

  it('explains a transaction, a block, a task and a channel', async () => {
    const tasks = await ask<ApiPage<TaskRow>>('tasks?state=completed&limit=1');
    await onPage(`/tasks/${tasks.items[0]?.id}`, async (page) => {
      await page.getByText('chosen: the nearest that fits').waitFor();
      expect(await page.getByRole('table', { name: 'Candidates' }).getByRole('row').count()).toBe(9);
      await page.locator('.steps a[href^="/transactions/"]').first().click();
      await page.getByRole('heading', { name: 'EdgeRegistry.requestMatch' }).waitFor();
      await page.getByRole('heading', { name: 'Matched' }).waitFor();
      expect(await page.getByText('distanceSquared').count()).toBe(1);
      await page.locator('a[href^="/blocks/"]').first().click();
      await page.getByText('4 of 5 sealers; 4 are needed').waitFor();
    });
    await onPage('/channels?state=closing', async (page) => {
      await page.getByRole('table', { name: 'Channels' }).locator('tbody a').first().click();
      await page.getByText('Claim with the best voucher before the challenge period ends').waitFor();
      expect(await page.locator('time.due').textContent()).toMatch(/min|s$/);
    });
  });

  it('draws 10,000 edge nodes on the map, which can be moved and zoomed', async () => {
    await onPage('/map', async (page) => {
      const map = page.getByTestId('map');
      await map.waitFor();
      expect(await map.getAttribute('data-nodes')).toBe('10000');
      await expect.poll(() => coloursOn(page), POLL).toBeGreaterThan(20);
      const scaleNow = async (): Promise<number> => Number(await map.getAttribute('data-scale'));
      const scale = await scaleNow();
      await map.hover({ position: { x: 300, y: 300 } });
      await page.mouse.wheel(0, -600);
      await expect.poll(scaleNow, POLL).toBeGreaterThan(2 * scale);
      await map.focus();
      await page.keyboard.press('0');
      await expect.poll(scaleNow, POLL).toBe(scale);
      await page.getByRole('button', { name: /Aurora Pumps/ }).click();
      expect(await page.getByRole('button', { name: /Aurora Pumps/ }).getAttribute('aria-pressed')).toBe('false');
    });
  });

  it('is dark where the system is, and changes at a click for good', async () => {
    const ground = (page: Page): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await onPage(
      '/observe',
      async (page) => {
        await page.getByRole('heading', { name: 'Observe Proxy' }).waitFor();
        const dark = await ground(page);
        await page.getByRole('button', { name: 'Use the light theme' }).click();
        const light = await ground(page);
        expect(light).not.toBe(dark);
        await page.reload();
        expect(await ground(page)).toBe(light);
      },
      { colorScheme: 'dark' },
    );
  });

  it('is searched and walked through by keyboard', async () => {
    await onPage('/', async (page) => {
      await page.getByTestId('counter-blocks').waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('baxter');
      await page
        .getByRole('option', { name: /Baxter Rolling/ })
        .first()
        .waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Baxter Rolling', level: 1 }).waitFor();
      await page.goBack();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
    });
  });

  it('fits a telephone without scrolling sideways, and says what does not exist', async () => {
    const viewport = { width: 390, height: 844 };
    const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    const fits = async (page: Page): Promise<void> => {
      for (const at of ['/', '/tasks', '/channels', '/edge-nodes', '/observe']) {
        await page.goto(server.url + at);
        await page.locator('table').first().waitFor();
        expect({ at, sideways: await page.evaluate<number>(sideways) }).toEqual({ at, sideways: 0 });
      }
    };
    await onPage('/', fits, { viewport });
    await onPage('/no/such/page', async (page) => {
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    });
  });

  it('says that the line is down and finds back', async () => {
    await onPage(
      '/tasks',
      async (page) => {
        const live = page.getByTestId('live');
        await live.getByText('live', { exact: true }).waitFor();
        const { port } = server;
        await server.close();
        await live.getByText('reconnecting').waitFor();
        const id = world.grow(Date.now());
        server = await serveHttp(api, { host: '127.0.0.1', port });
        await live.getByText('live', { exact: true }).waitFor();
        await page.locator(`a[href="/tasks/${id}"]`).waitFor();
      },
      { expected: /net::ERR_/ },
    );
  });

  it.each(['light', 'dark'] as const)(
    'shows who is in quarantine and why, with which key it runs, and whose certificate ends (%s)',
    async (colorScheme) => {
      const { ledger, consortium } = world;
      const plain = consortium.treadle(ledger);
      const [aurora, baxter] = consortium.companies.map(({ account }) => account) as [Address, Address];
      const key: Address = `0x${'ab'.repeat(20)}`;
      const proof = { signer: key, account: aurora, message: 'commit', round: 1, reporter: baxter, quarantined: true } as const;
      const evidence = [9, 4].map((height) => {
        return { ...proof, id: height, height, reportedAt: height + 1, digests: ['0x01', '0x02'] as const };
      });
      const certificate = { expiresAtSeconds: Math.floor(Date.now() / 1000) + 86_400, state: 'expires-soon' } as const;
      const own = createApi({
        environment: createFixtureEnvironment(),
        ledger,
        treadle: {
          ...plain,
          peers: () =>
            plain.peers().map((peer) => {
              if (peer.node === aurora) return { ...peer, node: key };
              return peer.role === 'centre' ? { ...peer, certificate } : peer;
            }),
          async membership() {
            const report = await plain.membership();
            const companies = report.companies.map((each) => (each.account === aurora ? { ...each, sealer: key } : each));
            return { ...report, companies, quarantined: [aurora], evidence };
          },
        },
        nameOf: consortium.nameOf,
        consoleFiles: readConsoleFile,
      });
      const { url, close } = await serveHttp(own, { host: '127.0.0.1', port: 0 });
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      try {
        await page.goto(`${url}/nodes?q=Aurora`);
        const row = page.getByRole('row').filter({ hasText: 'in quarantine' });
        await row.waitFor();
        const tag = row.getByText('in quarantine');
        expect(await contrastOf(page, 'in quarantine')).toBeGreaterThan(4.5);
        // It is seen without scrolling sideways.
        const box = await tag.boundingBox();
        expect((box?.x ?? 0) + (box?.width ?? 2_000)).toBeLessThan(1_280);
        await row.getByRole('link', { name: 'Aurora Pumps' }).click();
        await page.getByText('signed two different commit messages').waitFor();
        await page.getByText(aurora).waitFor();
        expect(await page.getByRole('table', { name: 'Contradictions on record' }).getByRole('row').count()).toBe(3);
        await page.goto(`${url}/nodes?q=Centre`);
        await page.getByText('certificate ends soon').waitFor();
        expect(await contrastOf(page, 'certificate ends soon')).toBeGreaterThan(4.5);
        await page.getByRole('link', { name: 'Centre' }).first().click();
        await page.getByText(/holds until .*in \d+ h/).waitFor();
      } finally {
        await context.close();
        own.stop();
        await close();
      }
    },
  );
});

/**
 * Different colours among a grid of the canvas's pixels, read from a copy: the browser warns of canvases that are read again
 * and again. The text runs in the page.
 */
function coloursOn(page: Page): Promise<number> {
  return page.evaluate<number>(`{
    const canvas = document.querySelector('canvas');
    const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
    const pen = copy.getContext('2d', { willReadFrequently: true });
    if (canvas.width > 0) pen.drawImage(canvas, 0, 0);
    const pixels = canvas.width === 0 ? [] : pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    for (let at = 0; at < pixels.length; at += 4 * 7) colours.add(pixels.slice(at, at + 3).join());
    colours.size;
  }`);
}

/**
 * How well the element with this text stands out from what it is on, as WCAG 2 reckons it: 1 to 21. The text below runs in
 * the page.
 */
function contrastOf(page: Page, text: string): Promise<number> {
  return page.evaluate<number>(`{
    const element = [...document.querySelectorAll('*')].findLast(({ textContent }) => textContent === ${JSON.stringify(text)});
    const channels = (color) => (color.match(/[0-9.]+/g) ?? []).map(Number);
    const luminance = (color) => {
      const [red, green, blue] = channels(color).map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    let background = 'rgba(0, 0, 0, 0)';
    for (let behind = element; behind !== null && channels(background)[3] === 0; behind = behind.parentElement) {
      background = getComputedStyle(behind).backgroundColor;
    }
    const [dark, bright] = [luminance(getComputedStyle(element).color), luminance(background)].sort((a, b) => a - b);
    (bright + 0.05) / (dark + 0.05);
  }`);
}
