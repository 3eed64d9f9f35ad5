import fc from 'fast-check';
import { encodeErrorResult, parseAbi } from 'viem';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import { revertMessage, revertReason } from './revert-reason.ts';

const abi = parseAbi(['error Error(string)', 'error Panic(uint256)', 'error TooPoor(uint256 has)']);

describe('revertReason', () => {
  it('reads what require() says, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => {
        const data = encodeErrorResult({ abi, errorName: 'Error', args: [text] });
        expect(revertMessage(data)).toBe(`execution reverted: ${text}`);
      }),
    );
  });

  it('explains panics', () => {
    const data = encodeErrorResult({ abi, errorName: 'Panic', args: [0x11n] });
    expect(revertReason(data)).toBe('panic 0x11 (arithmetic overflow or underflow)');
    expect(revertReason(encodeErrorResult({ abi, errorName: 'Panic', args: [0x99n] }))).toBe('panic 0x99');
  });

  it('names the selector of a custom error', () => {
    const data = encodeErrorResult({ abi, errorName: 'TooPoor', args: [1n] });
    expect(revertReason(data)).toBe(`custom error ${data.slice(0, 10)}`);
  });

  it('says nothing when the contract said nothing', () => {
    expect(revertMessage('0x')).toBe('execution reverted');
    expect(revertReason('0x08c379')).toBeUndefined();
  });

  it('survives any bytes behind a known selector', () => {
    fc.assert(
      fc.property(fc.constantFrom('0x08c379a0', '0x4e487b71'), fc.uint8Array({ maxLength: 200 }), (selector, tail) => {
        expect(typeof revertReason(`${selector}${toHex(tail).slice(2)}` as `0x${string}`)).toBe('string');
      }),
    );
  });

  it('shortens an endless reason', () => {
    const data = encodeErrorResult({ abi, errorName: 'Error', args: ['x'.repeat(5000)] });
    expect(revertReason(data)).toHaveLength(1027);
  });
});
