import { Fifo } from './fifo.ts';
import type { Kernel } from './kernel.ts';
import { Pipe } from './pipe.ts';
import { EventKind, type Owner, SimEvent } from './sim-event.ts';
import type { Wire } from './wire.ts';

/** What a wire may send in its turn: bytes. Turns of equal size make equal shares, whatever the sizes of the frames. */
const QUANTUM_BYTES = 72 * 1024;
/**
 * How far ahead frames may be put on the line, as into the ring of a network card: less than that nobody notices, and
 * small frames to many peers need no event each.
 */
const AHEAD_MICROS = 100;

/**
 * The access line of a node, outwards. Control frames pass at once ({@link Pipe}); the wires with bulk to send take turns
 * (deficit round robin, Shreedhar and Varghese 1995), and a wire that was silent and has one small frame goes first
 * (as in fq_codel, RFC 8290), so that thin traffic does not wait for a round of all others.
 */
export class Uplink extends SimEvent {
  readonly pipe: Pipe;
  private readonly kernel: Kernel;
  private readonly thin = new Fifo<Wire>();
  private readonly round = new Fifo<Wire>();
  /** The wire whose turn it is. */
  private current: Wire | undefined;
  private waking = false;

  constructor(kernel: Kernel, world: Owner, bitsPerSecond: number) {
    super(world, EventKind.transfer);
    this.kernel = kernel;
    this.pipe = new Pipe(bitsPerSecond);
  }

  /** A wire has something to send; it is asked for it once. */
  join(wire: Wire, thin: boolean): void {
    (thin ? this.thin : this.round).push(wire);
    if (!this.waking) this.serve();
  }

  /** The line is free again. */
  fire(): void {
    this.waking = false;
    this.serve();
  }

  private serve(): void {
    const { kernel, pipe } = this;
    while (this.thin.length > 0 || this.current !== undefined || this.round.length > 0) {
      if (pipe.freeAt > kernel.now + AHEAD_MICROS) {
        this.waking = true;
        kernel.plan(pipe.freeAt, this);
        return;
      }
      const wire = this.thin.shift();
      if (wire === undefined) this.serveRound();
      else if (this.send(wire) > 0 && wire.waits()) this.round.push(wire);
      else wire.leave();
    }
  }

  private serveRound(): void {
    const wire = this.current ?? (this.round.shift() as Wire);
    if (this.current === undefined) wire.credit += QUANTUM_BYTES;
    this.current = undefined;
    if (wire.credit > 0) wire.credit -= this.send(wire);
    if (!wire.waits()) wire.leave();
    else if (wire.credit > 0) this.current = wire;
    else this.round.push(wire);
  }

  /** Sends the next segment of a wire; returns its bytes, 0 when it has none that may go. */
  private send(wire: Wire): number {
    if (!wire.waits()) return 0;
    // The line may have become free a fraction of a microsecond ago, and a backlog loses no time to the rounding of the
    // clock; or it becomes free in a moment.
    const { freeAt } = this.pipe;
    const start = this.kernel.now - freeAt < 1 ? freeAt : this.kernel.now;
    return wire.transmit(start);
  }
}
