import type { Clock, Logger, Metrics, Timer } from '../../../environment/index.ts';
import type { ApiEnvironment } from '../context.ts';

/** The system's clock and nothing else of the operating system: enough to serve a fixture. */
export function createFixtureEnvironment(): ApiEnvironment {
  return {
    clock: systemClock(),
    log: errorLog(),
    metrics: fixedMetrics(),
    network: { addresses: () => ['/ip4/127.0.0.1/tcp/7500'] },
  };
}

function systemClock(): Clock {
  const handles = new WeakMap<Timer, ReturnType<typeof setTimeout>>();
  return {
    now: () => Date.now() * 1000,
    set(delayMicros, handler, label) {
      const timer: Timer = { label };
      handles.set(timer, setTimeout(handler, delayMicros / 1000));
      return timer;
    },
    cancel: (timer) => clearTimeout(handles.get(timer)),
  };
}

function errorLog(): Logger {
  const log: Logger = {
    debug() {},
    info() {},
    warn() {},
    error(event, fields) {
      console.error(event, fields);
    },
    child: () => log,
  };
  return log;
}

function fixedMetrics(): Metrics {
  const values = { ledger_blocks_total: 1204, network_peers: 9, commit_latency_ms_p50: 41.5, commit_latency_ms_p99: 118.2 };
  return { count() {}, gauge() {}, observe() {}, snapshot: () => values };
}
