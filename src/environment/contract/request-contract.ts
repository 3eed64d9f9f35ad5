import { expect, it } from 'vitest';
import { TreadleError } from '../../errors.ts';
import { FRAME_BYTES_MAX, PEER_REQUESTS_MAX } from '../../limits.ts';
import { type ContractWorld, connectedPair } from './contract-world.ts';
import { numbered, numberOf } from './numbered-frame.ts';

/** What every network does with requests. */
export function requestContract(world: () => ContractWorld): void {
  it('answers requests both ways, many at once', async () => {
    const { left, right } = await connectedPair(world(), (...nodes) => {
      for (const env of nodes) env.network.onRequest('echo', async (_from, body) => body);
    });
    const count = PEER_REQUESTS_MAX + 100;
    const asked = Array.from({ length: count }, (_, number) => left.network.request(right.node, 'echo', numbered(number, 4)));
    const back = right.network.request(left.node, 'echo', new Uint8Array(FRAME_BYTES_MAX));
    const answers = await world().run(Promise.all(asked));
    expect(answers.map(numberOf)).toEqual(Array.from({ length: count }, (_, number) => number));
    expect((await world().run(back)).length).toBe(FRAME_BYTES_MAX);
  });

  it('carries the error of the handler: code, detail and data', async () => {
    const data = { height: 12n, hash: Uint8Array.of(1, 2), names: ['a'], nested: { deep: true } };
    const { left, right } = await connectedPair(world(), (_left, receiver) => {
      receiver.network.onRequest('typed', async () => {
        throw new TreadleError('NETWORK_BUSY', { detail: 'the pool is full', data });
      });
      receiver.network.onRequest('untyped', async () => {
        throw new Error('the password is 1234');
      });
    });
    const typed = world().run(left.network.request(right.node, 'typed', new Uint8Array()));
    await expect(typed).rejects.toMatchObject({ code: 'NETWORK_BUSY', detail: 'the pool is full', data });
    const untyped: unknown = await world()
      .run(left.network.request(right.node, 'untyped', new Uint8Array()))
      .catch((error: unknown) => error);
    expect(untyped).toMatchObject({ code: 'PEER_INTERNAL' });
    expect(String(untyped)).not.toContain('1234');
  });

  it('answers for a protocol that is not spoken, and for an answer that is too large', async () => {
    const { left, right } = await connectedPair(world(), (_left, receiver) =>
      receiver.network.onRequest('huge', async () => new Uint8Array(FRAME_BYTES_MAX + 1)),
    );
    const ask = (protocol: string) => world().run(left.network.request(right.node, protocol, new Uint8Array()));
    await expect(ask('unknown')).rejects.toMatchObject({ code: 'NETWORK_NO_HANDLER' });
    await expect(ask('huge')).rejects.toMatchObject({ code: 'NETWORK_FRAME_TOO_LARGE' });
    await expect(
      world().run(left.network.request(right.node, 'huge', new Uint8Array(FRAME_BYTES_MAX + 1))),
    ).rejects.toMatchObject({
      code: 'NETWORK_FRAME_TOO_LARGE',
    });
  });

  it('times out, and ignores an answer that comes later', async () => {
    let answer: (body: Uint8Array) => void = () => {};
    const { left, right } = await connectedPair(world(), (_left, receiver) => {
      receiver.network.onRequest('slow', () => new Promise((resolve) => (answer = resolve)));
      receiver.network.onRequest('echo', async (_from, body) => body);
    });
    const slow = world().run(left.network.request(right.node, 'slow', new Uint8Array(), { timeoutMicros: 50_000 }));
    await expect(slow).rejects.toMatchObject({ code: 'NETWORK_TIMEOUT' });
    answer(Uint8Array.of(9));
    expect(await world().run(left.network.request(right.node, 'echo', Uint8Array.of(1)))).toEqual(Uint8Array.of(1));
  });

  it('fails what is under way when the peer leaves, and at once when it is not there', async () => {
    const { left, right } = await connectedPair(world(), (_left, receiver) =>
      receiver.network.onRequest('never', () => new Promise(() => {})),
    );
    const asked = left.network.request(right.node, 'never', new Uint8Array());
    const settled = world()
      .run(asked)
      .catch((error: unknown) => error);
    left.network.disconnect(right.node, 'enough');
    expect(await settled).toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    await expect(left.network.request(right.node, 'never', new Uint8Array())).rejects.toMatchObject({
      code: 'NETWORK_UNREACHABLE',
    });
  });
}
