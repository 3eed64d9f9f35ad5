import { sha256, toHex } from '../../crypto/index.ts';

/**
 * The fingerprint of a simulated run: every delivered event (time, sequence, node, kind) is mixed into two 32-bit
 * lanes (multiply and rotate, with a different odd multiplier per lane), which costs nanoseconds; the lanes and the
 * number of events are hashed with SHA-256 when the fingerprint is asked for. It tells two runs apart; it is no proof
 * against somebody who looks for a collision.
 */
export class TraceHash {
  private left = 0x811c9dc5;
  private right = 0x9e3779b9;
  private events = 0;

  /** Mixes in one delivered event. All arguments are non-negative integers up to 2^53, `node` may be -1 (the world itself). */
  add(time: number, sequence: number, node: number, kind: number): void {
    this.events++;
    this.mix(time / 4_294_967_296);
    this.mix(time);
    this.mix(sequence);
    this.mix((node << 8) ^ kind);
  }

  /** 64 hex digits; the trace goes on. */
  digest(): string {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.left);
    view.setUint32(4, this.right);
    view.setFloat64(8, this.events);
    return toHex(sha256(bytes)).slice(2);
  }

  private mix(word: number): void {
    // `| 0` takes the low 32 bits; the high ones of a time are mixed on their own.
    this.left = Math.imul(this.left ^ (word | 0), 0x01000193);
    this.left = (this.left << 13) | (this.left >>> 19);
    this.right = Math.imul(this.right ^ (word | 0), 0x85ebca6b);
    this.right = (this.right << 17) | (this.right >>> 15);
  }
}
