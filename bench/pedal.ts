/**
 * Requests for large data to the oracle, as real processes: four sealers and twelve oracle nodes, each in a process of its own, over loopback.
 *
 *   node bench/pedal.ts [--oracles 12] [--requests 10] [--kilobytes 500] [--json]
 *
 * A source by HTTP serves contents that differ from request to request; all requests are asked at one moment, and the time ends when every sealer has the last
 * answer. Beside it stands what the simulator says of the same with lines as fast as loopback. A machine whose cores are shared by
 * sixteen processes is not sixteen machines: what is compared is that both work, and where the processor's time goes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writePlan } from '../src/cli/commands/init.ts';
import { systemTimers } from '../src/cli/operator.ts';
import { ask, rpcOverHttp } from '../src/cli/rpc-over-http.ts';
import { createSupervisor } from '../src/cli/supervisor.ts';
import { planConsortium, readKeyFile } from '../src/consortium/index.ts';
import { createLedgerClient, oracleRegistryClient, pedalClient } from '../src/contracts/index.ts';
import { lendBlsCurve, sha256, toHex } from '../src/crypto/index.ts';
import { nativeBlsCurve } from '../src/environment/host/index.ts';
import { FIGURE_CALIBRATION, FIGURE_LINE, PedalNetwork } from '../src/experiments/pedal-figures/index.ts';
import { cpuSecondsOf, freePort } from './ledger/sealers.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    oracles: { type: 'string', default: '12' },
    requests: { type: 'string', default: '10' },
    kilobytes: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
  },
});
const oracles = Number(values.oracles);
const requests = Number(values.requests);
const sizeBytes = 1000 * Number(values.kilobytes);
const groupSize = Math.floor(oracles / 3);
const say = (line: string): void => void (values.json || console.log(line));

const CHAIN_ID = 7331;
/** Anybody: it gets one wei for each block that is wanted. */
const ANYBODY = `0x${'11'.repeat(20)}` as const;
const TERM_BLOCKS = 32;
const ELECT_BLOCKS = 4;
const DEPOSIT_WEI = 10n ** 13n;
const READY_WITHIN_MS = 300_000;
const ANSWERED_WITHIN_MS = 300_000;
const LOOK_MS = 60_000;
const folder = mkdtempSync(path.join(tmpdir(), 'treadle-bench-'));
const supervisor = createSupervisor(path.join(folder, 'logs'));
const source = createServer((request, response) => response.end(contentOf(request.url ?? '')));
try {
  const measured = await measure();
  const simulated = await simulate();
  const result = { oracles, groupSize, requests, sizeBytes, measured, simulated };
  if (values.json) console.log(JSON.stringify(result));
  else {
    say(`${requests} x ${sizeBytes / 1000} kB, ${oracles} oracle nodes, groups of ${groupSize}`);
    say(
      `processes   ${measured.seconds.toFixed(2)} s, ${measured.cpuSeconds.toFixed(1)} s of processor in ${measured.processes} processes, ${measured.reads} reads`,
    );
    say(`simulated   ${simulated.seconds.toFixed(2)} s, ${simulated.reads} reads (10 Gbit/s, 0.1 ms, a machine for each node)`);
  }
} finally {
  source.close();
  await supervisor.stop(10_000);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** A content that says which one it is. */
function contentOf(name: string): Buffer {
  const content = Buffer.alloc(sizeBytes);
  content.write(name);
  return content;
}

async function measure() {
  let reads = 0;
  source.on('request', () => {
    reads += 1;
  });
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(source.address() as AddressInfo).port}`;
  const peers = await freePort();
  const plan = planConsortium({
    chainId: CHAIN_ID,
    name: 'Benchmark',
    companies: [1, 2, 3].map((at) => `Company ${at} (bench)`),
    edgeNodes: 0,
    devices: 0,
    oracles,
    oracle: { termBlocks: TERM_BLOCKS, electBlocks: ELECT_BLOCKS, jobs: { data: { groupSize } } },
    ports: { peers, rpc: peers + 100, console: peers + 200 },
    random: { bytes: (length) => randomBytes(length), float: () => randomBytes(4).readUInt32BE() / 2 ** 32 },
    nowMs: Date.now(),
  });
  await writePlan(folder, plan);
  for (const member of plan.members.filter(({ role }) => role === 'oracle')) allowSource(member.folder, host);
  // Newcomers ask the centre who is there.
  const centres = await start(plan.members.filter(({ role }) => role === 'centre').map((member) => member.folder));
  const sealers = await start(
    plan.members.filter(({ role }) => role === 'proxy' || role === 'company').map((member) => member.folder),
  );
  const rpcUrls = sealers.flatMap(({ report }) => (report?.rpcUrl === undefined ? [] : [report.rpcUrl]));
  const workers = await start(plan.members.filter(({ role }) => role === 'oracle').map((member) => member.folder));
  say(`${centres.length + sealers.length + workers.length} processes run`);
  const clients = rpcUrls.map((url, at) => {
    const file = path.join(folder, sealers[at]?.plan.name ?? '', 'key.json');
    const key = readKeyFile({ file, text: readFileSync(file, 'utf8') });
    return createLedgerClient({ rpc: rpcOverHttp(url), environment: systemTimers, chainId: CHAIN_ID, key });
  });
  const [first] = clients;
  const [firstUrl] = rpcUrls;
  if (first === undefined || firstUrl === undefined) throw new Error('no sealer serves JSON-RPC');
  const head = async (url: string): Promise<number> => Number(await ask<string>(rpcOverHttp(url), 'eth_blockNumber'));
  const registry = oracleRegistryClient(first);
  // An idle ledger has a block in ten seconds: terms pass sooner with something to do.
  const nudge = async (): Promise<void> => void (await first.transact({ to: ANYBODY, value: 1n }));
  await until('every oracle node is in the set', READY_WITHIN_MS, async () => {
    await nudge();
    return (await registry.setOf(await registry.currentTerm())).length === oracles;
  });
  await until('the election is over', READY_WITHIN_MS, async () => {
    await nudge();
    const inTerm = (await head(firstUrl)) % TERM_BLOCKS;
    return inTerm >= ELECT_BLOCKS + 1 && inTerm < TERM_BLOCKS / 2;
  });
  say('the election is over');
  const pids = [...centres, ...sealers, ...workers].flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]));
  const cpuBefore = pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const startedAt = performance.now();
  const expiresAt = BigInt(Math.ceil(Date.now() / 1000) + 600);
  const asked = await Promise.all(
    Array.from({ length: requests }, (_, at) => {
      const spec = JSON.stringify({ source: { kind: 'http', url: `http://${host}/${at}` }, as: 'digest' });
      const client = clients[at % clients.length] ?? first;
      return pedalClient(client).request({
        job: 'data',
        spec: toHex(new TextEncoder().encode(spec)),
        expiresAt,
        depositWei: DEPOSIT_WEI,
      });
    }),
  );
  const pedals = clients.map((client) => pedalClient(client));
  await until('every request is answered at every sealer', ANSWERED_WITHIN_MS, async () => {
    const counts = await Promise.all(pedals.map((pedal) => pedal.pendingCount()));
    return counts.every((count) => Number(count) === 0);
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuSeconds = pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0) - cpuBefore;
  for (const [at, { id }] of asked.entries()) {
    const digest = (await pedalClient(first).resultOf(id)).slice(0, 66);
    if (digest !== toHex(sha256(contentOf(`/${at}`)))) throw new Error(`request ${id} was answered ${digest}`);
  }
  return { seconds, cpuSeconds, processes: pids.length, reads };
}

