import { describe, expect, it } from 'vitest';
import { HEARD_ASKED_MAX, HEARD_SHOWINGS_MAX, HEARD_SPARE, HEARD_TELLINGS_MAX } from '../../limits.ts';
import { makeCertificate } from '../certificate.ts';
import type { ConsensusEffect } from '../core.ts';
import { verifyEvidence } from '../evidence.ts';
import { fingerprintOf, type HeardGroup, type Hearsay } from '../hearsay.ts';
import type { SignedMessage } from '../messages.ts';
import { signedContent } from '../signing.ts';
import { Bench, only, proposalOf } from '../testing/bench.ts';
import { testDomain, testKeys } from '../testing/keys.ts';
import { listenersOf } from './comparison.ts';
import { faultsOf } from './quorum.ts';

/** This node has seat 0; height 1 is over, and height 2 is idle. */
function over(heard: (bench: Bench) => readonly SignedMessage[], options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(options);
  bench.start();
  bench.deliver(...heard(bench));
  bench.start(2);
  return bench;
}

function groupOf(message: SignedMessage, ...signers: readonly number[]): HeardGroup {
  const { type, round } = message;
  return { type, round, fingerprint: fingerprintOf(signedContent(message)), signers: Uint8Array.from(signers) };
}

function tells(bench: Bench, seat: number, hearsay: Hearsay): readonly ConsensusEffect[] {
  return bench.step({ type: 'hearsay', hearsay, via: bench.address(seat) });
}

function heard(...groups: readonly HeardGroup[]): Hearsay {
  return { kind: 'heard', height: 1, groups };
}

function shown(bench: Bench, ...messages: readonly SignedMessage[]): Hearsay {
  const statements = messages.map((message) => ({
    type: message.type,
    round: message.round,
    signer: bench.sealers.indexOf(message.signer),
    content: signedContent(message),
    signature: message.signature,
  }));
  return { kind: 'show', height: 1, statements };
}

function said(effects: readonly ConsensusEffect[]): readonly Hearsay[] {
  return only(effects, 'hearsay').map(({ hearsay }) => hearsay);
}

describe('telling what was heard (rule 29)', () => {
  it('is done once a height is over, to all others, and again only when something is new', () => {
    const bench = over((b) => [b.commit(1, 0, 'a'), b.commit(2, 0, 'a'), b.commit(3, 0, 'b'), b.prepare(3, 0, 'a')]);
    const [told, ...more] = only(bench.step({ type: 'compare' }), 'hearsay');
    expect(more).toEqual([]);
    expect(told?.to).toEqual(bench.sealers.slice(1));
    expect(told?.hearsay).toEqual(
      heard(groupOf(bench.commit(1, 0, 'a'), 1, 2), groupOf(bench.commit(3, 0, 'b'), 3), groupOf(bench.prepare(3, 0, 'a'), 3)),
    );
    expect(bench.step({ type: 'compare' })).toEqual([]);
    expect(only(bench.step({ type: 'compare', peer: bench.address(2) }), 'hearsay')).toEqual([
      { ...told, to: [bench.address(2)] },
    ]);
    bench.deliver(bench.prepare(1, 0, 'a'));
    expect(said(bench.step({ type: 'compare' }))).toHaveLength(1);
  });

  it('is done in a height that changes rounds, and not in round 0', () => {
    const bench = new Bench();
    bench.start();
    bench.deliver(bench.prepare(1, 0, 'a'));
    expect(bench.step({ type: 'compare' })).toEqual([]);
    bench.timeout(0);
    expect(said(bench.step({ type: 'compare' }))).toEqual([heard(groupOf(bench.prepare(1, 0, 'a'), 1))]);
  });

  it('is about the round that decided and those near it', () => {
    const bench = over((b) => [0, 1, 2, 3, 4, 5, 6, 7].map((round) => b.prepare(1, round, 'a')));
    const { digest } = proposalOf('a');
    const certificate = makeCertificate({ height: 1, round: 5, digest }, [bench.commit(1, 5, 'a')]);
    bench.step({ type: 'certified', certificate });
    const [told] = said(bench.step({ type: 'compare' }));
    expect(told?.kind === 'heard' && told.groups.map(({ round }) => round)).toEqual([5, 6, 4, 3, 2]);
  });

  it('is not for who does not vote at the height', () => {
    const bench = new Bench();
    const sealers = bench.sealers.slice(1);
    bench.step({ type: 'start', height: 1, sealers });
    bench.deliver(bench.prepare(1, 0, 'a'));
    bench.step({ type: 'start', height: 2, sealers });
    expect(bench.step({ type: 'compare' })).toEqual([]);
  });

  it('goes to f+1 in turn and a few more when there are many', () => {
    const many = testKeys(40).map(({ address }) => address);
    expect(listenersOf(many.slice(0, 7), 1)).toHaveLength(7);
    const turns = [1, 2, 3, 4].map((height) => listenersOf(many, height));
    for (const turn of turns) expect(new Set(turn).size).toBe(faultsOf(many.length) + 1 + HEARD_SPARE);
    expect(new Set(turns.flat())).toEqual(new Set(many));
  });
});

