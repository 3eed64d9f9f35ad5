import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { recoverAddress as viemRecover } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import {
  addressOf,
  compareBytes,
  drawKey,
  equalBytes,
  fromEthereumSignature,
  fromHex,
  isAddress,
  keccak256,
  keyFrom,
  lendSha256,
  recoverAddress,
  sha256,
  signDigest,
  toAddress,
  toEthereumSignature,
  toHex,
} from './index.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** The first account of the well-known development mnemonic ("test test … junk"). */
const WELL_KNOWN = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => {
  const value = BigInt(toHex(bytes));
  return value > 0n && value < ORDER;
});
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('hashes', () => {
  it('Keccak-256 of known inputs', () => {
    expect(toHex(keccak256(new Uint8Array(0)))).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
    expect(toHex(keccak256(text('abc')))).toBe('0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
  });

  it('SHA-256 as OpenSSL has it, at every length around the block size and for a large input', () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 127, 128, 1_000_003]) {
      const data = Uint8Array.from({ length }, (_, at) => at % 251);
      expect(toHex(sha256(data))).toBe(`0x${createHash('sha256').update(data).digest('hex')}`);
    }
  });

  it('are values of their own: a later hash does not change an earlier one', () => {
    const first = keccak256(text('a'));
    const kept = toHex(first);
    keccak256(text('b'));
    expect(toHex(first)).toBe(kept);
  });
});

describe('hex and bytes', () => {
  it('go there and back', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(fromHex(toHex(bytes))).toEqual(bytes)));
    for (const length of [31, 32, 33, 1023, 1024, 1025, 5000]) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 7) & 255);
      expect(toHex(bytes)).toBe(`0x${Buffer.from(bytes).toString('hex')}`);
    }
    expect(fromHex('ABcd')).toEqual(Uint8Array.of(0xab, 0xcd));
    for (const wrong of ['0x1', '0xzz', 'hello!', '0x 1']) expect(() => fromHex(wrong)).toThrow(RangeError);
  });

  it('are addresses in one spelling', () => {
    expect(toAddress('0xF39FD6E51AAD88F6F4CE6AB8827279CFFFB92266')).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
    expect(isAddress('0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266')).toBe(false);
    for (const wrong of ['', '0x', `0x${'1'.repeat(39)}`, `${'1'.repeat(40)}`, `0x${'g'.repeat(40)}`])
      expect(() => toAddress(wrong)).toThrow(RangeError);
  });

  it('are compared as strings of bytes are', () => {
    const bytes = fc.uint8Array({ maxLength: 6 });
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        expect(Math.sign(compareBytes(left, right))).toBe(Math.sign(Buffer.compare(left, right)));
        expect(equalBytes(left, right)).toBe(Buffer.compare(left, right) === 0);
      }),
    );
  });
});

describe('keys', () => {
  it('have the address that Ethereum gives them', () => {
    const key = keyFrom(fromHex(WELL_KNOWN));
    expect(key.address).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
    expect(key.publicKey).toHaveLength(33);
    expect(addressOf(key.publicKey)).toBe(key.address);
    fc.assert(
      fc.property(secret, (bytes) => {
        expect(keyFrom(bytes).address).toBe(privateKeyToAccount(toHex(bytes)).address.toLowerCase());
      }),
      { numRuns: 20 },
    );
  });

  it('are refused when they are no secret of the curve', () => {
    const order = fromHex(ORDER.toString(16));
    for (const wrong of [new Uint8Array(32), new Uint8Array(31).fill(1), order, new Uint8Array(32).fill(255)]) {
      expect(() => keyFrom(wrong)).toThrow(RangeError);
    }
  });

  it('keep their own copy of the secret', () => {
    const bytes = fromHex(WELL_KNOWN);
    const key = keyFrom(bytes);
    bytes.fill(0);
    expect(toHex(key.privateKey)).toBe(WELL_KNOWN);
  });

  it('are drawn again when a draw is invalid, but not for ever', () => {
    let draws = 0;
    const key = drawKey(() => (draws++ === 0 ? new Uint8Array(32) : fromHex(WELL_KNOWN)));
    expect([draws, key.address]).toEqual([2, '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266']);
    expect(() => drawKey((length) => new Uint8Array(length))).toThrow(/random source/);
  });
});

