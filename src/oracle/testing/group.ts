import { type BlsKey, blsKeyFrom, keyFrom, type NodeKey } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../../environment/index.ts';
import { createWorld, type World } from '../../environment/sim/index.ts';
import { Observer } from '../engine/observer.ts';
import type { Group, OracleView, Seat, Turn } from '../engine/oracle-view.ts';
import type { Equivocation } from '../engine/proposals-seen.ts';
import { ProposalsSeen } from '../engine/proposals-seen.ts';
import { type GroupPort, Round, type RoundResult } from '../engine/round.ts';
import { RoundLog } from '../engine/round-log.ts';
import { WorkNode } from '../engine/work-node.ts';
import type { OracleJob, OracleRequest } from '../job.ts';
import { JobBook } from '../job-book.ts';

const PEDAL = '0x7ead1e0000000000000000000000000000000005';
export const TERM = 7;

/** One node of a test's group. */
export interface TestMember {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly bls: BlsKey;
  readonly seat: Seat;
  readonly worker: WorkNode;
  readonly observer: Observer;
  readonly equivocations: Equivocation[];
}

/** A master and its group in one process, without a ledger: requests stand in a map, messages are calls. */
export interface TestGroup {
  readonly world: World;
  readonly group: Group;
  readonly view: OracleView;
  readonly master: TestMember;
  readonly members: readonly TestMember[];
  readonly pending: Map<bigint, OracleRequest>;
  /** One round over all that is pending, led by the master or by a member. */
  run(options?: {
    readonly port?: (honest: GroupPort) => GroupPort;
    readonly leader?: TestMember;
    readonly attempt?: number;
  }): Promise<RoundResult>;
  readonly lastLog: () => RoundLog;
}

/** `jobOf` makes a member's job: what it observes may differ from node to node. -1: the master's. */
export function createTestGroup(size: number, jobOf: (member: number) => OracleJob): TestGroup {
  const world = createWorld({ seed: 1 });
  const pending = new Map<bigint, OracleRequest>();
  const keys = Array.from({ length: size + 1 }, (_, at) => keyFrom(new Uint8Array(32).fill(at + 1)));
  const seats = keys.map(
    (key, at): Seat => ({ id: at + 1, account: key.address, node: key.address, publicKey: blsOf(at).publicKey }),
  );
  const [masterSeat, ...memberSeats] = seats as [Seat, ...Seat[]];
  const group: Group = { term: TERM, master: masterSeat, members: memberSeats };
  const view: OracleView = {
    place: { chainId: 1, pedal: PEDAL },
    get head() {
      return { number: 100, timestampMs: world.now / 1000 };
    },
    pending,
    settled: async () => {},
    reached: async () => {},
    servingTerm: () => TERM,
    isAnswerable: (term) => term === TERM,
    group: async (term, wanted) => (term === TERM && wanted === size ? group : undefined),
    turnOf: (of, node) => turnOf(of, node),
  };
  const all = keys.map((key, at): TestMember => {
    const environment = world.addNode(key.address);
    const observer = new Observer({ environment, key, view, lookMicros: 1_000_000 });
    const bls = blsOf(at);
    const equivocations: Equivocation[] = [];
    const worker = new WorkNode({
      environment,
      view,
      jobs: new JobBook([jobOf(at - 1)]),
      seat: () => ({ id: at + 1, key: bls }),
      observer,
      proposals: new ProposalsSeen(environment, view),
      onEquivocation: (proof) => equivocations.push(proof),
    });
    return { environment, key, bls, seat: seats[at] as Seat, worker, observer, equivocations };
  });
  const [master, ...members] = all as [TestMember, ...TestMember[]];
  let log: RoundLog | undefined;
  let attempts = 0;
  const portFrom = (from: NodeId): GroupPort => {
    const workerOf = (node: NodeId): WorkNode => {
      const found = all.find(({ seat }) => seat.node === node);
      if (found === undefined) throw new Error(`nobody is ${node}`);
      return found.worker;
    };
    return { observe: (node, call) => workerOf(node).observe(from, call), sign: (node, call) => workerOf(node).sign(from, call) };
  };
  return {
    world,
    group,
    view,
    master,
    members,
    pending,
    lastLog: () => log as RoundLog,
    run({ port = (honest: GroupPort): GroupPort => honest, leader = master, attempt } = {}) {
      const turn = turnOf(group, leader.seat.node) as Turn;
      log = new RoundLog(leader.environment, { group, turn, ids: [...pending.keys()] });
      const round = new Round({
        environment: leader.environment,
        view,
        bls: leader.bls,
        observer: leader.observer,
        group,
        turn,
        port: port(portFrom(leader.seat.node)),
        nextAttempt: async () => attempt ?? ++attempts,
        lookMicros: 1_000_000,
        log,
      });
      const book = new JobBook([jobOf(leader === master ? -1 : members.indexOf(leader))]);
      const tasks = [...pending.values()].map((request) => book.task(request)).filter((task) => task !== undefined);
      return world.run(round.run(tasks));
    },
  };
}

function turnOf(group: Group, node: NodeId): Turn | undefined {
  if (node === group.master.node) return { seat: group.master, position: -1, fromBlock: 0 };
  const position = group.members.findIndex((seat) => seat.node === node);
  const seat = group.members[position];
  return seat && { seat, position, fromBlock: 0 };
}

function blsOf(at: number): BlsKey {
  return blsKeyFrom(new Uint8Array(32).fill(0x40 + at));
}
