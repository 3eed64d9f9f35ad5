import { PAYLOAD_CACHE_BYTES_MAX } from '../../limits.ts';

/** What a segment says: its chunks, one after the other, and for each the hashes that lead to the root. */
export interface SegmentContent {
  readonly bytes: Uint8Array;
  readonly proofs: readonly (readonly Uint8Array[])[];
}

/** The segments that were written or read last, by the name of their blob. */
export class SegmentCache {
  /** In order of last use. */
  private readonly contents = new Map<string, SegmentContent>();
  private bytes = 0;

  get(blob: string): SegmentContent | undefined {
    const content = this.contents.get(blob);
    if (content === undefined) return undefined;
    this.contents.delete(blob);
    this.contents.set(blob, content);
    return content;
  }

  set(blob: string, content: SegmentContent): void {
    this.delete(blob);
    this.contents.set(blob, content);
    this.bytes += content.bytes.length;
    for (const oldest of this.contents.keys()) {
      if (this.bytes <= PAYLOAD_CACHE_BYTES_MAX) break;
      this.delete(oldest);
    }
  }

  delete(blob: string): void {
    const content = this.contents.get(blob);
    if (content === undefined) return;
    this.contents.delete(blob);
    this.bytes -= content.bytes.length;
  }
}
