import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadedNode, loadNode } from './load-setup.ts';
import { type RunningNode, runNode } from './run-node.ts';
import { runTreadle } from './testing/run-treadle.ts';

let folder: string;
const fatal = (error: unknown): void => expect.fail(String(error));

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'treadle-run-')), 'new');
  expect(await runTreadle('init', '--folder', folder, '--edges', '0', '--devices', '0')).toMatchObject({ exitCode: 0 });
});
afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

/** A company's node that listens where it is told, silent in the log. */
async function company(
  listen: LoadedNode['setup']['file']['listen'],
  ports: { readonly rpc: number; readonly console: number },
): Promise<LoadedNode> {
  const loaded = await loadNode(join(folder, 'company-1'));
  const { host } = listen;
  const file = {
    ...loaded.setup.file,
    listen,
    rpc: { host, port: ports.rpc },
    console: { host, port: ports.console },
    contacts: [],
    logLevel: 'error' as const,
  };
  return { ...loaded, setup: { ...loaded.setup, file } };
}

const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port);
const peerPortOf = ({ environment }: RunningNode): number => Number(environment.network.addresses()[0]?.split('/')[4]);

describe('a node on this machine', () => {
  it('moves to the next free ports where the ones it wants are taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      const node = await runNode(await company({ host: '127.0.0.1', port }, { rpc: port, console: port }), { fatal });
      const ports = [peerPortOf(node), portOf(node.rpcUrl), portOf(node.consoleUrl)];
      await node.stop();
      for (const each of ports) {
        expect(each).toBeGreaterThan(port);
        expect(each).toBeLessThan(port + 50);
      }
      expect(new Set(ports).size).toBe(3);
    } finally {
      taken.close();
    }
  });

  it('that cannot start lets go of its folder and its ports', async () => {
    // TEST-NET-3: an address that no machine has.
    const nowhere = await company({ host: '203.0.113.1', port: 0 }, { rpc: 0, console: 0 });
    await expect(runNode(nowhere, { fatal })).rejects.toThrow();
    const elsewhere: LoadedNode = {
      ...nowhere,
      setup: { ...nowhere.setup, file: { ...nowhere.setup.file, listen: { host: '127.0.0.1', port: 0 } } },
    };
    // Now its peers find it, but nobody can be served.
    await expect(runNode(elsewhere, { fatal })).rejects.toThrow();
    const node = await runNode(await company({ host: '127.0.0.1', port: 0 }, { rpc: 0, console: 0 }), { fatal });
    expect(node.node.role).toBe('company');
    await node.stop();
  });

  it('holds its folder alone while it runs', async () => {
    const here = await company({ host: '127.0.0.1', port: 0 }, { rpc: 0, console: 0 });
    const node = await runNode(here, { fatal });
    await expect(runNode(here, { fatal })).rejects.toMatchObject({ code: 'DISK_IN_USE' });
    await node.stop();
    await node.stop();
  });
});
