import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hex, keyFrom } from '../crypto/index.ts';
import { hasCode } from '../errors.ts';
import { CONTACT_BYTES_MAX } from '../limits.ts';
import { issueCertificate } from './certificate.ts';
import { decodeContact, encodeContact, type SignedContact, signContact, verifyContact } from './contact.ts';
import { decodeHello, encodeHello } from './hello.ts';
import { agreedVersion, WIRE_VERSIONS } from './wire-versions.ts';

const key = keyFrom(new Uint8Array(32).fill(5));
const company = keyFrom(new Uint8Array(32).fill(6));
const certificate = issueCertificate(
  { observer: key.address, role: 'edge', expiresAtSeconds: 2_000_000_000, serial: `0x${'01'.repeat(32)}`, chainId: 1 },
  company,
);

const anyContact = fc
  .record(
    {
      role: fc.constant('edge' as const),
      company: fc.constant(company.address),
      name: fc.string({ unit: 'binary', maxLength: 16 }),
      addresses: fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 128 }), { maxLength: 8 }),
      sequence: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      certificate: fc.constant(certificate),
    },
    { requiredKeys: ['role', 'company', 'name', 'addresses', 'sequence'] },
  )
  .map((fields) => signContact(fields, key));

const contact = signContact(
  { role: 'edge', company: company.address, name: 'Press 3', addresses: ['/ip4/10.0.0.3/tcp/4001'], sequence: 12, certificate },
  key,
);

describe('a contact', () => {
  it('survives its codec, verifies, and stays within its size', () => {
    fc.assert(
      fc.property(anyContact, (some) => {
        const bytes = encodeContact(some);
        expect(bytes.length).toBeLessThanOrEqual(CONTACT_BYTES_MAX);
        expect(decodeContact(bytes)).toEqual(some);
        expect(verifyContact(decodeContact(bytes))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('is not believed once a byte was changed', () => {
    const bytes = encodeContact(contact);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ change;
        try {
          expect(verifyContact(decodeContact(changed))).toBe(false);
        } catch (error) {
          if (!hasCode(error, 'DIRECTORY_CONTACT_MALFORMED')) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses arbitrary bytes with its own code only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          decodeContact(bytes);
          return false;
        } catch (error) {
          return hasCode(error, 'DIRECTORY_CONTACT_MALFORMED');
        }
      }),
    );
  });

  it.each<[string, Partial<SignedContact>]>([
    ['a long name', { name: 'ä'.repeat(33) }],
    ['nine addresses', { addresses: Array.from({ length: 9 }, (_, at) => `/ip4/10.0.0.${at}/tcp/1`) }],
    ['a long address', { addresses: ['x'.repeat(129)] }],
    ['a fraction as its time', { sequence: 1.5 }],
  ])('cannot be signed with %s', (_what, change) => {
    expect(() => signContact({ ...contact, ...change }, key)).toThrow(
      expect.objectContaining({ code: 'DIRECTORY_CONTACT_MALFORMED' }),
    );
  });
});

describe('a hello', () => {
  const hello = { wireVersions: WIRE_VERSIONS, chainId: 7077, genesisHash: `0x${'33'.repeat(32)}` as Hex, contact };

  it('survives its codec', () => {
    expect(decodeHello(encodeHello(hello))).toEqual(hello);
  });

  it('tells another release and another program apart', () => {
    const of = (lowest: number, highest: number) => encodeHello({ ...hello, wireVersions: { lowest, highest } });
    expect(() => decodeHello(of(8, 9))).toThrow(
      expect.objectContaining({
        code: 'CONSORTIUM_WIRE_VERSION',
        message: expect.stringMatching(/speaks wire version 8 to 9, this node 1 to 2\. Upgrade the side/),
      }),
    );
    expect(() => decodeHello(of(2, 3), { lowest: 1, highest: 1 })).toThrow(/2 to 3, this node 1\./);
    expect(() => decodeHello(of(2, 1))).toThrow(/lowest wire version is above/);
    expect(decodeHello(of(2, 9)).wireVersions).toEqual({ lowest: 2, highest: 9 });
    expect(() => decodeHello(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'))).toThrow(/not one of a Treadle node/);
  });

  it('may have fields of a later version behind those that are known', () => {
    const bytes = encodeHello(hello);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (tail) => {
        expect(decodeHello(Uint8Array.from([...bytes, ...tail]))).toEqual(hello);
      }),
    );
  });

  it('lets both sides agree on the highest version that both speak, whoever asks', () => {
    const range = fc.tuple(fc.nat(9), fc.nat(9)).map(([a, b]) => ({ lowest: Math.min(a, b), highest: Math.max(a, b) }));
    fc.assert(
      fc.property(range, range, (ours, theirs) => {
        const agreed = agreedVersion(ours, theirs);
        expect(agreedVersion(theirs, ours)).toBe(agreed);
        const common = Array.from({ length: 10 }, (_, at) => at).filter((version) =>
          [ours, theirs].every(({ lowest, highest }) => lowest <= version && version <= highest),
        );
        expect(agreed).toBe(common.at(-1));
      }),
    );
  });

  it('refuses cut and arbitrary bytes with its own code only', () => {
    const whole = encodeHello(hello);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat({ max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          decodeHello(input);
          return false;
        } catch (error) {
          return hasCode(error, 'CONSORTIUM_HELLO_INVALID');
        }
      }),
    );
  });
});
