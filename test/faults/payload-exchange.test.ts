import { describe, expect, it } from 'vitest';
import type { Environment, NodeId } from '../../src/environment/index.ts';
import type { PayloadCommitment } from '../../src/ledger/payload/index.ts';
import {
  ChunkSet,
  chunkCountOf,
  chunkOf,
  decodeChunkFrame,
  decodeNotes,
  encodeChunkFrame,
  encodeNote,
  PAYLOAD_PROTOCOLS,
} from '../../src/ledger/payload/index.ts';
import { ExchangeWorld, idOf, SECOND } from '../../src/ledger/payload/testing/exchange-world.ts';
import { EXCHANGE_WINDOW_BYTES, PAYLOAD_BYTES_MAX } from '../../src/limits.ts';

/** A sealer that speaks the protocols as the test wants it to. */
async function liar(net: ExchangeWorld, id: NodeId, register: (environment: Environment) => void): Promise<Environment> {
  net.world.crash(id);
  const environment = net.world.restart(id);
  register(environment);
  await net.join(environment, [...net.nodes.keys()]);
  return environment;
}

const ignore = () => {};

async function bodiesAt(net: ExchangeWorld, seat: number, count: number): Promise<readonly PayloadCommitment[]> {
  const bodies: PayloadCommitment[] = [];
  for (let body = 0; body < count; body++) bodies.push(await net.put(net.node(seat)));
  net.expectEverywhere(...bodies);
  return bodies;
}

describe('a relay that keeps what it should pass on', () => {
  it('delays bodies by a pull and is then left out', async () => {
    const net = await ExchangeWorld.open({ sealers: 7 }, [6]);
    let kept = 0;
    const thief = await liar(net, idOf(7), ({ network }) => {
      network.onFrame(PAYLOAD_PROTOCOLS.chunk, ignore);
      network.onFrame(PAYLOAD_PROTOCOLS.relay, (from, frame) => {
        const content = decodeChunkFrame(frame);
        if (content.type !== 'chunk') return;
        kept++;
        const note = encodeNote({ type: 'relayed', root: content.root, index: content.chunk.index, done: true });
        network.send(from, PAYLOAD_PROTOCOLS.notes, note, 'control');
      });
      let arrived = 0;
      network.onFrame(PAYLOAD_PROTOCOLS.notes, (from, frame) => {
        for (const note of decodeNotes(frame)) {
          if (note.type !== 'offer') continue;
          const missing = ChunkSet.of(Array.from({ length: 16 }, (_, index) => index));
          network.send(
            from,
            PAYLOAD_PROTOCOLS.notes,
            encodeNote({ type: 'ready', root: note.root, missing, relays: true }),
            'control',
          );
        }
        arrived += 2 * EXCHANGE_WINDOW_BYTES;
        network.send(from, PAYLOAD_PROTOCOLS.notes, encodeNote({ type: 'credit', bytes: arrived }), 'control');
      });
    });
    const bodies = await bodiesAt(net, 0, 30);
    for (const commitment of bodies) net.node(0).exchange.spread(commitment);
    await net.untilHeld(bodies);
    expect(kept).toBeGreaterThan(0);
    expect(net.sum('payload_pulled_total')).toBeGreaterThan(0);
    expect(net.sum('payload_relays_rested_total')).toBeGreaterThan(0);
    const before = kept;
    const more = await bodiesAt(net, 0, 30);
    for (const commitment of more) net.node(0).exchange.spread(commitment);
    await net.untilHeld(more);
    expect(kept).toBe(before);
    expect(thief.network.peers()).toHaveLength(6);
  });
});

