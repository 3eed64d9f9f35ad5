import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hex, keyFrom, toHex } from '../crypto/index.ts';
import { hasCode } from '../errors.ts';
import { CERTIFICATE_BYTES } from '../limits.ts';
import {
  type CertificateExpectation,
  certificateFromJson,
  certificateToJson,
  decodeCertificate,
  encodeCertificate,
  issueCertificate,
  verifyCertificate,
} from './certificate.ts';

const key = (byte: number) => keyFrom(new Uint8Array(32).fill(byte));
const company = key(1);
const stranger = key(2);
const observer = key(3).address;
const serial = `0x${'ab'.repeat(32)}` as Hex;
const fields = { observer, role: 'edge', expiresAtSeconds: 2_000_000_000, serial, chainId: 7077 } as const;
const expected: CertificateExpectation = {
  chainId: 7077,
  observer,
  role: 'edge',
  issuers: new Set([company.address]),
  nowSeconds: 1_900_000_000,
};

describe('verifyCertificate', () => {
  it('accepts what a company of the consortium signed', () => {
    expect(verifyCertificate(issueCertificate(fields, company), expected)).toEqual({ valid: true });
  });

  const certificate = issueCertificate(fields, company);
  const refusals: [string, Parameters<typeof verifyCertificate>[0], Partial<CertificateExpectation>, string][] = [
    ['a stranger signed it in its own name', issueCertificate(fields, stranger), {}, 'CERTIFICATE_NOT_A_COMPANY'],
    [
      'a stranger signed it in the name of a company',
      { ...issueCertificate(fields, stranger), company: company.address },
      {},
      'CERTIFICATE_FORGED',
    ],
    ['its role was changed', { ...certificate, role: 'device' }, { role: 'device' }, 'CERTIFICATE_FORGED'],
    ['its expiry was changed', { ...certificate, expiresAtSeconds: 3_000_000_000 }, {}, 'CERTIFICATE_FORGED'],
    ['its serial was changed', { ...certificate, serial: `0x${'00'.repeat(32)}` }, {}, 'CERTIFICATE_FORGED'],
    ['its chain was changed', { ...certificate, chainId: 7078 }, { chainId: 7078 }, 'CERTIFICATE_FORGED'],
    ['it is for another chain', certificate, { chainId: 1 }, 'CERTIFICATE_WRONG_CHAIN'],
    ['another node shows it', certificate, { observer: stranger.address }, 'CERTIFICATE_WRONG_OBSERVER'],
    ['it is shown in another role', certificate, { role: 'device' }, 'CERTIFICATE_WRONG_ROLE'],
    ['its last second has come', certificate, { nowSeconds: fields.expiresAtSeconds }, 'CERTIFICATE_EXPIRED'],
    ['the company has left', certificate, { issuers: new Set() }, 'CERTIFICATE_NOT_A_COMPANY'],
  ];
  it.each(refusals)('refuses when %s', (_why, shown, change, code) => {
    expect(verifyCertificate(shown, { ...expected, ...change })).toMatchObject({ valid: false, code });
  });

  it('holds until the second before it expires', () => {
    expect(verifyCertificate(certificate, { ...expected, nowSeconds: fields.expiresAtSeconds - 1 }).valid).toBe(true);
  });
});

const anyCertificate = fc
  .record({
    observer: fc.integer({ min: 1, max: 254 }).map((byte) => key(byte).address),
    role: fc.constantFrom('device' as const, 'edge' as const, 'centre' as const),
    expiresAtSeconds: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    serial: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
    chainId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  })
  .map((some) => issueCertificate(some, company));

describe('the codecs of a certificate', () => {
  it('give back what they were given', () => {
    fc.assert(
      fc.property(anyCertificate, (certificate) => {
        expect(decodeCertificate(encodeCertificate(certificate))).toEqual(certificate);
        expect(certificateFromJson(certificateToJson(certificate), 'certificate.json')).toEqual(certificate);
      }),
      { numRuns: 50 },
    );
  });

  it('never let a changed byte verify, and never fail otherwise than by CERTIFICATE_MALFORMED', () => {
    const bytes = encodeCertificate(issueCertificate(fields, company));
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ change;
        try {
          expect(verifyCertificate(decodeCertificate(changed), expected).valid).toBe(false);
        } catch (error) {
          if (!hasCode(error, 'CERTIFICATE_MALFORMED')) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuse another length', () => {
    for (const length of [0, CERTIFICATE_BYTES - 1, CERTIFICATE_BYTES + 1]) {
      expect(() => decodeCertificate(new Uint8Array(length))).toThrow(/154 bytes/);
    }
  });

  it('name the file and the field of a damaged JSON file', () => {
    const text = certificateToJson(issueCertificate(fields, company)).replace('"edge"', '"boss"');
    expect(() => certificateFromJson(text, 'edge-1/certificate.json')).toThrow(/edge-1\/certificate\.json.*role/);
    expect(() => certificateFromJson('{', 'x.json')).toThrow(/x\.json is not JSON/);
  });
});
