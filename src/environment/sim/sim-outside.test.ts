import { describe, expect, it } from 'vitest';
import type { Environment, NodeId } from '../environment.ts';
import type { OutsideSource } from '../outside.ts';
import { createWorld, jsonAnswer, type NodeOptions, type World } from './index.ts';

const SECOND_MICROS = 1_000_000;
const OPTIONS = { timeoutMicros: 30 * SECOND_MICROS, maxBytes: 4_000_000 };
const oven: OutsideSource = { kind: 'http', url: 'https://plant.example/oven' };
const id = (number: number): NodeId => `0x${number.toString(16).padStart(40, '0')}`;

async function value(world: World, env: Environment, source: OutsideSource = oven): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode((await world.run(env.outside.read(source, OPTIONS))).content));
}

/** How long a read takes, in virtual time. */
async function readMicros(world: World, env: Environment, source: OutsideSource = oven): Promise<number> {
  const before = world.now;
  await world.run(env.outside.read(source, OPTIONS));
  return world.now - before;
}

describe('a simulated source', () => {
  it('has a value for each node and moment, which the later of two answers decides', async () => {
    const world = createWorld({ seed: 1 });
    const [honest, liar] = [world.addNode(id(1)), world.addNode(id(2))];
    world.outside.publish('https://plant.example/*', (_node, source, atMicros) =>
      jsonAnswer([source.kind, atMicros > world.now - 1]),
    );
    expect(await value(world, honest)).toEqual(['http', true]);
    const stop = world.outside.publish('*oven', (node) => (node === liar.node ? jsonAnswer('lie') : undefined));
    expect([await value(world, honest), await value(world, liar)]).toEqual([['http', true], 'lie']);
    stop();
    expect(await value(world, liar)).toEqual(['http', true]);
  });

  it('is found by the text of its source, whatever its kind', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(id(1));
    const sources: readonly (readonly [string, OutsideSource])[] = [
      ['mqtt://broker:1883/plant/oven', { kind: 'mqtt', broker: 'mqtt://broker:1883', topic: 'plant/oven' }],
      ['opc.tcp://oven:4840?ns=2;s=T', { kind: 'opcua', endpoint: 'opc.tcp://oven:4840', nodeId: 'ns=2;s=T' }],
      ['sql:erp?stock [7]', { kind: 'sql', database: 'erp', query: 'stock', parameters: [7] }],
      ['file:oven.json', { kind: 'file', name: 'oven.json' }],
    ];
    for (const [text] of sources) world.outside.publish(text, jsonAnswer(text));
    for (const [text, source] of sources) expect(await value(world, env, source)).toBe(text);
    await expect(world.run(env.outside.read({ kind: 'file', name: 'oven.txt' }, OPTIONS))).rejects.toMatchObject({
      code: 'OUTSIDE_UNREACHABLE',
    });
  });

  it('takes the way there and back, its own time, and the time of its content on the line of the node', async () => {
    const world = createWorld({ seed: 1 });
    world.outside.setWay({ latency: 20_000 });
    const line: NodeOptions = { downlinkBitsPerSecond: 10_000_000 };
    const [slow, fast] = [world.addNode(id(1), line), world.addNode(id(2))];
    world.outside.publish('*', { content: new Uint8Array(1_000_000), delayMicros: 5_000 });
    // 0.8 s at 10 Mbit/s, 8 ms at 1 Gbit/s.
    expect(Math.round((await readMicros(world, slow)) / 1000)).toBe(845);
    expect(Math.round((await readMicros(world, fast)) / 1000)).toBe(53);
    expect(world.stats()).toMatchObject({ outsideReads: 2, outsideBytes: 2_000_200 });
    // Content that is said to be large takes as long, without being there.
    world.outside.publish('*', jsonAnswer(1, { sizeBytes: 1_000_000 }));
    expect(Math.round((await readMicros(world, slow)) / 1000)).toBe(840);
  });

  it('shares the line with the frames of peers', async () => {
    const world = createWorld({ seed: 1 });
    const line: NodeOptions = { downlinkBitsPerSecond: 8_000_000 };
    const env = world.addNode(id(1), line);
    world.outside.publish('*', { content: new Uint8Array(500_000) });
    const alone = await readMicros(world, env);
    const before = world.now;
    await world.run(Promise.all([env.outside.read(oven, OPTIONS), env.outside.read(oven, OPTIONS)]));
    expect(world.now - before).toBeGreaterThan(1.9 * alone);
  });

  it('fails as it is told to, and tells a node that is cut nothing', async () => {
    const world = createWorld({ seed: 1 });
    const env = world.addNode(id(1));
    const failing = async (answer: Parameters<World['outside']['publish']>[1]) => {
      const stop = world.outside.publish('*', answer);
      const outcome = await world.run(env.outside.read(oven, { ...OPTIONS, maxBytes: 100 })).catch((error: unknown) => error);
      stop();
      return outcome;
    };
    expect(await failing({ failure: 'unreachable' })).toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    expect(await failing({ failure: 'refused', detail: 'not today' })).toMatchObject({
      code: 'OUTSIDE_REFUSED',
      detail: 'not today',
    });
    expect(await failing({ failure: 'notAllowed' })).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await failing({ failure: 'invalid' })).toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
    expect(await failing({ failure: 'silent' })).toMatchObject({ code: 'OUTSIDE_TIMEOUT' });
    expect(await failing({ content: 'late', delayMicros: OPTIONS.timeoutMicros })).toMatchObject({ code: 'OUTSIDE_TIMEOUT' });
    expect(await failing({ content: 'x', sizeBytes: 101 })).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
    world.outside.cut(env.node, true);
    expect(await failing({ content: 'x' })).toMatchObject({ code: 'OUTSIDE_TIMEOUT' });
    world.outside.cut(env.node, false);
    expect(await failing({ content: 'x' })).toMatchObject({ mediaType: 'text/plain' });
  });

  it('answers no dead node, and a stopped one when it goes on', async () => {
    const world = createWorld({ seed: 1 });
    const [dying, pausing] = [world.addNode(id(1)), world.addNode(id(2))];
    world.outside.publish('*', jsonAnswer(1));
    let heard = 0;
    const count = () => {
      heard++;
    };
    void dying.outside.read(oven, OPTIONS).then(count, count);
    world.crash(dying.node);
    await world.runFor(SECOND_MICROS);
    expect(heard).toBe(0);
    expect(await value(world, world.restart(dying.node))).toBe(1);
    const reading = pausing.outside.read(oven, OPTIONS);
    world.pause(pausing.node, 5 * SECOND_MICROS);
    const before = world.now;
    await world.run(reading);
    expect(world.now - before).toBeGreaterThanOrEqual(5 * SECOND_MICROS - 1);
  });

  it('is the same for the same seed', async () => {
    const hash = async (seed: number) => {
      const world = createWorld({ seed });
      world.outside.setWay({ latency: { kind: 'normal', meanMicros: 30_000, deviationMicros: 5_000 } });
      world.outside.publish('*', jsonAnswer(1));
      const envs = [1, 2, 3].map((number) => world.addNode(id(number)));
      for (let round = 0; round < 5; round++) await world.run(Promise.all(envs.map((env) => env.outside.read(oven, OPTIONS))));
      return world.traceHash();
    };
    expect(await hash(1)).toBe(await hash(1));
    expect(await hash(1)).not.toBe(await hash(2));
  });
});
