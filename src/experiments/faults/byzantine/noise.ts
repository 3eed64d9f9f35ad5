import { encodeMessage, type SignedMessage } from '../../../consensus/index.ts';
import { encodeRlp, toHex } from '../../../crypto/index.ts';
import type { NodeId } from '../../../environment/index.ts';
import { LEDGER_PROTOCOLS, PAYLOAD_PROTOCOLS } from '../../../ledger/index.ts';
import { FRAME_BYTES_MAX } from '../../../limits.ts';
import { CONSENSUS_PROTOCOL } from '../../../node/index.ts';
import type { MessageHooks } from '../messages.ts';
import type { Liar } from './liar.ts';
import { readable, signed } from './proposals.ts';

/** Smaller frames of the exchange of bodies hold no chunk. */
const CHUNK_FRAME_BYTES_MIN = 64;
const FRAME_PROTOCOLS = [CONSENSUS_PROTOCOL, LEDGER_PROTOCOLS.transactions, LEDGER_PROTOCOLS.head, 'nobody/1'] as const;
const REQUEST_PROTOCOLS = [LEDGER_PROTOCOLS.bodies, LEDGER_PROTOCOLS.blocks, 'nobody/1'] as const;

/** Calls `act` again and again, each time after a pause drawn from the range, while the liar lies. */
function keepsOn(liar: Liar, pauseMicros: { readonly min: number; readonly max: number }, act: () => void): void {
  const { clock } = liar.environment;
  const next = (): void => {
    clock.set(
      liar.dice.integer(pauseMicros.min, pauseMicros.max),
      () => {
        if (liar.active()) act();
        next();
      },
      'a liar',
    );
  };
  next();
}

function anyPeer(liar: Liar): NodeId | undefined {
  const peers = liar.environment.network.peers();
  return peers.length === 0 ? undefined : liar.dice.pick(peers);
}

/** Bytes that mean nothing, small ones and the largest that the wire takes, as frames and as requests; and spoilt chunks of bodies. */
export function garbage(liar: Liar): MessageHooks {
  const { dice, environment } = liar;
  keepsOn(liar, { min: 50_000, max: 600_000 }, () => {
    const peer = anyPeer(liar);
    if (peer === undefined) return;
    const large = dice.chance(0.03);
    const body = large ? new Uint8Array(FRAME_BYTES_MAX).fill(dice.integer(0, 255)) : dice.bytes(dice.integer(1, 2_000));
    if (dice.chance(0.7)) return environment.network.send(peer, dice.pick(FRAME_PROTOCOLS), body, 'bulk');
    environment.network.request(peer, dice.pick(REQUEST_PROTOCOLS), body).catch(() => undefined);
  });
  return {
    send: (out) => {
      const isChunk = out.protocol === PAYLOAD_PROTOCOLS.chunk || out.protocol === PAYLOAD_PROTOCOLS.relay;
      if (!isChunk || out.frame.length < CHUNK_FRAME_BYTES_MIN || !liar.active() || !dice.chance(0.3)) return [out];
      const frame = Uint8Array.from(out.frame);
      frame[frame.length - 1] = (frame.at(-1) as number) ^ 1;
      return [{ ...out, frame }];
    },
  };
}

/** Remembers what went in and out, for whoever wants to say it again. */
class Heard {
  readonly #frames: Uint8Array[] = [];
  #next = 0;

  note(frame: Uint8Array): void {
    this.#frames[this.#next++ % 128] = frame;
  }

  any(liar: Liar): Uint8Array | undefined {
    return this.#frames.length === 0 ? undefined : liar.dice.pick(this.#frames);
  }
}

/** What was said before, its own and other sealers', to anybody at any time. */
export function replays(liar: Liar): MessageHooks {
  const heard = new Heard();
  keepsOn(liar, { min: 20_000, max: 300_000 }, () => {
    const peer = anyPeer(liar);
    const frame = heard.any(liar);
    if (peer !== undefined && frame !== undefined) liar.environment.network.send(peer, CONSENSUS_PROTOCOL, frame, 'control');
  });
  return listening(heard);
}

function listening(heard: Heard): MessageHooks {
  return {
    send: (out) => {
      if (out.protocol === CONSENSUS_PROTOCOL) heard.note(out.frame);
      return [out];
    },
    receive: (protocol, from, frame, handle) => {
      if (protocol === CONSENSUS_PROTOCOL) heard.note(frame);
      handle(from, frame);
    },
  };
}

