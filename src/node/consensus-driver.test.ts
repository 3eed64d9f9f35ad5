import { describe, expect, it } from 'vitest';
import {
  type ConsensusCore,
  type ConsensusEffect,
  type ConsensusEvent,
  decodeHearsay,
  decodeMessage,
  type Evidence,
  encodeHearsay,
  encodeMessage,
  type Hearsay,
  type SignedMessage,
  type UnsignedMessage,
} from '../consensus/index.ts';
import { type Hex, keccak256, type NodeKey } from '../crypto/index.ts';
import { openDoor } from '../environment/contract/index.ts';
import type { NodeId } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { LEDGER_PROTOCOLS } from '../ledger/index.ts';
import { TestConsortium, type TestNode } from '../ledger/testing/consortium.ts';
import { signedBy, testKey } from '../ledger/testing/fixtures.ts';
import {
  CONSENSUS_FRAMES_KEPT_MAX,
  HEARD_FRAMES_PER_SECOND_MAX,
  HEARD_PAUSE_MICROS,
  SYNC_GRACE_MICROS,
  WORTHLESS_MESSAGES_MAX,
} from '../limits.ts';
import { type ConsensusDriver, createConsensusDriver } from './consensus-driver.ts';
import { HEARD_PROTOCOL } from './consensus-hearsay.ts';
import { CONSENSUS_PROTOCOL } from './consensus-voice.ts';
import type { Standing } from './standing.ts';
import { openVoteLog, type VoteLog } from './vote-log.ts';

const SECOND = 1_000_000;
const TIMING = { blockIntervalMicros: SECOND, heartbeatMicros: 5 * SECOND, baseTimeoutMicros: 2 * SECOND };
const DOMAIN = keccak256(Uint8Array.of(1));
const DIGEST: Hex = `0x${'11'.repeat(32)}`;

/** A core that does what the test says, and keeps what it was told. */
class ScriptedCore implements ConsensusCore {
  readonly events: ConsensusEvent[] = [];
  answer: (event: ConsensusEvent) => readonly ConsensusEffect[] = () => [];

  step(event: ConsensusEvent): readonly ConsensusEffect[] {
    this.events.push(event);
    return this.answer(event);
  }

  status() {
    return { height: 1, round: 0, phase: 'idle', proposer: undefined, sealers: [], viewChanges: 0 } as const;
  }

  told<T extends ConsensusEvent['type']>(type: T): readonly Extract<ConsensusEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ConsensusEvent, { type: T }> => event.type === type);
  }
}

/** Four sealers with ledgers; the first has the driver under test, the others only listen. */
class Bench {
  readonly consortium = new TestConsortium();
  readonly core = new ScriptedCore();
  readonly failures: unknown[] = [];
  readonly heard = new Map<NodeId, SignedMessage[]>();
  nodes: readonly TestNode[] = [];
  driver: ConsensusDriver | undefined;

  readonly evidence: Evidence[] = [];
  votes: VoteLog | undefined;

  static async start(
    answer: ScriptedCore['answer'] = () => [],
    options: {
      readonly connect?: boolean;
      readonly standing?: Standing;
      readonly before?: (bench: Bench, votes: VoteLog) => Promise<unknown>;
    } = {},
  ): Promise<Bench> {
    const bench = new Bench();
    const { consortium, core } = bench;
    const nodes: TestNode[] = [];
    for (const { address } of consortium.keys) nodes.push(await consortium.add(address));
    bench.nodes = nodes;
    for (const { id, environment } of bench.others) {
      const messages: SignedMessage[] = [];
      bench.heard.set(id, messages);
      environment.network.onFrame(CONSENSUS_PROTOCOL, (_from, frame) => messages.push(decodeMessage(frame)));
      if (options.connect !== false) await consortium.connect(bench.node, { id, environment });
    }
    core.answer = answer;
    const { environment, ledger } = bench.node;
    const key = consortium.keys[0] as NodeKey;
    const votes = await bench.world.run(openVoteLog({ environment, key, domain: DOMAIN }));
    bench.votes = votes;
    await options.before?.(bench, votes);
    bench.driver = createConsensusDriver(TIMING, {
      environment,
      ledger,
      core,
      votes,
      ...(options.standing !== undefined && { standing: options.standing }),
      onEvidence: (evidence) => bench.evidence.push(evidence),
      fatal: (error) => bench.failures.push(error),
    });
    bench.driver.start();
    // It reads the headers of the chain first.
    if (options.standing === undefined) await bench.world.runUntil(() => core.told('start').length > 0, SECOND);
    return bench;
  }

