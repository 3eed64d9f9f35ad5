import { FAULT_VIOLATIONS_TOLD_MAX } from '../../limits.ts';

/** What must never happen in a run. */
export type ViolationKind =
  | 'fork'
  | 'gap'
  | 'twice'
  | 'lost'
  | 'state'
  | 'certificate'
  | 'double-sign'
  | 'accused'
  | 'stopped'
  | 'timestamp'
  | 'limit'
  | 'evidence'
  | 'check';

export interface Violation {
  readonly kind: ViolationKind;
  readonly detail: string;
}

/** Collects what went wrong in a run; the run goes on, so that one cause shows all that follows from it. */
export class Verdict {
  readonly violations: Violation[] = [];
  #count = 0;
  readonly #told = new Set<string>();

  /** All of them, those that are not told one by one included. */
  get count(): number {
    return this.#count;
  }

  violated(kind: ViolationKind, detail: string): void {
    if (this.#told.has(`${kind} ${detail}`)) return;
    this.#count += 1;
    if (this.violations.length >= FAULT_VIOLATIONS_TOLD_MAX) return;
    this.#told.add(`${kind} ${detail}`);
    this.violations.push({ kind, detail });
  }
}
