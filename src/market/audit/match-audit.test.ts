import { describe, expect, it } from 'vitest';
import { type MatchReason, matchReasons, serviceId } from '../../contracts/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import { createMatchAudit, type FindingKind, type MatchAuditReport } from './match-audit.ts';
import type { RegistryEvent } from './registry-event.ts';

const service = serviceId('vibration.spectrum');
const device: Address = `0x${'d'.repeat(40)}`;
const companyOf = (id: number): Address => `0x${String(id).repeat(40)}`;
const accountOf = (id: number): Address => `0x${`a${id}`.repeat(20)}`;
const taskId = (number: number): Hex => `${device}${number.toString(16).padStart(24, '0')}`;

/** Events as the registry would leave them: node `id` stands at latitude `id`, costs `id` wei and has one place. */
const events = {
  added: (id: number, change: { readonly capacity?: number; readonly latitudeE6?: number } = {}) => ({
    eventName: 'NodeAdded' as const,
    args: {
      nodeId: BigInt(id),
      node: accountOf(id),
      company: companyOf(id),
      latitudeE6: id,
      longitudeE6: 0,
      capacity: 1,
      priceWei: BigInt(id),
      services: [service],
      ...change,
    },
  }),
  withdrawn: (id: number) => ({ eventName: 'NodeWithdrawn' as const, args: { nodeId: BigInt(id), by: companyOf(id) } }),
  /** A match of a device at latitude 0. */
  matched: (task: number, id: number, change: Readonly<Record<string, unknown>> = {}) => ({
    eventName: 'Matched' as const,
    args: {
      taskId: taskId(task),
      device,
      nodeId: BigInt(id),
      node: accountOf(id),
      company: companyOf(id),
      attempt: 1n,
      service,
      latitudeE6: 0,
      longitudeE6: 0,
      maxPriceWei: 100n,
      priceWei: BigInt(id),
      distanceSquared: BigInt(id * id),
      considered: 1n,
      among: [id],
      ...change,
    },
  }),
  notMatched: (task: number, reason: MatchReason) => ({
    eventName: 'NotMatched' as const,
    args: { taskId: taskId(task), device, reason: matchReasons.indexOf(reason) },
  }),
  failed: (task: number, id: number, attempt = 1n) => ({
    eventName: 'TaskFailed' as const,
    args: { taskId: taskId(task), nodeId: BigInt(id), attempt, why: 2 },
  }),
  completed: (task: number, id: number) => ({
    eventName: 'TaskCompleted' as const,
    args: { taskId: taskId(task), nodeId: BigInt(id) },
  }),
};

const query = { latitudeE6: 0, longitudeE6: 0, service, maxPriceWei: 100n };

function audit(
  past: readonly { readonly eventName: string; readonly args: object }[],
  options: { readonly fromBlock?: number; readonly asked?: typeof query } = {},
): MatchAuditReport {
  const judge = createMatchAudit({ fromBlock: options.fromBlock ?? 0 });
  for (const [at, event] of past.entries()) {
    const place = { blockNumber: at + 1, transactionHash: `0x${String(at + 1).padStart(64, '0')}` as Hex, logIndex: 0 };
    judge.apply({ ...event, place } as RegistryEvent, options.asked);
  }
  return judge.report();
}

const kinds = (report: MatchAuditReport): readonly FindingKind[] => report.findings.map(({ kind }) => kind);