  get world() {
    return this.consortium.world;
  }

  get node(): TestNode {
    return this.nodes[0] as TestNode;
  }

  get others(): readonly [TestNode, TestNode, TestNode] {
    return this.nodes.slice(1) as readonly TestNode[] as readonly [TestNode, TestNode, TestNode];
  }

  /** Makes the driver step, by a message of another sealer, and answers with these effects. */
  async does(...effects: readonly ConsensusEffect[]): Promise<void> {
    const before = this.core.answer;
    const message: SignedMessage = { ...vote('prepare', 1), signature: new Uint8Array(65), signer: this.others[0].id };
    this.core.answer = (event) => (event.type === 'message' ? effects : before(event));
    const told = this.core.told('message').length;
    this.others[0].environment.network.send(this.node.id, CONSENSUS_PROTOCOL, encodeMessage(message), 'control');
    await this.world.runUntil(() => this.core.told('message').length > told, SECOND);
    this.core.answer = before;
  }

  submit(nonce: number, owner = 0): Promise<Hex> {
    return this.world.run(this.node.ledger.submit(signedBy(testKey(owner), { nonce, to: testKey(1).address, value: 1n })));
  }

  logged(event: string) {
    return this.world.log().filter((line) => line.event === event && line.node === this.node.id);
  }
}

function vote(type: 'prepare' | 'commit', height: number, digest: Hex = DIGEST, round = 0): UnsignedMessage {
  return { type, height, round, digest };
}

const sign = (message: UnsignedMessage): ConsensusEffect => ({ type: 'sign', message });
const buildAtStart = (event: ConsensusEvent): readonly ConsensusEffect[] =>
  event.type === 'start' ? [{ type: 'build', height: event.height, round: 0 }] : [];

describe('effects', () => {
  it('are carried out in order: what is signed is sent in that order, and counts only when it is on the disk', async () => {
    const bench = await Bench.start();
    const begun = bench.world.now;
    await bench.does(sign(vote('prepare', 1)), sign(vote('commit', 1)), sign(vote('prepare', 1, DIGEST, 1)));
    expect(bench.core.told('sent')).toEqual([]);
    await bench.world.runUntil(() => bench.core.told('sent').length === 3, SECOND);
    expect(bench.world.now - begun).toBeGreaterThanOrEqual(3_000);
    await bench.consortium.settle();
    const said = bench.core.told('sent').map(({ message }) => message);
    expect(said.map(({ type, round }) => [type, round])).toEqual([
      ['prepare', 0],
      ['commit', 0],
      ['prepare', 1],
    ]);
    for (const messages of bench.heard.values()) expect(messages).toEqual(said);
  });

  it('a vote for which another was signed before is withheld', async () => {
    const bench = await Bench.start();
    await bench.does(sign(vote('commit', 1)), sign(vote('commit', 1, `0x${'22'.repeat(32)}`)));
    await bench.consortium.settle();
    expect(bench.core.told('sent')).toHaveLength(1);
    for (const messages of bench.heard.values()) expect(messages).toHaveLength(1);
    expect(bench.logged('consensus.vote-withheld')).toHaveLength(1);
    expect(bench.failures).toEqual([]);
  });

  it('a timer runs until the next one replaces it', async () => {
    const bench = await Bench.start((event) =>
      event.type === 'start' ? [{ type: 'timer', height: 1, round: 0, delayMicros: SECOND }] : [],
    );
    await bench.world.runFor(SECOND / 2);
    await bench.does({ type: 'timer', height: 1, round: 1, delayMicros: 2 * SECOND });
    await bench.world.runFor(10 * SECOND);
    expect(bench.core.told('timeout')).toEqual([{ type: 'timeout', height: 1, round: 1 }]);
  });

  it('a final block is committed, and the next height begins, once', async () => {
    const bench = await Bench.start();
    const { consortium, node } = bench;
    const proposal = await consortium.propose(node);
    const certificate = consortium.certify({ number: 1, hash: proposal.digest });
    const commit = { type: 'commit', height: 1, round: 0, ...proposal, proposer: node.id, certificate } as const;
    await bench.does(commit, commit);
    await bench.world.runUntil(() => bench.core.told('start').length === 2, SECOND);
    expect(node.ledger.head).toMatchObject({ number: 1, hash: proposal.digest });
    await bench.does(commit);
    await bench.consortium.settle();
    expect(bench.core.told('start').map(({ height }) => height)).toEqual([1, 2]);
    expect(bench.failures).toEqual([]);
  });

  it('tell whoever lags where the chain ends, so that it can fetch the block', async () => {
    const bench = await Bench.start();
    const { consortium, node, world } = bench;
    const peer = world.addNode(testKey(88).address);
    let announcements = 0;
    peer.network.onFrame(LEDGER_PROTOCOLS.head, () => (announcements += 1));
    await world.run(peer.network.start(openDoor));
    await consortium.connect(node, { id: peer.node, environment: peer });
    await consortium.settle();
    const before = announcements;
    await bench.does({ type: 'lagging', peer: peer.node, height: 1 });
    await consortium.settle();
    expect(announcements).toBe(before + 1);
  });
});

