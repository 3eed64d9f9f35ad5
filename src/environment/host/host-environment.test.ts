import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { keyFrom } from '../../crypto/index.ts';
import { openDoor } from '../contract/index.ts';
import type { PeerEvent } from '../environment.ts';
import { createHostEnvironment, type HostEnvironment, type HostOptions } from './host-environment.ts';
import { RawPeer } from './testing/raw-peer.ts';
import { encodeMessage } from './wire-format.ts';

const folders: string[] = [];
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((part) => part.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

const key = (number: number) => keyFrom(new Uint8Array(32).fill(number));

async function node(number: number, options: Partial<HostOptions> = {}): Promise<HostEnvironment> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'treadle-host-'));
  folders.push(dataFolder);
  const listen = { host: '127.0.0.1', port: 0 };
  const env = await createHostEnvironment({ key: key(number), dataFolder, listen, logLevel: 'silent', ...options });
  opened.push(env);
  return env;
}

async function raw(number: number, env: HostEnvironment): Promise<RawPeer> {
  const peer = await RawPeer.dial(key(number), env.network.addresses()[0] as string);
  opened.push(peer);
  return peer;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('did not happen in time');
    await delay(2);
  }
}

describe('host network', () => {
  it('names its own node after the key and proves the key of the peer', async () => {
    const env = await node(1);
    await env.network.start(openDoor);
    expect(env.node).toBe(key(1).address);
    const events: PeerEvent[] = [];
    env.network.onPeer((event) => events.push(event));
    await (await raw(9, env)).becomeAdmitted();
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ type: 'connected', peer: key(9).address });
  });

  it('refuses a stranger with a logged reason', async () => {
    const logFile = join(await mkdtemp(join(tmpdir(), 'treadle-log-')), 'node.log');
    const env = await node(1, { logLevel: 'info', logFile });
    await env.network.start({
      hello: openDoor.hello,
      admit: (peer) => ({ admitted: false, reason: `${peer} has no certificate` }),
    });
    const stranger = await raw(9, env);
    stranger.write(encodeMessage({ type: 'hello', body: new Uint8Array() }));
    await stranger.until(() => stranger.heard.some((message) => message.type === 'verdict'));
    expect(stranger.heard.at(-1)).toMatchObject({
      type: 'verdict',
      verdict: 'refused',
      reason: expect.stringContaining('no certificate'),
    });
    await stranger.until(() => false);
    expect(env.network.peers()).toEqual([]);
    const lines = (await readFile(logFile, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'connection_refused', peer: key(9).address, node: key(1).address }),
    );
  });

  it('drops a peer that sends frames before it is admitted, or a second hello', async () => {
    const env = await node(1);
    await env.network.start({ hello: openDoor.hello, admit: () => new Promise(() => {}) });
    const hello = encodeMessage({ type: 'hello', body: new Uint8Array() });
    const early = encodeMessage({ type: 'frame', protocol: 'p', body: new Uint8Array() });
    for (const [number, second] of [
      [9, early],
      [10, hello],
    ] as const) {
      const peer = await raw(number, env);
      peer.write(hello);
      peer.write(second);
      await peer.until(() => false);
      expect(peer.heard.at(-1)).toMatchObject({ type: 'bye' });
    }
    expect(env.metrics.snapshot()['network_peers_penalised_total']).toBe(2);
  });

  it('says when the address is taken, and can be dialled by a node that does not listen', async () => {
    const first = await node(1);
    await first.network.start(openDoor);
    const port = Number((first.network.addresses()[0] as string).split('/')[4]);
    const second = await node(2, { listen: { host: '127.0.0.1', port } });
    await expect(second.network.start(openDoor)).rejects.toMatchObject({ code: 'NETWORK_ADDRESS_TAKEN', data: { port } });
    const folder = await mkdtemp(join(tmpdir(), 'treadle-host-'));
    folders.push(folder);
    const dialler = await createHostEnvironment({ key: key(3), dataFolder: folder, logLevel: 'silent' });
    opened.push(dialler);
    await dialler.network.start(openDoor);
    expect(dialler.network.addresses()).toEqual([]);
    await dialler.network.connect({ node: first.node, addresses: first.network.addresses() });
    expect(dialler.network.peers()).toEqual([first.node]);
  });

  it('takes the next free ports where it may, however many look for one at once', async () => {
    const first = await node(1);
    await first.network.start(openDoor);
    const portOf = ({ network }: HostEnvironment) => Number(network.addresses()[0]?.split('/')[4]);
    const port = portOf(first);
    const others = await Promise.all(
      [2, 3, 4].map((number) => node(number, { listen: { host: '127.0.0.1', port, portTries: 50 } })),
    );
    await Promise.all(others.map((other) => other.network.start(openDoor)));
    expect(new Set([first, ...others].map(portOf)).size).toBe(4);
    for (const other of others) {
      expect(portOf(other)).toBeGreaterThan(port);
      await first.network.connect({ node: other.node, addresses: other.network.addresses() });
    }
    expect(first.network.peers()).toHaveLength(3);
  });

  it('connects a handful of nodes that all dial each other at once', async () => {
    const nodes = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => node(number)));
    for (const env of nodes) {
      env.network.onRequest('echo', async (_from, body) => body);
      await env.network.start(openDoor);
    }
    const pairs = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })));
    await Promise.all(pairs.map(({ from, to }) => from.network.connect({ node: to.node, addresses: to.network.addresses() })));
    await until(() => nodes.every((env) => env.network.peers().length === nodes.length - 1));
    const asked = pairs.map(({ from, to }) => from.network.request(to.node, 'echo', Uint8Array.of(1)));
    expect(await Promise.all(asked)).toEqual(pairs.map(() => Uint8Array.of(1)));
  });
});

describe('host disk', () => {
  it('gives a data folder to one environment at a time', async () => {
    const env = await node(1);
    const dataFolder = folders[0] as string;
    await expect(createHostEnvironment({ key: key(2), dataFolder, logLevel: 'silent' })).rejects.toMatchObject({
      code: 'DISK_IN_USE',
    });
    await env.close();
    const next = await createHostEnvironment({ key: key(2), dataFolder, logLevel: 'silent' });
    opened.push(next);
  });

  it('does not hand out a spoilt blob, and takes it anew', async () => {
    const env = await node(1);
    const blobs = await env.disk.blobs();
    const content = Uint8Array.of(1, 2, 3);
    const hash = await blobs.put(content);
    await writeFile(join(folders[0] as string, 'blobs', hash.slice(0, 2), hash), Uint8Array.of(1, 2, 4));
    expect(await blobs.get(hash)).toBeUndefined();
    await blobs.put(content);
    expect(await blobs.get(hash)).toEqual(content);
  });
});

describe('host clock', () => {
  it('counts from the Unix epoch', async () => {
    const env = await node(1);
    expect(Math.abs(env.clock.now() / 1000 - Date.now())).toBeLessThan(1_000);
  });
});