async function simulate() {
  lendBlsCurve(nativeBlsCurve);
  const { costMicros, syncMicros } = FIGURE_CALIBRATION;
  const line = { ...FIGURE_LINE, bitsPerSecond: 10e9, latencyMicros: 100, jitterMicros: 0 };
  const network = await PedalNetwork.start({
    nodes: oracles,
    groupSize,
    line,
    seed: 1,
    transactionsMax: requests,
    lookMicros: 1000 * LOOK_MS,
    costMicros,
    syncMicros,
  });
  const { makespanMs, reads } = await network.run({ nodes: oracles, transactions: requests, sizeBytes }, 600_000_000);
  if (makespanMs === undefined) throw new Error('the simulated cell did not finish');
  return { seconds: makespanMs / 1000, reads };
}

function start(names: readonly string[]) {
  return Promise.all(
    names.map((name) => supervisor.start({ name, stage: 0, args: ['node', '--folder', path.join(folder, name)] })),
  );
}

/** The source is on this machine, where an oracle node reads nothing unless its file says so. */
function allowSource(member: string, host: string): void {
  const file = path.join(folder, member, 'node.json');
  const node = JSON.parse(readFileSync(file, 'utf8'));
  node.oracle = { ...node.oracle, lookMs: LOOK_MS, outside: { http: { hosts: { [host]: { private: true } } } } };
  writeFileSync(file, JSON.stringify(node));
}

async function until(what: string, withinMs: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await pause(50);
  }
}