describe('signatures', () => {
  it('are deterministic as RFC 6979 says', () => {
    // A published vector for secp256k1 and SHA-256: key 1, "Satoshi Nakamoto".
    const one = new Uint8Array(32);
    one[31] = 1;
    expect(toHex(signDigest(sha256(text('Satoshi Nakamoto')), one).subarray(0, 64))).toBe(
      '0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
        '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    );
  });

  it('recover to their signer, here and in other libraries, and have a low s', async () => {
    await fc.assert(
      fc.asyncProperty(secret, digest, async (bytes, hash) => {
        const key = keyFrom(bytes);
        // Not `key.sign`, which remembers the signer: this has to be computed.
        const signature = signDigest(hash, bytes);
        expect(recoverAddress(hash, signature)).toBe(key.address);
        expect(key.sign(hash)).toEqual(signature);
        expect(BigInt(toHex(signature.subarray(32, 64))) <= ORDER / 2n).toBe(true);
        const elsewhere = await viemRecover({ hash: toHex(hash), signature: toEthereumSignature(signature) });
        expect(elsewhere.toLowerCase()).toBe(key.address);
      }),
      { numRuns: 20 },
    );
  });

  it('with a high s are refused, though plain ECDSA takes them', async () => {
    const key = keyFrom(fromHex(WELL_KNOWN));
    const hash = keccak256(text('vote'));
    const high = Uint8Array.from(key.sign(hash));
    high.set(fromHex((ORDER - BigInt(toHex(high.subarray(32, 64)))).toString(16).padStart(64, '0')), 32);
    high[64] = (high[64] as number) ^ 1;
    const elsewhere = await viemRecover({ hash: toHex(hash), signature: toEthereumSignature(high) });
    expect(elsewhere.toLowerCase(), 'it is a genuine twin').toBe(key.address);
    expect(recoverAddress(hash, high)).toBeUndefined();
  });

  it('that are malformed recover to nobody, each time they are shown', () => {
    const hash = keccak256(text('vote'));
    const good = keyFrom(fromHex(WELL_KNOWN)).sign(hash);
    const withRecovery = (recovery: number): Uint8Array => Uint8Array.from([...good.subarray(0, 64), recovery]);
    const wrong = [new Uint8Array(65), new Uint8Array(65).fill(255), good.subarray(1), withRecovery(2), withRecovery(27)];
    for (const signature of [...wrong, ...wrong]) expect(recoverAddress(hash, signature)).toBeUndefined();
    expect(recoverAddress(hash.subarray(1), good)).toBeUndefined();
    expect(recoverAddress(hash, withRecovery((good[64] as number) ^ 1))).not.toBe(recoverAddress(hash, good));
  });

  it('are not looked up by a buffer that its owner may change', () => {
    const key = keyFrom(fromHex(WELL_KNOWN));
    const hash = keccak256(text('first'));
    const signature = key.sign(hash);
    expect(recoverAddress(hash, signature)).toBe(key.address);
    hash[0] = (hash[0] as number) ^ 1;
    expect(recoverAddress(hash, signature)).not.toBe(key.address);
    hash[0] = (hash[0] as number) ^ 1;
    signature[0] = (signature[0] as number) ^ 1;
    expect(recoverAddress(hash, signature)).not.toBe(key.address);
  });

  it('translate to v of 27 and 28 and back', () => {
    const signature = keyFrom(fromHex(WELL_KNOWN)).sign(keccak256(text('x')));
    const ethereum = fromHex(toEthereumSignature(signature));
    expect([27, 28]).toContain(ethereum[64]);
    expect(fromEthereumSignature(ethereum)).toEqual(signature);
    expect(fromEthereumSignature(signature)).toEqual(signature);
    expect(fromEthereumSignature(ethereum.subarray(1))).toBeUndefined();
    for (const v of [2, 26, 29, 255])
      expect(fromEthereumSignature(Uint8Array.from([...ethereum.subarray(0, 64), v]))).toBeUndefined();
  });
});

describe('a SHA-256 that a host lends', () => {
  it('takes large inputs, and small ones stay where they were', () => {
    const seen: number[] = [];
    const large = new Uint8Array(10_000).fill(3);
    const expected = toHex(sha256(large));
    expect(toHex(sha256(large.subarray(0, 1), large.subarray(1)))).toBe(expected);
    lendSha256((...parts) => {
      seen.push(parts.reduce((sum, { length }) => sum + length, 0));
      const hash = createHash('sha256');
      for (const part of parts) hash.update(part);
      return new Uint8Array(hash.digest());
    });
    expect(toHex(sha256(large.subarray(0, 1), large.subarray(1)))).toBe(expected);
    expect(toHex(sha256(new Uint8Array(0)))).toBe('0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(seen).toEqual([10_000]);
  });
});
