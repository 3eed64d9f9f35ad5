import { type Hex, toHex } from '../../crypto/index.ts';
import type { Blobs, Environment, Table, TableOperation } from '../../environment/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import { PAYLOAD_CHUNK_BYTES, PAYLOAD_SEGMENT_WAIT_MICROS } from '../../limits.ts';
import '../errors.ts';
import { GroupCommit } from './group-commit.ts';
import type { PayloadChunk, PayloadCommitment, PayloadStore } from './payload.ts';
import { PayloadReferences } from './payload-references.ts';
import { chunkCountOf, chunkFault, chunkOf, payloadTreeOf, sharedBytes } from './payload-tree.ts';
import { SegmentCache, type SegmentContent } from './segment-cache.ts';
import { deleteSegment, putSegment, readProofs, readSegments, type Segment } from './segment-index.ts';
import { chunksOf, fits, joined, owned, StoredBody, type WaitingChunk } from './stored-body.ts';

/**
 * The bodies on this node's disk: chunks of one body that come together are one blob, and a table says where each chunk is.
 * A chunk counts as held when blob and table entry are durable. Whoever hands chunks in accounts for their memory until
 * `putChunk` resolves.
 */
export class DiskPayloadStore implements PayloadStore {
  /** Called when a body is complete. */
  onHeld: (commitment: PayloadCommitment) => void = () => {};
  /** Called when a body of a block turns out to be damaged on disk. */
  onLost: (commitment: PayloadCommitment) => void = () => {};
  private readonly environment: Environment;
  private readonly table: Table;
  private readonly blobs: Blobs;
  private readonly commits: GroupCommit;
  private readonly bodies = new Map<Hex, StoredBody>();
  /** How many segments lie in one blob: different bodies may have a part in common. */
  private readonly uses = new Map<string, number>();
  private readonly cache = new SegmentCache();
  private readonly references = new PayloadReferences();
  private bytes = 0;
  private lastId = 0;

  private constructor(environment: Environment, table: Table, blobs: Blobs) {
    this.environment = environment;
    this.table = table;
    this.blobs = blobs;
    this.commits = new GroupCommit(table);
  }

