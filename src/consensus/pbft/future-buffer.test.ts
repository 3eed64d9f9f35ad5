import { describe, expect, it } from 'vitest';
import {
  FUTURE_BYTES_PER_SIGNER_MAX,
  FUTURE_MESSAGES_MAX,
  FUTURE_MESSAGES_PER_SIGNER_MAX,
  HEIGHTS_AHEAD_MAX,
  SEALERS_MAX,
} from '../../limits.ts';
import type { SignedMessage } from '../messages.ts';
import { Bench, proposalOf } from '../testing/bench.ts';
import { FutureBuffer } from './future-buffer.ts';

describe('messages of future heights (rule 4)', () => {
  const bench = new Bench({ height: 10 });
  const present = { height: 10, sealers: bench.sealers };
  const entry = (message: SignedMessage): { readonly message: SignedMessage; readonly via: `0x${string}` } => ({
    message,
    via: message.signer,
  });

  it('are handed out by height, in order of arrival, and older ones are dropped', () => {
    const buffer = new FutureBuffer();
    const messages = [
      bench.commit(1, 0, 'a', 12),
      bench.prepare(2, 0, 'a', 11),
      bench.prepare(1, 0, 'a', 12),
      bench.commit(2, 0, 'a', 13),
    ];
    for (const message of messages) expect(buffer.add(entry(message), present)).toBe(true);
    expect(buffer.take(12).map(({ message }) => message)).toEqual([messages[0], messages[2]]);
    expect(buffer.size).toBe(1);
    expect(buffer.take(12)).toEqual([]);
    expect(buffer.take(20)).toEqual([]);
    expect(buffer.size).toBe(0);
  });

  it('are kept for a few heights only, once each', () => {
    const buffer = new FutureBuffer();
    expect(buffer.add(entry(bench.prepare(1, 0, 'a', 10)), present)).toBe(false);
    expect(buffer.add(entry(bench.prepare(1, 0, 'a', 11 + HEIGHTS_AHEAD_MAX)), present)).toBe(false);
    expect(buffer.add(entry(bench.prepare(1, 0, 'a', 10 + HEIGHTS_AHEAD_MAX)), present)).toBe(true);
    expect(buffer.add(entry(bench.prepare(1, 0, 'a', 10 + HEIGHTS_AHEAD_MAX)), present)).toBe(false);
    expect(
      buffer.add(entry(bench.prepare(1, 0, 'b', 10 + HEIGHTS_AHEAD_MAX)), present),
      'an equivocation is kept to be named',
    ).toBe(true);
  });

  it('give each signer its share of messages and bytes, and give it back', () => {
    const buffer = new FutureBuffer();
    for (let round = 0; round < 2 * FUTURE_MESSAGES_PER_SIGNER_MAX; round++) {
      expect(buffer.add(entry(bench.prepare(1, round, 'a', 11)), present)).toBe(round < FUTURE_MESSAGES_PER_SIGNER_MAX);
    }
    const proposal = new Uint8Array(FUTURE_BYTES_PER_SIGNER_MAX / 2);
    const large = (round: number): SignedMessage =>
      bench.sign(2, { type: 'pre-prepare', height: 11, round, digest: proposalOf('a').digest, proposal, justification: [] });
    expect(buffer.add(entry(large(0)), present)).toBe(true);
    expect(buffer.add(entry(large(1)), present)).toBe(false);
    expect(buffer.add(entry(bench.prepare(2, 0, 'a', 11)), present)).toBe(true);
    buffer.take(11);
    expect(buffer.add(entry(bench.prepare(1, 0, 'a', 12)), present)).toBe(true);
    expect(buffer.add(entry({ ...large(0), height: 12 }), present)).toBe(true);
  });

  it('leave room for the sealers, however many strangers write', () => {
    const buffer = new FutureBuffer();
    const vote = bench.prepare(1, 0, 'a', 11);
    for (let stranger = 0; stranger < FUTURE_MESSAGES_MAX; stranger++) {
      buffer.add(entry({ ...vote, signer: `0x${stranger.toString(16).padStart(40, '0')}` }), present);
    }
    expect(buffer.size).toBe(FUTURE_MESSAGES_MAX - SEALERS_MAX * FUTURE_MESSAGES_PER_SIGNER_MAX);
    expect(buffer.add(entry(vote), present)).toBe(true);
  });
});