describe('a proposal', () => {
  const builtAfter = async (bench: Bench): Promise<number> => {
    const start = bench.world.now;
    await bench.world.runUntil(() => bench.core.told('built').length > 0, 60 * SECOND);
    return bench.world.now - start;
  };

  it('without work waits for the heartbeat', async () => {
    const bench = await Bench.start(buildAtStart);
    expect(await builtAfter(bench)).toBe(TIMING.heartbeatMicros);
    const [built] = bench.core.told('built');
    expect(built).toMatchObject({ height: 1, round: 0 });
    expect((await bench.consortium.check(bench.others[0], built as never, bench.node.id)).valid).toBe(true);
    expect(bench.core.told('work')).toEqual([]);
  });

  it('with work waits for the block interval alone, and the core hears of the work once a height', async () => {
    const bench = await Bench.start(buildAtStart);
    await bench.world.runFor(SECOND / 4);
    await bench.submit(0);
    await bench.submit(1);
    expect(await builtAfter(bench)).toBeLessThanOrEqual((3 * SECOND) / 4);
    expect(bench.core.told('work')).toEqual([{ type: 'work', height: 1 }]);
  });

  it('is made at once when work comes after the interval', async () => {
    const bench = await Bench.start(buildAtStart);
    await bench.world.runFor(3 * SECOND);
    expect(bench.core.told('built')).toEqual([]);
    await bench.submit(0);
    expect(await builtAfter(bench)).toBeLessThan(SECOND / 10);
  });

  it('of a later round waits for nothing, and the plan of the earlier one is dropped', async () => {
    const bench = await Bench.start(buildAtStart);
    await bench.does(
      { type: 'round', height: 1, round: 1, proposer: bench.node.id, reason: 'the proposer is silent' },
      { type: 'build', height: 1, round: 1 },
    );
    expect(await builtAfter(bench)).toBeLessThan(SECOND / 10);
    await bench.world.runFor(10 * SECOND);
    expect(bench.core.told('built').map(({ round }) => round)).toEqual([1]);
    expect(bench.driver?.rounds).toMatchObject([{ height: 1, round: 1, reason: 'the proposer is silent' }]);
  });

  it('of another sealer is judged by the ledger', async () => {
    const bench = await Bench.start();
    const { consortium } = bench;
    const [peer, other] = bench.others;
    const { digest, proposal } = await consortium.propose(peer);
    const validate = { type: 'validate', height: 1, round: 0, digest, proposal, proposer: peer.id, reproposed: false } as const;
    await bench.does(validate);
    await bench.world.runUntil(() => bench.core.told('validated').length === 1, SECOND);
    await bench.does({ ...validate, digest: DIGEST });
    await bench.world.runUntil(() => bench.core.told('validated').length === 2, SECOND);
    // Whose turn it is must have built it, unless a quorum has prepared it before.
    await bench.does({ ...validate, proposer: other.id });
    await bench.world.runUntil(() => bench.core.told('validated').length === 3, SECOND);
    await bench.does({ ...validate, proposer: other.id, reproposed: true });
    await bench.world.runUntil(() => bench.core.told('validated').length === 4, SECOND);
    const [good, hashed, stolen, again] = bench.core.told('validated');
    expect(good).toEqual({ type: 'validated', height: 1, round: 0, digest, valid: true });
    expect(hashed).toMatchObject({ valid: false, reason: expect.stringContaining('another hash') });
    expect(stolen).toMatchObject({ valid: false, reason: expect.stringContaining(`names ${peer.id}`) });
    expect(again).toMatchObject({ valid: true });
  });

  it('whose bodies nobody has is left without an answer, and nobody is blamed', async () => {
    const bench = await Bench.start();
    const elsewhere = new TestConsortium();
    const [peer] = bench.others;
    const stranger = await elsewhere.add(peer.id);
    await elsewhere.world.run(stranger.ledger.submit(signedBy(testKey(0), { nonce: 0, to: testKey(1).address, value: 5n })));
    const { digest, proposal } = await elsewhere.propose(stranger);
    await bench.does({ type: 'validate', height: 1, round: 0, digest, proposal, proposer: peer.id, reproposed: false });
    await bench.world.runUntil(() => bench.logged('consensus.bodies-missing').length > 0, 60 * SECOND);
    await bench.world.runFor(10 * SECOND);
    expect(bench.core.told('validated')).toEqual([]);
    expect(bench.node.environment.network.peers()).toContain(peer.id);
    expect(bench.failures).toEqual([]);
  });
});

