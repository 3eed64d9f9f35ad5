import { type Profiler, type Runtime, Session } from 'node:inspector/promises';

/** Share of the time that was spent in each folder of `src`, in each package, and in collecting garbage; largest first. */
export type TimeShares = readonly { readonly where: string; readonly share: number }[];

const SAMPLE_MICROS = 500;

/** Runs `work` under V8's sampling profiler and says in whose code the main thread was. */
export async function whereTimeGoes(work: () => Promise<unknown>): Promise<TimeShares> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    return sharesOf(profile);
  } finally {
    session.disconnect();
  }
}

function sharesOf({ nodes, samples = [] }: Profiler.Profile): TimeShares {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const counts = new Map<string, number>();
  for (const sample of samples) {
    const where = places.get(sample) ?? 'runtime';
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  return [...counts]
    .map(([where, count]) => ({ where, share: count / samples.length }))
    .sort((left, right) => right.share - left.share);
}

function placeOf({ functionName, url }: Runtime.CallFrame): string {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(idle)') return 'idle';
  const own = /\/src\/([^/]+(?:\/(?:sim|host|execution|chain|peers|rpc|pool|channel|task|services)(?=\/))?)/.exec(url);
  const installed = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (installed !== null) return `package ${installed[1]}`;
  if (own !== null) return `src/${own[1]}`;
  return url.startsWith('wasm:') ? 'package hash-wasm' : 'runtime';
}
