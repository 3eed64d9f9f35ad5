/**
 * Bodies through simulated sealers: each body at one of the nodes, or all at one, until every node holds every body.
 *
 *   node bench/payload-sim.ts [--nodes 27] [--bodies 90] [--kilobytes 1000] [--from all|one] [--mbits 100] [--latency-ms 25] [--json]
 *
 * Prints the goodput (bytes of all bodies by the time until the last node has the last of them) and its share of the line.
 */
import { parseArgs } from 'node:util';
import type { Environment, NodeId } from '../src/environment/index.ts';
import { createWorld } from '../src/environment/sim/index.ts';
import {
  commitPayload,
  createMemoryBudget,
  createPayloadExchange,
  DiskPayloadStore,
  type ObservedPayloadExchange,
} from '../src/ledger/payload/index.ts';
import { NODE_MEMORY_BYTES_MAX } from '../src/limits.ts';
import { whereTimeGoes } from './where-time-goes.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '27' },
    bodies: { type: 'string', default: '90' },
    kilobytes: { type: 'string', default: '1000' },
    from: { type: 'string', default: 'all' },
    mbits: { type: 'string', default: '100' },
    'latency-ms': { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    profile: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.nodes);
const bodies = Number(values.bodies);
const lengthBytes = 1000 * Number(values.kilobytes);
const bitsPerSecond = 1e6 * Number(values.mbits);

const started = process.hrtime.bigint();
const world = createWorld({ seed: Number(values.seed), links: { latency: 1000 * Number(values['latency-ms']) } });
const nodes: {
  readonly environment: Environment;
  readonly store: DiskPayloadStore;
  readonly exchange: ObservedPayloadExchange;
}[] = [];
const sealers = Array.from({ length: count }, (_, index): NodeId => `0x${(index + 1).toString(16).padStart(40, '0')}`);
for (const id of sealers) {
  const environment = world.addNode(id, { uplinkBitsPerSecond: bitsPerSecond, downlinkBitsPerSecond: bitsPerSecond });
  const store = await world.run(DiskPayloadStore.open(environment));
  const budget = createMemoryBudget(NODE_MEMORY_BYTES_MAX, environment.metrics);
  const exchange = createPayloadExchange({ environment, store, budget, sealers: () => sealers });
  exchange.register();
  await world.run(environment.network.start({ hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) }));
  nodes.push({ environment, store, exchange });
}
const dials = nodes.flatMap(({ environment: { network } }, at) =>
  nodes
    .slice(at + 1)
    .map(({ environment: other }) => network.connect({ node: other.node, addresses: other.network.addresses() })),
);
await world.run(Promise.all(dials));

const commitments = Array.from({ length: bodies }, (_, index) => {
  const body = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; at += 4096) body[at] = 1 + ((index * 7 + at) % 251);
  new DataView(body.buffer).setUint32(0, index);
  return { body, commitment: commitPayload(body, 'application/octet-stream') };
});
const sourceOf = (index: number) => nodes[values.from === 'one' ? 0 : index % count] as (typeof nodes)[number];
await world.run(Promise.all(commitments.map(({ body, commitment }, index) => sourceOf(index).store.putBody(commitment, body))));
for (const { exchange } of nodes) for (const { commitment } of commitments) exchange.expect(commitment);

const from = world.now;
const before = world.stats();
const pass = async () => {
  for (const [index, { commitment }] of commitments.entries()) sourceOf(index).exchange.spread(commitment);
  const isWhole = () => nodes.every(({ store }) => commitments.every(({ commitment }) => store.holds(commitment.root)));
  for (let wait = 0; wait < 12_000 && !isWhole(); wait++) await world.runFor(50_000);
  if (!isWhole()) throw new Error('not every body arrived within ten minutes of virtual time');
};
const shares = values.profile ? await whereTimeGoes(pass) : await pass().then(() => []);
const seconds = (world.now - from) / 1e6;
const goodput = (bodies * lengthBytes) / seconds / 1e6;
const sum = (name: string) => nodes.reduce((total, { environment }) => total + (environment.metrics.snapshot()[name] ?? 0), 0);
const metrics = Object.fromEntries(
  [...new Set(nodes.flatMap(({ environment }) => Object.keys(environment.metrics.snapshot())))]
    .filter((name) => /^(payload|memory|network_frames_dropped|network_peers_pen)/.test(name))
    .sort()
    .map((name) => [name, sum(name)]),
);
const after = world.stats();
const result = {
  nodes: count,
  bodies,
  from: values.from,
  seconds,
  goodputMegabytesPerSecond: goodput,
  shareOfLine: (goodput * 8e6) / bitsPerSecond,
  redundancy: sum('payload_sent_bytes') / (bodies * lengthBytes * (count - 1)),
  events: after.events - before.events,
  wallSeconds: Number(process.hrtime.bigint() - started) / 1e9,
  residentMegabytes: process.memoryUsage().rss / 1e6,
};
if (values.json) console.log(JSON.stringify({ payloadSim: { ...result, metrics } }));
else {
  console.log(result);
  console.log(metrics);
  for (const { where, share } of shares.slice(0, 14)) console.log(`${(100 * share).toFixed(1).padStart(6)} %  ${where}`);
}