describe('a sealer', () => {
  it('that is behind fetches what it lacks, and goes on at the height after it', async () => {
    const bench = await Bench.start();
    const { consortium, node, others, world } = bench;
    const [peer] = others;
    await consortium.commit(peer, await consortium.propose(peer));
    await consortium.settle();
    // A sealer gives its own consensus time to bring the next block, unless that says that it will not.
    expect(node.ledger.head.number).toBe(0);
    await bench.does({ type: 'behind', height: 2 });
    await world.runUntil(() => node.ledger.head.number === 1, SYNC_GRACE_MICROS / 4);
    expect(bench.core.told('start').map(({ height }) => height)).toEqual([1, 2]);
    expect(bench.failures).toEqual([]);
  });

  it('tells one that connects late what it said at this height, the latest frames once each', async () => {
    const bench = await Bench.start(undefined, { connect: false });
    const [peer, late] = bench.others;
    await bench.consortium.connect(bench.node, peer);
    await bench.consortium.settle();
    const rounds = Array.from({ length: CONSENSUS_FRAMES_KEPT_MAX + 2 }, (_, round) => round);
    await bench.does(...rounds.map((round) => sign(vote('prepare', 1, DIGEST, round))));
    await bench.world.runUntil(() => bench.core.told('sent').length === rounds.length, SECOND);
    const said = bench.core.told('sent').map(({ message }) => message);
    await bench.does({ type: 'resend', message: said[5] as SignedMessage });
    await bench.consortium.settle();
    expect(bench.heard.get(peer.id)).toEqual([...said, said[5]]);

    await bench.consortium.connect(bench.node, late);
    await bench.consortium.settle();
    const kept = said.slice(-CONSENSUS_FRAMES_KEPT_MAX);
    expect(bench.heard.get(late.id)).toEqual([...kept.filter((message) => message !== said[5]), said[5]]);
  });

  it('tells nothing of an earlier height, and nothing to an observer', async () => {
    const bench = await Bench.start(undefined, { connect: false });
    const { consortium, node } = bench;
    const [peer, late] = bench.others;
    await consortium.connect(node, peer);
    const observer = await consortium.add(testKey(77).address);
    const overheard: Uint8Array[] = [];
    observer.environment.network.onFrame(CONSENSUS_PROTOCOL, (_from, frame) => overheard.push(frame));
    await bench.does(sign(vote('prepare', 1)));
    await bench.world.runUntil(() => bench.core.told('sent').length === 1, SECOND);
    await consortium.connect(observer, node);
    await consortium.commit(node, await consortium.propose(node));
    await consortium.connect(node, late);
    await bench.does(sign(vote('prepare', 2)));
    await consortium.settle();
    expect(bench.heard.get(late.id)?.map(({ height }) => height)).toEqual([2]);
    expect(overheard).toEqual([]);
  });

  it('drops a peer whose frame is no message, and the core hears nothing of it', async () => {
    const bench = await Bench.start();
    const [liar] = bench.others;
    liar.environment.network.send(bench.node.id, CONSENSUS_PROTOCOL, Uint8Array.of(1, 2, 3), 'control');
    await bench.world.runUntil(() => !bench.node.environment.network.peers().includes(liar.id), SECOND);
    expect(bench.core.told('message')).toEqual([]);
    expect(bench.node.environment.network.peers()).toHaveLength(2);
    expect(bench.world.log().some(({ fields }) => String(fields['reason']).startsWith('malformed consensus message'))).toBe(true);
    expect(bench.failures).toEqual([]);
  });

  it('whose core breaks says so once and does nothing more', async () => {
    const bench = await Bench.start((event) => {
      if (event.type === 'start') return [{ type: 'timer', height: 1, round: 0, delayMicros: SECOND }];
      if (event.type === 'compare') return [];
      throw new TreadleError('INVARIANT_BROKEN', { detail: 'for the test' });
    });
    await bench.world.runFor(5 * SECOND);
    bench.others[0].environment.network.send(bench.node.id, CONSENSUS_PROTOCOL, encodeMessage(await signed(bench)), 'control');
    await bench.submit(0);
    await bench.world.runFor(5 * SECOND);
    expect(bench.failures).toMatchObject([{ code: 'INVARIANT_BROKEN' }]);
    expect(bench.core.told('timeout')).toHaveLength(1);
    expect(bench.core.told('message')).toEqual([]);
    expect(bench.core.told('work')).toEqual([]);
  });

  it('that stops keeps no timer, hears nothing, and what fails because it stops is no failure', async () => {
    const bench = await Bench.start(buildAtStart);
    const { digest, proposal } = await bench.consortium.propose(bench.others[0]);
    const proposer = bench.others[0].id;
    await bench.does(
      { type: 'timer', height: 1, round: 0, delayMicros: SECOND },
      sign(vote('prepare', 1)),
      { type: 'validate', height: 1, round: 0, digest, proposal, proposer, reproposed: false },
      { type: 'behind', height: 9 },
    );
    bench.driver?.stop();
    const closing = bench.node.ledger.close();
    const told = bench.core.events.length;
    await bench.world.run(closing);
    await bench.consortium.commit(bench.others[0], { digest, proposal });
    await bench.world.runFor(30 * SECOND);
    expect(bench.core.events).toHaveLength(told);
    for (const messages of bench.heard.values()) expect(messages).toEqual([]);
    expect(bench.failures).toEqual([]);
  });
});

