/** Runs steps one after another per key: what a step awaits does not let another of the same key in between. */
export interface Serial<K> {
  run<T>(key: K, step: () => Promise<T>): Promise<T>;
}

export function createSerial<K>(): Serial<K> {
  const tails = new Map<K, Promise<unknown>>();
  return {
    run(key, step) {
      const before = tails.get(key) ?? Promise.resolve();
      const result = before.then(step);
      const tail = result.then(
        () => undefined,
        () => undefined,
      );
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return result;
    },
  };
}
