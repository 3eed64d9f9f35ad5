import { describe, expect, it } from 'vitest';
import { equalBytes, sha256, toHex } from '../../crypto/index.ts';
import { createWorld, type World } from '../../environment/sim/index.ts';
import { PAYLOAD_BYTES_MAX, PAYLOAD_CHUNK_BYTES, PAYLOAD_SEGMENT_WAIT_MICROS } from '../../limits.ts';
import type { PayloadChunk, PayloadCommitment } from './payload.ts';
import { DiskPayloadStore } from './payload-store.ts';
import { chunkCountOf, chunkOf, commitPayload } from './payload-tree.ts';
import { bodyOf } from './testing/bodies.ts';

const NODE = `0x${'11'.repeat(20)}` as const;
/** Whether two bodies are the same; a matcher that looks at every element takes seconds. */
const same = (left: Uint8Array | undefined, right: Uint8Array) => left !== undefined && equalBytes(left, right);

const sameChunk = (left: PayloadChunk | undefined, right: PayloadChunk) =>
  left?.index === right.index &&
  same(left.bytes, right.bytes) &&
  left.proof.length === right.proof.length &&
  left.proof.every((hash, at) => same(hash, right.proof[at] as Uint8Array));

const OCTETS = 'application/octet-stream';

async function bench(): Promise<{ readonly world: World; readonly store: DiskPayloadStore }> {
  const world = createWorld({ seed: 5 });
  const environment = world.addNode(NODE);
  return { world, store: await world.run(DiskPayloadStore.open(environment)) };
}

async function again(world: World): Promise<DiskPayloadStore> {
  world.crash(NODE);
  return world.run(DiskPayloadStore.open(world.restart(NODE)));
}