/** Stands where the test says. */
class ScriptedStanding implements Standing {
  settled = false;
  readonly #listeners: (() => void)[] = [];

  start(): void {}

  stop(): void {}

  status(): undefined {}

  onSettled(listener: () => void): void {
    this.#listeners.push(listener);
  }

  settle(): void {
    this.settled = true;
    for (const listener of this.#listeners) listener();
  }
}

describe('before a sealer knows where it stands', () => {
  it('no height begins, and what the others say is kept until one does', async () => {
    const standing = new ScriptedStanding();
    const bench = await Bench.start(undefined, { standing });
    bench.others[0].environment.network.send(bench.node.id, CONSENSUS_PROTOCOL, encodeMessage(await signed(bench)), 'control');
    await bench.submit(0);
    await bench.world.runFor(5 * SECOND);
    expect(bench.core.events).toEqual([]);
    standing.settle();
    expect(bench.core.events.map(({ type }) => type)).toEqual(['start', 'message', 'work']);
    expect(bench.core.told('message')).toMatchObject([{ via: bench.others[0].id }]);
  });

  it('and when it finds later that it forgot something, heights wait again while blocks come', async () => {
    const standing = new ScriptedStanding();
    const bench = await Bench.start(undefined, { standing });
    await bench.world.runFor(SECOND);
    standing.settle();
    standing.settled = false;
    const { consortium, node } = bench;
    await consortium.commit(node, await consortium.propose(node));
    expect(bench.core.told('start').map(({ height }) => height)).toEqual([1]);
    standing.settle();
    expect(bench.core.told('start').map(({ height }) => height)).toEqual([1, 2]);
  });
});

describe('a height', () => {
  it('that must not be signed begins with abstention, and nothing recorded is resumed', async () => {
    const bench = await Bench.start(undefined, {
      before: async ({ world }, votes) => {
        await world.run(votes.abstain({ below: 3, why: 'for the test' }));
      },
    });
    const { consortium, node } = bench;
    for (let height = 1; height <= 2; height++) await consortium.commit(node, await consortium.propose(node));
    expect(bench.core.told('start').map(({ height, abstain }) => [height, abstain])).toEqual([
      [1, true],
      [2, true],
      [3, undefined],
    ]);
    expect(node.environment.metrics.snapshot()['consensus_abstaining']).toBe(0);
  });

  it('names who is passed over, from the headers of the chain', async () => {
    const bench = await Bench.start();
    const { consortium, node } = bench;
    const sealers = node.ledger.sealers();
    const builder = consortium.node(sealers[2] as NodeId);
    // The first turn of height 1 is that of sealer 1; sealer 2 builds.
    const block = await consortium.propose(builder);
    await consortium.check(node, block, builder.id);
    await consortium.commit(node, block);
    expect(bench.core.told('start').map(({ skipped }) => skipped)).toEqual([undefined, [sealers[1]]]);
  });

  it('is given the certificate of the block before it, whoever brought it', async () => {
    const bench = await Bench.start();
    const { consortium, node } = bench;
    await consortium.commit(node, await consortium.propose(node));
    expect(bench.core.events.map(({ type }) => type)).toEqual(['start', 'certified', 'start', 'compare']);
    expect(bench.core.told('certified')).toMatchObject([{ certificate: { height: 1 } }]);
  });
});

describe('what a core finds', () => {
  it('as evidence is handed on', async () => {
    const bench = await Bench.start();
    const half = { content: new Uint8Array(32), signature: new Uint8Array(65) };
    const evidence: Evidence = {
      type: 'prepare',
      height: 1,
      round: 0,
      signer: bench.others[0].id,
      first: half,
      second: { ...half, content: new Uint8Array(32).fill(1) },
    };
    await bench.does({ type: 'evidence', evidence });
    expect(bench.evidence).toEqual([evidence]);
    expect(bench.logged('consensus.evidence')).toHaveLength(1);
  });

  it('to be told to others is sent to them, a moment after the height or the round', async () => {
    const bench = await Bench.start();
    const { consortium, node, world, core } = bench;
    const [one, two] = bench.others;
    const compared = (): number => core.told('compare').filter(({ peer }) => peer === undefined).length;
    const told: Hearsay[] = [];
    two.environment.network.onFrame(HEARD_PROTOCOL, (_from, frame) => told.push(decodeHearsay(frame)));
    await world.runFor(HEARD_PAUSE_MICROS);
    const before = compared();
    await consortium.commit(node, await consortium.propose(node));
    expect(compared(), 'late votes may still come').toBe(before);
    await world.runFor(HEARD_PAUSE_MICROS);
    expect(compared()).toBe(before + 1);
    await bench.does({ type: 'round', height: 2, round: 1, proposer: one.id, reason: 'for the test' });
    await world.runFor(2 * HEARD_PAUSE_MICROS);
    expect(compared()).toBe(before + 2);
    const hearsay: Hearsay = { kind: 'ask', height: 1, places: [{ type: 'commit', round: 0, signer: 1 }] };
    await bench.does({ type: 'hearsay', to: [two.id], hearsay });
    await world.runUntil(() => told.length > 0, SECOND);
    expect(told).toEqual([hearsay]);
  });

  it('to be told is also told to a sealer that connects late, and what that one tells reaches the core', async () => {
    const bench = await Bench.start(undefined, { connect: false });
    const { core, world, node } = bench;
    const [other] = bench.others;
    await bench.consortium.connect(node, other);
    await bench.consortium.settle();
    await world.runUntil(() => core.told('compare').some(({ peer }) => peer === other.id), SECOND);
    const hearsay: Hearsay = { kind: 'heard', height: 1, groups: [] };
    other.environment.network.send(node.id, HEARD_PROTOCOL, encodeHearsay(hearsay), 'control');
    await world.runUntil(() => core.told('hearsay').length > 0, SECOND);
    expect(core.told('hearsay')).toEqual([{ type: 'hearsay', hearsay, via: other.id }]);
    for (let at = 0; at < 3 * HEARD_FRAMES_PER_SECOND_MAX; at++)
      other.environment.network.send(node.id, HEARD_PROTOCOL, encodeHearsay(hearsay), 'control');
    await world.runFor(SECOND / 2);
    expect(core.told('hearsay').length).toBeLessThan(2 * HEARD_FRAMES_PER_SECOND_MAX);
    expect(node.environment.network.peers()).toContain(other.id);
    await world.runFor(2 * SECOND);
    other.environment.network.send(node.id, HEARD_PROTOCOL, Uint8Array.of(1, 2, 3), 'control');
    await world.runUntil(() => !node.environment.network.peers().includes(other.id), SECOND);
    expect(bench.failures).toEqual([]);
  });

  it('to be worthless again and again costs the peer its connection', async () => {
    const bench = await Bench.start();
    const [liar, honest] = bench.others;
    await bench.does(...Array.from({ length: WORTHLESS_MESSAGES_MAX }, () => ({ type: 'waste', peer: liar.id }) as const));
    await bench.consortium.settle();
    expect(bench.node.environment.network.peers()).toContain(liar.id);
    await bench.does({ type: 'waste', peer: liar.id });
    await bench.consortium.settle();
    expect(bench.node.environment.network.peers()).not.toContain(liar.id);
    expect(bench.node.environment.network.peers()).toContain(honest.id);
  });
});

describe('the base of the timeouts', () => {
  it('follows how long heights take from having something to agree on, and not how long they are idle', async () => {
    const bench = await Bench.start();
    const { consortium, node, world, core } = bench;
    const timer = (round: number): ConsensusEffect => ({
      type: 'timer',
      height: node.ledger.head.number + 1,
      round,
      delayMicros: 100 * SECOND,
    });
    const decide = async (tookMicros: number): Promise<void> => {
      const block = await consortium.propose(node);
      const height = node.ledger.head.number + 1;
      // Idle for a while, a round that runs out, and then the one that decides.
      await bench.does(timer(0));
      await world.runFor(9 * SECOND);
      await bench.does(timer(0));
      await world.runFor(9 * SECOND);
      await bench.does(timer(1));
      await world.runFor(tookMicros);
      const certificate = consortium.certify({ number: height, hash: block.digest });
      await bench.does({ type: 'commit', height, round: 1, ...block, proposer: node.id, certificate });
      await world.runUntil(() => core.told('start').at(-1)?.height === height + 1, SECOND);
    };
    for (let height = 0; height < 4; height++) await decide(SECOND / 100);
    expect(core.told('start').at(-1)?.baseTimeoutMicros).toBe(2 * SECOND);
    for (let height = 0; height < 12; height++) await decide(SECOND);
    const base = core.told('start').at(-1)?.baseTimeoutMicros ?? 0;
    expect(base).toBeGreaterThanOrEqual(3 * SECOND);
    expect(base).toBeLessThan(3.2 * SECOND);
  });
});

async function signed(bench: Bench): Promise<SignedMessage> {
  return { ...vote('prepare', 1), signature: new Uint8Array(65).fill(1), signer: bench.others[0].id };
}
