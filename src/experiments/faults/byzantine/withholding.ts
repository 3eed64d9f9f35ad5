import { decodeRlp, encodeRlp, type RlpInput, type RlpItem } from '../../../crypto/index.ts';
import { decodeTransaction, LEDGER_PROTOCOLS, PAYLOAD_PROTOCOLS } from '../../../ledger/index.ts';
import { CONSENSUS_PROTOCOL } from '../../../node/index.ts';
import type { MessageHooks } from '../messages.ts';
import type { Liar } from './liar.ts';

/** A sealer that never says anything about blocks. */
export function silent(liar: Liar): MessageHooks {
  return { send: (out) => (out.protocol === CONSENSUS_PROTOCOL && liar.active() ? [] : [out]) };
}

/** Protocols on which transactions and bodies are shown. */
const BODY_PROTOCOLS: ReadonlySet<string> = new Set([
  LEDGER_PROTOCOLS.transactions,
  PAYLOAD_PROTOCOLS.chunk,
  PAYLOAD_PROTOCOLS.relay,
]);

/** It proposes transactions and shows neither them nor their bodies to anybody. */
export function withholds(liar: Liar): MessageHooks {
  return {
    send: (out) => (liar.active() && BODY_PROTOCOLS.has(out.protocol) ? [] : [out]),
    answer: (protocol, from, body, handle) =>
      liar.active() && protocol === LEDGER_PROTOCOLS.bodies ? Promise.resolve(encodeRlp([])) : handle(from, body),
  };
}

/** It shows what it proposes, but late: about when the others give up waiting. */
export function lateBodies(liar: Liar): MessageHooks {
  const { dice, environment, baseTimeoutMicros } = liar;
  const late = (): number => Math.round(baseTimeoutMicros * dice.within({ min: 0.5, max: 2.5 }));
  const after = (micros: number): Promise<void> =>
    new Promise((resolve) => {
      environment.clock.set(micros, resolve, 'a late body');
    });
  return {
    send: (out) => {
      if (!liar.active() || !BODY_PROTOCOLS.has(out.protocol)) return [out];
      const send = (): void => environment.network.send(out.to, out.protocol, out.frame, out.priority);
      environment.clock.set(late(), send, 'a late transaction');
      return [];
    },
    answer: async (protocol, from, body, handle) => {
      const answer = await handle(from, body);
      if (liar.active() && protocol === LEDGER_PROTOCOLS.bodies) await after(late());
      return answer;
    },
  };
}

/** It takes in no transaction of every other client, so that its blocks never hold one. */
export function censors(liar: Liar): MessageHooks {
  const parity = liar.dice.integer(0, 1);
  const isVictim = (raw: Uint8Array): boolean => {
    const { sender } = decodeTransaction(raw, liar.chainId);
    return Number.parseInt(sender.at(-1) as string, 16) % 2 === parity;
  };
  return {
    receive: (protocol, from, frame, handle) => {
      if (protocol !== LEDGER_PROTOCOLS.transactions || !liar.active()) return handle(from, frame);
      const kept = (decodeRlp(frame) as RlpItem[]).filter((raw) => !isVictim(raw as Uint8Array));
      if (kept.length > 0) handle(from, encodeRlp(kept as RlpInput[]));
    },
  };
}

/** It answers whoever catches up with something else: cut short, changed, made up, or after too long. */
export function lyingServer(liar: Liar): MessageHooks {
  const { dice, environment } = liar;
  return {
    answer: async (_protocol, from, body, handle) => {
      const answer = await handle(from, body);
      if (!liar.active() || answer.length === 0) return answer;
      switch (dice.integer(0, 4)) {
        case 0:
          return dice.bytes(dice.integer(1, 400));
        case 1:
          return answer.slice(0, dice.integer(0, answer.length - 1));
        case 2: {
          const copy = Uint8Array.from(answer);
          const at = dice.integer(0, copy.length - 1);
          copy[at] = (copy[at] as number) ^ (1 << dice.integer(0, 7));
          return copy;
        }
        case 3:
          await new Promise<void>((resolve) => {
            environment.clock.set(dice.integer(100_000, 8_000_000), resolve, 'a slow answer');
          });
          return answer;
        default:
          return answer;
      }
    },
  };
}
