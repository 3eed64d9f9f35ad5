import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reading } from '../environment/index.ts';
import { createWorld } from '../environment/sim/index.ts';
import { TreadleError } from '../errors.ts';
import { followBroker } from './telemetry-mqtt.ts';

let broker: Aedes;
let server: Server;
let address: string;

beforeEach(async () => {
  broker = await Aedes.createBroker({
    authenticate: (_client, user, password, done) => done(null, user === 'node' && String(password) === 'secret'),
  });
  server = createServer((socket) => broker.handle(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise<void>((resolve) => broker.close(resolve));
  server.close();
});

const topics = [
  { topic: 'plant/+/temperature', twin: '{1}', metric: 'temperature' },
  { topic: 'plant/+/state', twin: '{1}', metric: 'oven', value: 'oven.celsius', time: 'at' },
];

/** A node that takes readings, as far as the broker sees it; its log is full for as long as `full` says so. */
async function follow(taken: Reading[], full: () => boolean = () => false) {
  const environment = createWorld({ seed: 'mqtt' }).addNode(`0x${'11'.repeat(20)}`);
  const service = {
    add: async (readings: readonly Reading[]) => {
      if (full()) throw new TreadleError('TWINS_LOG_FULL');
      taken.push(...readings);
      return { accepted: readings.length, first: 0 };
    },
  };
  const subscribed = once(broker, 'subscribe');
  const end = await followBroker(
    { address, user: 'node', password: 'secret', topics },
    { service, environment, twins: ['press-*'] },
  );
  await subscribed;
  return { end, dropped: () => environment.metrics.snapshot()['telemetry_messages_dropped_total'] ?? 0 };
}

function publish(topic: string, payload: string): Promise<void> {
  return new Promise((resolve, reject) =>
    broker.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false }, (error) =>
      error ? reject(error) : resolve(),
    ),
  );
}

describe('a broker whose messages are readings', () => {
  it('has its topics mapped to twins and metrics', async () => {
    const taken: Reading[] = [];
    const { end, dropped } = await follow(taken);
    await publish('plant/press-1/temperature', '21.5');
    await publish('plant/press-2/temperature', 'broken');
    await publish('plant/press-1/state', '{"oven": {"celsius": 180}, "at": 1700000000000}');
    await publish('plant/press-1/state', '{"oven": {}}');
    await publish('plant/lathe/temperature', '3');
    await publish('plant/press-1/pressure', '3');
    await publish('plant/press-3/temperature', '-1e2');
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(4);
    expect(taken).toMatchObject([
      { twin: 'press-1', metric: 'temperature', value: 21.5, timeMs: expect.any(Number) },
      { twin: 'press-2', metric: 'temperature', value: 'broken' },
      { twin: 'press-1', metric: 'oven', value: 180, timeMs: 1_700_000_000_000 },
      { twin: 'press-3', metric: 'temperature', value: -100 },
    ]);
    expect(dropped()).toBe(2);
    await end();
  });

  it('keeps what the node could not take, until it comes back', async () => {
    const taken: Reading[] = [];
    const { end } = await follow(taken, () => true);
    await publish('plant/press-1/temperature', '1');
    await publish('plant/press-1/temperature', '2');
    await end();
    await publish('plant/press-1/temperature', '3');
    const again = await follow(taken);
    await expect.poll(() => taken.map(({ value }) => value), { timeout: 10_000 }).toEqual([1, 2, 3]);
    await again.end();
  });
});
