import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type PreparedProof, type SignedMessage, signMessage, statementOf, type UnsignedMessage } from '../consensus/index.ts';
import { type Hex, keccak256, keyFrom, toHex } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { createWorld, type World } from '../environment/sim/index.ts';
import { VOTE_LOG_RECORDS_MAX } from '../limits.ts';
import { openVoteLog, type VoteLog } from './vote-log.ts';

const KEY = keyFrom(new Uint8Array(32).fill(1));
const DOMAIN = keccak256(Uint8Array.of(1));
const TYPES = ['pre-prepare', 'prepare', 'commit', 'round-change'] as const;
type VoteType = (typeof TYPES)[number];

const digest = (content: number): Hex => toHex(new Uint8Array(32).fill(content));
const proof = (content: number, round: number): PreparedProof => {
  const vote = { type: 'prepare', height: 1, round, digest: digest(content) } as const;
  const prepare = { ...vote, signature: new Uint8Array(65).fill(1), signer: KEY.address };
  return { round, digest: digest(content), proposal: Uint8Array.of(content), prepares: [prepare] };
};

function vote(
  place: { readonly type: VoteType; readonly height: number; readonly round: number },
  content: number,
): UnsignedMessage {
  const { type, height, round } = place;
  switch (type) {
    case 'pre-prepare':
      return { type, height, round, digest: digest(content), proposal: Uint8Array.of(content), justification: [] };
    case 'prepare':
    case 'commit':
      return { type, height, round, digest: digest(content) };
    case 'round-change':
      return content === 0 ? { type, height, round: round + 1 } : { type, height, round: round + 1, prepared: proof(content, 0) };
  }
}

/** A sealer's disk that outlives its crashes. */
class Bench {
  readonly world: World;
  #environment: Environment;
  log: VoteLog;

  private constructor(world: World, environment: Environment, log: VoteLog) {
    this.world = world;
    this.#environment = environment;
    this.log = log;
  }

  static async open(seed = 1): Promise<Bench> {
    const world = createWorld({ seed });
    const environment = world.addNode(KEY.address);
    return new Bench(world, environment, await world.run(openVoteLog({ environment, key: KEY, domain: DOMAIN })));
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.world.run(promise);
  }

  sign(message: UnsignedMessage, prepared?: PreparedProof): Promise<SignedMessage | undefined> {
    return this.run(this.log.sign(message, prepared));
  }

