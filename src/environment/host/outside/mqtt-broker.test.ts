import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTSIDE_MESSAGE_BYTES_MAX, OUTSIDE_TOPICS_MAX } from '../../../limits.ts';
import type { MqttSource } from '../../outside.ts';
import { MqttReader } from './mqtt-broker.ts';
import { type OutsideBench, openBench } from './testing/outside-bench.ts';
import { HAS_OPENSSL, selfSigned } from './testing/self-signed.ts';
import { matchesFilter } from './topic-filter.ts';

/** A broker of a test, which can lose its connections and come back at its port. */
class Broker {
  readonly aedes: Aedes;
  readonly #sockets = new Set<Socket>();
  readonly #identity: { readonly key: string; readonly cert: string } | undefined;
  #server: Server | undefined;
  port = 0;
  connections = 0;

  private constructor(aedes: Aedes, identity: { readonly key: string; readonly cert: string } | undefined) {
    this.aedes = aedes;
    this.#identity = identity;
  }

  static async open(identity?: { readonly key: string; readonly cert: string }): Promise<Broker> {
    const aedes = await Aedes.createBroker({
      authenticate: (_client, user, password, done) => done(null, user === 'reader' && String(password) === 'secret'),
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic.startsWith('plant/private') ? null : subscription),
    });
    const broker = new Broker(aedes, identity);
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    const accept = (socket: Socket): void => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.aedes.handle(socket);
    };
    const server = this.#identity === undefined ? createServer(accept) : createSecureServer(this.#identity, accept);
    this.#server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  publish(topic: string, payload: string, retain = false): Promise<void> {
    return new Promise((resolve, reject) =>
      this.aedes.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, retain, dup: false }, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
  }

  /** Resolves when somebody listens to the topic. */
  listened(topic: string): Promise<void> {
    return new Promise((resolve) => {
      const heard = (subscriptions: readonly { readonly topic: string }[]): void => {
        if (!subscriptions.some((subscription) => subscription.topic === topic)) return;
        this.aedes.removeListener('subscribe', heard);
        resolve();
      };
      this.aedes.on('subscribe', heard);
    });
  }
}

describe('an MQTT topic, read from a broker', () => {
  let broker: Broker;
  let bench: OutsideBench;
  const source = (topic: string): MqttSource => ({ kind: 'mqtt', broker: `mqtt://127.0.0.1:${broker.port}`, topic });
  const text = async (topic: string) => new TextDecoder().decode((await bench.read(source(topic))).content);
  const failure = (topic: string, options = {}) => bench.read(source(topic), options).catch((error: unknown) => error);

  beforeEach(async () => {
    broker = await Broker.open();
    const known = { user: 'reader', password: 'secret' };
    bench = await openBench({ mqtt: { [`mqtt://127.0.0.1:${broker.port}`]: { ...known, topics: ['plant/#'] } } });
  });

  afterEach(async () => {
    await bench.close();
    await broker.stop();
    await new Promise<void>((resolve) => broker.aedes.close(() => resolve()));
  });

  it('gives the retained message at once, and later the last one that came', async () => {
    await broker.publish('plant/oven', '{"celsius":21}', true);
    const first = await bench.read(source('plant/oven'));
    expect(new TextDecoder().decode(first.content)).toBe('{"celsius":21}');
    expect(first.mediaType).toBe('application/json');
    await broker.publish('plant/oven', 'hot');
    await expect.poll(() => text('plant/oven')).toBe('hot');
    const last = await bench.read(source('plant/oven'));
    expect(last.mediaType).toBe('text/plain');
    expect(last.observedAtMs).toBeGreaterThanOrEqual(first.observedAtMs);
    expect((await bench.read(source('plant/oven'))).observedAtMs).toBe(last.observedAtMs);
  });

  it('waits for the first message of a topic, over one connection for all topics', async () => {
    const listened = Promise.all(['plant/a', 'plant/b'].map((topic) => broker.listened(topic)));
    const both = Promise.all([text('plant/a'), text('plant/b'), text('plant/b')]);
    await listened;
    await broker.publish('plant/a', '1');
    await broker.publish('plant/b', '2');
    expect(await both).toEqual(['1', '2', '2']);
    expect(broker.connections).toBe(1);
  });

  it('says that a topic is silent, forbidden or too large', async () => {
    expect(await failure('plant/silent', { timeoutMicros: 300_000 })).toMatchObject({ code: 'OUTSIDE_TIMEOUT' });
    expect(await failure('office/door')).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await failure('plant/private/door')).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    await broker.publish('plant/large', 'x'.repeat(1000), true);
    expect(await failure('plant/large', { maxBytes: 999 })).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
    await broker.publish('plant/huge', 'x'.repeat(OUTSIDE_MESSAGE_BYTES_MAX + 1), true);
    expect(await failure('plant/huge')).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
  });

  it('forgets what it heard when the connection breaks, and listens again when the broker is back', async () => {
    await broker.publish('plant/oven', 'before', true);
    expect(await text('plant/oven')).toBe('before');
    await broker.stop();
    await expect
      .poll(() => failure('plant/oven', { timeoutMicros: 200_000 }))
      .toMatchObject({ code: expect.stringMatching(/TIMEOUT|UNREACHABLE/) });
    await broker.publish('plant/oven', 'after', true);
    await broker.start();
    expect(await text('plant/oven')).toBe('after');
  });

  it.skipIf(!HAS_OPENSSL)('is heard over TLS from a broker whose certificate is trusted', async () => {
    const secure = await Broker.open(await selfSigned(bench.folder));
    const address = `mqtts://127.0.0.1:${secure.port}`;
    await secure.publish('plant/oven', 'safe', true);
    const known = { user: 'reader', password: 'secret' };
    const trusting = await openBench({ mqtt: { [address]: { ...known, caFile: 'cert.pem' } } }, { folder: bench.folder });
    const reading = await trusting.read({ kind: 'mqtt', broker: address, topic: 'plant/oven' });
    expect(new TextDecoder().decode(reading.content)).toBe('safe');
    for (const caFile of [undefined, 'absent.pem']) {
      const other = await openBench({ mqtt: { [address]: { ...known, ...(caFile !== undefined && { caFile }) } } });
      await expect(other.read({ kind: 'mqtt', broker: address, topic: 'plant/oven' })).rejects.toMatchObject({
        code: 'OUTSIDE_UNREACHABLE',
      });
      await other.close();
    }
    await trusting.close();
    await secure.stop();
    await new Promise<void>((resolve) => secure.aedes.close(() => resolve()));
  });

  it('reads brokers of the configuration only, with their credentials', async () => {
    expect(
      await bench.read({ ...source('plant/oven'), broker: 'mqtt://127.0.0.1:1' }).catch((error: unknown) => error),
    ).toMatchObject({
      code: 'OUTSIDE_NOT_ALLOWED',
    });
    const stranger = await openBench({
      mqtt: { [`mqtt://127.0.0.1:${broker.port}`]: { user: 'reader', password: 'guessed' }, 'mqtt://127.0.0.1:1': {} },
    });
    const refused = await stranger.read(source('plant/oven')).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    expect(String(refused)).not.toContain('guessed');
    const absent = stranger.read({ ...source('plant/oven'), broker: 'mqtt://127.0.0.1:1' });
    await expect(absent).rejects.toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    await stranger.close();
  });
});

