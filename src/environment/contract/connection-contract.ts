import { expect, it } from 'vitest';
import { HELLO_BYTES_MAX } from '../../limits.ts';
import type { Admission, Environment, Handshake, PeerEvent } from '../environment.ts';
import { type ContractWorld, connectedPair, openDoor } from './contract-world.ts';

/** What every network does with connections. */
export function connectionContract(world: () => ContractWorld): void {
  it('connects two nodes, tells both, and shows each the hello of the other', async () => {
    const events = new Map<string, PeerEvent[]>();
    const { left, right } = await connectedPair(world(), listenTo(events));
    expect(left.network.peers()).toEqual([right.node]);
    expect(right.network.peers()).toEqual([left.node]);
    for (const [env, peer] of [
      [left, right],
      [right, left],
    ] as const) {
      expect(eventsOf(events, env)).toEqual([{ type: 'connected', peer: peer.node, hello: Uint8Array.of(1, 2, 3) }]);
    }
    await world().run(left.network.connect({ node: right.node, addresses: [] }));
    expect(left.network.peers()).toEqual([right.node]);
  });

  it('refuses with a reason that both sides hear, whoever refuses', async () => {
    const closedDoor: Handshake = {
      hello: openDoor.hello,
      admit: async (): Promise<Admission> => ({ admitted: false, reason: 'no certificate' }),
    };
    for (const doors of [
      [openDoor, closedDoor],
      [closedDoor, openDoor],
    ] as const) {
      const events = new Map<string, PeerEvent[]>();
      const [left, right] = [await world().add(), await world().add()];
      for (const env of [left, right]) listen(env, events);
      await world().run(left.network.start(doors[0]));
      await world().run(right.network.start(doors[1]));
      const outcome = world().run(left.network.connect({ node: right.node, addresses: right.network.addresses() }));
      await expect(outcome).rejects.toMatchObject({ code: 'NETWORK_REFUSED', data: { reason: 'no certificate' } });
      await world().until(() => eventsOf(events, right).length > 0, 'the other side hears of the refusal');
      expect(eventsOf(events, left)).toEqual([{ type: 'refused', peer: right.node, reason: 'no certificate' }]);
      expect(eventsOf(events, right)).toEqual([{ type: 'refused', peer: left.node, reason: 'no certificate' }]);
      expect([left.network.peers(), right.network.peers()]).toEqual([[], []]);
    }
  });

  it('refuses when the judge fails, without telling why', async () => {
    const [left, right] = [await world().add(), await world().add()];
    await world().run(left.network.start(openDoor));
    const failing = async (): Promise<Admission> => {
      throw new Error('the secret of the judge');
    };
    await world().run(right.network.start({ hello: openDoor.hello, admit: failing }));
    const error: unknown = await world()
      .run(left.network.connect({ node: right.node, addresses: right.network.addresses() }))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'NETWORK_REFUSED' });
    expect(String(error)).not.toContain('secret');
  });

  it('does not connect with a hello that is too large', async () => {
    const [left, right] = [await world().add(), await world().add()];
    await world().run(left.network.start(openDoor));
    await world().run(right.network.start({ hello: () => new Uint8Array(HELLO_BYTES_MAX + 1), admit: openDoor.admit }));
    const outcome = world().run(left.network.connect({ node: right.node, addresses: right.network.addresses() }));
    await expect(outcome).rejects.toMatchObject({ code: 'NETWORK_REFUSED' });
  });

  it('does not connect when the hello cannot be made', async () => {
    const [left, right] = [await world().add(), await world().add()];
    await world().run(left.network.start(openDoor));
    const failing = (): Uint8Array => {
      throw new Error('the secret of the hello');
    };
    await world().run(right.network.start({ hello: failing, admit: openDoor.admit }));
    const error: unknown = await world()
      .run(left.network.connect({ node: right.node, addresses: right.network.addresses() }))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'NETWORK_REFUSED' });
    expect(String(error)).not.toContain('secret');
  });

  it('notices that another node answers', async () => {
    const { left, right } = await connectedPair(world());
    const other = await world().add();
    const outcome = world().run(left.network.connect({ node: other.node, addresses: right.network.addresses() }));
    await expect(outcome).rejects.toMatchObject({
      code: 'NETWORK_WRONG_PEER',
      data: { expected: other.node, found: right.node },
    });
    expect(left.network.peers()).toEqual([right.node]);
    right.network.onRequest('echo', async (_from, body) => body);
    expect(await world().run(left.network.request(right.node, 'echo', Uint8Array.of(5)))).toEqual(Uint8Array.of(5));
  });

  it('says when nobody answers', async () => {
    const [left, right] = [await world().add(), await world().add()];
    await world().run(left.network.start(openDoor));
    await world().run(right.network.start(openDoor));
    const addresses = right.network.addresses();
    await world().run(right.network.stop());
    for (const contact of [
      { node: right.node, addresses },
      { node: right.node, addresses: [] },
      { node: right.node, addresses: ['nonsense'] },
    ]) {
      await expect(world().run(left.network.connect(contact))).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    }
  });

  it('does not connect before it is started', async () => {
    const env = await world().add();
    await expect(env.network.connect({ node: env.node, addresses: [] })).rejects.toMatchObject({ code: 'NETWORK_NOT_STARTED' });
  });

  it('ends with one usable connection when both dial at once', async () => {
    const [left, right] = [await world().add(), await world().add()];
    for (const env of [left, right]) {
      env.network.onRequest('echo', async (_from, body) => body);
      await world().run(env.network.start(openDoor));
    }
    const dials = [
      left.network.connect({ node: right.node, addresses: right.network.addresses() }),
      right.network.connect({ node: left.node, addresses: left.network.addresses() }),
    ];
    await world().run(Promise.all(dials));
    await world().pass(200_000);
    expect([left.network.peers(), right.network.peers()]).toEqual([[right.node], [left.node]]);
    expect(await world().run(left.network.request(right.node, 'echo', Uint8Array.of(1)))).toEqual(Uint8Array.of(1));
    expect(await world().run(right.network.request(left.node, 'echo', Uint8Array.of(2)))).toEqual(Uint8Array.of(2));
  });

  it('tells both sides of a farewell and connects again', async () => {
    const events = new Map<string, PeerEvent[]>();
    const { left, right } = await connectedPair(world(), listenTo(events));
    left.network.disconnect(right.node, 'enough');
    expect(left.network.peers()).toEqual([]);
    await world().until(() => eventsOf(events, right).length === 2 && eventsOf(events, left).length === 2, 'the farewell');
    expect(eventsOf(events, left)[1]).toEqual({ type: 'disconnected', peer: right.node, reason: 'enough' });
    expect(eventsOf(events, right)[1]).toMatchObject({
      type: 'disconnected',
      peer: left.node,
      reason: expect.stringContaining('enough'),
    });
    await world().run(right.network.connect({ node: left.node, addresses: left.network.addresses() }));
    await world().until(() => left.network.peers().length === 1, 'the new connection');
  });

  it('lets a node that vanished come back', async () => {
    const { left, right } = await connectedPair(world());
    const again = await world().reopen(right, { type: 'none' });
    await world().until(() => left.network.peers().length === 0, 'the loss is noticed');
    again.network.onRequest('echo', async (_from, body) => body);
    await world().run(again.network.start(openDoor));
    await world().run(again.network.connect({ node: left.node, addresses: left.network.addresses() }));
    await world().until(() => left.network.peers().length === 1, 'the new connection');
    expect(await world().run(left.network.request(again.node, 'echo', Uint8Array.of(3)))).toEqual(Uint8Array.of(3));
  });
}

function listenTo(events: Map<string, PeerEvent[]>): (left: Environment, right: Environment) => void {
  return (left, right) => {
    listen(left, events);
    listen(right, events);
  };
}

function listen(env: Environment, events: Map<string, PeerEvent[]>): void {
  const list: PeerEvent[] = [];
  events.set(env.node, list);
  env.network.onPeer((event) => list.push(event));
}

function eventsOf(events: ReadonlyMap<string, PeerEvent[]>, env: Environment): readonly PeerEvent[] {
  return events.get(env.node) ?? [];
}
