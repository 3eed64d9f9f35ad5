import { describe, expect, it } from 'vitest';
import { encodeRlp, fromHex, keccak256, toHex } from '../../crypto/index.ts';
import { BLOCK_GAS_MAX, BLOCK_PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX, TRANSACTION_GAS_MAX } from '../../limits.ts';
import { decodeTransaction } from '../pool/transaction-codec.ts';
import { CHAIN_ID, testKey } from '../testing/fixtures.ts';
import { PAYLOAD_TRANSACTION_TYPE, PayloadTransaction, payloadGas, payloadOf } from './payload-transaction.ts';
import { commitPayload } from './payload-tree.ts';
import { bodyOf } from './testing/bodies.ts';
import { signedPayload } from './testing/signed-payload.ts';

const key = testKey(0);
const body = bodyOf(100_000);

describe('a payload transaction', () => {
  it('decodes to what was signed, with its sender and its commitment', () => {
    const raw = signedPayload(key, {
      nonce: 7,
      body,
      mediaType: 'text/plain',
      to: testKey(1).address,
      data: Uint8Array.of(1, 2),
    });
    const signed = decodeTransaction(raw, CHAIN_ID);
    expect(signed).toMatchObject({
      sender: key.address,
      hash: toHex(keccak256(raw)),
      payload: commitPayload(body, 'text/plain'),
    });
    expect(signed.transaction).toMatchObject({ nonce: 7n, type: PAYLOAD_TRANSACTION_TYPE, data: Uint8Array.of(1, 2) });
    expect(payloadOf(signed.transaction)).toEqual(signed.payload);
    expect(toHex(signed.transaction.serialize())).toBe(toHex(raw));
    expect(toHex(signed.transaction.hash())).toBe(signed.hash);
    expect(toHex(signed.transaction.getSenderAddress().bytes)).toBe(key.address);
  });

  it('is signed with @ethereumjs as with the house’s keys', () => {
    const raw = signedPayload(key, { nonce: 7, body, to: testKey(1).address });
    const { transaction } = decodeTransaction(raw, CHAIN_ID);
    expect(transaction).toBeInstanceOf(PayloadTransaction);
    expect(toHex(transaction.sign(key.privateKey).serialize())).toBe(toHex(raw));
  });

  it('pays for its body by the KiB, and the largest fits a transaction, a full block’s fit a block', () => {
    const { transaction } = decodeTransaction(signedPayload(key, { nonce: 0, body, to: testKey(1).address }), CHAIN_ID);
    expect(transaction.getIntrinsicGas()).toBe(21_000n + payloadGas(body.length));
    expect(payloadGas(1)).toBe(payloadGas(1024));
    expect(payloadGas(1025)).toBe(2n * payloadGas(1));
    expect(payloadGas(PAYLOAD_BYTES_MAX) + 21_000n).toBeLessThan(TRANSACTION_GAS_MAX);
    expect(3n * payloadGas(BLOCK_PAYLOAD_BYTES_MAX)).toBeLessThan(BLOCK_GAS_MAX);
  });

  it('is refused when anything of it is not in its place', () => {
    const items = (): unknown[] => {
      const { root, lengthBytes } = commitPayload(body, 'a/b');
      const to = fromHex(testKey(1).address);
      const text = new TextEncoder().encode('a/b');
      return [CHAIN_ID, 0, 0, 0, 1_000_000, to, 0, new Uint8Array(0), fromHex(root), lengthBytes, text, 1, 1, 1];
    };
    const decode = (change: (list: unknown[]) => void) => () => {
      const list = items();
      change(list);
      return decodeTransaction(Uint8Array.from([PAYLOAD_TRANSACTION_TYPE, ...encodeRlp(list as never)]), CHAIN_ID);
    };
    const refused = (code: string) => expect.objectContaining({ code }) as unknown as Error;
    expect(decode((list) => list.pop())).toThrow(refused('POOL_INVALID'));
    expect(decode((list) => list.push(0))).toThrow(refused('POOL_INVALID'));
    expect(decode((list) => list.splice(0, 1, 1))).toThrow(refused('POOL_WRONG_CHAIN'));
    for (const [place, value] of [
      [5, new Uint8Array(19)],
      [8, new Uint8Array(31)],
      [9, 0],
      [9, PAYLOAD_BYTES_MAX + 1],
      [10, new TextEncoder().encode('no type')],
      [10, Uint8Array.of(0xc3, 0xa4, 0x2f, 0x61)],
      [11, 2],
      [13, 2n ** 256n - 1n],
      [4, Uint8Array.of(0, 1)],
      [2, 5],
    ] as const) {
      expect(
        decode((list) => list.splice(place, 1, value)),
        `field ${place}`,
      ).toThrow(refused('POOL_INVALID'));
    }
  });
});
