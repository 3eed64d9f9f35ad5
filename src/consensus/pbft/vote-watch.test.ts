import { describe, expect, it } from 'vitest';
import { SIGNATURE_BYTES } from '../../crypto/index.ts';
import { EVIDENCE_PLACES_PER_SIGNER_MAX } from '../../limits.ts';
import { makeCertificate } from '../certificate.ts';
import { decodeMessage, encodeMessage } from '../codec.ts';
import type { ConsensusEffect } from '../core.ts';
import { type Evidence, verifyEvidence } from '../evidence.ts';
import type { SignedMessage } from '../messages.ts';
import { Bench, only, proposalOf } from '../testing/bench.ts';
import { testDomain } from '../testing/keys.ts';

function started(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(options);
  bench.start();
  return bench;
}

function proofs(effects: readonly ConsensusEffect[]): readonly Evidence[] {
  const found = only(effects, 'evidence').map(({ evidence }) => evidence);
  for (const evidence of found) expect(verifyEvidence(testDomain, evidence)).toBeUndefined();
  return found;
}

/** A second message of the same place that says something else. */
const contradictions: readonly (readonly [string, (bench: Bench) => readonly [SignedMessage, SignedMessage]])[] = [
  ['pre-prepare', (bench) => [bench.prePrepare(1, 0, 'a'), bench.prePrepare(1, 0, 'b')]],
  ['prepare', (bench) => [bench.prepare(1, 0, 'a'), bench.prepare(1, 0, 'b')]],
  ['commit', (bench) => [bench.commit(1, 2, 'a'), bench.commit(1, 2, 'b')]],
  ['round-change', (bench) => [bench.roundChange(1, 2), bench.roundChange(1, 2, bench.proof([1, 2, 3], 0, 'a'))]],
];

describe('two messages for one place (rule 23)', () => {
  it.each(contradictions)('of type %s are evidence, once for the signer and height', (type, contradiction) => {
    const bench = started();
    const [first, second] = contradiction(bench);
    const [evidence, ...more] = proofs(bench.deliver(first, first, second, second));
    expect(evidence).toMatchObject({ type, height: 1, round: first.round, signer: bench.address(1) });
    expect(more).toEqual([]);
    expect(proofs(bench.deliver(bench.prepare(1, 5, 'c'), bench.prepare(1, 5, 'd'))), 'one proof is enough').toEqual([]);
    expect(proofs(bench.deliver(bench.prepare(2, 5, 'c'), bench.prepare(2, 5, 'd'))), 'others are watched on').toHaveLength(1);
  });

  it.each(contradictions)('of type %s are evidence when the second comes after the decision', (type, contradiction) => {
    const bench = started();
    const [first, second] = contradiction(bench);
    bench.deliver(first);
    for (const height of [2, 3]) bench.start(height);
    expect(proofs(bench.deliver(second))).toMatchObject([{ type, height: 1 }]);
    expect(proofs(bench.deliver(second))).toEqual([]);
  });

  it('are found when both are late, and no longer when they are very late', () => {
    const bench = started();
    for (const height of [2, 3]) bench.start(height);
    expect(proofs(bench.deliver(bench.commit(1, 0, 'a', 2), bench.commit(1, 0, 'b', 2)))).toHaveLength(1);
    expect(proofs(bench.deliver(bench.commit(2, 0, 'a', 1)))).toEqual([]);
    bench.start(4);
    expect(proofs(bench.deliver(bench.commit(2, 0, 'b', 1)))).toEqual([]);
  });

  it('are found when one of them stands in a prepared proof', () => {
    const bench = started();
    bench.deliver(bench.prepare(2, 0, 'b'));
    expect(proofs(bench.deliver(bench.roundChange(1, 1, bench.proof([1, 2, 3], 0, 'a'))))).toMatchObject([
      { type: 'prepare', signer: bench.address(2) },
    ]);
  });

  it('are found when one of them stands in a justification', () => {
    const bench = started();
    const changes = [bench.roundChange(1, 1), bench.roundChange(2, 1), bench.roundChange(3, 1)];
    bench.deliver(bench.roundChange(3, 1, bench.proof([1, 2, 3], 0, 'a')));
    expect(proofs(bench.deliver(bench.prePrepare(2, 1, 'b', changes)))).toMatchObject([
      { type: 'round-change', signer: bench.address(3) },
    ]);
  });

  it('are found when one of them stands in the certificate of a block that came from elsewhere', () => {
    const bench = started();
    bench.deliver(bench.commit(1, 0, 'b'), bench.commit(2, 0, 'a'));
    const { digest } = proposalOf('a');
    const commits = [1, 2, 3].map((seat) => bench.commit(seat, 0, 'a'));
    const certificate = makeCertificate({ height: 1, round: 0, digest }, commits);
    bench.start(2);
    expect(proofs(bench.step({ type: 'certified', certificate }))).toMatchObject([{ type: 'commit', signer: bench.address(1) }]);
    expect(bench.step({ type: 'certified', certificate })).toEqual([]);
  });

  it('are found among messages that came before their height began', () => {
    const bench = started();
    bench.deliver(bench.commit(1, 0, 'a', 2), bench.commit(1, 0, 'b', 2));
    expect(proofs(bench.start(2))).toMatchObject([{ type: 'commit', height: 2, signer: bench.address(1) }]);
  });
});