describe('a peer that sends what it should not', () => {
  it('is dropped for a chunk that does not lead to the root; the body comes from others', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 }, [3]);
    const forger = await liar(net, idOf(4), ({ network }) => {
      for (const protocol of Object.values(PAYLOAD_PROTOCOLS)) network.onFrame(protocol, ignore);
    });
    const { body, commitment } = net.body();
    const needy = net.node(1);
    needy.exchange.expect(commitment);
    const good = chunkOf(body, 3);
    const bytes = good.bytes.slice();
    bytes[100] = (bytes[100] as number) ^ 1;
    forger.network.send(needy.id, PAYLOAD_PROTOCOLS.chunk, encodeChunkFrame(commitment.root, { ...good, bytes }), 'bulk');
    await net.world.runFor(SECOND);
    expect(needy.environment.network.peers()).not.toContain(forger.node);
    expect(needy.store.missing(commitment)).toHaveLength(16);
    await net.world.run(net.node(0).store.putBody(commitment, body));
    net.node(0).exchange.spread(commitment);
    await net.untilHeld([commitment], 10, [net.node(0), needy]);
  });

  it('is refused before anything is kept, and dropped when it goes on', async () => {
    const net = await ExchangeWorld.open({ sealers: 4, bitsPerSecond: 1e9 }, [3]);
    const flooder = await liar(net, idOf(4), ({ network }) => {
      for (const protocol of Object.values(PAYLOAD_PROTOCOLS)) network.onFrame(protocol, ignore);
    });
    const { body, commitment } = net.body();
    const target = net.node(0);
    const frame = encodeChunkFrame(commitment.root, chunkOf(body, 0));
    let usedMax = 0;
    for (let sent = 0; sent < 1_000 && target.environment.network.peers().includes(flooder.node); sent++) {
      flooder.network.send(target.id, PAYLOAD_PROTOCOLS.chunk, frame, 'bulk');
      await net.world.runFor(2_000);
      usedMax = Math.max(usedMax, target.budget.usedBytes);
    }
    expect(target.environment.network.peers()).not.toContain(flooder.node);
    expect(target.environment.metrics.snapshot()['payload_chunks_refused_total']).toBeGreaterThan(500);
    expect(usedMax).toBe(0);
    expect(target.store.sizeBytes).toBe(0);
  });

  it('is dropped when it ignores its window', async () => {
    // A disk that takes ten seconds for a flush acknowledges nothing beyond the window.
    const net = await ExchangeWorld.open({ sealers: 4, bitsPerSecond: 1e9, syncMicros: 10 * SECOND }, [3]);
    const pusher = await liar(net, idOf(4), ({ network }) => {
      for (const protocol of Object.values(PAYLOAD_PROTOCOLS)) network.onFrame(protocol, ignore);
    });
    const target = net.node(0);
    for (let number = 0; number < 3; number++) {
      const { body, commitment } = net.body(PAYLOAD_BYTES_MAX);
      target.exchange.expect(commitment);
      for (let index = 0; index < chunkCountOf(body.length); index++) {
        pusher.network.send(target.id, PAYLOAD_PROTOCOLS.chunk, encodeChunkFrame(commitment.root, chunkOf(body, index)), 'bulk');
      }
    }
    await net.world.runFor(2 * SECOND);
    expect(target.environment.network.peers()).not.toContain(pusher.node);
    expect(target.environment.metrics.snapshot()['payload_window_ignored_total']).toBe(1);
    expect(target.budget.usedBytes).toBeLessThan(5 * EXCHANGE_WINDOW_BYTES);
  });

  it('is dropped for notes and frames that cannot be read', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 }, [3]);
    for (const protocol of Object.values(PAYLOAD_PROTOCOLS)) {
      const babbler = await liar(net, idOf(4), ({ network }) => {
        for (const each of Object.values(PAYLOAD_PROTOCOLS)) network.onFrame(each, ignore);
      });
      babbler.network.send(net.node(0).id, protocol, Uint8Array.of(0xee, 1, 2), 'bulk');
      await net.world.runFor(SECOND);
      expect(net.node(0).environment.network.peers()).not.toContain(babbler.node);
    }
  });
});

