/**
 * The one place where the simulator touches the JavaScript runtime's own queues, and therefore exempt from the rule
 * that node globals stay in the host environment: the loop has to start from a macrotask and has to empty the microtask
 * queue between two events. Nothing here can influence a result: no value of the runtime reaches a simulated node.
 */

interface TickProcess {
  /** Runs `process.nextTick` callbacks and microtasks until none is left. Undocumented, present in every Node so far. */
  readonly _tickCallback?: () => void;
}

/** Calls `task` from a fresh macrotask, after everything that the process has ready. */
export function onMacrotask(task: () => void): void {
  // biome-ignore lint/style/noRestrictedGlobals: the loop of the simulator starts here.
  setImmediate(task);
}

/** Milliseconds of real time, for pacing and for rates in reports. */
export function wallMs(): number {
  // biome-ignore lint/style/noRestrictedGlobals: real time paces the loop and fills reports, nothing else.
  return performance.now();
}

let checked: { readonly drain: (() => void) | undefined } | undefined;

/**
 * The function that empties the microtask queue synchronously, or undefined when this runtime has none (then the loop
 * delivers one event per macrotask, which drains as completely but slower). Call it from a macrotask only: from
 * within a microtask a drain does nothing, and the self-test would fail.
 */
export function microtaskDrain(): (() => void) | undefined {
  checked ??= { drain: testedDrain() };
  return checked.drain;
}

function testedDrain(): (() => void) | undefined {
  // biome-ignore lint/style/noRestrictedGlobals: the only way to empty the microtask queue synchronously.
  const runtime = process as unknown as TickProcess;
  const tick = runtime._tickCallback;
  if (typeof tick !== 'function') return undefined;
  const drain = () => tick.call(runtime);
  let reached = 0;
  const chain = async (depth: number): Promise<void> => {
    if (depth > 0) await chain(depth - 1);
    await undefined;
    reached++;
  };
  void chain(7);
  drain();
  return reached === 8 ? drain : undefined;
}