describe('who heard something else (rule 30)', () => {
  it('is shown what was heard here, whatever it says of itself and of this node', () => {
    const bench = over((b) => [b.commit(2, 0, 'a'), b.prepare(1, 0, 'a')]);
    const other = bench.commit(2, 0, 'b');
    const effects = tells(
      bench,
      1,
      heard(groupOf(other, 2), groupOf(bench.prepare(1, 0, 'b'), 0, 1), groupOf(bench.commit(3, 0, 'b'), 3)),
    );
    expect(effects).toEqual([{ type: 'hearsay', to: [bench.address(1)], hearsay: shown(bench, bench.commit(2, 0, 'a')) }]);
  });

  it('has the proof then, and is believed nothing without', () => {
    const bench = over((b) => [b.commit(2, 0, 'b')]);
    const [proof] = only(tells(bench, 1, shown(bench, bench.commit(2, 0, 'a'))), 'evidence');
    expect(proof?.evidence).toMatchObject({ type: 'commit', height: 1, signer: bench.address(2) });
    expect(proof && verifyEvidence(testDomain, proof.evidence)).toBeUndefined();
    const forged = { ...bench.commit(3, 0, 'a'), signature: bench.commit(2, 0, 'a').signature };
    expect(tells(bench, 1, shown(bench, forged, forged))).toEqual([{ type: 'waste', peer: bench.address(1) }]);
    expect(tells(bench, 1, shown(bench, bench.commit(3, 0, 'a')))).toEqual([]);
  });

  it('is shown it also when this node hears the signer only later', () => {
    const bench = over(() => []);
    expect(tells(bench, 1, heard(groupOf(bench.commit(2, 0, 'b'), 2)))).toEqual([]);
    expect(tells(bench, 3, heard(groupOf(bench.commit(2, 0, 'a'), 2))).length, 'both are asked').toBe(2);
    const late = bench.deliver(bench.commit(2, 0, 'a'));
    expect(late).toEqual([{ type: 'hearsay', to: [bench.address(1)], hearsay: shown(bench, bench.commit(2, 0, 'a')) }]);
    expect(bench.deliver(bench.commit(2, 0, 'a'))).toEqual([]);
  });

  it('is asked, and another that heard yet something else, when this node heard nothing', () => {
    const bench = over(() => []);
    tells(bench, 1, heard(groupOf(bench.commit(2, 0, 'a'), 2)));
    const question: Hearsay = { kind: 'ask', height: 1, places: [{ type: 'commit', round: 0, signer: 2 }] };
    const asked = only(tells(bench, 3, heard(groupOf(bench.commit(2, 0, 'b'), 2))), 'hearsay');
    expect(new Set(asked.map(({ to }) => to[0]))).toEqual(new Set([bench.address(1), bench.address(3)]));
    for (const { hearsay } of asked) expect(hearsay).toEqual(question);
    expect(said(tells(bench, 1, shown(bench, bench.commit(2, 0, 'a'))))).toEqual([shown(bench, bench.commit(2, 0, 'a'))]);
    expect(only(tells(bench, 3, shown(bench, bench.commit(2, 0, 'b'))), 'evidence')).toHaveLength(1);
    expect(said(tells(bench, 1, question)), 'and answers the same question').toEqual([shown(bench, bench.commit(2, 0, 'a'))]);
  });
});

describe('what comparing may cost (rule 31)', () => {
  it('is a few statements for who makes up what it heard', () => {
    const bench = over((b) => [1, 2, 3, 4, 5, 6].map((seat) => b.commit(seat, 0, 'a')), { sealers: 7 });
    const made = heard(groupOf(bench.commit(1, 0, 'made up'), 2, 3, 4, 5, 6));
    const effects = Array.from({ length: 2 * HEARD_TELLINGS_MAX }, () => tells(bench, 1, made)).flat();
    const statements = said(effects).flatMap((hearsay) => (hearsay.kind === 'show' ? hearsay.statements : []));
    expect(statements).toHaveLength(HEARD_SHOWINGS_MAX * faultsOf(7));
    expect(
      effects.every(({ type }) => type === 'hearsay'),
      'no signature is checked',
    ).toBe(true);
    expect(said(tells(bench, 2, heard(groupOf(bench.commit(1, 0, 'b'), 1)))), 'of another it is heard').toHaveLength(1);
  });

  it('is a few questions and answers', () => {
    const bench = over((b) => [b.commit(2, 0, 'a')]);
    const places = Array.from({ length: HEARD_ASKED_MAX }, () => ({ type: 'commit', round: 0, signer: 2 }) as const);
    const ask = (): readonly Hearsay[] => said(tells(bench, 1, { kind: 'ask', height: 1, places }));
    expect(ask()).toHaveLength(1);
    expect(ask()).toEqual([]);
    const claims = (seat: number): Hearsay =>
      heard(...Array.from({ length: 40 }, (_, round) => groupOf(bench.prepare(2, round, `by ${seat}`), 2)));
    tells(bench, 1, claims(1));
    const asked = said(tells(bench, 3, claims(3))).flatMap((hearsay) => (hearsay.kind === 'ask' ? hearsay.places : []));
    expect(asked).toHaveLength(2 * HEARD_ASKED_MAX);
  });

  it('is nothing for heights that are not watched, and for who does not vote there', () => {
    const bench = over((b) => [b.commit(2, 0, 'a')]);
    const group = groupOf(bench.commit(2, 0, 'b'), 2);
    for (const height of [0, 9]) expect(tells(bench, 1, { kind: 'heard', height, groups: [group] })).toEqual([]);
    const stranger = testKeys(9).find(({ address }) => !bench.sealers.includes(address))?.address ?? '0x';
    expect(bench.step({ type: 'hearsay', hearsay: heard(group), via: stranger })).toEqual([]);
    expect(
      bench.step({ type: 'hearsay', hearsay: heard({ ...group, signers: Uint8Array.of(2, 77) }), via: bench.address(1) }),
    ).toHaveLength(1);
  });

  it('is nothing after a restart: it remembers nothing, tells nothing, and accuses nobody', () => {
    const bench = over(() => []);
    expect(bench.step({ type: 'compare' })).toEqual([]);
    expect(tells(bench, 1, heard(groupOf(bench.commit(2, 0, 'b'), 2), groupOf(bench.commit(3, 0, 'a'), 3)))).toEqual([]);
  });
});
