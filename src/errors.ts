/**
 * The one error type of the house. Every code is declared once, in the `errors.ts` of the folder
 * that raises it, through {@link defineErrors}; a test holds the declared codes against
 * `docs/reference/errors.md`.
 */

/** What a code means and what its reader should do about it. */
export interface ErrorEntry {
  /** One sentence: what went wrong. */
  readonly summary: string;
  /** One sentence: what to do. */
  readonly action: string;
}

const registry = new Map<string, ErrorEntry>();

/**
 * Declares the error codes of one folder.
 *
 * @param entries - code (SCREAMING_SNAKE_CASE, prefixed by the folder's topic) to meaning and remedy
 * @returns the same table, for typed use with {@link TreadleError}
 */
export function defineErrors<const T extends Record<string, ErrorEntry>>(entries: T): T {
  for (const [code, entry] of Object.entries(entries)) {
    if (registry.has(code)) throw new Error(`error code ${code} is declared twice`);
    registry.set(code, entry);
  }
  return entries;
}

/** Every code declared by the modules that are loaded. */
export function declaredErrors(): ReadonlyMap<string, ErrorEntry> {
  return registry;
}

export interface TreadleErrorOptions {
  /** What happened this time, in words; the table's action is appended. */
  readonly detail?: string;
  /** Typed facts of this occurrence, safe to show. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error with a stable code, a message that says what to do, and the facts of the occurrence. */
export class TreadleError extends Error {
  readonly code: string;
  readonly detail: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: string, options: TreadleErrorOptions = {}) {
    const entry = registry.get(code);
    const detail = options.detail ?? entry?.summary ?? code;
    super(
      entry === undefined ? detail : `${detail}. ${entry.action}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'TreadleError';
    this.code = code;
    this.detail = detail;
    this.data = options.data ?? {};
  }
}

/** True when `error` is a {@link TreadleError} with this code. */
export function hasCode(error: unknown, code: string): error is TreadleError {
  return error instanceof TreadleError && error.code === code;
}

/**
 * Stops the node on a broken invariant: in protocol code a crash is better than a fork.
 *
 * @throws {@link TreadleError} INVARIANT_BROKEN
 */
export function invariant(condition: unknown, what: string, data?: Record<string, unknown>): asserts condition {
  if (!condition) {
    throw new TreadleError('INVARIANT_BROKEN', { detail: `invariant broken: ${what}`, ...(data && { data }) });
  }
}

defineErrors({
  INVARIANT_BROKEN: {
    summary: 'An internal invariant does not hold',
    action: 'This is a defect: keep the data folder and report it with the log around this line',
  },
});
