import { decode, encode } from '@ethereumjs/rlp';
import { describe, expect, it } from 'vitest';
import { edgeRegistryClient } from '../../src/contracts/index.ts';
import type { RequestHandler } from '../../src/environment/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import { TASK_PROTOCOL } from '../../src/market/index.ts';
import { withMessages } from './support/between.ts';
import { auditMatches } from './support/books.ts';
import { deviceNode, ledgerNode, ON_DEMAND, SECOND, settle, startCluster } from './support/small-cluster.ts';

/** What an edge node does instead of answering a task. */
type Misbehaviour = (answer: () => ReturnType<RequestHandler>, seat: string) => ReturnType<RequestHandler>;

/** A consortium in which the first edge node that is asked for a task misbehaves, from then on. */
async function startWithCulprit(misbehave: Misbehaviour) {
  let culprit: string | undefined;
  const cluster: Cluster = await startCluster(ON_DEMAND, {
    between: (environment, { name }) => {
      if (!name.startsWith('edge-')) return environment;
      return withMessages(environment, {
        answer(protocol, from, body, handle) {
          if (protocol !== TASK_PROTOCOL) return handle(from, body);
          culprit ??= name;
          return culprit === name ? misbehave(() => handle(from, body), name) : handle(from, body);
        },
      });
    },
  });
  return { cluster, culprit: () => culprit ?? 'nobody was asked' };
}

/** The culprit's record on the ledger, and that of the node that took over. */
async function recordsOf(cluster: Cluster, ...nodes: readonly `0x${string}`[]) {
  const registry = edgeRegistryClient(ledgerNode(cluster, 'company-1').full.client);
  return cluster.world.run(Promise.all(nodes.map(async (node) => registry.node(await registry.nodeIdOf(node)))));
}

function spoiled(answer: Uint8Array, field: number): Uint8Array {
  const items = decode(answer) as Uint8Array[];
  const bytes = Uint8Array.from(items[field] as Uint8Array);
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] as number) ^ 1;
  items[field] = bytes;
  return encode(items);
}

const OUTPUT = 3;
const SIGNATURE = 5;

describe('an edge node that', () => {
  const never = () => new Promise<never>(() => {});
  it.each<readonly [string, string, (cluster: () => Cluster) => Misbehaviour]>([
    [
      'crashes over a task',
      'NETWORK_UNREACHABLE',
      (cluster) => (_answer, seat) => {
        cluster().crash(seat);
        return never();
      },
    ],
    ['never answers', 'NETWORK_TIMEOUT', () => never],
    ['signs with a wrong signature', 'TASK_RESULT_FORGED', () => async (answer) => spoiled(await answer(), SIGNATURE)],
    ['changes the result after it was signed', 'TASK_RESULT_FORGED', () => async (answer) => spoiled(await answer(), OUTPUT)],
    ['answers nonsense', 'TASK_RESULT_FORGED', () => () => Promise.resolve(Uint8Array.of(1, 2, 3))],
  ])('%s is replaced by the next best, and the ledger remembers', async (_what, code, make) => {
    let cluster: Cluster | undefined;
    const started = await startWithCulprit(make(() => cluster as Cluster));
    ({ cluster } = started);
    const record = await cluster.world.run(deviceNode(cluster, 'device-1').runTask());

    const { outcome } = record;
    if (outcome === undefined) throw new Error(`the task failed: ${record.error?.detail}`);
    const culprit = cluster.id(started.culprit());
    expect(outcome.attempts.map(({ node, error }) => [node, error?.code])).toEqual([
      [culprit, code],
      [outcome.match.node, undefined],
    ]);
    expect(outcome.match.node).not.toBe(culprit);
    expect(record.paid).toBe(true);
    await cluster.world.runFor(2 * SECOND);
    await settle(cluster);
    const [failed, next] = await recordsOf(cluster, culprit, outcome.match.node);
    expect(failed).toMatchObject({ failed: 1, completed: 0, inUse: 0 });
    expect(next).toMatchObject({ failed: 0, completed: 1, inUse: 0 });
    // Only who did the work was paid, and both matches were the best ones at their time.
    const paid = cluster
      .running('edge')
      .filter((edge) => edge.work().vouchers > 0)
      .map(({ id }) => id);
    expect(paid).toEqual([outcome.match.node]);
    const audit = await auditMatches(cluster);
    expect(audit).toMatchObject({ matches: 2, findings: [] });
    expect(cluster.failures).toEqual([]);
  });

  it('all fail, the device is told so with every attempt, and pays nobody', async () => {
    const cluster = await startCluster(ON_DEMAND, {
      between: (environment, { name }) =>
        name.startsWith('edge-')
          ? withMessages(environment, {
              answer: async (protocol, from, body, handle) =>
                protocol === TASK_PROTOCOL ? spoiled(await handle(from, body), SIGNATURE) : handle(from, body),
            })
          : environment,
    });
    const record = await cluster.world.run(deviceNode(cluster, 'device-1').runTask());
    expect(record.error?.code).toBe('TASK_FAILED');
    expect(record.error?.detail).toMatch(/^3 edge nodes failed/);
    expect(deviceNode(cluster, 'device-1').work()).toMatchObject({ completed: 0, failed: 1, vouchers: 0 });
    const records = await recordsOf(cluster, ...cluster.running('edge').map(({ id }) => id));
    expect(records.map(({ failed, inUse }) => [failed, inUse])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    expect((await auditMatches(cluster)).findings).toEqual([]);
  });
});
