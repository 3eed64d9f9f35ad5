import { TreadleError } from '../../errors.ts';
import type { ConsensusCore, ConsensusEffect, ConsensusEvent, ConsensusOptions, ConsensusStatus } from '../core.ts';
import { onMessage } from './admission.ts';
import { onCertified } from './certified.ts';
import { onCompare, onHearsay } from './comparison.ts';
import { hurry } from './effects.ts';
import { FutureBuffer } from './future-buffer.ts';
import { LagWatch } from './lag-watch.ts';
import { NewestStatements } from './newest-statements.ts';
import { onSent } from './own-message.ts';
import { onValidated } from './pre-prepare.ts';
import { onBuilt } from './propose.ts';
import { onTimeout } from './round-change.ts';
import { onStart } from './start.ts';
import type { Core } from './state.ts';
import { statusOf } from './status.ts';
import { VoteWatch } from './vote-watch.ts';

/**
 * PBFT with QBFT's two votes, one height at a time; the rules are numbered in `docs/reference/consensus.md`.
 *
 * @param options - signature domain, own address, timeouts in microseconds
 * @throws TreadleError CONSENSUS_OPTIONS when an option is out of range
 */
export function createPbft(options: ConsensusOptions): ConsensusCore {
  checkOptions(options);
  const core: Core = {
    options,
    future: new FutureBuffer(),
    lag: new LagWatch(),
    watch: new VoteWatch(options.self),
    newest: new NewestStatements(),
    current: undefined,
    viewChanges: 0,
    effects: [],
  };
  return {
    step(event: ConsensusEvent): readonly ConsensusEffect[] {
      dispatch(core, event);
      const { effects } = core;
      core.effects = [];
      return effects;
    },
    status: (): ConsensusStatus => statusOf(core),
    newestOf: (signer) => core.newest.of(signer),
  };
}

function dispatch(core: Core, event: ConsensusEvent): void {
  if (event.type === 'start') return onStart(core, event);
  const h = core.current;
  if (h === undefined) return;
  if (event.type === 'message') return onMessage(core, h, event);
  if (event.type === 'certified') return onCertified(core, event.certificate);
  if (event.type === 'hearsay') return onHearsay(core, event);
  if (event.type === 'compare') return onCompare(core, h, event);
  if (!h.voting) return;
  switch (event.type) {
    case 'sent':
      return onSent(core, h, event.message);
    case 'built':
      return onBuilt(core, h, event);
    case 'validated':
      return onValidated(core, h, event);
    case 'timeout':
      return onTimeout(core, h, event);
    case 'work':
      return event.height === h.height ? hurry(core, h) : undefined;
  }
}

function checkOptions(options: ConsensusOptions): void {
  const wrong = (detail: string): TreadleError => new TreadleError('CONSENSUS_OPTIONS', { detail });
  if (options.domain.length !== 32) throw wrong(`the signature domain has ${options.domain.length} bytes instead of 32`);
  for (const name of ['baseTimeoutMicros', 'idleTimeoutMicros'] as const) {
    const value = options[name];
    if (!Number.isSafeInteger(value) || value <= 0)
      throw wrong(`${name} is ${value}, a positive whole number of microseconds is needed`);
  }
}
