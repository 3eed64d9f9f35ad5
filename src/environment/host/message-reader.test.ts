import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_BYTES_MAX, HELLO_BYTES_MAX } from '../../limits.ts';
import { MessageReader } from './message-reader.ts';
import { decodeMessage, encodeMessage, MESSAGE_BYTES_MAX, type WireMessage } from './wire-format.ts';

const body = fc.uint8Array({ maxLength: 200 });
const protocol = fc.string({ minLength: 1, maxLength: 16 });
const id = fc.integer({ min: 0, max: 0xffff_ffff });
const reason = fc.string({ maxLength: 100 });
const message: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.record({ type: fc.constant('frame' as const), protocol, body }),
  fc.record({ type: fc.constant('request' as const), id, protocol, body }),
  fc.record({ type: fc.constant('answer' as const), id, body }),
  fc.record({ type: fc.constant('failure' as const), id, body }),
  fc.record({ type: fc.constant('hello' as const), body }),
  fc.record({
    type: fc.constant('verdict' as const),
    verdict: fc.constantFrom('admitted' as const, 'refused' as const, 'duplicate' as const),
    reason,
  }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const) }),
  fc.record({ type: fc.constant('bye' as const), reason }),
);

describe('MessageReader', () => {
  it('reads back what was written, however the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 30 }), (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(encodeMessage));
        const reader = new MessageReader();
        const read: WireMessage[] = [];
        let at = 0;
        for (const length of [...cuts, bytes.length]) {
          const result = reader.push(bytes.subarray(at, at + length));
          expect(result.broken).toBeUndefined();
          read.push(...result.messages);
          at += length;
        }
        expect(read).toEqual(messages);
      }),
      { numRuns: 200 },
    );
  });

  it('never throws on garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { messages, broken } = new MessageReader().push(bytes);
        expect(Array.isArray(messages)).toBe(true);
        expect(broken === undefined || broken.length > 0).toBe(true);
        decodeMessage(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a length above the limit before its bytes come', () => {
    const announce = (length: number) => Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length);
    const reader = new MessageReader();
    expect(reader.push(announce(HELLO_BYTES_MAX + 200)).broken).toMatch(/allowed/);
    const open = new MessageReader();
    open.limitBytes = MESSAGE_BYTES_MAX;
    expect(open.push(announce(FRAME_BYTES_MAX)).broken).toBeUndefined();
    const over = new MessageReader();
    over.limitBytes = MESSAGE_BYTES_MAX;
    expect(over.push(announce(MESSAGE_BYTES_MAX + 1)).broken).toMatch(/allowed/);
    expect(new MessageReader().push(announce(0)).broken).toMatch(/allowed/);
  });

  it('does not let a message share memory with the chunk that it came in', () => {
    const bytes = Buffer.from(encodeMessage({ type: 'frame', protocol: 'p', body: Uint8Array.of(1, 2, 3) }));
    const reader = new MessageReader();
    const [read] = reader.push(bytes).messages;
    bytes.fill(0);
    expect(read).toEqual({ type: 'frame', protocol: 'p', body: Uint8Array.of(1, 2, 3) });
  });
});