describe('what is no evidence', () => {
  it('is the same message again, however it travels and whatever unsigned proofs it carries', () => {
    const bench = started();
    const proof = bench.proof([1, 2, 3], 0, 'a');
    const full = bench.roundChange(1, 1, proof);
    const bare = { ...full, prepared: { ...proof, prepares: [], proposal: new Uint8Array(0) } } as SignedMessage;
    const again = decodeMessage(encodeMessage(full));
    bench.deliver(full, again);
    bench.start(2);
    expect(only(bench.deliver(bare, again), 'evidence')).toEqual([]);
  });

  it('is different messages for different places, or of no sealer, or of this node', () => {
    const bench = started({ sealers: 5, seat: 0 });
    bench.step({ type: 'start', height: 2, sealers: bench.sealers.slice(0, 4) });
    const messages = [
      ...[0, 1, 2].map((round) => bench.prepare(1, round, `round ${round}`, 2)),
      ...[2, 3, 4].map((height) => bench.prepare(2, 0, `height ${height}`, height)),
      bench.commit(1, 0, 'another type', 2),
      bench.prepare(4, 0, 'a', 2),
      bench.prepare(4, 0, 'b', 2),
      bench.prepare(0, 0, 'a', 2),
      bench.prepare(0, 0, 'b', 2),
    ];
    expect(only(bench.deliver(...messages), 'evidence')).toEqual([]);
  });

  it('is a forged late message: it accuses nobody, and whoever delivered it wasted our time', () => {
    const bench = started();
    bench.deliver(bench.prepare(1, 0, 'a'));
    bench.start(2);
    const forged = { ...bench.prepare(1, 0, 'b'), signature: new Uint8Array(SIGNATURE_BYTES).fill(1) } as SignedMessage;
    const effects = bench.step({ type: 'message', message: forged, via: bench.address(3) });
    expect(effects).toEqual([{ type: 'waste', peer: bench.address(3) }]);
    // A forgery that came first does not hide what is true.
    const early = { ...bench.commit(1, 0, 'x'), signature: new Uint8Array(SIGNATURE_BYTES).fill(1) } as SignedMessage;
    expect(bench.step({ type: 'message', message: early, via: bench.address(3) })).toEqual([
      { type: 'waste', peer: bench.address(3) },
    ]);
    expect(proofs(bench.deliver(bench.commit(1, 0, 'a'), bench.commit(1, 0, 'b')))).toHaveLength(1);
  });

  it('is kept in bounds: a liar fills its own share', () => {
    const bench = started();
    for (let at = 0; at < 2 * EVIDENCE_PLACES_PER_SIGNER_MAX; at++) bench.deliver(bench.prepare(1, at, 'a'));
    expect(proofs(bench.deliver(bench.prepare(2, 0, 'a'), bench.prepare(2, 0, 'b')))).toHaveLength(1);
    expect(proofs(bench.deliver(bench.prepare(1, 0, 'b'))), 'it is caught all the same').toHaveLength(1);
  });
});

describe('the newest statements of a sealer', () => {
  it('are what it signed last, of whatever height, and its last commit vote, as long as it is a sealer', () => {
    const bench = started();
    const newest = () => bench.core.newestOf?.(bench.address(1)).map(({ type, height, round }) => `${type} ${height}/${round}`);
    expect(newest()).toEqual([]);
    bench.deliver(bench.prepare(1, 1, 'a'), bench.commit(1, 0, 'a'));
    expect(newest()).toEqual(['prepare 1/1', 'commit 1/0']);
    bench.deliver(bench.roundChange(1, 1), bench.commit(1, 1, 'a'), bench.prepare(1, 1, 'a'));
    expect(newest()).toEqual(['commit 1/1']);
    bench.deliver(bench.prepare(1, 0, 'a', 2));
    expect(newest()).toEqual(['prepare 2/0', 'commit 1/1']);
    bench.start(2);
    expect(newest()).toEqual(['prepare 2/0', 'commit 1/1']);
    bench.step({ type: 'start', height: 3, sealers: bench.sealers.filter((sealer) => sealer !== bench.address(1)) });
    expect(newest()).toEqual([]);
  });
});
