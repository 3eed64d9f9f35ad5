import { expect, it } from 'vitest';
import { FRAME_BYTES_MAX } from '../../limits.ts';
import type { PeerEvent } from '../environment.ts';
import { type ContractWorld, connectedPair } from './contract-world.ts';
import { numbered, numberOf } from './numbered-frame.ts';

/** What every network does with frames. */
export function frameContract(world: () => ContractWorld): void {
  it('keeps the order of frames per priority, whatever their sizes', async () => {
    const received: Record<string, number[]> = { control: [], bulk: [] };
    const { left, right } = await connectedPair(world(), (_left, receiver) => {
      for (const priority of ['control', 'bulk'])
        receiver.network.onFrame(priority, (_from, frame) => received[priority]?.push(numberOf(frame)));
    });
    const count = 60;
    for (let number = 0; number < count; number++) {
      const frame = numbered(number, number % 7 === 0 ? 200_000 : 40);
      left.network.send(right.node, 'control', frame, 'control');
      left.network.send(right.node, 'bulk', frame, 'bulk');
    }
    await world().until(() => received['control']?.length === count && received['bulk']?.length === count, 'all frames');
    const inOrder = Array.from({ length: count }, (_, number) => number);
    expect(received).toEqual({ control: inOrder, bulk: inOrder });
  });

  it('carries a frame of the largest size and throws at a larger one', async () => {
    const sizes: number[] = [];
    const { left, right } = await connectedPair(world(), (_left, receiver) =>
      receiver.network.onFrame('size', (_from, frame) => sizes.push(frame.length)),
    );
    left.network.send(right.node, 'size', new Uint8Array(FRAME_BYTES_MAX));
    left.network.send(right.node, 'size', new Uint8Array());
    expect(() => left.network.send(right.node, 'size', new Uint8Array(FRAME_BYTES_MAX + 1))).toThrow(
      expect.objectContaining({ code: 'NETWORK_FRAME_TOO_LARGE' }),
    );
    await world().until(() => sizes.length === 2, 'both frames');
    expect(sizes).toEqual([FRAME_BYTES_MAX, 0]);
  });

  it('drops and counts what nobody can get', async () => {
    const { left, right } = await connectedPair(world());
    left.network.send(`0x${'9'.repeat(40)}`, 'lost', Uint8Array.of(1));
    expect(left.metrics.snapshot()['network_frames_dropped_total']).toBe(1);
    // Far more than the queue of a peer takes: what does not fit is dropped, the rest arrives.
    let arrived = 0;
    right.network.onFrame('flood', () => arrived++);
    for (let number = 0; number < 12; number++) left.network.send(right.node, 'flood', new Uint8Array(FRAME_BYTES_MAX));
    const dropped = (left.metrics.snapshot()['network_frames_dropped_total'] as number) - 1;
    expect(dropped).toBeGreaterThan(0);
    await world().until(() => arrived === 12 - dropped, 'the frames that fit');
    expect(left.network.peers()).toEqual([right.node]);
  });

  it('takes one handler per protocol', async () => {
    const { network } = await world().add();
    network.onFrame('once', () => {});
    network.onRequest('once', async (_from, body) => body);
    expect(() => network.onFrame('once', () => {})).toThrow(expect.objectContaining({ code: 'NETWORK_HANDLER_TAKEN' }));
    expect(() => network.onRequest('once', async (_from, body) => body)).toThrow(
      expect.objectContaining({ code: 'NETWORK_HANDLER_TAKEN' }),
    );
    expect(() => network.onFrame('', () => {})).toThrow(expect.objectContaining({ code: 'NETWORK_HANDLER_TAKEN' }));
  });

  for (const kind of ['garbage', 'oversized'] as const) {
    it(`drops a peer that sends a malformed frame (${kind}), and only that one`, async () => {
      const { left, right } = await connectedPair(world());
      right.network.onRequest('echo', async (_from, body) => body);
      const events: PeerEvent[] = [];
      right.network.onPeer((event) => events.push(event));
      const liar = await world().sendMalformed(right, kind);
      const goneFor = () => events.find((event) => event.type === 'disconnected' && event.peer === liar);
      await world().until(() => goneFor() !== undefined, 'the liar is dropped');
      expect(goneFor()).toMatchObject({ reason: expect.stringMatching(/\w/) });
      expect(right.metrics.snapshot()['network_peers_penalised_total']).toBe(1);
      expect(right.network.peers()).toEqual([left.node]);
      expect(await world().run(left.network.request(right.node, 'echo', Uint8Array.of(7)))).toEqual(Uint8Array.of(7));
    });
  }

  it('drops a peer whose frame its handler cannot take', async () => {
    const { left, right } = await connectedPair(world(), (_left, receiver) =>
      receiver.network.onFrame('strict', () => {
        throw new RangeError('not a vote');
      }),
    );
    left.network.send(right.node, 'strict', Uint8Array.of(0));
    await world().until(() => right.network.peers().length === 0 && left.network.peers().length === 0, 'the peer is dropped');
    expect(right.metrics.snapshot()['network_peers_penalised_total']).toBe(1);
  });

  it('drops a peer that a protocol complains about', async () => {
    const { left, right } = await connectedPair(world());
    right.network.penalise(left.node, 'it lied');
    await world().until(() => right.network.peers().length === 0 && left.network.peers().length === 0, 'the peer is dropped');
    expect(right.metrics.snapshot()['network_peers_penalised_total']).toBe(1);
  });
}
