import type { Environment, Micros } from '../../environment/index.ts';

interface Options<T> {
  readonly label: string;
  /** Who did not answer by then is left out. */
  readonly timeoutMicros: Micros;
  /** How much longer is waited once `isEnough`. */
  readonly graceMicros: Micros;
  /** Looked at after each answer, and each failure. */
  readonly isEnough: () => boolean;
  readonly onAnswer: (from: number, answer: T) => void;
  readonly onFailure: (from: number, error: unknown) => void;
}

/** Asks many at once, and comes back when all answered, when it is enough, or when the time is over. Later answers are ignored. */
export function gather<T>(environment: Environment, calls: readonly (() => Promise<T>)[], options: Options<T>): Promise<void> {
  const { clock } = environment;
  return new Promise((resolve) => {
    let over = false;
    let left = calls.length;
    let enough = false;
    const end = (): void => {
      over = true;
      clock.cancel(timer);
      resolve();
    };
    let timer = clock.set(options.timeoutMicros, end, options.label);
    const look = (): void => {
      left -= 1;
      if (left === 0) return end();
      if (enough || !options.isEnough()) return;
      enough = true;
      if (options.graceMicros === 0) return end();
      clock.cancel(timer);
      timer = clock.set(options.graceMicros, end, options.label);
    };
    if (left === 0) return end();
    for (const [from, call] of calls.entries()) {
      call().then(
        (answer) => {
          if (over) return;
          options.onAnswer(from, answer);
          look();
        },
        (error: unknown) => {
          if (over) return;
          options.onFailure(from, error);
          look();
        },
      );
    }
  });
}
