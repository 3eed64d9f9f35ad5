import { Socket } from 'node:net';
import type { noise } from '@chainsafe/libp2p-noise';

type Encryption = ReturnType<typeof noise>;

/**
 * The same encryption, over sockets whose writes of one step of the program leave together. Noise writes the two bytes of a
 * length and the message behind them one by one, and each would be a call of the operating system and a packet of its own.
 */
export function withGatheredWrites(encryption: Encryption): Encryption {
  return (components) => {
    const made = encryption(components);
    const { secureInbound, secureOutbound } = made;
    made.secureInbound = (connection, options) => {
      gatherWritesBelow(connection);
      return secureInbound.call(made, connection, options);
    };
    made.secureOutbound = (connection, options) => {
      gatherWritesBelow(connection);
      return secureOutbound.call(made, connection, options);
    };
    return made;
  };
}

/** The TCP transport keeps its socket in this property, which its types do not name; without it writes leave as they come. */
function gatherWritesBelow(connection: object): void {
  if ('socket' in connection && connection.socket instanceof Socket) gatherWrites(connection.socket);
}

/** Lets everything that is written to a socket within one step leave together. */
export function gatherWrites(socket: Socket): void {
  const write: (...parameters: Parameters<Socket['write']>) => boolean = socket.write.bind(socket);
  socket.write = (...parameters: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return write(...(parameters as Parameters<Socket['write']>));
  };
}
