import type { Contact, Environment, NodeId, Timer } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { LINK_RETRY_MICROS_MAX, LINK_RETRY_MICROS_MIN } from '../limits.ts';
import { growingPauseMicros } from './growing-pause.ts';

/** Keeps this node connected to whom it needs. */
export interface Links {
  start(): void;
  stop(): void;
  /** Dials what is missing now instead of at the next turn; much that is new at one moment is looked at once. */
  refresh(): void;
}

export interface LinkPlan {
  /** Peers to be connected to, each of them. */
  readonly every: readonly NodeId[];
  /** Of these, at least `some.count` (in this order of preference). */
  readonly some?: { readonly of: readonly NodeId[]; readonly count: number };
  /**
   * True: the bootstrap contacts are kept connected as well. A centre that starts last, or that lost its disk, knows
   * nobody: it must be told where the others are.
   */
  readonly keepsBootstrap?: boolean;
}

interface Dependencies {
  readonly environment: Environment;
  /** Where a node was last heard of. */
  readonly lookup: (node: NodeId) => Contact | undefined;
  /** Asked at every turn: membership changes. */
  readonly plan: () => LinkPlan;
  /** Addresses of last resort while the plan names nobody who can be found: dialled until one is connected, or always if the plan says so. */
  readonly bootstrap: readonly Contact[];
  /** Told that a peer of the plan has no address as far as anybody here knows. */
  readonly unknown?: () => void;
  /** Told of a peer of the plan that could not be reached where it was looked up: it may have moved. */
  readonly lost?: (contact: Contact) => void;
}

interface Attempt {
  failures: number;
  notBeforeMicros: number;
  dialling: boolean;
}

/**
 * Dials the peers of the plan, again and again with growing pauses, for as long as the node runs.
 * @param turnMicros - time between two looks at the plan
 */
export function createLinks(turnMicros: number, dependencies: Dependencies): Links {
  const { environment } = dependencies;
  const attempts = new Map<NodeId, Attempt>();
  let timer: Timer | undefined;
  let running = false;
  let soon = false;

  let connected: ReadonlySet<NodeId> = new Set();
  let changed = true;
  environment.network.onPeer(() => {
    changed = true;
  });
  /** Peers come and go rarely; those who are there are not gathered anew at every turn. */
  const connectedNow = (): ReadonlySet<NodeId> => {
    const peers = environment.network.peers();
    // A connection that this node closes is gone before anybody is told.
    if (changed || peers.length !== connected.size) connected = new Set(peers);
    changed = false;
    return connected;
  };

  const turn = (): void => {
    if (!running) return;
    soon = false;
    if (timer !== undefined) environment.clock.cancel(timer);
    timer = environment.clock.set(turnMicros, turn, 'look after links');
    const present = connectedNow();
    const plan = dependencies.plan();
    const wanted = missing(plan, present, environment.node);
    for (const node of wanted) dial(dependencies.lookup(node));
    const unknown = wanted.filter((node) => (dependencies.lookup(node)?.addresses.length ?? 0) === 0);
    if (unknown.length > 0) dependencies.unknown?.();
    const lost = wanted.length > 0 && unknown.length === wanted.length;
    if (present.size === 0 || lost || plan.keepsBootstrap === true) {
      for (const contact of dependencies.bootstrap) if (!present.has(contact.node)) dial(contact);
    }
    for (const node of attempts.keys()) if (present.has(node)) attempts.delete(node);
  };

  const dial = (contact: Contact | undefined): void => {
    if (contact === undefined || contact.node === environment.node) return;
    if (contact.addresses.length === 0) return;
    const now = environment.clock.now();
    const attempt = attempts.get(contact.node) ?? { failures: 0, notBeforeMicros: 0, dialling: false };
    attempts.set(contact.node, attempt);
    if (attempt.dialling || now < attempt.notBeforeMicros) return;
    attempt.dialling = true;
    environment.network.connect(contact).then(
      () => {
        attempt.dialling = false;
        attempt.failures = 0;
      },
      (error: unknown) => {
        attempt.dialling = false;
        attempt.failures += 1;
        const pause = growingPauseMicros(attempt.failures - 1, { min: LINK_RETRY_MICROS_MIN, max: LINK_RETRY_MICROS_MAX });
        attempt.notBeforeMicros = environment.clock.now() + pause;
        const reason = error instanceof TreadleError ? error.detail : String(error);
        const level = attempt.failures === 1 ? 'info' : 'debug';
        environment.log[level]('link.failed', { peer: contact.node, reason, retryMs: pause / 1000 });
        dependencies.lost?.(contact);
      },
    );
  };

  return {
    start() {
      running = true;
      turn();
    },
    stop() {
      running = false;
      if (timer !== undefined) environment.clock.cancel(timer);
    },
    refresh() {
      if (!running || soon) return;
      soon = true;
      if (timer !== undefined) environment.clock.cancel(timer);
      timer = environment.clock.set(0, turn, 'look after links now');
    },
  };
}

/** Whom the plan still lacks. */
function missing(plan: LinkPlan, connected: ReadonlySet<NodeId>, self: NodeId): NodeId[] {
  const lacks = (node: NodeId): boolean => node !== self && !connected.has(node);
  const wanted = plan.every.some(lacks) ? plan.every.filter(lacks) : [];
  if (plan.some === undefined) return wanted;
  const candidates = plan.some.of.filter((node) => node !== self);
  const held = candidates.filter((node) => connected.has(node)).length;
  // One more than is missing: one that is down must not cost a whole turn.
  const lacking = plan.some.count - held;
  if (lacking > 0) wanted.push(...candidates.filter((node) => !connected.has(node)).slice(0, lacking + 1));
  return wanted;
}