  async crash(tornTail = false, damaged?: number): Promise<void> {
    this.world.crash(this.#environment.node, { tornTail });
    if (damaged !== undefined) this.world.damageLog(this.#environment.node, 'votes', damaged);
    this.#environment = this.world.restart(this.#environment.node);
    this.log = await this.run(openVoteLog({ environment: this.#environment, key: KEY, domain: DOMAIN }));
  }

  records(): Promise<number> {
    return this.run(
      this.log.close().then(async () => {
        const log = await this.#environment.disk.log('votes');
        const { length } = await log.records();
        await log.close();
        this.log = await openVoteLog({ environment: this.#environment, key: KEY, domain: DOMAIN });
        return length;
      }),
    );
  }
}

describe('the vote log', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });

  it.each(TYPES)(
    'gives a %s that was signed before as it was, and signs no other in its place, also after a crash',
    async (type) => {
      const place = { type, height: 5, round: 1 };
      const first = await bench.sign(vote(place, 7));
      expect(first).toMatchObject({ type, height: 5, signer: KEY.address });
      for (const restart of [false, true]) {
        if (restart) await bench.crash();
        expect(await bench.sign(vote(place, 7))).toEqual(first);
        expect(await bench.sign(vote(place, 8))).toBeUndefined();
        // Other places are free.
        expect(await bench.sign(vote({ ...place, round: restart ? 3 : 2 }, 8))).toBeDefined();
      }
    },
  );

  it('lets nothing out before it is on the disk, also when it is asked twice at once', async () => {
    const message = vote({ type: 'commit', height: 1, round: 0 }, 1);
    const outAt: number[] = [];
    for (let asked = 0; asked < 2; asked++) void bench.log.sign(message).then(() => outAt.push(bench.world.now));
    const before = bench.world.now;
    await bench.world.runUntil(() => outAt.length === 2, 1_000_000);
    for (const at of outAt) expect(at).toBeGreaterThan(before);
    await bench.crash();
    expect(await bench.sign(vote({ type: 'commit', height: 1, round: 0 }, 2))).toBeUndefined();
  });

  it('has forgotten what never left: a vote that the power cut overtook may be another one', async () => {
    void bench.log.sign(vote({ type: 'prepare', height: 1, round: 0 }, 1));
    await bench.crash(true);
    expect(bench.log.restore(1)).toBeUndefined();
    expect(await bench.sign(vote({ type: 'prepare', height: 1, round: 0 }, 2))).toBeDefined();
  });

  it('gives a core that starts again its votes in order, with the proof of the highest round', async () => {
    expect(bench.log.restore(3)).toBeUndefined();
    const own = [
      await bench.sign(vote({ type: 'prepare', height: 3, round: 0 }, 1)),
      await bench.sign(vote({ type: 'commit', height: 3, round: 0 }, 1), proof(1, 0)),
      await bench.sign(vote({ type: 'round-change', height: 3, round: 0 }, 1)),
      await bench.sign(vote({ type: 'commit', height: 3, round: 2 }, 2), proof(2, 2)),
    ];
    await bench.sign(vote({ type: 'prepare', height: 4, round: 0 }, 1));
    for (const restart of [false, true]) {
      if (restart) await bench.crash();
      expect(bench.log.restore(3)).toEqual({ own, prepared: proof(2, 2) });
      expect(bench.log.restore(4)?.own).toHaveLength(1);
      expect(bench.log.restore(4)?.prepared).toBeUndefined();
    }
  });

  it('signs nothing for a final height again', async () => {
    await bench.sign(vote({ type: 'commit', height: 3, round: 0 }, 1));
    await bench.run(bench.log.forgetBelow(4));
    expect(bench.log.restore(3)).toBeUndefined();
    expect(await bench.sign(vote({ type: 'commit', height: 3, round: 0 }, 1))).toBeUndefined();
    expect(await bench.sign(vote({ type: 'commit', height: 4, round: 0 }, 2))).toBeDefined();
    await bench.crash();
    expect(await bench.sign(vote({ type: 'commit', height: 3, round: 0 }, 2))).toBeUndefined();
  });

  it('is rewritten when it has grown, and keeps the present height and its floor', async () => {
    const present = 10;
    const proved = vote({ type: 'commit', height: present, round: 0 }, 3);
    await bench.sign(proved, proof(3, 0));
    // Votes of one height in a thousand rounds stand for those of a thousand heights.
    const many = Array.from({ length: VOTE_LOG_RECORDS_MAX - 1 }, (_, round) =>
      bench.log.sign(vote({ type: 'prepare', height: present - 1, round }, 1)),
    );
    await bench.run(Promise.all(many));
    expect(await bench.records()).toBe(VOTE_LOG_RECORDS_MAX + 1);
    const kept = bench.log.restore(present);
    await bench.run(bench.log.forgetBelow(present));
    expect(await bench.records()).toBe(2);
    await bench.crash();
    expect(bench.log.restore(present)).toEqual(kept);
    expect(kept?.prepared).toEqual(proof(3, 0));
    expect(await bench.sign(vote({ type: 'commit', height: present, round: 0 }, 4))).toBeUndefined();
    expect(await bench.sign(vote({ type: 'prepare', height: present - 1, round: 5_000 }, 1))).toBeUndefined();
  });

  it('keeps a vote that is signed while it is rewritten', async () => {
    const many = Array.from({ length: VOTE_LOG_RECORDS_MAX }, (_, round) =>
      bench.log.sign(vote({ type: 'prepare', height: 1, round }, 1)),
    );
    await bench.run(Promise.all(many));
    const rewritten = bench.log.forgetBelow(2);
    const signed = await bench.sign(vote({ type: 'prepare', height: 2, round: 0 }, 1));
    await bench.run(rewritten);
    await bench.crash();
    expect(bench.log.restore(2)?.own).toEqual([signed]);
  });
});

describe('a height that is stuck', () => {
  it('costs a bounded number of records, and a core resumes from what is kept', async () => {
    const bench = await Bench.open();
    const height = 7;
    const committed = await bench.sign(vote({ type: 'commit', height, round: 3 }, 1), proof(1, 3));
    const rounds = VOTE_LOG_RECORDS_MAX + 100;
    const stuck = async (): Promise<void> => {
      for (let round = 4; round < rounds; round++)
        await bench.log.sign(vote({ type: 'round-change', height, round: round - 1 }, 1));
    };
    await bench.run(stuck());
    expect(await bench.records()).toBeLessThan(VOTE_LOG_RECORDS_MAX / 2);
    await bench.crash();
    const restored = bench.log.restore(height);
    expect(restored?.own).toContainEqual(committed);
    expect(restored?.prepared).toEqual(proof(1, 3));
    expect(Math.max(...(restored?.own ?? []).map(({ round }) => round))).toBe(rounds - 1);
    // The rounds that were left out are closed for ever, whatever was signed in them.
    expect(await bench.sign(vote({ type: 'prepare', height, round: 5 }, 2))).toBeUndefined();
    expect(await bench.sign(vote({ type: 'commit', height, round: 3 }, 2))).toBeUndefined();
    expect(await bench.sign(vote({ type: 'commit', height, round: 3 }, 1))).toEqual(committed);
    expect(await bench.sign(vote({ type: 'prepare', height, round: rounds - 1 }, 2))).toBeDefined();
  });
});

describe('a log that does not hold all that was signed', () => {
  it('is fresh, whole or lost, and says so again after a crash', async () => {
    const bench = await Bench.open();
    expect([bench.log.memory, bench.log.hasSigned]).toEqual(['fresh', false]);
    await bench.run(bench.log.begin());
    await bench.crash();
    expect([bench.log.memory, bench.log.hasSigned]).toEqual(['whole', false]);
    await bench.sign(vote({ type: 'prepare', height: 4, round: 0 }, 1));
    await bench.run(bench.log.lose('lost'));
    for (const restart of [false, true]) {
      if (restart) await bench.crash();
      expect([bench.log.memory, bench.log.hasSigned]).toEqual(['lost', true]);
      expect(await bench.sign(vote({ type: 'prepare', height: 900, round: 0 }, 1))).toBeUndefined();
    }
    await bench.run(bench.log.abstain({ below: 8, why: 'for the test' }));
    for (const restart of [false, true]) {
      if (restart) await bench.crash();
      expect([bench.log.memory, bench.log.floor]).toEqual(['whole', 8]);
      expect(bench.log.abstention).toEqual({ below: 8, why: 'for the test' });
      expect(await bench.sign(vote({ type: 'prepare', height: 7, round: 0 }, 1))).toBeUndefined();
      expect(bench.log.restore(4)).toBeUndefined();
    }
    expect(await bench.sign(vote({ type: 'prepare', height: 8, round: 0 }, 1))).toBeDefined();
  });

  it('is found when its middle is damaged, and what can be read of it is no reason to trust it', async () => {
    const bench = await Bench.open();
    for (let round = 0; round < 4; round++) await bench.sign(vote({ type: 'prepare', height: 2, round }, 1));
    await bench.crash(false, 1);
    expect(bench.log.memory).toBe('damaged');
    expect(await bench.sign(vote({ type: 'prepare', height: 2, round: 9 }, 1))).toBeUndefined();
    expect(bench.world.log().filter(({ event }) => event === 'votes.damaged')).toHaveLength(1);
    await bench.run(bench.log.abstain({ below: 5, why: 'for the test' }));
    await bench.crash();
    expect([bench.log.memory, bench.log.floor]).toEqual(['whole', 5]);
  });

  it('may be good again from a round of a height on', async () => {
    const bench = await Bench.open();
    // What could be read of that height counts as well as what others have seen.
    await bench.sign(vote({ type: 'prepare', height: 8, round: 2 }, 1));
    await bench.run(bench.log.lose('damaged'));
    await bench.run(bench.log.abstain({ below: 8, why: 'for the test' }, 1));
    expect(bench.log.restore(8)).toBeUndefined();
    for (const restart of [false, true]) {
      if (restart) await bench.crash();
      expect([7, 8, 9].map((height) => bench.log.fromRound(height))).toEqual([0, 3, 0]);
      expect(await bench.sign(vote({ type: 'prepare', height: 8, round: 2 }, 1))).toBeUndefined();
      expect(await bench.sign(vote({ type: 'prepare', height: 8, round: restart ? 4 : 3 }, 1))).toBeDefined();
    }
  });

  it('knows what it signed, and what it will not contradict any more', async () => {
    const bench = await Bench.open();
    const signed = (await bench.sign(vote({ type: 'commit', height: 5, round: 1 }, 1))) as SignedMessage;
    const elsewhere = (content: number, place: { type: VoteType; height: number; round: number }) =>
      statementOf(signMessage(DOMAIN, vote(place, content), KEY));
    expect(bench.log.knows(statementOf(signed))).toBe(true);
    expect(bench.log.knows(elsewhere(2, { type: 'commit', height: 5, round: 1 })), 'another content').toBe(false);
    expect(bench.log.knows(elsewhere(1, { type: 'commit', height: 5, round: 2 })), 'another round').toBe(false);
    expect(bench.log.knows(elsewhere(1, { type: 'prepare', height: 6, round: 0 })), 'a later height').toBe(false);
    await bench.run(bench.log.forgetBelow(6));
    expect(bench.log.knows(elsewhere(2, { type: 'commit', height: 5, round: 1 })), 'a final height').toBe(true);
  });
});

type Step =
  | {
      readonly kind: 'sign';
      readonly type: VoteType;
      readonly ahead: number;
      readonly round: number;
      readonly content: number;
      readonly wait: boolean;
    }
  | { readonly kind: 'final' }
  | { readonly kind: 'crash'; readonly torn: boolean };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('sign' as const),
        type: fc.constantFrom(...TYPES),
        ahead: fc.nat(1),
        round: fc.nat(1),
        content: fc.nat(2),
        wait: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('final' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), torn: fc.boolean() }) },
  ),
  { maxLength: 40 },
);

