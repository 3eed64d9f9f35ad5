import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole, readConsoleFile } from './console-files.ts';

const BUILT = resolve(import.meta.dirname, '../../console/dist');

describe('files of the console', () => {
  beforeAll(async () => {
    await ensureConsole(() => undefined);
  });

  it('are served as what they are', async () => {
    const page = await readConsoleFile('/index.html');
    expect(page?.mediaType).toBe('text/html; charset=utf-8');
    const html = new TextDecoder().decode(page?.body);
    expect(html).toContain('<div id="root"');
    const script = /src="\.?(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? expect.fail('the page loads no script');
    expect((await readConsoleFile(script))?.mediaType).toBe('text/javascript; charset=utf-8');
  });

  it.each([
    '/../../package.json',
    '../../package.json',
    '/../package.json',
    '/assets/../../../package.json',
    '//../../package.json',
    '/..',
    '/',
    '',
    '/.',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/..\\..\\package.json',
    '/assets',
    '/nothing.html',
    '/index.html\0.png',
    resolve(import.meta.dirname, '../../package.json'),
  ])('and nothing outside of them: %j', async (path) => {
    expect(await readConsoleFile(path)).toBeUndefined();
  });

  it('nor a neighbour whose name begins alike', async () => {
    const neighbour = `${BUILT}-neighbour`;
    try {
      await mkdir(neighbour, { recursive: true });
      await writeFile(join(neighbour, 'secret.txt'), 'secret');
      expect(await readConsoleFile('/../dist-neighbour/secret.txt')).toBeUndefined();
    } finally {
      await rm(neighbour, { recursive: true, force: true });
    }
  });
});