describe('a peer that does not answer', () => {
  it('harms only itself', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 }, [3]);
    await liar(net, idOf(4), ({ network }) => {
      for (const protocol of [PAYLOAD_PROTOCOLS.chunk, PAYLOAD_PROTOCOLS.relay]) network.onFrame(protocol, ignore);
      // It wants everything and acknowledges nothing.
      network.onFrame(PAYLOAD_PROTOCOLS.notes, (from, frame) => {
        for (const note of decodeNotes(frame)) {
          if (note.type !== 'offer') continue;
          const missing = ChunkSet.of(Array.from({ length: 16 }, (_, index) => index));
          network.send(
            from,
            PAYLOAD_PROTOCOLS.notes,
            encodeNote({ type: 'ready', root: note.root, missing, relays: true }),
            'control',
          );
        }
      });
    });
    const bodies = await bodiesAt(net, 0, 40);
    for (const commitment of bodies) net.node(0).exchange.spread(commitment);
    // 40 MB to two others through a line of 12.5 MB/s: 3.2 s at best, 6.4 s without any help.
    expect(await net.untilHeld(bodies)).toBeLessThan(12);
    expect(net.node(0).environment.metrics.snapshot()['payload_peers_stalled_total']).toBe(1);
  });

  it('is passed over by a pull', async () => {
    const net = await ExchangeWorld.open({ sealers: 4 }, [3]);
    const silent = await liar(net, idOf(4), ({ network }) => {
      for (const protocol of Object.values(PAYLOAD_PROTOCOLS)) network.onFrame(protocol, ignore);
    });
    const commitment = await net.put(net.node(1));
    await net.world.run(net.node(0).exchange.obtain(commitment, [silent.node, net.node(1).id]), 8 * SECOND);
    expect(net.node(0).store.holds(commitment.root)).toBe(true);
  });
});

describe('misfortune', () => {
  it('of frames that are lost leaves no window closed', async () => {
    const net = await ExchangeWorld.open({ sealers: 4, seed: 3 });
    for (const from of net.sealers) {
      for (const to of net.sealers) if (from !== to) net.world.setLink(from, to, { loss: 0.05, lossMode: 'drop' });
    }
    for (let round = 0; round < 3; round++) {
      const bodies = await bodiesAt(net, round, 20);
      for (const commitment of bodies) net.node(round).exchange.spread(commitment);
      await net.untilHeld(bodies, 120);
    }
    expect(net.sum('payload_pulled_total')).toBeGreaterThan(0);
  });

  it('of a receiver that crashes halfway costs only what was not on its disk', async () => {
    const net = await ExchangeWorld.open({ sealers: 4, bitsPerSecond: 10e6 });
    const { body, commitment } = net.body(PAYLOAD_BYTES_MAX);
    await net.world.run(net.node(0).store.putBody(commitment, body));
    net.expectEverywhere(commitment);
    net.node(0).exchange.spread(commitment);
    const victim = net.node(3);
    await net.world.runUntil(() => victim.store.missing(commitment).length <= 32, 60 * SECOND);
    net.world.crash(victim.id);
    net.nodes.delete(victim.id);
    const back = await net.openNode(net.world.restart(victim.id));
    const missing = back.store.missing(commitment).length;
    expect(missing).toBeLessThan(64);
    back.exchange.expect(commitment);
    await net.untilHeld([commitment]);
    expect(back.environment.metrics.snapshot()['payload_chunks_received_total']).toBe(missing);
  });

  it('of a source that dies lets the others help each other with what arrived', async () => {
    const net = await ExchangeWorld.open({ sealers: 4, bitsPerSecond: 20e6 });
    const commitment = await net.put(net.node(0));
    net.expectEverywhere(commitment);
    net.node(0).exchange.spread(commitment);
    await net.world.runUntil(() => net.node(1).store.holds(commitment.root), 60 * SECOND);
    net.world.crash(idOf(1));
    net.nodes.delete(idOf(1));
    await net.world.run(
      Promise.all(net.all.map(({ exchange, id }) => exchange.obtain(commitment, id === idOf(2) ? [] : [idOf(2)]))),
    );
    await net.untilHeld([commitment]);
  });

  it('of too little memory slows down and stays inside it', async () => {
    const net = await ExchangeWorld.open({ sealers: 4, budgetBytes: 1024 * 1024 });
    const bodies: PayloadCommitment[] = [];
    for (let body = 0; body < 12; body++) bodies.push(await net.put(net.node(body % 4)));
    net.expectEverywhere(...bodies);
    for (const [body, commitment] of bodies.entries()) net.node(body % 4).exchange.spread(commitment);
    await net.untilHeld(bodies, 120);
    expect(net.sum('payload_bodies_whole_total')).toBe(36);
  });

  it('of a relay that dies is mended by pulls', async () => {
    const net = await ExchangeWorld.open({ sealers: 7 });
    const bodies = await bodiesAt(net, 0, 30);
    for (const commitment of bodies) net.node(0).exchange.spread(commitment);
    await net.world.runFor(500_000);
    for (const id of [idOf(3), idOf(5)]) {
      net.world.crash(id);
      net.nodes.delete(id);
    }
    await net.untilHeld(bodies);
  });
});
