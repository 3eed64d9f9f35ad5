import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTSIDE_MESSAGE_BYTES_MAX } from '../../../limits.ts';
import type { MqttSource } from '../../outside.ts';
import { type OutsideBench, openBench } from './testing/outside-bench.ts';
import { matchesFilter } from './topic-filter.ts';

/** A broker of a test, which can lose its connections and come back at its port. */
class Broker {
  readonly aedes: Aedes;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;
  connections = 0;

  private constructor(aedes: Aedes) {
    this.aedes = aedes;
  }

  static async open(): Promise<Broker> {
    const aedes = await Aedes.createBroker({
      authenticate: (_client, user, password, done) => done(null, user === 'reader' && String(password) === 'secret'),
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic.startsWith('plant/private') ? null : subscription),
    });
    const broker = new Broker(aedes);
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    const server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.aedes.handle(socket);
    });
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
