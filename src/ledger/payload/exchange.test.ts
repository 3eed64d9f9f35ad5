import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import {
  EXCHANGE_LANE_CHUNKS_MAX,
  EXCHANGE_LANE_PULLS_MAX,
  EXCHANGE_OBTAIN_IDLE_MICROS,
  EXCHANGE_PACE_START_BYTES,
  EXCHANGE_UNDER_WAY_MICROS,
  EXCHANGE_USELESS_CHUNKS_MAX,
  EXCHANGE_WINDOW_BYTES,
  PAYLOAD_BYTES_MAX,
  PAYLOAD_CHUNK_BYTES,
} from '../../limits.ts';
import { ChunkSet } from './exchange-chunk-set.ts';
import { Inflow } from './exchange-inflow.ts';
import { Lane, type LaneJob } from './exchange-lane.ts';
import { LinePace } from './exchange-pace.ts';
import { decodeChunkFrame, decodeNotes, encodeChunkFrame, encodeNote, encodeSyncFrame, type Note } from './exchange-wire.ts';
import { chunkCountOf, chunkOf } from './payload-tree.ts';
import { ExchangeWorld, idOf, SECOND } from './testing/exchange-world.ts';

const CHUNKS_MAX = PAYLOAD_BYTES_MAX / PAYLOAD_CHUNK_BYTES;
const indexes = fc.uniqueArray(fc.integer({ min: 0, max: CHUNKS_MAX - 1 }));
const root = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const plain = (note: Note) => ('missing' in note ? { ...note, missing: [...note.missing] } : note);

describe('the wire format', () => {
  it('brings notes across as they were', () => {
    const set = indexes.map((all) => ChunkSet.of(all));
    const note: fc.Arbitrary<Note> = fc.oneof(
      fc.record({ type: fc.constantFrom('offer' as const, 'settled' as const), root }),
      fc.record({ type: fc.constant('ready' as const), root, missing: set, relays: fc.boolean() }),
      fc.record({
        type: fc.constantFrom('pull' as const, 'lack' as const, 'later' as const, 'none' as const),
        root,
        missing: set,
      }),
      fc.record({ type: fc.constant('relayed' as const), root, index: fc.integer({ min: 0, max: 65_535 }), done: fc.boolean() }),
      fc.record({ type: fc.constant('credit' as const), bytes: fc.maxSafeNat().map((bytes) => bytes % 2 ** 48) }),
    );
    fc.assert(
      fc.property(fc.array(note), (notes) => {
        const frame = Uint8Array.from(notes.flatMap((each) => [...encodeNote(each)]));
        expect(decodeNotes(frame).map(plain)).toEqual(notes.map(plain));
      }),
    );
  });

  it('refuses what is cut short or of no known kind', () => {
    const offer = encodeNote({ type: 'offer', root: `0x${'11'.repeat(32)}` });
    for (let length = 1; length < offer.length; length++)
      expect(() => decodeNotes(offer.subarray(0, length))).toThrow(/malformed/);
    expect(() => decodeNotes(Uint8Array.of(99))).toThrow(/malformed/);
    for (const frame of [new Uint8Array(0), Uint8Array.of(0, 1, 2), Uint8Array.of(2, 1, 2), new Uint8Array(36)]) {
      expect(() => decodeChunkFrame(frame)).toThrow(/malformed/);
    }
  });

  it('brings chunks and counts across, the chunk in the memory of its frame', () => {
    const body = new Uint8Array(3 * PAYLOAD_CHUNK_BYTES + 5).fill(9);
    const chunk = chunkOf(body, 3);
    const frame = encodeChunkFrame(`0x${'22'.repeat(32)}`, chunk);
    const read = decodeChunkFrame(frame);
    expect(read).toEqual({ type: 'chunk', root: `0x${'22'.repeat(32)}`, chunk });
    expect(read.type === 'chunk' && read.chunk.bytes.buffer === frame.buffer).toBe(true);
    expect(decodeChunkFrame(encodeSyncFrame(2 ** 40 + 7))).toEqual({ type: 'sync', sentBytes: 2 ** 40 + 7 });
  });

  it('has sets that are sets', () => {
    fc.assert(
      fc.property(indexes, indexes, (added, deleted) => {
        const set = ChunkSet.of(added);
        for (const index of deleted) expect(set.delete(index)).toBe(added.includes(index));
        const left = added.filter((index) => !deleted.includes(index)).sort((one, other) => one - other);
        expect([...set]).toEqual(left);
        expect([...set.copy()]).toEqual(left);
        expect(set.size).toBe(left.length);
      }),
    );
  });
});

