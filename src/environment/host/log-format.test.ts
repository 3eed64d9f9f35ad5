import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecord, readRecords } from './log-format.ts';

const contents = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 8 });

describe('log format', () => {
  it('keeps every whole record of a log that was cut anywhere', () => {
    fc.assert(
      fc.property(contents, fc.nat(), (records, cut) => {
        const encoded = records.map(encodeRecord);
        const bytes = Buffer.concat(encoded);
        const length = cut % (bytes.length + 1);
        let end = 0;
        const whole = records.filter((_, index) => {
          end += (encoded[index] as Buffer).length;
          return end <= length;
        });
        const read = readRecords(bytes.subarray(0, length));
        expect(read.records).toEqual(whole);
        expect(read.damagedAt).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('finds a flipped bit: damage when a valid record follows, a torn tail otherwise', () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.nat(), (records, which, where) => {
        const encoded = records.map(encodeRecord);
        const index = which % records.length;
        const start = encoded.slice(0, index).reduce((sum, record) => sum + record.length, 0);
        const bytes = Buffer.concat(encoded);
        const bit = where % ((encoded[index] as Buffer).length * 8);
        const at = start + Math.floor(bit / 8);
        bytes[at] = (bytes[at] as number) ^ (1 << (bit % 8));
        const read = readRecords(bytes);
        const last = index === records.length - 1;
        expect(read.records).toEqual(records.toSpliced(index, 1));
        expect(read.validBytes).toBe(last ? start : bytes.length);
        expect(read.damagedAt).toEqual(last ? [] : [start]);
      }),
      { numRuns: 300 },
    );
  });

  it('reads an empty log', () => {
    expect(readRecords(Buffer.alloc(0))).toEqual({ records: [], validBytes: 0, damagedAt: [] });
  });
});
