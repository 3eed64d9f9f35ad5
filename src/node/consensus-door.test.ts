import { describe, expect, it } from 'vitest';
import { encodeMessage, type SignedMessage, signMessage } from '../consensus/index.ts';
import { keccak256, keyFrom, toHex } from '../crypto/index.ts';
import { openDoor } from '../environment/contract/index.ts';
import type { NodeId } from '../environment/index.ts';
import { createWorld } from '../environment/sim/index.ts';
import {
  CONSENSUS_MESSAGES_PER_SECOND_MAX,
  HELD_BYTES_PER_PEER_MAX,
  HELD_FRAMES_PER_PEER_MAX,
  STRANGER_FRAMES_MAX,
  WORTHLESS_MESSAGES_MAX,
} from '../limits.ts';
import { ConsensusDoor } from './consensus-door.ts';
import { HeldFrames } from './held-frames.ts';

const SECOND = 1_000_000;
const KEY = keyFrom(new Uint8Array(32).fill(3));
const STRANGER: NodeId = `0x${'5'.repeat(40)}`;
const GARBAGE = Uint8Array.of(1, 2, 3);

function frame(height: number): Uint8Array {
  const digest = toHex(new Uint8Array(32).fill(1));
  return encodeMessage(signMessage(keccak256(GARBAGE), { type: 'prepare', height, round: 0, digest }, KEY));
}

/** A node behind its door, and a sealer that is connected to it. */
async function doorOf() {
  const world = createWorld({ seed: 1 });
  const [environment, peer] = [world.addNode(`0x${'1'.repeat(40)}`), world.addNode(KEY.address)];
  for (const { network } of [environment, peer]) await world.run(network.start(openDoor));
  await world.run(peer.network.connect({ node: environment.node, addresses: environment.network.addresses() }));
  await world.runFor(SECOND);
  const state = { open: true, sealers: [KEY.address] as readonly NodeId[] };
  const read: SignedMessage[] = [];
  const strangers: NodeId[] = [];
  const door = new ConsensusDoor({
    environment,
    isSealer: (node) => state.sealers.includes(node),
    isOpen: () => state.open,
    deliver: (message) => read.push(message),
    onStranger: (node) => strangers.push(node),
  });
  const connected = (): boolean => environment.network.peers().includes(KEY.address);
  const heights = (): readonly number[] => read.map(({ height }) => height);
  return { world, environment, door, state, read, strangers, connected, heights };
}

describe('the door of consensus (rule 24)', () => {
  it('reads nothing of who is no sealer, and counts it', async () => {
    const { door, environment, heights, strangers, world } = await doorOf();
    for (let at = 0; at < 100; at++) door.receive(STRANGER, at % 2 === 0 ? GARBAGE : frame(at));
    await world.runFor(SECOND);
    expect(heights()).toEqual([]);
    expect(environment.metrics.snapshot()['consensus_stranger_frames_total']).toBe(100);
    expect(strangers).toHaveLength(100);
  });

  it('reads the latest frames of a stranger when it has become a sealer', async () => {
    const { door, state, heights } = await doorOf();
    for (let height = 1; height <= 40; height++) door.receive(STRANGER, frame(height));
    door.open();
    expect(heights()).toEqual([]);
    state.sealers = [...state.sealers, STRANGER];
    door.open();
    expect(heights()).toEqual(Array.from({ length: HELD_FRAMES_PER_PEER_MAX }, (_, at) => 41 - HELD_FRAMES_PER_PEER_MAX + at));
    door.open();
    expect(heights(), 'once').toHaveLength(HELD_FRAMES_PER_PEER_MAX);
  });

  it('keeps what sealers say until this node takes part', async () => {
    const { door, state, heights } = await doorOf();
    state.open = false;
    door.receive(KEY.address, frame(1));
    door.receive(KEY.address, frame(2));
    expect(heights()).toEqual([]);
    state.open = true;
    door.open();
    door.receive(KEY.address, frame(3));
    expect(heights()).toEqual([1, 2, 3]);
  });

  it('drops a sealer that sends what is no message', async () => {
    const { door, world, connected } = await doorOf();
    door.receive(KEY.address, GARBAGE);
    await world.runFor(SECOND);
    expect(connected()).toBe(false);
  });

  it('reads a bounded number of messages of one sealer in a second', async () => {
    const { door, environment, heights, world, connected } = await doorOf();
    const flood = (): void => {
      for (let at = 0; at < 3 * CONSENSUS_MESSAGES_PER_SECOND_MAX; at++) door.receive(KEY.address, frame(1));
    };
    flood();
    expect(heights()).toHaveLength(CONSENSUS_MESSAGES_PER_SECOND_MAX);
    await world.runFor(SECOND / 2);
    flood();
    expect(heights().length).toBeLessThanOrEqual(1.5 * CONSENSUS_MESSAGES_PER_SECOND_MAX);
    expect(environment.metrics.snapshot()['consensus_flood_frames_total']).toBeGreaterThan(4 * CONSENSUS_MESSAGES_PER_SECOND_MAX);
    expect(connected(), 'a duplicate is no lie').toBe(true);
  });

  it('drops a sealer whose worthless messages are too many, and not one that sends one now and then', async () => {
    const { door, world, connected } = await doorOf();
    for (let at = 0; at < WORTHLESS_MESSAGES_MAX; at++) door.noteWaste(KEY.address);
    for (let at = 0; at < 100; at++) {
      await world.runFor(2 * SECOND);
      door.noteWaste(KEY.address);
    }
    expect(connected()).toBe(true);
    for (let at = 0; at < WORTHLESS_MESSAGES_MAX; at++) door.noteWaste(KEY.address);
    await world.runFor(SECOND);
    expect(connected()).toBe(false);
  });
});

describe('frames that are held', () => {
  it('are bounded for each peer in number and bytes, and for strangers together', () => {
    const held = new HeldFrames();
    const node = (at: number): NodeId => `0x${String(at).padStart(40, '0')}`;
    for (let at = 0; at < 1_000; at++) held.hold(node(1), Uint8Array.of(at), false);
    expect(held.size).toBe(HELD_FRAMES_PER_PEER_MAX);
    for (let at = 0; at < 1_000; at++) held.hold(node(100 + at), Uint8Array.of(at), true);
    expect(held.size).toBe(HELD_FRAMES_PER_PEER_MAX + STRANGER_FRAMES_MAX);
    const large = new Uint8Array(HELD_BYTES_PER_PEER_MAX / 2);
    for (let at = 0; at < 10; at++) held.hold(node(2), large, false);
    expect(held.take((peer) => peer === node(2))).toHaveLength(2);
    expect(held.take((peer) => peer === node(1)).map(({ frame: [first] }) => first)).toEqual(
      Array.from({ length: HELD_FRAMES_PER_PEER_MAX }, (_, at) => (1_000 - HELD_FRAMES_PER_PEER_MAX + at) % 256),
    );
  });
});