describe('a lane', () => {
  const job = (index: number) => ({ name: { root: '0x1' as const, index }, sizeBytes: 100_000 });

  it('sends pulled chunks first, each once, and no more than the window', () => {
    const lane = new Lane(idOf(1), 0);
    const left: boolean[] = [];
    const [first, second] = [job(1), job(2)];
    const third = { ...job(3), left: (sent: boolean) => left.push(sent) };
    for (const each of [first, second, third]) lane.push(each);
    lane.pull(third);
    lane.push(first);
    expect([lane.take(), lane.take(), lane.take(), lane.take()].map((taken) => taken?.name.index)).toEqual([3, 1, 2, undefined]);
    expect(lane.waitingBytes).toBe(0);
    // It was only moved: nobody is told that it will not be sent.
    expect(left).toEqual([]);
    for (let index = 10; index < 90; index++) lane.push({ ...job(index), sizeBytes: 50_000 });
    const sendAll = (now: number): number => {
      let sent = 0;
      for (; lane.open; sent++) lane.sent((lane.take() as LaneJob).name, 50_000, now);
      return sent;
    };
    // Until it is known how fast they arrive, one; then what arrives in half a second; on a fast line the window.
    expect(sendAll(0)).toBe(1);
    expect(lane.credit(50_000, 250_000)).toBe(50_000);
    expect(sendAll(250_000)).toBe(Math.floor((EXCHANGE_PACE_START_BYTES + 200_000 * (EXCHANGE_UNDER_WAY_MICROS / 1e6)) / 50_000));
    for (let now = 300_000; now < 500_000; now += 50_000) {
      lane.credit(1e9, now);
      sendAll(now);
    }
    lane.credit(1e9, 1_000_000);
    for (let index = 100; index < 150; index++) lane.push({ ...job(index), sizeBytes: 50_000 });
    sendAll(1_000_000);
    lane.credit(1e9, 1_050_001);
    expect(sendAll(1_050_001)).toBe(Math.floor(EXCHANGE_WINDOW_BYTES / 50_000));
    expect(lane.credit(1e9, 1_050_002)).toBe(50_000 * Math.floor(EXCHANGE_WINDOW_BYTES / 50_000));
    expect(lane.inFlightBytes).toBe(0);
  });

  it('is bounded', () => {
    const lane = new Lane(idOf(1), 0);
    for (let index = 0; index < EXCHANGE_LANE_CHUNKS_MAX; index++) expect(lane.push(job(index))).toBe(true);
    expect(lane.push(job(-1))).toBe(false);
    for (let index = 0; index < EXCHANGE_LANE_PULLS_MAX; index++) expect(lane.pull(job(1e6 + index))).toBe(true);
    expect(lane.pull(job(-2))).toBe(false);
  });
});

describe('the pace of a line', () => {
  it('follows what is acknowledged while something is under way, and not the pauses', () => {
    const pace = new LinePace();
    expect(pace.carries(SECOND, 77)).toBe(77);
    expect(pace.window({ start: 100, max: 1_000_000 })).toBe(100);
    for (let now = 0; now < 60 * SECOND; now += 10 * SECOND) {
      pace.begin(now);
      for (let ms = 250; ms <= 2_000; ms += 250) pace.arrived(PAYLOAD_CHUNK_BYTES, now + 1_000 * ms);
    }
    expect(pace.carries(SECOND, 0)).toBeCloseTo(4 * PAYLOAD_CHUNK_BYTES);
    expect(pace.window({ start: 100, max: 1_000_000 })).toBeCloseTo(
      100 + 4 * PAYLOAD_CHUNK_BYTES * (EXCHANGE_UNDER_WAY_MICROS / 1e6),
    );
    expect(pace.window({ start: 100, max: 1_000 })).toBe(1_000);
  });
});

