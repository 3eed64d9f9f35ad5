/**
 * Bulk transfer in a simulated world: 90 bodies of 1 MB in chunks of 64 KiB go to 99 nodes on 100 Mbit/s lines (about
 * 141,000 deliveries), all from one node, or from all nodes in turn, while every node sends votes to every other. Prints virtual
 * time, goodput against the line, the longest wait of a vote, and seconds of processor time.
 *
 *   node bench/network.ts [--json]
 */
import type { Environment, NodeId } from '../src/environment/index.ts';
import { createWorld } from '../src/environment/sim/index.ts';

const NODES = 99;
const BODIES = 90;
const BODY_BYTES = 1_000_000;
const CHUNK_BYTES = 64 * 1024;
const CHUNK = new Uint8Array(CHUNK_BYTES);
const LINE_BITS_PER_SECOND = 100_000_000;
const LATENCY_MICROS = 10_000;
const VOTE_INTERVAL_MICROS = 1_000_000;
/** What one node has under way to one peer at most: below the queue limit of a connection. */
const WINDOW_BYTES = 4_000_000;

interface Figures {
  readonly virtualSeconds: number;
  readonly deliveries: number;
  /** Share of the busiest line that carried payload. */
  readonly goodput: number;
  readonly longestVoteMs: number;
  readonly events: number;
  readonly cpuSeconds: number;
  readonly traceHash: string;
}

const results = { fromOne: await measure(() => 0), fromAll: await measure((body) => body % NODES) };
if (process.argv.includes('--json')) console.log(JSON.stringify({ network: results }));
else {
  for (const [name, figures] of Object.entries(results)) {
    console.log(
      `${name.padEnd(8)} ${figures.deliveries} deliveries in ${figures.virtualSeconds.toFixed(1)} virtual seconds ` +
        `(goodput ${(100 * figures.goodput).toFixed(0)} % of the line, votes at most ${figures.longestVoteMs.toFixed(1)} ms): ` +
        `${figures.events} events, ${figures.cpuSeconds.toFixed(2)} CPU seconds, trace ${figures.traceHash.slice(0, 16)}…`,
    );
  }
}

async function measure(ownerOf: (body: number) => number): Promise<Figures> {
  const world = createWorld({ seed: 1, links: { latency: LATENCY_MICROS } });
  const line = { uplinkBitsPerSecond: LINE_BITS_PER_SECOND, downlinkBitsPerSecond: LINE_BITS_PER_SECOND };
  const nodes = Array.from({ length: NODES }, (_, at) => world.addNode(nodeId(at), line));
  const expected = BODIES * Math.ceil(BODY_BYTES / CHUNK_BYTES) * (NODES - 1);
  let deliveries = 0;
  let longestVoteMicros = 0;
  const handshake = { hello: () => new Uint8Array(1), admit: () => ({ admitted: true }) as const };
  for (const { network } of nodes) {
    network.onFrame('chunk/1', () => deliveries++);
    network.onFrame('vote/1', (_from, frame) => {
      const sent = new DataView(frame.buffer).getFloat64(0);
      longestVoteMicros = Math.max(longestVoteMicros, world.now - sent - LATENCY_MICROS);
    });
    await network.start(handshake);
  }
  const pairs = nodes.flatMap((from, at) => nodes.slice(at + 1).map((to) => ({ from, to })));
  await world.run(
    Promise.all(pairs.map(({ from, to }) => from.network.connect({ node: to.node, addresses: to.network.addresses() }))),
  );
  const bodies = nodes.map((_, at) => Array.from({ length: BODIES }, (_, body) => body).filter((body) => ownerOf(body) === at));
  const started = { at: world.now, events: world.stats().events, cpu: process.cpuUsage() };
  for (const [at, node] of nodes.entries()) {
    for (const peer of nodes) if (peer !== node) push(node, peer.node, (bodies[at] as number[]).length);
    vote(node, nodes);
  }
  await world.runUntil(() => deliveries === expected, 3_600_000_000);
  const { user, system } = process.cpuUsage(started.cpu);
  const virtualSeconds = (world.now - started.at) / 1e6;
  const busiest = Math.max(...bodies.map((own) => own.length)) * (NODES - 1);
  const received = Math.max(...bodies.map((own) => BODIES - own.length));
  return {
    virtualSeconds,
    deliveries,
    goodput: (Math.max(busiest, received) * BODY_BYTES * 8) / LINE_BITS_PER_SECOND / virtualSeconds,
    longestVoteMs: longestVoteMicros / 1000,
    events: world.stats().events - started.events,
    cpuSeconds: (user + system) / 1e6,
    traceHash: world.traceHash(),
  };
}

/** Sends bodies chunk by chunk; some of them ahead, the rest at the pace at which a line carries them. */
function push(node: Environment, peer: NodeId, bodies: number): void {
  let left = bodies * Math.ceil(BODY_BYTES / CHUNK_BYTES);
  const send = (chunks: number) => {
    for (; chunks > 0 && left > 0; chunks--, left--) node.network.send(peer, 'chunk/1', CHUNK, 'bulk');
  };
  send(Math.floor(WINDOW_BYTES / CHUNK_BYTES));
  const chunksPerStep = 8;
  const stepMicros = (chunksPerStep * CHUNK_BYTES * 8e6 * (NODES - 1)) / LINE_BITS_PER_SECOND;
  const step = () => {
    send(chunksPerStep);
    if (left > 0) node.clock.set(stepMicros, step, 'next chunks');
  };
  if (left > 0) node.clock.set(stepMicros, step, 'next chunks');
}

function vote(node: Environment, nodes: readonly Environment[]): void {
  const frame = new Uint8Array(200);
  new DataView(frame.buffer).setFloat64(0, node.clock.now());
  for (const peer of nodes) if (peer !== node) node.network.send(peer.node, 'vote/1', frame, 'control');
  node.clock.set(VOTE_INTERVAL_MICROS, () => vote(node, nodes), 'next vote');
}

function nodeId(number: number): NodeId {
  return `0x${(number + 1).toString(16).padStart(40, '0')}`;
}
