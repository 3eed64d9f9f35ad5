import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeRlp, fromHex, type Hex, keccak256, keyFrom, recoverAddress, toHex } from '../../crypto/index.ts';
import {
  BLOCK_GAS_MAX,
  BLOCK_PAYLOAD_BYTES_MAX,
  NODE_MEMORY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  PAYLOAD_CHUNK_BYTES,
  PAYLOAD_GAS_PER_KIB,
  POOL_PAYLOAD_BYTES_MAX,
} from '../../limits.ts';
import { decodeTransaction } from '../pool/transaction-codec.ts';
import { encodePayloadTransaction, payloadMessageToSign } from './payload-transaction.ts';
import { chunkOf, commitPayload, payloadTreeOf } from './payload-tree.ts';

const page = readFileSync(new URL('../../../docs/reference/payload-transactions.md', import.meta.url), 'utf8');

interface Vector {
  readonly privateKey: Hex;
  readonly chainId: number;
  readonly nonce: number;
  readonly gasLimit: number;
  readonly to: Hex;
  readonly data: Hex;
  readonly lengthBytes: number;
  readonly mediaType: string;
  readonly leaves: readonly Hex[];
  readonly root: Hex;
  readonly proofOfChunk2: readonly Hex[];
  readonly signedHash: Hex;
  readonly sender: Hex;
  readonly raw: Hex;
  readonly hash: Hex;
}

const vector = JSON.parse((/```json\n([\s\S]*?)```/.exec(page) as RegExpExecArray)[1] as string) as Vector;
const body = Uint8Array.from({ length: vector.lengthBytes }, (_, at) => at % 251);

describe('the reference of payload transactions', () => {
  it('has a vector that this code agrees with', () => {
    const tree = payloadTreeOf(body);
    const payload = commitPayload(body, vector.mediaType);
    const fields = {
      ...{ chainId: vector.chainId, nonce: BigInt(vector.nonce), gasLimit: BigInt(vector.gasLimit), payload },
      ...{ maxPriorityFeePerGas: 0n, maxFeePerGas: 0n, value: 0n, to: fromHex(vector.to), data: fromHex(vector.data) },
    };
    const key = keyFrom(fromHex(vector.privateKey));
    const signedHash = keccak256(payloadMessageToSign(fields));
    const raw = encodePayloadTransaction(fields, key.sign(signedHash));
    expect({
      leaves: tree.levels[0]?.map(toHex),
      root: tree.root,
      proofOfChunk2: chunkOf(body, 2).proof.map(toHex),
      signedHash: toHex(signedHash),
      sender: key.address,
      raw: toHex(raw),
      hash: toHex(keccak256(raw)),
    }).toEqual({
      leaves: vector.leaves,
      root: vector.root,
      proofOfChunk2: vector.proofOfChunk2,
      signedHash: vector.signedHash,
      sender: vector.sender,
      raw: vector.raw,
      hash: vector.hash,
    });
    expect(decodeTransaction(fromHex(vector.raw), vector.chainId)).toMatchObject({ sender: vector.sender, payload });
  });

  it('has a vector that follows from the words of the page', () => {
    const unsigned = [
      ...[vector.chainId, vector.nonce, 0, 0, vector.gasLimit, fromHex(vector.to), 0, fromHex(vector.data)],
      ...[fromHex(vector.root), vector.lengthBytes, new TextEncoder().encode(vector.mediaType)],
    ];
    const signedHash = keccak256(Uint8Array.of(0x50, ...encodeRlp(unsigned)));
    expect(toHex(signedHash)).toBe(vector.signedHash);
    const signature = keyFrom(fromHex(vector.privateKey)).sign(signedHash);
    expect(recoverAddress(signedHash, signature)).toBe(vector.sender);
    const raw = fromHex(vector.raw);
    expect(toHex(keccak256(raw))).toBe(vector.hash);
    expect(toHex(raw)).toContain(toHex(signature.subarray(0, 32)).slice(2));
  });

  it('gives the limits as they are', () => {
    const grouped = (value: number | bigint) => value.toLocaleString('en-US');
    const mebibytes = (value: number) => `${value / 1024 / 1024} MiB`;
    expect(page).toContain(`1 to ${grouped(PAYLOAD_BYTES_MAX)}`);
    expect(page).toContain(`chunks of ${grouped(PAYLOAD_CHUNK_BYTES)} bytes`);
    expect(page).toContain(`${grouped(PAYLOAD_GAS_PER_KIB)} gas for each KiB`);
    expect(page).toContain(`The bodies of one block have at most ${mebibytes(BLOCK_PAYLOAD_BYTES_MAX)} together`);
    expect(page).toContain(`A node keeps at most ${mebibytes(NODE_MEMORY_BYTES_MAX)} in memory`);
    expect(page).toMatch(
      new RegExp(`bodies of all pooled payload transactions together have at most ${mebibytes(POOL_PAYLOAD_BYTES_MAX)}`),
    );
    const full = (BigInt(BLOCK_PAYLOAD_BYTES_MAX / 1024) * PAYLOAD_GAS_PER_KIB) as bigint;
    expect(page).toContain(
      `costs ${Math.round(Number(full) / 100_000) / 10} million of its ${BLOCK_GAS_MAX / 1_000_000n} million gas`,
    );
  });
});
