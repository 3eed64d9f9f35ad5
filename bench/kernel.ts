/**
 * The speed of the simulator's kernel: processes that wait an exponential time, again and again, on the clocks of simulated
 * nodes, one in ten waits ending with a message to a neighbour. Prints delivered events per second of processor time (all
 * threads) and of real time for 1,000 and 10,000 processes that use timers, and for 1,000 that await promises; the trace
 * hash is always on, and two runs of a seed must agree in it.
 *
 *   node bench/kernel.ts [--json]
 */
import { type Environment, type NodeId, sleep } from '../src/environment/index.ts';
import { createWorld, type World } from '../src/environment/sim/index.ts';

const EVENTS = 1_500_000;
const REPETITIONS = 3;
const MEAN_WAIT_MICROS = 1_000_000;
const MESSAGE_SHARE = 0.1;
const PROTOCOL = 'bench/1';

type Style = 'timers' | 'promises';

interface Rate {
  readonly eventsPerCpuSecond: number;
  readonly eventsPerWallSecond: number;
  readonly events: number;
  readonly messages: number;
  readonly traceHash: string;
}

const results = {
  processes1000: await median(1_000, 'timers'),
  processes10000: await median(10_000, 'timers'),
  promises1000: await median(1_000, 'promises'),
};
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ eventsPerSecond: results.processes1000.eventsPerCpuSecond, ...results }));
} else {
  for (const [name, rate] of Object.entries(results)) {
    const [cpu, wall] = [rate.eventsPerCpuSecond / 1e6, rate.eventsPerWallSecond / 1e6];
    console.log(
      `${name.padEnd(15)} ${cpu.toFixed(2)} M events per CPU second, ${wall.toFixed(2)} M per second of real time; ` +
        `${rate.events} events, ${rate.messages} messages, trace ${rate.traceHash.slice(0, 16)}…`,
    );
  }
}

async function median(processes: number, style: Style): Promise<Rate> {
  const rates: Rate[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) rates.push(await measure(processes, style));
  if (new Set(rates.map(({ traceHash }) => traceHash)).size > 1) throw new Error('two runs of one seed differ');
  rates.sort((left, right) => left.eventsPerCpuSecond - right.eventsPerCpuSecond);
  return rates[Math.floor(REPETITIONS / 2)] as Rate;
}

async function measure(processes: number, style: Style): Promise<Rate> {
  const world = createWorld({ seed: 1 });
  const nodes = Array.from({ length: processes }, (_, at) => world.addNode(nodeId(at)));
  await connectRing(world, nodes);
  for (const [at, node] of nodes.entries()) start(node, nodeId((at + 1) % processes), style);
  // Code is compiled and the heap has its size before the clock starts, as in a long run.
  await world.runFor((MEAN_WAIT_MICROS * EVENTS) / 10 / processes);
  const before = { ...world.stats(), cpu: process.cpuUsage(), at: performance.now() };
  // A process makes about 1 + MESSAGE_SHARE events per mean wait.
  await world.runFor((MEAN_WAIT_MICROS * EVENTS) / processes / (1 + MESSAGE_SHARE));
  const { user, system } = process.cpuUsage(before.cpu);
  const { events, messages } = world.stats();
  return {
    eventsPerCpuSecond: (events - before.events) / ((user + system) / 1e6),
    eventsPerWallSecond: (events - before.events) / ((performance.now() - before.at) / 1000),
    events: events - before.events,
    messages: messages - before.messages,
    traceHash: world.traceHash(),
  };
}

async function connectRing(world: World, nodes: readonly Environment[]): Promise<void> {
  const handshake = { hello: () => new Uint8Array(1), admit: () => ({ admitted: true }) as const };
  for (const { network } of nodes) {
    network.onFrame(PROTOCOL, () => {});
    await network.start(handshake);
  }
  const dials = nodes.map(({ network }, at) => {
    const next = nodes[(at + 1) % nodes.length] as Environment;
    return network.connect({ node: next.node, addresses: next.network.addresses() });
  });
  await world.run(Promise.all(dials));
}

function start(environment: Environment, neighbour: NodeId, style: Style): void {
  const { clock, network } = environment;
  const random = environment.random.stream('waits');
  const frame = new Uint8Array(100);
  const step = () => {
    if (random.float() < MESSAGE_SHARE) network.send(neighbour, PROTOCOL, frame, 'control');
  };
  const wait = () => Math.ceil(random.exponential(MEAN_WAIT_MICROS));
  const onTimer = () => {
    step();
    clock.set(wait(), onTimer, 'wait');
  };
  const process = async () => {
    for (;;) {
      await sleep(environment, wait(), 'wait');
      step();
    }
  };
  if (style === 'timers') clock.set(wait(), onTimer, 'wait');
  else void process();
}

function nodeId(number: number): NodeId {
  return `0x${(number + 1).toString(16).padStart(40, '0')}`;
}
