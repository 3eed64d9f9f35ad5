import { describe, expect, it } from 'vitest';
import { encodeRlp, keccak256, keyFrom, toHex } from '../crypto/index.ts';
import { hasCode } from '../errors.ts';
import { statementOf } from './evidence.ts';
import { signMessage } from './signing.ts';
import { decodeStanding, encodeStanding, type StandingReport } from './standing-report.ts';
import './errors.ts';

const KEY = keyFrom(new Uint8Array(32).fill(7));
const DOMAIN = keccak256(Uint8Array.of(1));
const digest = toHex(new Uint8Array(32).fill(9));
const yours = [
  signMessage(DOMAIN, { type: 'commit', height: 300, round: 2, digest }, KEY),
  signMessage(DOMAIN, { type: 'round-change', height: 5, round: 70_000 }, KEY),
].map(statementOf);

describe('standing on the wire', () => {
  it.each([
    { head: 0, hasSigned: false, yours: [] },
    { head: 1_234_567, hasSigned: true, yours },
    { head: 4, hasSigned: true, yours: yours.slice(1) },
  ] satisfies StandingReport[])('is read as it was written', (report) => {
    expect(decodeStanding(encodeStanding(report), KEY.address)).toEqual(report);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['noise', Uint8Array.of(0xff, 1, 2)],
    ['a number', encodeRlp(5)],
    ['too few fields', encodeRlp([1, 0])],
    ['a huge head', encodeRlp([Uint8Array.of(1, 0, 0, 0, 0, 0, 0), 0, []])],
    ['a number that is not canonical', encodeRlp([Uint8Array.of(0, 1), 0, []])],
    ['too many statements', encodeStanding({ head: 1, hasSigned: true, yours: [...yours, ...yours] })],
    ['a flag that is neither', encodeRlp([1, 2, []])],
    ['an unknown type', encodeRlp([1, 0, [[9, 1, 0, new Uint8Array(32), new Uint8Array(65)]]])],
    ['content of another type', encodeRlp([1, 0, [[4, 1, 1, new Uint8Array(32), new Uint8Array(65)]]])],
    ['a short signature', encodeRlp([1, 0, [[3, 1, 0, new Uint8Array(32), new Uint8Array(64)]]])],
  ])('%s is refused', (_, bytes) => {
    const read = (): unknown => decodeStanding(bytes, KEY.address);
    expect(read).toThrow();
    try {
      read();
    } catch (error) {
      expect(hasCode(error, 'CONSENSUS_MALFORMED')).toBe(true);
    }
  });
});
