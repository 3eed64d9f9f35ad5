import { describe, expect, it } from 'vitest';
import { encodeLaneAnswer, laneSpec } from '../../../contracts/index.ts';
import { fromHex, type Hex } from '../../../crypto/index.ts';
import { type OracleRequest, RequestRefused } from '../../job.ts';
import { type LaneSource, messageJob } from './message-job.ts';

const HASH: Hex = `0x${'ab'.repeat(32)}`;
const ROOT: Hex = `0x${'cd'.repeat(32)}`;
const [NORTH, SOUTH] = [7332n, 7333n];

/** A ledger whose lane had as many leaves as its height, and which is at 48. */
const lanes: LaneSource = {
  newestHeight: async () => 48n,
  async look({ source, size }, height) {
    if (height > 48n) throw new RequestRefused('sourceUnreachable', 'not here yet');
    return { source, root: ROOT, size: size === 0n ? height : size, height, blockHash: HASH };
  },
};
const job = messageJob({ chainId: SOUTH, lanes });

function request(spec: Uint8Array): OracleRequest {
  return {
    id: 1n,
    requester: '0x7ead1e0000000000000000000000000000000014',
    job: HASH,
    spec,
    requestedAt: 100,
    requestedIn: 5,
    expiresAt: 400,
    callbackGas: 250_000,
    groupSize: 4,
    unanimous: false,
    resultBytesMax: 160,
  };
}

const asked = (size = 0n, destination = SOUTH, source = NORTH) => request(fromHex(laneSpec({ source, destination, size })));

describe('the job "message"', () => {
  it('reads a specification, and refuses what is none', () => {
    expect(job.query(asked(7n))).toEqual({ source: NORTH, destination: SOUTH, size: 7n });
    expect(() => job.query(request(new Uint8Array(95)))).toThrow(RequestRefused);
    expect(() => job.query(asked(0n, NORTH))).toThrow('not for this ledger');
    expect(() => job.query(asked(0n, SOUTH, SOUTH))).toThrow('no such lane');
    expect(() => job.query(asked(1n << 64n))).toThrow('no such lane');
  });

  it('has everybody look at the height that whoever leads names', async () => {
    const query = job.query(asked());
    const hint = await job.lead?.(query, asked(), 1_000_000);
    expect(hint).toHaveLength(32);
    const led = await job.observe(query, asked(), 1_000_000, hint);
    expect(led).toEqual(fromHex(encodeLaneAnswer({ source: NORTH, root: ROOT, size: 48n, height: 48n, blockHash: HASH })));
    const older = new Uint8Array(32);
    older[31] = 32;
    const seen = await job.observe(query, asked(), 1_000_000, older);
    expect(job.accept(query, led, seen)).toBe(false);
    expect(job.accept(query, led, led)).toBe(true);
    expect(job.accept(query, led, undefined)).toBe(false);
    older[31] = 64;
    await expect(job.observe(query, asked(), 1_000_000, older)).rejects.toMatchObject({ reason: 'sourceUnreachable' });
  });

  it('takes only sights of the lane and the size that were asked for', () => {
    const query = job.query(asked(7n));
    const sight = (change: { readonly source?: bigint; readonly size?: bigint } = {}) =>
      fromHex(encodeLaneAnswer({ source: NORTH, root: ROOT, size: 7n, height: 48n, blockHash: HASH, ...change }));
    expect(job.validateSight(query, sight())).toBe(true);
    expect(job.validateSight(query, sight({ source: 1n }))).toBe(false);
    expect(job.validateSight(query, sight({ size: 8n }))).toBe(false);
    expect(job.validateSight(query, sight().subarray(1))).toBe(false);
    expect(job.validateSight(query, new Uint8Array(0))).toBe(false);
    expect(job.outcome(query, [sight(), sight(), sight({ size: 8n })], 4)).toBeUndefined();
    expect(job.outcome(query, [sight(), sight(), sight()], 4)).toEqual({ kind: 'value', value: sight() });
    expect(job.report(query, sight(), new Uint8Array(32))).toEqual(sight());
  });
});
