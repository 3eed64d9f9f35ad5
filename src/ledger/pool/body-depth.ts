import type { Hex } from '../../crypto/index.ts';
import type { Clock, Micros } from '../../environment/index.ts';
import { POOL_BODIES_BYTES_MIN, POOL_BODIES_WAIT_MICROS, POOL_PAYLOAD_BYTES_MAX } from '../../limits.ts';

interface Waiting {
  readonly bytes: number;
  readonly sinceMicros: Micros;
}

/**
 * How many bytes of its own clients' bodies may wait before a node tells them to come back. As long as none waits longer than
 * POOL_BODIES_WAIT_MICROS, there is room; when one does, as many may wait as blocks took up of them in that time. Lines carry
 * what they carry: whatever is taken in beyond it only waits on disk, for as long as the overload lasted.
 */
export class BodyDepth {
  private readonly clock: Clock;
  /** Oldest first. */
  private readonly waiting = new Map<Hex, Waiting>();
  private waitingBytes = 0;
  /** What blocks took up of late, oldest first. */
  private taken: { readonly bytes: number; readonly atMicros: Micros }[] = [];
  private limit = POOL_PAYLOAD_BYTES_MAX;
  private limitAtMicros: Micros = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A client's transaction with a body of so many bytes waits for a block. */
  noteWaiting(hash: Hex, bytes: number): void {
    if (this.waiting.has(hash)) return;
    this.waiting.set(hash, { bytes, sinceMicros: this.clock.now() });
    this.waitingBytes += bytes;
  }

  /** A transaction is in a block. */
  noteTaken(hash: Hex): void {
    const bytes = this.waiting.get(hash)?.bytes;
    this.forget(hash);
    if (bytes !== undefined) this.taken.push({ bytes, atMicros: this.clock.now() });
  }

  /** A transaction left the pool. */
  forget(hash: Hex): void {
    this.waitingBytes -= this.waiting.get(hash)?.bytes ?? 0;
    this.waiting.delete(hash);
  }

  /** Whether a body of so many bytes may wait too; one alone always may. */
  allows(bytes: number): boolean {
    return this.waiting.size === 0 || this.waitingBytes + bytes <= this.limitBytes;
  }

  /** Whether what waits takes more than half of the room. */
  get isCrowded(): boolean {
    return this.waitingBytes > this.limitBytes / 2;
  }

  /** Bytes that may wait at present. */
  get limitBytes(): number {
    const now = this.clock.now();
    const [oldest] = this.waiting.values();
    if (oldest !== undefined && now - oldest.sinceMicros > POOL_BODIES_WAIT_MICROS) {
      this.taken = this.taken.filter(({ atMicros }) => now - atMicros <= POOL_BODIES_WAIT_MICROS);
      this.limit = Math.max(
        POOL_BODIES_BYTES_MIN,
        this.taken.reduce((sum, { bytes }) => sum + bytes, 0),
      );
    } else {
      // Nobody waits for long: room doubles in such a time.
      const grown = this.limit * 2 ** ((now - this.limitAtMicros) / POOL_BODIES_WAIT_MICROS);
      this.limit = Math.min(POOL_PAYLOAD_BYTES_MAX, grown);
    }
    this.limitAtMicros = now;
    return this.limit;
  }
}
