/**
 * Room for small byte strings that live and go together, from larger pieces of memory that they share: an array of its own
 * for each would cost more than what is written into it. A piece is freed when nobody holds anything of it.
 */
export class BytePacker {
  private readonly pieceBytes: number;
  private piece = new Uint8Array(0);
  private used = 0;

  constructor(pieceBytes: number) {
    this.pieceBytes = pieceBytes;
  }

  /** So many bytes that nobody else is given; all zero where nothing is given back. */
  take(sizeBytes: number): Uint8Array {
    if (this.used + sizeBytes > this.piece.length) {
      this.piece = new Uint8Array(Math.max(this.pieceBytes, sizeBytes));
      this.used = 0;
    }
    this.used += sizeBytes;
    return this.piece.subarray(this.used - sizeBytes, this.used);
  }

  /** Takes bytes back that nobody holds any more, if they are those that were taken last. */
  giveBack(bytes: Uint8Array): void {
    const from = this.used - bytes.length;
    if (bytes.buffer === this.piece.buffer && bytes.byteOffset === from) this.used = from;
  }
}
