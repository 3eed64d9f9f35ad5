import type { Micros, NodeId } from '../environment.ts';
import type { Incarnation } from './incarnation.ts';

interface Wait {
  readonly life: Incarnation;
  readonly what: string;
  readonly sinceMicros: Micros;
}

/** An open wait, as reports show it. */
export interface OpenWait {
  readonly node: NodeId;
  readonly what: string;
  /** Virtual time since the start of the world. */
  readonly sinceMicros: Micros;
}

/** Lines of a report; a world of thousands of nodes would drown its reader. */
const REPORT_LINES = 20;

/** Who waits on what: the named waits of all nodes that are alive. */
export class TrackedWaits {
  private readonly waits = new Set<Wait>();

  track<T>(life: Incarnation, what: string, promise: Promise<T>): Promise<T> {
    if (!life.alive) return promise;
    const wait: Wait = { life, what, sinceMicros: life.now };
    this.waits.add(wait);
    const done = () => {
      this.waits.delete(wait);
    };
    promise.then(done, done);
    return promise;
  }

  /** The life ended: nobody waits there any more. */
  drop(life: Incarnation): void {
    for (const wait of this.waits) if (wait.life === life) this.waits.delete(wait);
  }

  open(): readonly OpenWait[] {
    return [...this.waits].map(({ life, what, sinceMicros }) => ({ node: life.node, what, sinceMicros }));
  }

  /** The open waits in words. */
  report(): string {
    const open = this.open();
    if (open.length === 0) return 'no tracked wait is open';
    const lines = open
      .slice(0, REPORT_LINES)
      .map(({ node, what, sinceMicros }) => `${node} waits for ${what} since ${sinceMicros / 1000} ms`);
    if (open.length > REPORT_LINES) lines.push(`and ${open.length - REPORT_LINES} more`);
    return lines.join('; ');
  }
}
