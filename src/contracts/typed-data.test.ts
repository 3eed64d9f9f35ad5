import fc from 'fast-check';
import { encodeAbiParameters, hashTypedData, recoverAddress, keccak256 as viemKeccak } from 'viem';
import { describe, expect, it } from 'vitest';
import { drawKey, sha256, toAddress, toEthereumSignature, toHex } from '../crypto/index.ts';
import { certificateDigest, channelIdOf, serviceId, serviceName, taskIdOf, voucherDigest } from './typed-data.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
const domain = fc.record({ chainId: fc.integer({ min: 1, max: 2 ** 31 }), contract: bytes(20) });

describe('signed data', () => {
  it('hashes certificates as viem does', () => {
    const certificate = fc.record({
      observer: bytes(20),
      role: fc.integer({ min: 0, max: 255 }),
      company: bytes(20),
      expiresAt: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      serial: bytes(32),
    });
    fc.assert(
      fc.property(domain, certificate, ({ chainId, contract }, message) => {
        const theirs = hashTypedData({
          domain: { name: 'Treadle Consortium', version: '1', chainId, verifyingContract: contract },
          types: {
            Certificate: [
              { name: 'observer', type: 'address' },
              { name: 'role', type: 'uint8' },
              { name: 'company', type: 'address' },
              { name: 'expiresAt', type: 'uint64' },
              { name: 'serial', type: 'bytes32' },
            ],
          },
          primaryType: 'Certificate',
          message,
        });
        expect(toHex(certificateDigest({ chainId, contract, certificate: message }))).toBe(theirs);
      }),
    );
  });

  it('hashes vouchers as viem does, and the payer is recovered', async () => {
    const key = drawKey((length) => sha256(Uint8Array.of(length)));
    await fc.assert(
      fc.asyncProperty(
        domain,
        bytes(32),
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
        async (where, channelId, cumulativeWei) => {
          const theirs = hashTypedData({
            domain: { name: 'Treadle Payment Channels', version: '1', chainId: where.chainId, verifyingContract: where.contract },
            types: {
              Voucher: [
                { name: 'channelId', type: 'bytes32' },
                { name: 'cumulativeAmountWei', type: 'uint256' },
              ],
            },
            primaryType: 'Voucher',
            message: { channelId, cumulativeAmountWei: cumulativeWei },
          });
          const ours = voucherDigest({ ...where, channelId, cumulativeWei });
          expect(toHex(ours)).toBe(theirs);
          const signer = await recoverAddress({ hash: theirs, signature: toEthereumSignature(key.sign(ours)) });
          expect(toAddress(signer)).toBe(key.address);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('names channels as the contract does', () => {
    fc.assert(
      fc.property(domain, bytes(20), bytes(20), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (where, payer, payee, nonce) => {
        const types = [
          { type: 'uint256' },
          { type: 'address' },
          { type: 'address' },
          { type: 'address' },
          { type: 'uint64' },
        ] as const;
        const theirs = viemKeccak(encodeAbiParameters(types, [BigInt(where.chainId), where.contract, payer, payee, nonce]));
        expect(channelIdOf({ ...where, payer, payee, nonce })).toBe(theirs);
      }),
    );
  });

  it('refuses numbers that are none', () => {
    const where = { chainId: 1, contract: `0x${'11'.repeat(20)}`, channelId: `0x${'22'.repeat(32)}` } as const;
    expect(() => voucherDigest({ ...where, cumulativeWei: -1n })).toThrow(RangeError);
    expect(() => voucherDigest({ ...where, cumulativeWei: 2n ** 256n })).toThrow(RangeError);
  });
});

describe('ids', () => {
  it('of services are their names', () => {
    expect(serviceName(serviceId('vibration.spectrum'))).toBe('vibration.spectrum');
    expect(serviceName(serviceId('größe'))).toBe('größe');
    expect(serviceId('a')).toBe(`0x61${'00'.repeat(31)}`);
    expect(() => serviceId('')).toThrow(RangeError);
    expect(() => serviceId('x'.repeat(33))).toThrow(RangeError);
  });

  it('of tasks begin with their device', () => {
    const device = `0x${'ab'.repeat(20)}` as const;
    expect(taskIdOf(device, new Uint8Array(12).fill(1))).toBe(`${device}${'01'.repeat(12)}`);
    expect(() => taskIdOf(device, new Uint8Array(11))).toThrow(RangeError);
  });
});