  /** Opens the store of a node's disk and reads what it holds. */
  static async open(environment: Environment): Promise<DiskPayloadStore> {
    const { disk } = environment;
    const store = new DiskPayloadStore(environment, await disk.table('payloads'), await disk.blobs());
    await store.load();
    return store;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  holds(root: Hex): boolean {
    const body = this.bodies.get(root);
    return body?.whole === true;
  }

  /** Chunks that are being written are not missing any more, although they are not held yet. */
  missing(commitment: PayloadCommitment): readonly number[] {
    const body = this.bodies.get(commitment.root);
    const all = Array.from({ length: chunkCountOf(commitment.lengthBytes) }, (_, index) => index);
    return body === undefined ? all : body.absent().filter((index) => !body.waiting.has(index));
  }

  /** What is known of the body with this root; its media type is that of the first transaction that named it. */
  commitmentOf(root: Hex): PayloadCommitment | undefined {
    return this.bodies.get(root)?.commitment;
  }

  async putChunk(commitment: PayloadCommitment, chunk: PayloadChunk): Promise<boolean> {
    const fault = chunkFault(commitment, chunk);
    if (fault !== undefined) throw new TreadleError('PAYLOAD_BAD_CHUNK', { detail: fault, data: { root: commitment.root } });
    const body = this.bodyOf(commitment);
    if (body.has(chunk.index)) return false;
    const underWay = body.waiting.get(chunk.index);
    if (underWay !== undefined) {
      await underWay.written.promise;
      return false;
    }
    const waiting = { chunk, written: Promise.withResolvers<void>(), writing: false };
    body.waiting.set(chunk.index, waiting);
    this.schedule(body);
    await waiting.written.promise;
    return true;
  }

  async putBody(commitment: PayloadCommitment, bytes: Uint8Array): Promise<void> {
    const tree = bytes.length === commitment.lengthBytes ? payloadTreeOf(bytes) : undefined;
    if (tree?.root !== commitment.root) {
      throw new TreadleError('PAYLOAD_BAD_BODY', {
        detail: `the body has ${bytes.length} bytes and the root ${tree?.root ?? 'of another length'}, the transaction commits to ${commitment.lengthBytes} bytes and ${commitment.root}`,
        data: { root: commitment.root, lengthBytes: commitment.lengthBytes },
      });
    }
    const body = this.bodyOf(commitment);
    const absent = body.absent();
    if (absent.length === 0) return;
    await this.write(
      body,
      absent.map((index) => chunkOf(bytes, index)),
      absent.length === body.chunks ? bytes : undefined,
    );
  }

  async chunk(root: Hex, index: number): Promise<PayloadChunk | undefined> {
    const body = this.bodies.get(root);
    if (body === undefined) return undefined;
    for (const segment of body.segments) {
      const at = segment.indexes.indexOf(index);
      if (at < 0) continue;
      const content = await this.contentOf(body, segment);
      if (content === undefined) continue;
      return { index, bytes: chunksOf(content.bytes)[at] as Uint8Array, proof: content.proofs[at] as readonly Uint8Array[] };
    }
    return undefined;
  }

  async body(root: Hex): Promise<Uint8Array | undefined> {
    const body = this.bodies.get(root);
    if (body?.whole !== true) return undefined;
    const parts: { readonly indexes: readonly number[]; readonly bytes: Uint8Array }[] = [];
    for (const segment of [...body.segments]) {
      const content = await this.contentOf(body, segment);
      if (content === undefined) return undefined;
      if (segment.indexes.length === body.chunks) return content.bytes;
      parts.push({ indexes: segment.indexes, bytes: content.bytes });
    }
    return sharedBytes(root, () => {
      const whole = new Uint8Array(body.commitment.lengthBytes);
      for (const { indexes, bytes } of parts) {
        for (const [at, chunk] of chunksOf(bytes).entries()) whole.set(chunk, (indexes[at] as number) * PAYLOAD_CHUNK_BYTES);
      }
      return whole;
    });
  }

  async forget(root: Hex): Promise<void> {
    const body = this.bodies.get(root);
    const segments = [...(body?.segments ?? [])];
    this.bodies.delete(root);
    if (body?.timer !== undefined) this.environment.clock.cancel(body.timer);
    for (const { written } of body?.waiting.values() ?? []) written.resolve();
    await this.commits.write([...segments.map(deleteSegment), ...this.references.forget(root)]);
    for (const segment of segments) await this.unuse(segment);
    this.report();
  }

  // --- bodies of blocks ----------------------------------------------------------------------

  /** Whether a block refers to this body. */
  isKept(root: Hex): boolean {
    return this.references.isKept(root);
  }

  /** The latest block that refers to this body, if one does. */
  referredAt(root: Hex): number | undefined {
    return (this.references.keptOf(root) ?? this.references.wantedOf(root))?.height;
  }

  /** Whether a block refers to this body, which is not held. */
  isWanted(root: Hex): boolean {
    return this.references.wantedOf(root) !== undefined;
  }

  /** A block refers to these bodies: those that are held are kept, the others are wanted. Durable when it resolves. */
  async refer(commitments: readonly PayloadCommitment[], height: number): Promise<void> {
    if (commitments.length === 0) return;
    const operations = commitments.flatMap((commitment) => {
      const reference = { commitment, height };
      return this.holds(commitment.root) ? this.references.keep(reference) : this.references.want(reference);
    });
    await this.commits.write(operations);
    this.report();
  }

  /** Bodies of blocks that this node lacks. */
  wanted(): readonly PayloadCommitment[] {
    return this.references.allWanted().map(({ commitment }) => commitment);
  }

  /** Deletes what no block refers to and `isNeeded` does not claim: the rest of what was going on when the node stopped. */
  async sweep(isNeeded: (root: Hex) => boolean): Promise<void> {
    for (const root of [...this.bodies.keys()]) {
      if (!this.isKept(root) && !this.isWanted(root) && !isNeeded(root)) await this.forget(root);
    }
  }

  async close(): Promise<void> {
    for (const body of this.bodies.values()) if (body.timer !== undefined) this.environment.clock.cancel(body.timer);
    await this.commits.idle();
    await this.table.close();
  }

  // --- within --------------------------------------------------------------------------------

  /** Reads the index. What cannot be read of it is deleted: its chunks are missing, and a block's body is wanted again. */
  private async load(): Promise<void> {
    const damaged: Uint8Array[] = [];
    const onDamaged = (key: Uint8Array): void => void damaged.push(key);
    for await (const segment of readSegments(this.table, onDamaged)) {
      this.lastId = Math.max(this.lastId, segment.id);
      this.use(segment);
      this.bodyOf(segment.commitment).add(segment);
    }
    await this.references.load(this.table, onDamaged);
    for (const key of damaged) this.environment.log.warn('payload-index-damaged', { key: toHex(key) });
    const incomplete = this.references.allKept().filter(({ commitment }) => !this.holds(commitment.root));
    const operations: TableOperation[] = damaged.map((key) => ({ type: 'del', key }));
    operations.push(...incomplete.flatMap((reference) => this.references.want(reference)));
    if (operations.length > 0) await this.commits.write(operations);
    this.report();
  }

  private bodyOf(commitment: PayloadCommitment): StoredBody {
    const body = this.bodies.get(commitment.root) ?? new StoredBody(commitment);
    this.bodies.set(commitment.root, body);
    return body;
  }

  /** Writes what waits once it is the rest of the body or a full segment, else soon. */
  private schedule(body: StoredBody): void {
    if (body.due) return void this.flush(body);
    body.timer ??= this.environment.clock.set(PAYLOAD_SEGMENT_WAIT_MICROS, () => void this.flush(body), 'payload chunks');
  }

  private async flush(body: StoredBody): Promise<void> {
    if (body.timer !== undefined) this.environment.clock.cancel(body.timer);
    body.timer = undefined;
    const batch = [...body.waiting.values()].filter(({ writing }) => !writing);
    batch.sort((left, right) => left.chunk.index - right.chunk.index);
    if (batch.length === 0) return;
    for (const entry of batch) entry.writing = true;
    let settle: (entry: WaitingChunk) => void;
    try {
      await this.write(
        body,
        batch.map(({ chunk }) => chunk),
      );
      settle = ({ written }) => written.resolve();
    } catch (error) {
      settle = ({ written }) => written.reject(error);
    }
    for (const entry of batch) {
      body.waiting.delete(entry.chunk.index);
      settle(entry);
    }
  }

  private async write(body: StoredBody, chunks: readonly PayloadChunk[], whole?: Uint8Array): Promise<void> {
    const { commitment } = body;
    const { root } = commitment;
    const indexes = chunks.map(({ index }) => index);
    const bytes = sharedBytes(`${root} ${indexes.join()}`, () => (whole === undefined ? joined(chunks) : owned(whole)));
    const blob = await this.blobs.put(bytes);
    const segment: Segment = { id: ++this.lastId, commitment, blob, sizeBytes: bytes.length, indexes };
    this.use(segment);
    const proofs = chunks.map(({ proof }) => proof);
    try {
      await this.commits.write([putSegment(segment, proofs)]);
    } catch (error) {
      await this.unuse(segment);
      throw error;
    }
    if (this.bodies.get(root) !== body) {
      // Forgotten meanwhile: nobody else would ever delete it.
      await this.commits.write([deleteSegment(segment)]);
      return this.unuse(segment);
    }
    const before = body.whole;
    body.add(segment);
    this.cache.set(segment.id, { bytes, proofs });
    const wanted = this.references.wantedOf(root);
    if (body.whole && wanted !== undefined) await this.refer([commitment], wanted.height);
    this.report();
    if (!before && body.whole) this.onHeld(commitment);
  }

  private async contentOf(body: StoredBody, segment: Segment): Promise<SegmentContent | undefined> {
    // Two bodies may have the same bytes somewhere, and so the same blob: the proofs are each body's own.
    const cached = this.cache.get(segment.id);
    if (cached !== undefined) return cached;
    const [read, proofs] = await Promise.all([this.blobs.get(segment.blob), readProofs(this.table, segment)]);
    const sound = read?.length === segment.sizeBytes && proofs?.length === segment.indexes.length;
    if (!sound || !fits(segment, { bytes: read, proofs })) {
      await this.lose(body, segment);
      return undefined;
    }
    const bytes = sharedBytes(`${segment.commitment.root} ${segment.indexes.join()}`, () => read);
    this.cache.set(segment.id, { bytes, proofs });
    return { bytes, proofs };
  }

  /** A blob is damaged or gone: its chunks are missing again. */
  private async lose(body: StoredBody, segment: Segment): Promise<void> {
    const { root } = body.commitment;
    if (!body.remove(segment)) return;
    this.environment.metrics.count('payload_segments_damaged_total');
    this.environment.log.warn('payload-damaged', { root, chunks: segment.indexes.length });
    const reference = body.whole ? undefined : this.references.keptOf(root);
    await this.commits.write([deleteSegment(segment), ...(reference === undefined ? [] : this.references.want(reference))]);
    await this.unuse(segment);
    this.report();
    if (reference !== undefined) this.onLost(body.commitment);
  }

  private use({ blob, sizeBytes }: Segment): void {
    this.uses.set(blob, (this.uses.get(blob) ?? 0) + 1);
    this.bytes += sizeBytes;
  }

  private async unuse({ id, blob, sizeBytes }: Segment): Promise<void> {
    this.cache.delete(id);
    const left = (this.uses.get(blob) ?? 0) - 1;
    invariant(left >= 0, 'a segment is placed before it is removed');
    this.bytes -= sizeBytes;
    if (left > 0) {
      this.uses.set(blob, left);
      return;
    }
    this.uses.delete(blob);
    await this.blobs.delete(blob);
  }

  private report(): void {
    this.environment.metrics.gauge('payload_store_bytes', this.bytes);
    this.environment.metrics.gauge('payload_bodies_missing', this.references.wantedCount);
  }
}
