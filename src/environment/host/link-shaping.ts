import { invariant } from '../../errors.ts';
import type { Clock, Micros, NodeId, Priority } from '../environment.ts';

/** What is done to everything that this node sends to a peer: for tests of what a bad network does to real processes. */
export interface LinkRule {
  /** Nothing leaves; what is sent waits, as on a cut line, until the queue of the peer is full. */
  readonly blocked?: boolean;
  /** Every message leaves so much later. */
  readonly delayMicros?: Micros;
  /** Messages leave at this rate. */
  readonly bitsPerSecond?: number;
}

/** Where messages of one priority to one peer wait. */
export interface Gate {
  /** Calls `release` when the message may go; at once when nothing is in the way. Order is kept. */
  pass(sizeBytes: number, release: () => void): void;
  /** Bytes held here. */
  readonly waitingBytes: number;
  /** Drops what is held; nothing more is taken. */
  close(): void;
}

/** The rules for the outgoing links of a node; they may change at any time. */
export interface LinkShaping {
  /** Replaces all rules; `*` is for peers that no other rule names. */
  set(rules: ReadonlyMap<NodeId | '*', LinkRule>): void;
  gate(peer: NodeId, priority: Priority, clock: Clock): Gate;
}

/** @throws TreadleError INVARIANT_BROKEN for a rule that means nothing */
export function createLinkShaping(): LinkShaping {
  let rules: ReadonlyMap<NodeId | '*', LinkRule> = new Map();
  const lines = new Map<NodeId, Line>();
  const gates = new Set<ShapedGate>();
  return {
    set(next) {
      for (const rule of next.values()) checkRule(rule);
      rules = next;
      for (const gate of gates) gate.look();
    },
    gate(peer, priority, clock) {
      const line = lines.get(peer) ?? { freeAt: 0 };
      lines.set(peer, line);
      const gate = new ShapedGate({
        rule: () => rules.get(peer) ?? rules.get('*'),
        line,
        priority,
        clock,
        left: () => gates.delete(gate),
      });
      gates.add(gate);
      return gate;
    },
  };
}

/** The rate of a peer's line is shared by both priorities: control takes its time from it, and waits for nobody. */
interface Line {
  freeAt: Micros;
}

interface Held {
  readonly sizeBytes: number;
  readonly release: () => void;
  readonly notBefore: Micros;
}

class ShapedGate implements Gate {
  waitingBytes = 0;
  private readonly with: {
    readonly rule: () => LinkRule | undefined;
    readonly line: Line;
    readonly priority: Priority;
    readonly clock: Clock;
    readonly left: () => void;
  };
  private readonly held: Held[] = [];
  private timer: ReturnType<Clock['set']> | undefined;

  constructor(dependencies: ShapedGate['with']) {
    this.with = dependencies;
  }

  pass(sizeBytes: number, release: () => void): void {
    const { rule, clock } = this.with;
    const present = rule();
    if (present === undefined && this.held.length === 0) return release();
    this.held.push({ sizeBytes, release, notBefore: clock.now() + (present?.delayMicros ?? 0) });
    this.waitingBytes += sizeBytes;
    this.look();
  }

  close(): void {
    this.held.length = 0;
    this.waitingBytes = 0;
    this.with.left();
    this.stopTimer();
  }

  /** Lets go what may go, and looks again when the next may. */
  look(): void {
    const { rule, line, priority, clock } = this.with;
    this.stopTimer();
    for (let next = this.held[0]; next !== undefined; next = this.held[0]) {
      const present = rule();
      if (present?.blocked === true) return;
      const now = clock.now();
      const rate = present?.bitsPerSecond;
      const dueMicros = Math.max(next.notBefore, rate !== undefined && priority === 'bulk' ? line.freeAt : 0);
      if (dueMicros > now) {
        this.timer = clock.set(dueMicros - now, () => this.look(), 'a shaped link');
        return;
      }
      if (rate !== undefined) line.freeAt = Math.max(line.freeAt, now) + Math.ceil((next.sizeBytes * 8e6) / rate);
      this.held.shift();
      this.waitingBytes -= next.sizeBytes;
      next.release();
    }
  }

  private stopTimer(): void {
    if (this.timer !== undefined) this.with.clock.cancel(this.timer);
    this.timer = undefined;
  }
}

function checkRule({ delayMicros = 0, bitsPerSecond = 1 }: LinkRule): void {
  invariant(Number.isFinite(delayMicros) && delayMicros >= 0, 'a link delays by a time that is not negative', { delayMicros });
  invariant(Number.isFinite(bitsPerSecond) && bitsPerSecond > 0, 'a link carries something', { bitsPerSecond });
}