describe('what one peer sends', () => {
  it('is acknowledged as it comes, and only so far as the disk keeps up', () => {
    const inflow = new Inflow();
    inflow.received(EXCHANGE_WINDOW_BYTES);
    expect(inflow.credit()).toBe(EXCHANGE_WINDOW_BYTES);
    inflow.storing(EXCHANGE_WINDOW_BYTES);
    inflow.received(500);
    inflow.storing(500);
    expect(inflow.credit()).toBe(EXCHANGE_WINDOW_BYTES);
    inflow.received(2 * EXCHANGE_WINDOW_BYTES);
    inflow.storing(2 * EXCHANGE_WINDOW_BYTES);
    expect(inflow.isTooMuch).toBe(true);
    inflow.stored(3 * EXCHANGE_WINDOW_BYTES);
    expect(inflow.credit()).toBeGreaterThan(2 * EXCHANGE_WINDOW_BYTES);
    expect(inflow.isTooMuch).toBe(false);
  });

  it('counts as arrived when it was lost on the way', () => {
    const inflow = new Inflow();
    inflow.received(100);
    inflow.sync(1_000);
    expect(inflow.credit()).toBe(1_000);
  });

  it('may be useless for a while', () => {
    const inflow = new Inflow();
    inflow.used();
    for (let chunk = 0; chunk <= EXCHANGE_USELESS_CHUNKS_MAX; chunk++) expect(inflow.wasted()).toBe(false);
    expect(inflow.wasted()).toBe(true);
  });
});

describe('bodies', () => {
  it('go from where they came in to every sealer, every chunk once', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const bodies = [await net.put(net.node(0)), await net.put(net.node(1), 1), await net.put(net.node(2), PAYLOAD_BYTES_MAX)];
    net.expectEverywhere(...bodies);
    for (const [seat, commitment] of bodies.entries()) net.node(seat).exchange.spread(commitment);
    await net.untilHeld(bodies);
    const chunks = bodies.reduce((sum, { lengthBytes }) => sum + chunkCountOf(lengthBytes), 0);
    expect(net.sum('payload_chunks_sent_total')).toBe(3 * chunks);
    expect(net.sum('payload_pulls_total')).toBe(0);
    await net.world.runFor(SECOND);
    expect(net.all.map(({ budget }) => budget.usedBytes)).toEqual([0, 0, 0, 0]);
  });

  it('wait until their transaction is known: nothing is sent before', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const commitment = await net.put(net.node(0));
    net.node(0).exchange.spread(commitment);
    await net.world.runFor(SECOND);
    expect(net.sum('payload_chunks_sent_total')).toBe(0);
    net.node(2).exchange.expect(commitment);
    await net.untilHeld([commitment], 5, [net.node(2)]);
    expect(net.sum('payload_chunks_sent_total')).toBe(16);
    expect(net.node(1).store.holds(commitment.root)).toBe(false);
  });

  it('go through relays when one node has more to send than its line takes', async () => {
    const net = await ExchangeWorld.open({ sealers: 7 });
    const bodies = [];
    for (let body = 0; body < 20; body++) bodies.push(await net.put(net.node(0)));
    net.expectEverywhere(...bodies);
    for (const commitment of bodies) net.node(0).exchange.spread(commitment);
    const seconds = await net.untilHeld(bodies);
    // Alone, the node would need 6 x 20 MB at 12.5 MB/s: 9.6 s.
    expect(seconds).toBeLessThan(3);
    expect(net.sum('payload_relayed_total')).toBeGreaterThan(200);
    expect(net.sum('payload_chunks_sent_total')).toBeLessThan(1.03 * 6 * 20 * 16);
  });

  it('of an observer with one connection reach every sealer', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const observer = await net.openNode(net.addNode(idOf(100)), [net.sealers[1] as `0x${string}`]);
    const commitment = await net.put(observer);
    net.expectEverywhere(commitment);
    observer.exchange.spread(commitment);
    await net.untilHeld([commitment]);
    expect(net.sum('payload_chunks_sent_total')).toBe(4 * 16);
  });

  it('are offered to a sealer that connects later', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 }, [3]);
    const commitment = await net.put(net.node(0));
    net.expectEverywhere(commitment);
    net.node(0).exchange.spread(commitment);
    await net.untilHeld([commitment]);
    net.world.crash(idOf(4));
    const late = await net.openNode(net.world.restart(idOf(4)));
    late.exchange.expect(commitment);
    await net.untilHeld([commitment]);
    expect(late.environment.metrics.snapshot()['payload_pulls_total']).toBeUndefined();
  });

  it('run the same way with the same seed', async () => {
    const hashes = [];
    for (let run = 0; run < 2; run++) {
      const net = await ExchangeWorld.open({ sealers: 7, seed: 11 });
      const bodies = [];
      for (let body = 0; body < 6; body++) bodies.push(await net.put(net.node(body % 2)));
      net.expectEverywhere(...bodies);
      for (const [at, commitment] of bodies.entries()) net.node(at % 2).exchange.spread(commitment);
      await net.untilHeld(bodies);
      hashes.push(net.world.traceHash());
    }
    expect(hashes[0]).toBe(hashes[1]);
  });
});

