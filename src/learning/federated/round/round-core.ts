import { invariant } from '../../../errors.ts';
import { seededStream, shuffled } from '../../datasets/index.ts';
import type { AbsentClient } from './round-record.ts';
import { shortText } from './round-record.ts';
import type { WeightsReference } from './weight-store.ts';

/** What a round of a training is to be. */
export interface RoundRules {
  readonly training: string;
  /** Everybody who can be asked, in any order. */
  readonly clients: readonly string[];
  /** Updates that are wanted: so many clients are asked, and others in the place of those that cannot. */
  readonly active: number;
  /** Updates without which a round does not count. */
  readonly quorum: number;
  /** Time from the first invitation to the end. */
  readonly deadlineMicros: number;
  /** Tries of a round, each with clients drawn anew. */
  readonly attemptsMax: number;
  /** Decides whom to ask first. */
  readonly seed: string;
}

/** An update as it was announced. */
export interface AnnouncedUpdate {
  readonly weights: WeightsReference;
  readonly samples: number;
  readonly claimedLoss: number;
}

export type RoundEvent =
  | { readonly type: 'begin' }
  /** A client answered the invitation, or the order. */
  | { readonly type: 'accepted'; readonly client: string }
  /** It will not, or cannot be reached, or sent what cannot be used. */
  | { readonly type: 'lost'; readonly client: string; readonly reason: string }
  | { readonly type: 'announced'; readonly client: string; readonly update: AnnouncedUpdate }
  | { readonly type: 'received'; readonly client: string }
  | { readonly type: 'deadline'; readonly attempt: number };

export type RoundEffect =
  | { readonly type: 'invite'; readonly client: string }
  | { readonly type: 'order'; readonly client: string }
  | { readonly type: 'fetch'; readonly client: string; readonly update: AnnouncedUpdate }
  | { readonly type: 'timer'; readonly attempt: number; readonly delayMicros: number }
  /** Enough came, or as much as will come. Clients ascending. */
  | {
      readonly type: 'aggregate';
      readonly updates: readonly (AnnouncedUpdate & { readonly client: string })[];
      readonly absent: readonly AbsentClient[];
    }
  | { readonly type: 'fail'; readonly received: number; readonly absent: readonly AbsentClient[] };

type ClientState =
  | { readonly phase: 'invited' | 'training' }
  | { readonly phase: 'sending' | 'received'; readonly update: AnnouncedUpdate }
  | { readonly phase: 'absent'; readonly reason: string };

/**
 * One round as a state machine without input and output: events in, effects out. Whoever is late or away does not stop it: others are asked
 * meanwhile, and at the deadline what came is taken if it is a quorum; if not, the round is tried again with clients drawn anew.
 */
export class RoundCore {
  readonly #rules: RoundRules;
  readonly #round: number;
  #attempt = 0;
  #waiting: string[] = [];
  #clients = new Map<string, ClientState>();
  #over = false;

  constructor(rules: RoundRules, round: number) {
    invariant(rules.quorum >= 1 && rules.quorum <= rules.active, 'a quorum lies between 1 and the updates that are wanted');
    this.#rules = rules;
    this.#round = round;
  }

  /** Nothing that comes now is in the round any more. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Whether an update of this client would be taken now. */
  expects(client: string): boolean {
    const phase = this.#clients.get(client)?.phase;
    return !this.#over && (phase === 'training' || phase === 'invited');
  }

  handle(event: RoundEvent): RoundEffect[] {
    if (this.#over) return [];
    switch (event.type) {
      case 'begin':
        return this.#begin();
      case 'accepted':
        if (this.#clients.get(event.client)?.phase !== 'invited') return [];
        this.#clients.set(event.client, { phase: 'training' });
        return [{ type: 'order', client: event.client }];
      case 'lost':
        return this.#lose(event.client, event.reason);
      case 'announced':
        if (!this.expects(event.client)) return [];
        this.#clients.set(event.client, { phase: 'sending', update: event.update });
        return [{ type: 'fetch', client: event.client, update: event.update }];
      case 'received': {
        const state = this.#clients.get(event.client);
        if (state?.phase !== 'sending') return [];
        this.#clients.set(event.client, { phase: 'received', update: state.update });
        return this.#settle();
      }
      case 'deadline':
        return event.attempt === this.#attempt ? this.#end() : [];
    }
  }

  #begin(): RoundEffect[] {
    const { clients, training, seed, active, deadlineMicros } = this.#rules;
    this.#attempt++;
    this.#clients = new Map();
    const sorted = [...clients].sort();
    const order = shuffled(sorted.length, seededStream('invitations', training, seed, this.#round, this.#attempt));
    this.#waiting = Array.from(order, (at) => sorted[at] as string);
    return [{ type: 'timer', attempt: this.#attempt, delayMicros: deadlineMicros }, ...this.#invite(active)];
  }

  #invite(count: number): RoundEffect[] {
    return this.#waiting.splice(0, count).map((client) => {
      this.#clients.set(client, { phase: 'invited' });
      return { type: 'invite', client };
    });
  }

  #lose(client: string, reason: string): RoundEffect[] {
    const phase = this.#clients.get(client)?.phase;
    if (phase === undefined || phase === 'absent' || phase === 'received') return [];
    this.#clients.set(client, { phase: 'absent', reason: shortText(reason) });
    const instead = this.#invite(1);
    return instead.length > 0 ? instead : this.#settle();
  }

  /** The round ends before its deadline when all is there or nothing more can come; without a quorum it waits: clients may come back. */
  #settle(): RoundEffect[] {
    if (this.#received().length < this.#rules.quorum) return [];
    const open = [...this.#clients.values()].some(({ phase }) => phase !== 'received' && phase !== 'absent');
    if (open && this.#received().length < this.#rules.active) return [];
    return this.#end();
  }

  #end(): RoundEffect[] {
    const received = this.#received();
    const { quorum, attemptsMax } = this.#rules;
    if (received.length < quorum && this.#attempt < attemptsMax) return this.#begin();
    this.#over = true;
    const absent = [...this.#clients]
      .flatMap(([client, state]): AbsentClient[] => {
        if (state.phase === 'received') return [];
        return [
          { client, reason: state.phase === 'absent' ? state.reason : `late: ${LATE[state.phase]} at the end of the round` },
        ];
      })
      .sort((left, right) => (left.client < right.client ? -1 : 1));
    if (received.length < quorum) return [{ type: 'fail', received: received.length, absent }];
    return [{ type: 'aggregate', updates: received, absent }];
  }

  #received(): (AnnouncedUpdate & { readonly client: string })[] {
    return [...this.#clients]
      .flatMap(([client, state]) => (state.phase === 'received' ? [{ client, ...state.update }] : []))
      .sort((left, right) => (left.client < right.client ? -1 : 1));
  }
}

const LATE = { invited: 'had not answered', training: 'was training', sending: 'was sending' } as const;
