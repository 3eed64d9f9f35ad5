import type { Libp2pOptions } from 'libp2p';

type LibraryLoggers = NonNullable<Libp2pOptions['logger']>;
type LibraryLogger = ReturnType<LibraryLoggers['forComponent']>;

/** How libp2p words, for its logger alone, that a connection never came so far that anybody could be told: direction, "from" or "to", address, error. */
const UPGRADE_FAILED = /^failed to upgrade %s connection/;

/**
 * A logger for libp2p that keeps one thing of what the library says: whoever dialled this node and then spoke neither Noise nor yamux, a port
 * scanner for one. All the rest is told by our own lines.
 */
export function connectionLog(garbled: (from: string, reason: string) => void): LibraryLoggers {
  const silent = (): void => undefined;
  const error = (format: unknown, ...details: readonly unknown[]): void => {
    const [direction, , address, cause] = details;
    if (direction !== 'inbound' || !UPGRADE_FAILED.test(String(format))) return;
    garbled(String(address), cause instanceof Error ? cause.message : String(cause));
  };
  const logger: LibraryLogger = Object.assign(silent, { error, trace: silent, enabled: false, newScope: () => logger });
  return { forComponent: () => logger };
}
