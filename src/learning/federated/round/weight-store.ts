import { concatBytes, fromHex, sha256 } from '../../../crypto/index.ts';
import type { Environment, Table, TableOperation } from '../../../environment/index.ts';
import { TreadleError } from '../../../errors.ts';
import { FEDERATED_CHUNK_BYTES, FEDERATED_WEIGHTS_BYTES_MAX } from '../../../limits.ts';
import '../errors.ts';
import { digestOfBytes, type WeightsDigest, weightsFromBytes } from '../weights.ts';

/** Which weights: their digest and how many bytes they are. */
export interface WeightsReference {
  readonly digest: WeightsDigest;
  readonly sizeBytes: number;
}

/** Weights on the disk of a node, in chunks, whole or as far as they came. */
export class WeightStore {
  readonly #table: Table;
  readonly #owner: Uint8Array;

  private constructor(table: Table, owner: string) {
    this.#table = table;
    this.#owner = sha256(new TextEncoder().encode(owner)).subarray(0, 16);
  }

  /** @param table - name of the table; each service of a node has its own */
  static async open(environment: Pick<Environment, 'disk'>, table: string): Promise<WeightStore> {
    return new WeightStore(await environment.disk.table(table), '');
  }

  /** The part of the store that is for weights of this owner: what one says of its weights never touches those of another. */
  of(owner: string): WeightStore {
    return new WeightStore(this.#table, owner);
  }

  /** Stores whole weights, durably. */
  async put(bytes: Uint8Array): Promise<WeightsReference> {
    const reference = { digest: digestOfBytes(bytes), sizeBytes: bytes.length };
    const operations: TableOperation[] = [];
    for (let index = 0; index < chunksOf(reference); index++) {
      const from = index * FEDERATED_CHUNK_BYTES;
      operations.push({
        type: 'put',
        key: this.#key(reference.digest, index),
        value: bytes.slice(from, from + FEDERATED_CHUNK_BYTES),
      });
    }
    await this.#table.batch(operations, { sync: true });
    return reference;
  }

  /** Numbers of the chunks that are not here yet, ascending. */
  async missing(reference: WeightsReference): Promise<number[]> {
    const missing = [];
    for (let index = 0; index < chunksOf(reference); index++) {
      if ((await this.#table.get(this.#key(reference.digest, index))) === undefined) missing.push(index);
    }
    return missing;
  }

  /** @throws TreadleError FEDERATED_WEIGHTS_DAMAGED when the chunk has not the length that it must have */
  async putChunk(reference: WeightsReference, index: number, chunk: Uint8Array): Promise<void> {
    const length = Math.min(FEDERATED_CHUNK_BYTES, reference.sizeBytes - index * FEDERATED_CHUNK_BYTES);
    if (chunk.length !== length) {
      throw new TreadleError('FEDERATED_WEIGHTS_DAMAGED', { detail: `Chunk ${index} has ${chunk.length} bytes, not ${length}` });
    }
    await this.#table.batch([{ type: 'put', key: this.#key(reference.digest, index), value: chunk.slice() }]);
  }

  async chunk(digest: WeightsDigest, index: number): Promise<Uint8Array | undefined> {
    return await this.#table.get(this.#key(digest, index));
  }

  /**
   * The whole weights, checked. What does not fit the digest is deleted.
   *
   * @throws TreadleError FEDERATED_WEIGHTS_MISSING | FEDERATED_WEIGHTS_DAMAGED
   */
  async load(reference: WeightsReference): Promise<Float32Array> {
    checkSize(reference);
    const bytes = new Uint8Array(reference.sizeBytes);
    for (let index = 0; index < chunksOf(reference); index++) {
      const chunk = await this.#table.get(this.#key(reference.digest, index));
      if (chunk === undefined) {
        throw new TreadleError('FEDERATED_WEIGHTS_MISSING', {
          detail: `Chunk ${index} of the weights ${reference.digest} is not here`,
        });
      }
      bytes.set(chunk, index * FEDERATED_CHUNK_BYTES);
    }
    const found = digestOfBytes(bytes);
    if (found === reference.digest) return weightsFromBytes(bytes);
    await this.delete(reference);
    throw new TreadleError('FEDERATED_WEIGHTS_DAMAGED', { detail: `Weights announced as ${reference.digest} are ${found}` });
  }

  async delete(reference: WeightsReference): Promise<void> {
    const operations: TableOperation[] = [];
    for (let index = 0; index < chunksOf(reference); index++)
      operations.push({ type: 'del', key: this.#key(reference.digest, index) });
    await this.#table.batch(operations, { sync: true });
  }

  #key(digest: WeightsDigest, index: number): Uint8Array {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, index);
    return concatBytes([this.#owner, fromHex(digest), number]);
  }
}

/** @throws TreadleError FEDERATED_WEIGHTS_DAMAGED for a size that no weights have */
export function checkSize({ sizeBytes }: WeightsReference): void {
  if (Number.isInteger(sizeBytes) && sizeBytes > 0 && sizeBytes % 4 === 0 && sizeBytes <= FEDERATED_WEIGHTS_BYTES_MAX) return;
  throw new TreadleError('FEDERATED_WEIGHTS_DAMAGED', { detail: `Weights of ${sizeBytes} bytes are none` });
}

function chunksOf({ sizeBytes }: WeightsReference): number {
  return Math.ceil(sizeBytes / FEDERATED_CHUNK_BYTES);
}
