import type { Address } from '../../crypto/index.ts';
import { setOf } from '../../set-of.ts';
import { type SignedStatement, statementOf } from '../evidence.ts';
import type { MessageType, SignedMessage } from '../messages.ts';

/** The newest checked messages of each present sealer, of whatever height: what a sealer that forgot is shown (rule 25). */
export class NewestStatements {
  readonly #all = new Map<Address, SignedStatement>();
  readonly #commits = new Map<Address, SignedStatement>();
  #sealers: ReadonlySet<Address> = new Set();

  /** A height starts with these sealers; what others said is forgotten. */
  start(sealers: readonly Address[]): void {
    this.#sealers = setOf(sealers);
    for (const newest of [this.#all, this.#commits]) {
      for (const signer of newest.keys()) if (!this.#sealers.has(signer)) newest.delete(signer);
    }
  }

  /** Notes a message whose signature was found right. */
  seen(message: SignedMessage): void {
    if (!this.#sealers.has(message.signer)) return;
    raise(this.#all, message);
    if (message.type === 'commit') raise(this.#commits, message);
  }

  /** What this sealer signed last, and the last commit vote before it. */
  of(signer: Address): readonly SignedStatement[] {
    const newest = this.#all.get(signer);
    const commit = this.#commits.get(signer);
    return [newest, newest?.type === 'commit' ? undefined : commit].flatMap((statement) => statement ?? []);
  }
}

function raise(newest: Map<Address, SignedStatement>, message: SignedMessage): void {
  const known = newest.get(message.signer);
  if (known === undefined || isNewer(message, known)) newest.set(message.signer, statementOf(message));
}

/** In which order a sealer signs the messages of one round. */
const ORDER = { 'round-change': 0, 'pre-prepare': 1, prepare: 2, commit: 3 } as const satisfies Record<MessageType, number>;

function isNewer(message: SignedMessage, known: SignedStatement): boolean {
  if (message.height !== known.height) return message.height > known.height;
  if (message.round !== known.round) return message.round > known.round;
  return ORDER[message.type] > ORDER[known.type];
}