describe('the store of bodies', () => {
  it.each([1, PAYLOAD_CHUNK_BYTES, 3 * PAYLOAD_CHUNK_BYTES + 7, PAYLOAD_BYTES_MAX])(
    'has a body of %d bytes after a power cut once it acknowledged it',
    async (lengthBytes) => {
      const { world, store } = await bench();
      const body = bodyOf(lengthBytes);
      const commitment = commitPayload(body, OCTETS);
      const held: string[] = [];
      store.onHeld = ({ root }) => held.push(root);
      expect(store.missing(commitment)).toHaveLength(chunkCountOf(lengthBytes));
      await world.run(store.putBody(commitment, body));
      expect(held).toEqual([commitment.root]);
      expect(store.sizeBytes).toBe(lengthBytes);
      const back = await again(world);
      expect(back.holds(commitment.root)).toBe(true);
      expect(back.missing(commitment)).toEqual([]);
      expect(same(await world.run(back.body(commitment.root)), body)).toBe(true);
      expect(back.commitmentOf(commitment.root)).toEqual(commitment);
      const last = chunkCountOf(lengthBytes) - 1;
      expect(sameChunk(await world.run(back.chunk(commitment.root, last)), chunkOf(body, last))).toBe(true);
    },
  );

  it('keeps the proofs of two bodies apart that have chunks in common', async () => {
    const { world, store } = await bench();
    const tail = new Uint8Array(3 * PAYLOAD_CHUNK_BYTES);
    const bodies = [1, 2].map((first) => Uint8Array.from([...bodyOf(PAYLOAD_CHUNK_BYTES).fill(first), ...tail]));
    const commitments = bodies.map((body) => commitPayload(body, OCTETS));
    for (const [at, body] of bodies.entries()) {
      // The common chunks are written as a segment of their own.
      const commitment = commitments[at] as PayloadCommitment;
      await world.run(Promise.all([1, 2, 3].map((index) => store.putChunk(commitment, chunkOf(body, index)))));
      await world.run(store.putChunk(commitment, chunkOf(body, 0)));
    }
    for (const store_ of [store, await again(world)]) {
      for (const [at, body] of bodies.entries()) {
        for (const index of [0, 1, 2, 3]) {
          const chunk = await world.run(store_.chunk((commitments[at] as PayloadCommitment).root, index));
          expect(sameChunk(chunk, chunkOf(body, index))).toBe(true);
        }
      }
    }
  });

  it('puts a body together from chunks in any order, each durable when it is acknowledged', async () => {
    const { world, store } = await bench();
    const body = bodyOf(5 * PAYLOAD_CHUNK_BYTES - 3);
    const commitment = commitPayload(body, OCTETS);
    const put = (on: DiskPayloadStore, index: number) => on.putChunk(commitment, chunkOf(body, index));
    expect(await world.run(Promise.all([put(store, 4), put(store, 1), put(store, 1)]))).toEqual([true, true, false]);
    expect(store.missing(commitment)).toEqual([0, 2, 3]);
    expect(await world.run(put(store, 4))).toBe(false);
    const back = await again(world);
    expect(back.missing(commitment)).toEqual([0, 2, 3]);
    expect(back.holds(commitment.root)).toBe(false);
    expect(await world.run(back.body(commitment.root))).toBeUndefined();
    expect(sameChunk(await world.run(back.chunk(commitment.root, 4)), chunkOf(body, 4))).toBe(true);
    expect(await world.run(back.chunk(commitment.root, 0))).toBeUndefined();
    const held: string[] = [];
    back.onHeld = ({ root }) => held.push(root);
    const before = world.now;
    await world.run(Promise.all([0, 2, 3].map((index) => put(back, index))));
    // The rest of a body waits for nothing more.
    expect(world.now - before).toBeLessThan(PAYLOAD_SEGMENT_WAIT_MICROS);
    expect(held).toEqual([commitment.root]);
    expect(same(await world.run(back.body(commitment.root)), body)).toBe(true);
    expect(back.sizeBytes).toBe(body.length);
  });

  it('refuses a body and a chunk that are another’s', async () => {
    const { world, store } = await bench();
    const body = bodyOf(2 * PAYLOAD_CHUNK_BYTES);
    const other = bodyOf(2 * PAYLOAD_CHUNK_BYTES, 9);
    const commitment = commitPayload(body, OCTETS);
    await expect(world.run(store.putBody(commitment, other))).rejects.toMatchObject({ code: 'PAYLOAD_BAD_BODY' });
    await expect(world.run(store.putBody(commitment, body.slice(1)))).rejects.toMatchObject({ code: 'PAYLOAD_BAD_BODY' });
    await expect(world.run(store.putChunk(commitment, chunkOf(other, 0)))).rejects.toMatchObject({ code: 'PAYLOAD_BAD_CHUNK' });
    expect(store.holds(commitment.root)).toBe(false);
    expect(store.sizeBytes).toBe(0);
  });

  it('forgets, also what is being written', async () => {
    const { world, store } = await bench();
    const body = bodyOf(3 * PAYLOAD_CHUNK_BYTES);
    const commitment = commitPayload(body, OCTETS);
    await world.run(store.putBody(commitment, body));
    await world.run(store.forget(commitment.root));
    expect(store.holds(commitment.root)).toBe(false);
    expect(store.sizeBytes).toBe(0);
    const writing = store.putBody(commitment, body);
    const forgetting = store.forget(commitment.root);
    await world.run(Promise.all([writing, forgetting]));
    expect([store.holds(commitment.root), store.sizeBytes]).toEqual([false, 0]);
    const back = await again(world);
    expect([back.holds(commitment.root), back.sizeBytes]).toEqual([false, 0]);
    await world.run(back.putBody(commitment, body));
    expect(same(await world.run(back.body(commitment.root)), body)).toBe(true);
  });

  it('says that the disk is full, and goes on when it is not any more', async () => {
    const { world, store } = await bench();
    const body = bodyOf(3 * PAYLOAD_CHUNK_BYTES);
    const commitment = commitPayload(body, OCTETS);
    world.fillDisk(NODE, true);
    await expect(world.run(store.putBody(commitment, body))).rejects.toMatchObject({ code: 'DISK_FULL' });
    await expect(world.run(store.putChunk(commitment, chunkOf(body, 1)))).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect([store.sizeBytes, store.missing(commitment)]).toEqual([0, [0, 1, 2]]);
    world.fillDisk(NODE, false);
    await world.run(Promise.all([0, 1, 2].map((index) => store.putChunk(commitment, chunkOf(body, index)))));
    expect(same(await world.run(store.body(commitment.root)), body)).toBe(true);
  });

  it('finds rotten blobs and a rotten index when it reads them', async () => {
    const { world, store } = await bench();
    const bodies = [1, 2, 3].map((seed) => bodyOf(2 * PAYLOAD_CHUNK_BYTES, seed));
    const commitments = bodies.map((body) => commitPayload(body, OCTETS));
    for (const [at, body] of bodies.entries()) await world.run(store.putBody(commitments[at] as PayloadCommitment, body));
    await world.run(store.refer(commitments, 1));
    world.crash(NODE);
    world.damageBlobs(NODE, 1);
    world.damageTable(NODE, 'payloads', 1);
    const back = await world.run(DiskPayloadStore.open(world.restart(NODE)));
    const read = [];
    for (const { root } of commitments) read.push(await world.run(back.body(root)));
    for (const [at, content] of read.entries())
      if (content !== undefined) expect(same(content, bodies[at] as Uint8Array)).toBe(true);
    const lost = read.filter((content) => content === undefined).length;
    expect(lost).toBeGreaterThan(0);
    // What is lost is wanted again, unless what rotted is the note that a block needs it.
    expect(back.wanted().length).toBeGreaterThanOrEqual(lost - 1);
    for (const [at, body] of bodies.entries()) await world.run(back.putBody(commitments[at] as PayloadCommitment, body));
    for (const [at, { root }] of commitments.entries()) {
      expect(same(await world.run(back.body(root)), bodies[at] as Uint8Array)).toBe(true);
    }
  });

  it('keeps a part that two bodies have in common until both are forgotten', async () => {
    const { world, store } = await bench();
    const first = bodyOf(2 * PAYLOAD_CHUNK_BYTES);
    const second = Uint8Array.from([...first.subarray(0, PAYLOAD_CHUNK_BYTES), 1, 2, 3]);
    const commitments = [commitPayload(first, OCTETS), commitPayload(second, OCTETS)] as const;
    await world.run(store.putChunk(commitments[0], chunkOf(first, 0)));
    await world.run(store.putChunk(commitments[1], chunkOf(second, 0)));
    await world.run(store.forget(commitments[0].root));
    const back = await again(world);
    expect(sameChunk(await world.run(back.chunk(commitments[1].root, 0)), chunkOf(second, 0))).toBe(true);
  });

  it('remembers which bodies of blocks it lacks, keeps those that it has, and sweeps away the rest', async () => {
    const { world, store } = await bench();
    const bodies = [bodyOf(10, 1), bodyOf(10, 2), bodyOf(10, 3), bodyOf(10, 4)] as const;
    const [kept, wanted, pooled, orphan] = bodies.map((body) => commitPayload(body, OCTETS)) as unknown as readonly [
      ReturnType<typeof commitPayload>,
      ReturnType<typeof commitPayload>,
      ReturnType<typeof commitPayload>,
      ReturnType<typeof commitPayload>,
    ];
    for (const [commitment, body] of [
      [kept, bodies[0]],
      [pooled, bodies[2]],
      [orphan, bodies[3]],
    ] as const) {
      await world.run(store.putBody(commitment, body));
    }
    await world.run(store.refer([kept, wanted], 7));
    expect(store.wanted()).toEqual([wanted]);
    const back = await again(world);
    expect(back.wanted()).toEqual([wanted]);
    await world.run(back.sweep((root) => root === pooled.root));
    expect([kept, wanted, pooled, orphan].map(({ root }) => back.holds(root))).toEqual([true, false, true, false]);
    await world.run(back.putBody(wanted, bodies[1]));
    expect(back.wanted()).toEqual([]);
    const third = await again(world);
    expect([third.wanted(), third.isKept(wanted.root), third.isKept(kept.root), third.isKept(pooled.root)]).toEqual([
      [],
      true,
      true,
      false,
    ]);
  });

  it('notices that a blob is gone and wants a body of a block again', async () => {
    const { world, store } = await bench();
    const body = bodyOf(2 * PAYLOAD_CHUNK_BYTES);
    const commitment = commitPayload(body, OCTETS);
    await world.run(store.putBody(commitment, body));
    await world.run(store.refer([commitment], 3));
    world.crash(NODE);
    const environment = world.restart(NODE);
    const blobs = await world.run(environment.disk.blobs());
    const back = await world.run(DiskPayloadStore.open(environment));
    await world.run(blobs.delete(toHex(sha256(body)).slice(2)));
    const lost: string[] = [];
    back.onLost = ({ root }) => lost.push(root);
    expect(await world.run(back.body(commitment.root))).toBeUndefined();
    expect([lost, back.wanted(), back.missing(commitment)]).toEqual([[commitment.root], [commitment], [0, 1]]);
    await world.run(back.putBody(commitment, body));
    expect(same(await world.run(back.body(commitment.root)), body)).toBe(true);
    expect(back.wanted()).toEqual([]);
  });
});
