/** One press of Ctrl-C may arrive twice: from the terminal and passed on by the command that started us. */
const SAME_PRESS_MS = 1_000;

/**
 * Resolves when the process is asked to stop: by a signal, or because the supervisor that started it is gone. Whoever
 * asks again, after a second, does not want to wait: the process ends at once.
 */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs: number | undefined;
    const ask = (): void => {
      if (askedAtMs !== undefined && performance.now() - askedAtMs > SAME_PRESS_MS) process.exit(130);
      askedAtMs ??= performance.now();
      resolve();
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
    process.on('disconnect', () => resolve());
  });
}
