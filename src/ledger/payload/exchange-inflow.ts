import { EXCHANGE_USELESS_CHUNKS_MAX, EXCHANGE_WINDOW_BYTES } from '../../limits.ts';

/** What one peer has sent on this connection, and how much of it it has been told of. */
export class Inflow {
  private receivedBytes = 0;
  private toldBytes = 0;
  private storingBytes = 0;
  private useful = 0;
  private useless = 0;

  received(bytes: number): void {
    this.receivedBytes += bytes;
  }

  /** The peer says what it sent so far, behind all of it: what is missing was lost. */
  sync(sentBytes: number): void {
    this.receivedBytes = sentBytes;
    this.toldBytes = Math.min(this.toldBytes, sentBytes);
  }

  /** A chunk was of use. */
  used(): void {
    this.useful++;
  }

  storing(bytes: number): void {
    this.storingBytes += bytes;
  }

  stored(bytes: number): void {
    this.storingBytes -= bytes;
  }

  /** Counts a chunk that nobody needs; true when this peer sends far more of them than others. */
  wasted(): boolean {
    this.useless++;
    return this.useless > EXCHANGE_USELESS_CHUNKS_MAX + this.useful;
  }

  /** More came than any window allows; twice, so that a lost or doubled frame accuses nobody. */
  get isTooMuch(): boolean {
    return this.receivedBytes - this.toldBytes > 2 * EXCHANGE_WINDOW_BYTES;
  }

  /** What the peer may count as arrived: everything, unless the disk is a window behind. */
  credit(): number {
    this.toldBytes = Math.max(this.toldBytes, this.receivedBytes - Math.max(0, this.storingBytes - EXCHANGE_WINDOW_BYTES));
    return this.toldBytes;
  }
}
