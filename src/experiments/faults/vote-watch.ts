import { decodeMessage, type SignedMessage, signingDigest } from '../../consensus/index.ts';
import { type Hex, toHex } from '../../crypto/index.ts';
import { CONSENSUS_PROTOCOL } from '../../node/index.ts';
import type { MessageHooks } from './messages.ts';
import type { Verdict } from './verdict.ts';

/**
 * Reads every vote as it leaves an honest node: two different ones for one place (signer, height, round, type) are a
 * double signature, whatever the node's disk went through in between.
 */
export class VoteWatch {
  readonly #verdict: Verdict;
  readonly #domain: Uint8Array;
  readonly #said = new Map<string, string>();
  readonly #proposed = new Map<string, number>();
  /** A frame goes to many peers and is read once. */
  readonly #read = new WeakSet<Uint8Array>();
  /** A prepared value was proposed again in a later round. */
  reproposed = 0;
  votes = 0;

  constructor(verdict: Verdict, domain: Uint8Array) {
    this.#verdict = verdict;
    this.#domain = domain;
  }

  readonly hooks: MessageHooks = {
    send: (out) => {
      if (out.protocol === CONSENSUS_PROTOCOL && !this.#read.has(out.frame)) {
        this.#read.add(out.frame);
        this.#note(decodeMessage(out.frame));
      }
      return [out];
    },
  };

  #note(message: SignedMessage): void {
    const { signer, height, round, type } = message;
    const place = `${signer} ${height} ${round} ${type}`;
    const content = toHex(signingDigest(this.#domain, message));
    const before = this.#said.get(place);
    if (before === content) return;
    this.votes += 1;
    this.#said.set(place, content);
    if (before !== undefined) this.#verdict.violated('double-sign', `${signer} signed two ${type} at ${height}/${round}`);
    if (type === 'pre-prepare') this.#noteProposal(height, round, message.digest);
  }

  #noteProposal(height: number, round: number, digest: Hex): void {
    const key = `${height} ${digest}`;
    const first = this.#proposed.get(key);
    if (first === undefined) this.#proposed.set(key, round);
    else if (round > first) this.reproposed += 1;
  }
}