describe('an audit', () => {
  const { added, withdrawn, matched, notMatched, failed, completed } = events;

  it('agrees with matches that are the nearest, in order of the events', () => {
    const past = [
      added(1),
      added(2),
      matched(1, 1, { among: [1, 2] }),
      matched(2, 2),
      completed(1, 1),
      matched(3, 1),
      failed(3, 1),
      notMatched(3, 'noneHasCapacity'),
    ];
    const report = audit(past);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ events: 8, matches: 3, refusals: 1, unchecked: 0, findingCount: 0 });
    expect(report.companies).toEqual([
      { company: companyOf(1), nodes: 1, matches: 2 },
      { company: companyOf(2), nodes: 1, matches: 1 },
    ]);
  });

  it("finds a match that names a favoured company's node", () => {
    const report = audit([added(1), added(2), matched(1, 2)]);
    expect(report.findings).toMatchObject([
      {
        kind: 'otherNode',
        taskId: taskId(1),
        place: { blockNumber: 3 },
        chosen: { nodeId: 2, company: companyOf(2) },
        best: { nodeId: 1, company: companyOf(1) },
      },
    ]);
    expect(report.findings[0]?.detail).toContain('farther');
  });

  it.each([
    ['is not listed', [added(1), added(2), withdrawn(2), matched(1, 2)]],
    ['was never added', [added(1), matched(1, 5)]],
    [
      'has no free place',
      [added(1), added(2, { latitudeE6: 0 }), matched(1, 2, { distanceSquared: 0n, among: [2, 1] }), matched(2, 2)],
    ],
    [
      'has failed this task',
      [added(1), added(2), matched(1, 1, { among: [1, 2] }), failed(1, 1), matched(1, 1, { attempt: 2n })],
    ],
    ['costs more', [added(1), added(2), matched(1, 2, { maxPriceWei: 1n })]],
    [
      'does not offer',
      [
        added(1),
        added(2),
        { ...added(2), eventName: 'NodeUpdated' as const, args: { ...added(2).args, services: [serviceId('other')] } },
        matched(1, 2),
      ],
    ],
    ['has a higher id', [added(1), added(2, { latitudeE6: -1 }), matched(1, 2)]],
  ])('says why the chosen node is not the best: it %s', (words, past) => {
    const report = audit(past);
    expect(report.findings.find(({ kind }) => kind === 'otherNode')?.detail).toContain(words);
  });

  it('finds a match that should not have been, and one that should', () => {
    expect(kinds(audit([added(1), withdrawn(1), matched(1, 1)]))).toEqual(['noneEligible']);
    const hidden = audit([added(1), notMatched(1, 'noneHasCapacity')], { asked: query });
    expect(hidden.findings).toMatchObject([{ kind: 'eligibleExists', best: { nodeId: 1 } }]);
  });

  it('checks the reason, and says when it cannot', () => {
    const past = [added(1), matched(1, 1), notMatched(2, 'noneHasCapacity')];
    expect(audit(past, { asked: query })).toMatchObject({ findingCount: 0, refusals: 1, unchecked: 0 });
    expect(audit(past)).toMatchObject({ findingCount: 0, refusals: 0, unchecked: 1 });
    expect(kinds(audit([added(1), matched(1, 1), notMatched(2, 'allAboveLimit')], { asked: query }))).toEqual(['otherReason']);
    expect(kinds(audit([added(1), matched(1, 1), failed(1, 1), notMatched(1, 'attemptsExhausted')]))).toEqual(['otherReason']);
  });

  it('knows how often a task is tried', () => {
    const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const attempts = ids
      .slice(0, 8)
      .flatMap((id) => [matched(1, id, { attempt: BigInt(id), among: ids.slice(id - 1, id + 3) }), failed(1, id, BigInt(id))]);
    expect(audit([...ids.map((id) => added(id)), ...attempts, notMatched(1, 'attemptsExhausted')]).findings).toEqual([]);
  });

  it.each([
    ['price', { priceWei: 7n }],
    ['squared distance', { distanceSquared: 7n }],
    ['account', { node: accountOf(2) }],
    ['company', { company: companyOf(2) }],
    ['nearest nodes', { among: [1] }],
    ['device', { device: accountOf(3) }],
  ])('finds a false %s in a match', (words, change) => {
    const report = audit([added(1), added(2), matched(1, 1, { among: [1, 2], ...change })]);
    expect(kinds(report)).toEqual(['falseFact']);
    expect(report.findings[0]?.detail).toContain(words);
  });

  it('finds a request that changed between two attempts', () => {
    const past = [
      added(1),
      added(2),
      matched(1, 1, { among: [1, 2] }),
      failed(1, 1),
      matched(1, 2, { attempt: 2n, maxPriceWei: 50n }),
    ];
    expect(audit(past).findings).toMatchObject([{ kind: 'falseFact', detail: expect.stringContaining('price limit') }]);
  });

  it.each([
    ['a node number left out', [added(2)]],
    ['a node added twice', [added(1), added(1)]],
    ['a withdrawal of nobody', [withdrawn(1)]],
    ['a completion of nothing', [added(1), completed(1, 1)]],
    ['a completion by another', [added(1), added(2), matched(1, 1, { among: [1, 2] }), matched(2, 2), completed(1, 2)]],
    ['a task matched twice', [added(1, { capacity: 2 }), matched(1, 1), matched(1, 1, { attempt: 2n })]],
    ['an attempt left out', [added(1), matched(1, 1, { attempt: 2n })]],
    ['a task given up that runs', [added(1), matched(1, 1), notMatched(1, 'noneHasCapacity')]],
  ])('finds %s', (_what, past) => {
    expect(kinds(audit(past))).toContain('impossible');
  });

  it('judges from a block on, by all that was before it', () => {
    const past = [added(1), added(2), matched(1, 2), matched(2, 1)];
    expect(audit(past, { fromBlock: 4 })).toMatchObject({ matches: 1, findingCount: 0, events: 4 });
    expect(audit(past, { fromBlock: 3 })).toMatchObject({ matches: 2, findingCount: 1 });
  });

  it('bounds its list, and goes on counting', () => {
    const past = Array.from({ length: 1_500 }, () => withdrawn(1));
    const report = audit(past);
    expect([report.findings.length, report.findingCount]).toEqual([1_000, 1_500]);
  });
});