/** Round changes to rounds and heights that nobody will live to see, and to rounds long past. */
export function hugeRounds(liar: Liar): MessageHooks {
  const { dice, environment } = liar;
  keepsOn(liar, { min: 100_000, max: 800_000 }, () => {
    const peer = anyPeer(liar);
    const height = (liar.head()?.number ?? 0) + 1;
    if (peer === undefined) return;
    const round = dice.pick([1, 2, 5, 100, 2 ** 31, 2 ** 47, dice.integer(1, 50)]);
    const at = dice.pick([height, height, height, height + dice.integer(1, 5), height + 2 ** 40, Math.max(1, height - 3)]);
    const digest = toHex(dice.bytes(32));
    const frame = dice.pick([
      () => signed(liar, { type: 'round-change', height: at, round }),
      () => signed(liar, { type: 'commit', height: at, round, digest }),
      () => signed(liar, { type: 'prepare', height: at, round, digest }),
    ])();
    const everybody = dice.chance(0.5);
    for (const to of everybody ? environment.network.peers() : [peer]) {
      environment.network.send(to, CONSENSUS_PROTOCOL, frame, 'control');
    }
  });
  return {};
}

/** Votes in the names of others, proofs of nothing, heads that do not exist. */
export function forges(liar: Liar): MessageHooks {
  const { dice, environment } = liar;
  const heard = new Heard();
  keepsOn(liar, { min: 80_000, max: 500_000 }, () => {
    const peer = anyPeer(liar);
    const frame = heard.any(liar);
    const about = frame === undefined ? undefined : readable(frame);
    if (peer === undefined || frame === undefined || about === undefined) return;
    const lies: readonly (() => void)[] = [
      () => sendTo(liar, peer, { ...about, signer: dice.pick(liar.others) }),
      () => sendTo(liar, peer, { ...about, signature: dice.bytes(65) }),
      () => environment.network.send(peer, CONSENSUS_PROTOCOL, falseProof(liar, about), 'control'),
      () => environment.network.send(peer, CONSENSUS_PROTOCOL, changed(frame, liar), 'control'),
      () => environment.network.send(peer, LEDGER_PROTOCOLS.head, falseHead(liar), 'control'),
    ];
    dice.pick(lies)();
  });
  return listening(heard);
}

function sendTo(liar: Liar, peer: NodeId, message: SignedMessage): void {
  liar.environment.network.send(peer, CONSENSUS_PROTOCOL, encodeMessage(message), 'control');
}

/** A round change whose prepared proof has too few votes, or votes of nobody. */
function falseProof(liar: Liar, about: SignedMessage): Uint8Array {
  const { dice } = liar;
  const digest = toHex(dice.bytes(32));
  const prepares = about.type === 'prepare' && dice.chance(0.5) ? [about, about, about] : [];
  const proposal = about.type === 'pre-prepare' ? about.proposal : dice.bytes(60);
  const prepared = { round: about.round, digest, proposal, prepares };
  return signed(liar, { type: 'round-change', height: about.height, round: about.round + 1, prepared });
}

function changed(frame: Uint8Array, { dice }: Liar): Uint8Array {
  const copy = Uint8Array.from(frame);
  const at = dice.integer(0, copy.length - 1);
  copy[at] = (copy[at] as number) ^ dice.integer(1, 255);
  return copy;
}

/** Claims blocks that nobody has; now and then in the name of another chain. */
function falseHead({ dice, head }: Liar): Uint8Array {
  const number = (head()?.number ?? 0) + dice.pick([1, 7, 1_000, 2 ** 40]);
  return encodeRlp([number, dice.bytes(32), dice.bytes(32)]);
}

/** Votes by the hundred, each signed properly, each for something else; and as many that are not signed properly. */
export function floods(liar: Liar): MessageHooks {
  const { dice, environment } = liar;
  keepsOn(liar, { min: 1_000_000, max: 3_000_000 }, () => {
    const height = (liar.head()?.number ?? 0) + 1;
    const peers = environment.network.peers();
    for (let count = dice.integer(40, 120); count > 0; count--) {
      const digest = toHex(dice.bytes(32));
      const vote = { type: dice.pick(['prepare', 'commit'] as const), height, round: dice.integer(0, 6), digest };
      const frame = dice.chance(0.5)
        ? signed(liar, vote)
        : encodeMessage({ ...vote, signature: dice.bytes(65), signer: liar.key.address });
      for (const peer of peers) environment.network.send(peer, CONSENSUS_PROTOCOL, frame, 'control');
    }
  });
  return {};
}