describe('whatever is signed, finished, and cut off by power cuts', () => {
  it('no two different votes of one height, round and type ever leave', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(1_000), async (sequence, seed) => {
        const bench = await Bench.open(seed);
        const left = new Map<string, Hex>();
        const note = (message: SignedMessage | undefined): void => {
          if (message === undefined) return;
          const place = `${message.height}/${message.round}/${message.type}`;
          const signature = toHex(message.signature);
          expect(left.get(place) ?? signature).toBe(signature);
          left.set(place, signature);
        };
        let height = 1;
        for (const step of sequence) {
          if (step.kind === 'crash') await bench.crash(step.torn);
          else if (step.kind === 'final') {
            height += 1;
            void bench.log.forgetBelow(height);
          } else {
            const signing = bench.log.sign(vote({ ...step, height: height + step.ahead }, step.content)).then(note);
            if (step.wait) await bench.run(signing);
          }
        }
        await bench.crash();
        // What left is there: a core that starts again goes on from it.
        for (let at = height; at <= height + 1; at++) {
          const remembered = new Set((bench.log.restore(at)?.own ?? []).map(({ signature }) => toHex(signature)));
          const sent = [...left].filter(([place]) => place.startsWith(`${at}/`)).map(([, signature]) => signature);
          expect(sent.filter((signature) => !remembered.has(signature))).toEqual([]);
        }
      }),
      { numRuns: 150, seed: 7 },
    );
  });
});
