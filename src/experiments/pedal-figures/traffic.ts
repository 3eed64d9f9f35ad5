import type { Environment } from '../../environment/index.ts';
import { networkOf } from '../faults/messages.ts';

/** Bytes of messages by what they are for; the fixed cost of a frame is not in them. */
export class Traffic {
  readonly #bytes = new Map<string, number>();

  /** The environment with a network that is counted; nothing else about it changes. */
  counted(environment: Environment): Environment {
    const inner = environment.network;
    const count = (protocol: string, { length }: Uint8Array): void => {
      this.#bytes.set(protocol, (this.#bytes.get(protocol) ?? 0) + length);
    };
    return {
      ...environment,
      network: {
        ...networkOf(inner),
        send(to, protocol, frame, priority) {
          count(protocol, frame);
          inner.send(to, protocol, frame, priority);
        },
        async request(to, protocol, body, options) {
          count(protocol, body);
          const answer = await inner.request(to, protocol, body, options);
          count(protocol, answer);
          return answer;
        },
      },
    };
  }

  /** So far, by protocol. */
  snapshot(): ReadonlyMap<string, number> {
    return new Map(this.#bytes);
  }
}