describe('on a thin line', () => {
  const thin = { sealers: 4, bitsPerSecond: 2e6 } as const;
  const sizes = 95_000;

  it('what a proposal needs overtakes what waits before it', async () => {
    const net = await ExchangeWorld.open(thin);
    const bodies = [];
    for (let body = 0; body < 40; body++) bodies.push(await net.put(net.node(0), sizes));
    net.expectEverywhere(...bodies);
    for (const commitment of bodies) net.node(0).exchange.spread(commitment);
    await net.world.runFor(2 * SECOND);
    const last = bodies.at(-1) as (typeof bodies)[number];
    const from = net.world.now;
    await net.world.run(net.node(1).exchange.obtain(last, [net.node(0).id]), 60 * SECOND);
    // In its turn it would come after 40 x 3 x 95 kB: 45 s.
    expect(net.world.now - from).toBeLessThan(5 * SECOND);
    await net.untilHeld(bodies, 120);
  });

  it('what nobody waits for takes its turn, and comes once', async () => {
    const net = await ExchangeWorld.open(thin);
    const bodies = [];
    for (let body = 0; body < 20; body++) bodies.push(await net.put(net.node(body % 4), sizes));
    net.expectEverywhere(...bodies);
    for (const [at, commitment] of bodies.entries()) net.node(at % 4).exchange.spread(commitment);
    const waits = bodies.map((commitment, at) => net.node((at + 1) % 4).exchange.obtain(commitment, [], { patient: true }));
    const seconds = await net.untilHeld(bodies, 60);
    await Promise.all(waits);
    // 60 times 95 kB over four lines of 250 kB/s take 5.7 s.
    expect(seconds).toBeLessThan(9);
    expect(net.sum('payload_chunks_sent_total')).toBeLessThan(1.1 * 20 * 3 * 2);
  });

  it('everybody hears when a quorum holds a body, from who spreads it', async () => {
    const net = await ExchangeWorld.open(thin);
    const commitment = await net.put(net.node(0), sizes);
    const reach = () => net.all.map(({ exchange }) => exchange.reachOf(commitment.root));
    const [, second, third] = net.all;
    for (const node of [second, third]) node?.exchange.expect(commitment);
    expect(reach()).toEqual([undefined, undefined, undefined, undefined]);
    net.node(0).exchange.spread(commitment);
    await net.world.runFor(SECOND / 4);
    expect(reach()[0]).toBe('fewer');
    expect(second?.exchange.isOffered(commitment.root)).toBe(true);
    await net.untilHeld([commitment], 5, [net.node(1), net.node(2)]);
    await net.world.runFor(SECOND / 4);
    expect(reach()).toEqual(['quorum', 'quorum', 'quorum', 'quorum']);
    // Who holds it later may be connected later as well, and is told.
    net.node(0).exchange.release(commitment.root);
    expect(reach()[0]).toBeUndefined();
  });

  it('no more is under way than arrives in a moment, so that what comes next is soon there', async () => {
    const net = await ExchangeWorld.open(thin);
    const bodies = [];
    for (let body = 0; body < 10; body++) bodies.push(await net.put(net.node(0)));
    net.expectEverywhere(...bodies);
    for (const commitment of bodies) net.node(0).exchange.spread(commitment);
    await net.world.runFor(20 * SECOND);
    const { network } = net.node(0).environment;
    const from = net.world.now;
    let arrived = 0;
    net.node(1).environment.network.onFrame('probe', () => {
      arrived = net.world.now;
    });
    network.send(net.node(1).id, 'probe', new Uint8Array(60_000), 'bulk');
    await net.world.runFor(10 * SECOND);
    expect(arrived).toBeGreaterThan(from);
    expect(arrived - from).toBeLessThan(3 * SECOND);
  });
});

