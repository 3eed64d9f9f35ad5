import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { NodeKey } from '../../../crypto/index.ts';
import type { NodeId } from '../../environment.ts';
import { BULK_PROTOCOL, CONTROL_PROTOCOL } from '../dial.ts';
import type { Stream } from '../libp2p-types.ts';
import { MessageReader } from '../message-reader.ts';
import { libp2pKey } from '../peer-identity.ts';
import { encodeMessage, type WireMessage } from '../wire-format.ts';

/** For tests: a peer that speaks to a node through bare libp2p streams and can therefore say anything. */
export class RawPeer {
  readonly node: NodeId;
  /** What the node said on the control stream so far. */
  readonly heard: WireMessage[] = [];
  private readonly libp2p: Libp2p;
  private readonly control: Stream;
  private wake: () => void = () => {};

  private constructor(node: NodeId, libp2p: Libp2p, control: Stream) {
    this.node = node;
    this.libp2p = libp2p;
    this.control = control;
    const reader = new MessageReader();
    control.addEventListener('message', (event) => {
      this.heard.push(...reader.push(event.data.subarray()).messages);
      this.wake();
    });
    control.addEventListener('close', () => this.wake());
  }

  static async dial(key: NodeKey, address: string): Promise<RawPeer> {
    const libp2p = await createLibp2p({
      privateKey: libp2pKey(key),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    });
    const connection = await libp2p.dial(multiaddr(address));
    const control = await connection.newStream(CONTROL_PROTOCOL);
    await connection.newStream(BULK_PROTOCOL);
    return new RawPeer(key.address, libp2p, control);
  }

  /** Goes through the handshake as an honest node does. */
  async becomeAdmitted(): Promise<void> {
    this.write(encodeMessage({ type: 'hello', body: new Uint8Array() }));
    this.write(encodeMessage({ type: 'verdict', verdict: 'admitted', reason: '' }));
    await this.until(() => this.heard.some((message) => message.type === 'verdict'));
  }

  write(bytes: Uint8Array): void {
    this.control.send(bytes);
  }

  /** Waits until the node said something, or hung up. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && this.open) await new Promise<void>((resolve) => (this.wake = resolve));
  }

  get open(): boolean {
    return this.control.status === 'open';
  }

  async close(): Promise<void> {
    await this.libp2p.stop();
  }
}
