import type { Common } from '@ethereumjs/common';
import { TreadleError } from '../../errors.ts';
import { BUSY_RETRY_AFTER_MS, CALLS_WAITING_MAX, EVM_INSTANCES_MAX } from '../../limits.ts';
import { createEngine, type Engine } from './evm-engine.ts';
import type { AncestorHash } from './executor.ts';
import type { BuiltIn } from './precompiles/built-in.ts';
import type { StateSnapshot } from './state-snapshot.ts';

/** A bounded set of engines: making one costs milliseconds, so they are used again. */
export class EnginePool {
  private readonly rules: Common;
  private readonly builtIns: readonly BuiltIn[];
  private readonly idle: Engine[] = [];
  private readonly waiting: ((engine: Engine) => void)[] = [];
  private made = 0;

  constructor(rules: Common, builtIns: readonly BuiltIn[]) {
    this.rules = rules;
    this.builtIns = builtIns;
  }

  /**
   * Runs `work` on an engine that stands on `snapshot`.
   * @throws TreadleError LEDGER_BUSY when too much is waiting already
   */
  async use<T>(snapshot: StateSnapshot, ancestorHash: AncestorHash, work: (engine: Engine) => Promise<T>): Promise<T> {
    const engine = await this.take(snapshot);
    try {
      engine.prepare(snapshot, ancestorHash);
      return await work(engine);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(engine);
      else next(engine);
    }
  }

  private take(snapshot: StateSnapshot): Engine | Promise<Engine> {
    const engine = this.idle.pop();
    if (engine !== undefined) return engine;
    if (this.made < EVM_INSTANCES_MAX) {
      this.made += 1;
      return createEngine(this.rules, snapshot, this.builtIns);
    }
    if (this.waiting.length >= CALLS_WAITING_MAX) {
      throw new TreadleError('LEDGER_BUSY', { data: { retryAfterMs: BUSY_RETRY_AFTER_MS } });
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
