import type { Environment, NodeId } from '../../environment/index.ts';
import { invariant } from '../../errors.ts';
import { COMPARISON_TRANSFERS_OPEN_MAX } from '../../limits.ts';

const HEADER_BYTES = 12;
/** Content of one frame: as much as keeps a whole frame well below the largest that networks carry. */
const PART_BYTES = 1024 * 1024;

interface Incoming {
  readonly parts: Uint8Array[];
  missing: number;
}

/** What is put together from shared frames is put together once, however many nodes of the process receive them. */
const assembled = new WeakMap<Uint8Array, Uint8Array>();

/** Messages of any size over frames of bounded size: the baselines put whole bodies into one message. */
export class Transfers {
  private readonly environment: Environment;
  private readonly protocol: string;
  private readonly open = new Map<string, Incoming>();
  private sequence = 0;

  constructor(environment: Environment, protocol: string, receive: (from: NodeId, message: Uint8Array) => void) {
    this.environment = environment;
    this.protocol = protocol;
    environment.network.onFrame(protocol, (from, frame) => {
      const message = this.take(from, frame);
      if (message !== undefined) receive(from, message);
    });
  }

  send(to: readonly NodeId[], message: Uint8Array): void {
    const id = this.sequence++;
    const count = Math.max(1, Math.ceil(message.length / PART_BYTES));
    const priority = count === 1 && message.length < 16 * 1024 ? 'control' : 'bulk';
    const frames = Array.from({ length: count }, (_, index) => {
      const part = message.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
      const frame = new Uint8Array(HEADER_BYTES + part.length);
      const view = new DataView(frame.buffer);
      view.setUint32(0, id);
      view.setUint32(4, index);
      view.setUint32(8, count);
      frame.set(part, HEADER_BYTES);
      return frame;
    });
    // Part by part to everyone, so that receivers progress alike.
    for (const frame of frames)
      for (const peer of to)
        if (peer !== this.environment.node) this.environment.network.send(peer, this.protocol, frame, priority);
  }

  private take(from: NodeId, frame: Uint8Array): Uint8Array | undefined {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const [id, index, count] = [view.getUint32(0), view.getUint32(4), view.getUint32(8)];
    if (count === 1) return frame.subarray(HEADER_BYTES);
    const key = `${from} ${id}`;
    const incoming = this.open.get(key) ?? { parts: [], missing: count };
    invariant(this.open.size <= COMPARISON_TRANSFERS_OPEN_MAX, 'a comparison has few messages under way');
    this.open.set(key, incoming);
    if (incoming.parts[index] === undefined) incoming.missing -= 1;
    incoming.parts[index] = frame;
    if (incoming.missing > 0) return undefined;
    this.open.delete(key);
    return assemble(incoming.parts);
  }
}

function assemble(frames: readonly Uint8Array[]): Uint8Array {
  const [first] = frames as [Uint8Array];
  const known = assembled.get(first);
  if (known !== undefined) return known;
  const whole = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length - HEADER_BYTES, 0));
  let at = 0;
  for (const frame of frames) {
    whole.set(frame.subarray(HEADER_BYTES), at);
    at += frame.length - HEADER_BYTES;
  }
  assembled.set(first, whole);
  return whole;
}