describe('a reader of topics', () => {
  let broker: Broker;
  beforeEach(async () => {
    broker = await Broker.open();
  });
  afterEach(async () => {
    await broker.stop();
    await new Promise<void>((resolve) => broker.aedes.close(() => resolve()));
  });

  const terms = () => ({ maxBytes: 1000, timeoutMicros: 1, signal: new AbortController().signal });
  const open = (nowMs: () => number, idleMs?: number) =>
    new MqttReader({
      address: `mqtt://127.0.0.1:${broker.port}`,
      broker: { user: 'reader', password: 'secret' },
      folder: '.',
      nowMs,
      ...(idleMs !== undefined && { idleMs }),
    });

  it('leaves the topic that was not read for longest when there are too many', async () => {
    let now = 0;
    const reader = open(() => now++);
    const read = (topic: string) => reader.read({ kind: 'mqtt', broker: '', topic }, terms());
    const left = once(broker.aedes, 'unsubscribe');
    const names = Array.from({ length: OUTSIDE_TOPICS_MAX + 1 }, (_, number) => `plant/${number}`);
    for (const name of names) await broker.publish(name, name, true);
    await Promise.all(names.slice(0, OUTSIDE_TOPICS_MAX).map(read));
    await read('plant/0');
    await read(names.at(-1) as string);
    expect((await left)[0]).toEqual(['plant/1']);
    expect(new TextDecoder().decode((await read('plant/1')).content)).toBe('plant/1');
    await reader.close();
  });

  it('leaves the broker when nothing is read any more, and comes back', async () => {
    let now = 0;
    const reader = open(() => now, 50);
    const read = () => reader.read({ kind: 'mqtt', broker: '', topic: 'plant/oven' }, terms());
    await broker.publish('plant/oven', '1', true);
    await read();
    const gone = once(broker.aedes, 'clientDisconnect');
    now = 51;
    await gone;
    await read();
    expect(broker.connections).toBe(2);
    await reader.close();
  });
});

describe('a topic filter', () => {
  it('has the wildcards of MQTT', () => {
    const examples: readonly (readonly [string, string, boolean])[] = [
      ['plant/oven', 'plant/oven', true],
      ['plant/oven', 'plant/oven/1', false],
      ['plant/oven/1', 'plant/oven', false],
      ['plant/+/celsius', 'plant/oven/celsius', true],
      ['plant/+', 'plant/oven/celsius', false],
      ['plant/#', 'plant/oven/celsius', true],
      ['plant/#', 'plant', true],
      ['#', 'plant/oven', true],
      ['#', '$SYS/uptime', false],
      ['+/uptime', '$SYS/uptime', false],
      ['$SYS/#', '$SYS/uptime', true],
      ['+', '/oven', false],
      ['+/+', '/oven', true],
    ];
    for (const [filter, topic, matches] of examples) expect(matchesFilter(filter, topic), `${filter} ${topic}`).toBe(matches);
  });
});
