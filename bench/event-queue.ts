/**
 * The event queue of the simulator in the hold model: N events pending, pop the next, push another one an exponential time
 * later. Prints millions of events per second of processor time by number of pending events.
 *
 *   node bench/event-queue.ts [--json]
 */
import { EventQueue, NOT_QUEUED, type Queued } from '../src/environment/sim/index.ts';

const EVENTS = 1_000_000;
const REPETITIONS = 5;

const rates: Record<string, number> = {};
for (const pending of [1_000, 10_000, 100_000]) {
  const samples = Array.from({ length: REPETITIONS }, () => measure(pending)).sort((left, right) => left - right);
  rates[pending] = samples[Math.floor(REPETITIONS / 2)] as number;
}
if (process.argv.includes('--json')) console.log(JSON.stringify({ eventQueue: { eventsPerCpuSecond: rates } }));
else {
  for (const [pending, rate] of Object.entries(rates)) {
    console.log(
      `${Number(pending).toLocaleString('en').padStart(9)} pending: ${(rate / 1e6).toFixed(2)} M events per CPU second`,
    );
  }
}

function measure(pending: number): number {
  const queue = new EventQueue<Queued>();
  let state = 1;
  // A small generator of its own, so that the queue is measured and not Math.random.
  const increment = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return -1000 * Math.log((state + 1) / 4_294_967_297);
  };
  for (let event = 0; event < pending; event++) queue.push(increment(), { slot: NOT_QUEUED });
  const before = process.cpuUsage();
  for (let event = 0; event < EVENTS; event++) {
    const payload = queue.pop() as Queued;
    queue.push(queue.poppedTime + increment(), payload);
  }
  const { user, system } = process.cpuUsage(before);
  return EVENTS / ((user + system) / 1e6);
}
