import { signPayloadTransaction } from '../../contracts/index.ts';
import { fromHex, type Hex } from '../../crypto/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import type { Ledger } from '../../ledger/index.ts';
import { FAULT_ACCOUNTS, TRANSACTION_GAS_MAX } from '../../limits.ts';
import { FaultCluster } from '../faults/fault-cluster.ts';
import { accountKey } from '../faults/layout.ts';
import { percentiles } from '../percentiles.ts';
import { makeBody } from './batch.ts';
import type { Cell, CellResult, RunCellOptions } from './run-cell.ts';

const SECOND_MICROS = 1_000_000;
/** As on a real chain: blocks twice a second under load. */
const PACE = { blockIntervalMicros: 500_000, heartbeatMicros: 10 * SECOND_MICROS, baseTimeoutMicros: 2 * SECOND_MICROS };
const STARTS_WITHIN_MICROS = 120 * SECOND_MICROS;
/** Pause of a client that was told "busy". */
const RETRY_MICROS = 500_000;

/**
 * Runs one cell with Treadle: real sealers (the nodes of real machines) in a simulated world, the bodies as payload transactions.
 * A client that is told "busy" comes back; every sealer must hold every body in the end.
 */
export async function runTreadleCell(cell: Cell, options: RunCellOptions): Promise<CellResult> {
  const failures: unknown[] = [];
  const cluster = new FaultCluster({
    nodes: cell.nodes,
    seed: `comparison ${options.seed}`,
    pace: PACE,
    links: { latency: cell.latencyMicros },
    bandwidthBitsPerSecond: cell.bitsPerSecond,
    cores: 4,
    onLog: () => undefined,
    between: (environment) => [environment],
    onNode: () => undefined,
    onFailure: (_seat, error) => failures.push(error),
  });
  const { world } = cluster;
  await cluster.start();
  const sealers = cluster.seats.filter(({ kind }) => kind === 'sealer');
  const ledgers = (): readonly Ledger[] => sealers.flatMap(({ node }) => (node === undefined ? [] : [node.full.ledger]));
  await world.runUntil(
    () => ledgers().length === cell.nodes && ledgers().every(({ head }) => head.number >= 1),
    STARTS_WITHIN_MICROS,
  );
  const before = world.stats();
  const startedAt = world.now;
  const submissions = sign(cell, cluster.genesis.chainId);
  const wanted = new Set(submissions.map(({ hash }) => hash));
  const committedAt = new Map<Hex, number>();
  let pairs = 0;
  for (const ledger of ledgers()) {
    ledger.onHead((block) => {
      for (const { hash } of block.encoded ?? []) {
        if (!wanted.has(hash)) continue;
        pairs += 1;
        committedAt.set(hash, world.now);
      }
    });
  }
  for (const [id, submission] of submissions.entries()) {
    const at = cell.entry === 'one' ? 0 : Math.floor((id * cell.nodes) / cell.transactions) % cell.nodes;
    const ledger = ledgers()[at];
    invariant(ledger !== undefined, 'every sealer is up');
    submit(ledger, submission, (again) => world.at(RETRY_MICROS, again));
  }
  const expected = submissions.length * cell.nodes;
  const finished = await world
    .runUntil(() => pairs >= expected, options.withinMicros)
    .then(
      () => true,
      () => false,
    );
  const makespanMicros = world.now - startedAt;
  const stats = world.stats();
  const first = failures[0];
  if (first !== undefined) throw first;
  const held = await world.run(
    Promise.all(ledgers().map((ledger) => Promise.all(submissions.map(({ payload }) => ledger.payload(payload.root))))),
  );
  return {
    engine: 'treadle',
    label: 'Treadle: real nodes, digests in proposals, bodies pushed in chunks by whoever received them',
    cell,
    finished: finished && held.flat().every((body) => body !== undefined),
    committed: committedAt.size,
    makespanMs: finished ? makespanMicros / 1000 : undefined,
    goodputShare: finished
      ? (cell.transactions * cell.sizeBytes * 8) / (makespanMicros / SECOND_MICROS) / cell.bitsPerSecond
      : undefined,
    latencyMs: percentiles([...committedAt.values()].map((at) => (at - startedAt) / 1000)),
    networkBytes: stats.messageBytes - before.messageBytes,
    messages: stats.messages - before.messages,
    viewChanges: sealers.reduce((sum, { node }) => sum + (node?.full.consensus?.rounds.length ?? 0), 0),
    virtualSeconds: stats.virtualSeconds,
    traceHash: world.traceHash(),
  };
}

type Signed = ReturnType<typeof signPayloadTransaction>;

function sign(cell: Cell, chainId: number): readonly Signed[] {
  return Array.from({ length: cell.transactions }, (_, id) => {
    const key = accountKey(id % FAULT_ACCOUNTS);
    return signPayloadTransaction(
      {
        chainId,
        nonce: BigInt(Math.floor(id / FAULT_ACCOUNTS)),
        gas: TRANSACTION_GAS_MAX / 10n,
        to: key.address,
        value: 0n,
        data: '0x',
      },
      { body: makeBody(id, cell.sizeBytes).bytes, mediaType: 'application/octet-stream' },
      key,
    );
  });
}

/** Hands a transaction in, and again for as long as the node is busy. */
function submit(ledger: Ledger, { raw, body }: Signed, later: (again: () => void) => void): void {
  void ledger.submitMany([{ raw: fromHex(raw), body }]).then(([answer]) => {
    if (!(answer instanceof TreadleError)) return;
    later(() => submit(ledger, { raw, body } as Signed, later));
  });
}
