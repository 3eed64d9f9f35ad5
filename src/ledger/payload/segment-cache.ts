import { PAYLOAD_CACHE_BYTES_MAX } from '../../limits.ts';

/** What a segment says: its chunks, one after the other, and for each the hashes that lead to the root. */
export interface SegmentContent {
  readonly bytes: Uint8Array;
  readonly proofs: readonly (readonly Uint8Array[])[];
}

/** The segments that were written or read last, by their number in the store's index. */
export class SegmentCache {
  /** In order of last use. */
  private readonly contents = new Map<number, SegmentContent>();
  private bytes = 0;

  get(segment: number): SegmentContent | undefined {
    const content = this.contents.get(segment);
    if (content === undefined) return undefined;
    this.contents.delete(segment);
    this.contents.set(segment, content);
    return content;
  }

  set(segment: number, content: SegmentContent): void {
    this.delete(segment);
    this.contents.set(segment, content);
    this.bytes += content.bytes.length;
    for (const oldest of this.contents.keys()) {
      if (this.bytes <= PAYLOAD_CACHE_BYTES_MAX) break;
      this.delete(oldest);
    }
  }

  delete(segment: number): void {
    const content = this.contents.get(segment);
    if (content === undefined) return;
    this.contents.delete(segment);
    this.bytes -= content.bytes.length;
  }
}