describe('a body that is needed', () => {
  it('is pulled from several holders at once', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const { body, commitment } = net.body(PAYLOAD_BYTES_MAX);
    const holders = [net.node(0), net.node(1), net.node(2)];
    for (const { store } of holders) await net.world.run(store.putBody(commitment, body));
    const needy = net.node(3);
    await net.world.run(
      needy.exchange.obtain(
        commitment,
        holders.map(({ id }) => id),
      ),
    );
    expect(needy.store.holds(commitment.root)).toBe(true);
    for (const { environment } of holders) {
      expect(environment.metrics.snapshot()['payload_chunks_sent_total']).toBeGreaterThan(10);
    }
    expect(net.sum('payload_chunks_sent_total')).toBe(64);
    await net.world.run(needy.exchange.obtain(commitment, []));
  });

  it('is found although the one named does not hold it', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const commitment = await net.put(net.node(1));
    await net.world.run(net.node(3).exchange.obtain(commitment, [net.node(0).id]), 3 * SECOND);
    expect(net.node(3).store.holds(commitment.root)).toBe(true);
  });

  it('is waited for while it is being pushed, and not pulled as well', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const commitment = await net.put(net.node(0));
    net.expectEverywhere(commitment);
    net.node(0).exchange.spread(commitment);
    await net.world.runFor(30_000);
    const obtained = net.all.map(({ exchange }) => exchange.obtain(commitment, [net.node(0).id]));
    await net.world.run(Promise.all(obtained));
    expect(net.sum('payload_chunks_sent_total')).toBe(48);
    expect(net.sum('payload_pulls_total')).toBe(0);
  });

  it('is missing when nobody holds it, and may be asked for again', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const { body, commitment } = net.body();
    const from = net.world.now;
    const { exchange, store } = net.node(3);
    await expect(net.world.run(exchange.obtain(commitment, []))).rejects.toMatchObject({
      code: 'PAYLOAD_MISSING',
      data: { root: commitment.root },
    });
    expect(net.world.now - from).toBeLessThan(2 * EXCHANGE_OBTAIN_IDLE_MICROS);
    await net.world.run(net.node(0).store.putBody(commitment, body));
    await net.world.run(exchange.obtain(commitment, []));
    expect(store.holds(commitment.root)).toBe(true);
  });

  it('is not waited for any more once it is released or the exchange closes', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 });
    const [one, other] = [net.body().commitment, net.body().commitment];
    const { exchange } = net.node(0);
    const waits = [exchange.obtain(one, []), exchange.obtain(other, [])].map((wait) => wait.catch((error: unknown) => error));
    exchange.release(one.root);
    expect(await net.world.run(waits[0] as Promise<unknown>)).toMatchObject({ code: 'PAYLOAD_MISSING' });
    await exchange.close();
    expect(await net.world.run(waits[1] as Promise<unknown>)).toMatchObject({ code: 'PAYLOAD_MISSING' });
    await expect(exchange.obtain(one, [])).rejects.toMatchObject({ code: 'PAYLOAD_MISSING' });
  });
});
