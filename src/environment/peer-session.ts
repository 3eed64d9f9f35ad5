import { hasCode, TreadleError } from '../errors.ts';
import { PEER_REQUESTS_MAX } from '../limits.ts';
import type { Clock, Logger, Metrics, NodeId, Priority, RequestOptions } from './environment.ts';
import { decodeError, encodeError } from './error-transport.ts';
import { checkFrameSize, type ProtocolHandlers } from './protocol-handlers.ts';
import { RequestTable } from './request-table.ts';

/** What two connected nodes say to each other. */
export type Message =
  | { readonly type: 'frame'; readonly protocol: string; readonly body: Uint8Array }
  | { readonly type: 'request'; readonly id: number; readonly protocol: string; readonly body: Uint8Array }
  | { readonly type: 'answer'; readonly id: number; readonly body: Uint8Array }
  | { readonly type: 'failure'; readonly id: number; readonly body: Uint8Array };

export interface SessionDependencies {
  readonly peer: NodeId;
  readonly handlers: ProtocolHandlers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Hands a message to the connection; false when it was dropped. */
  readonly transmit: (message: Message, priority: Priority) => boolean;
  /** Drops the peer because it broke a protocol. */
  readonly drop: (reason: string) => void;
  /** Stops the node: an invariant is broken. */
  readonly fatal: (error: unknown) => void;
}

/**
 * One side of an admitted connection: frames and requests in, frames and requests out. What carries the messages is
 * the environment's business, what they mean is the same in both.
 */
export class PeerSession {
  readonly peer: NodeId;
  private readonly with: SessionDependencies;
  private readonly requests: RequestTable;
  private serving = 0;
  private closed = false;

  constructor(dependencies: SessionDependencies) {
    this.peer = dependencies.peer;
    this.with = dependencies;
    this.requests = new RequestTable(dependencies.clock);
  }

  send(protocol: string, body: Uint8Array, priority: Priority): void {
    if (this.with.transmit({ type: 'frame', protocol, body }, priority)) this.with.metrics.count('network_frames_sent_total');
  }

  request(protocol: string, body: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    return this.requests.open(`request ${protocol} to ${this.peer}`, options.timeoutMicros, (id) => {
      if (this.with.transmit({ type: 'request', id, protocol, body }, 'bulk')) return;
      this.requests.fail(
        id,
        new TreadleError('NETWORK_BUSY', { detail: `the queue to ${this.peer} is full`, data: { peer: this.peer } }),
      );
    });
  }

  /** Takes a message that arrived. */
  receive(message: Message): void {
    if (this.closed) return;
    switch (message.type) {
      case 'frame':
        return this.receiveFrame(message.protocol, message.body);
      case 'request':
        void this.serve(message.id, message.protocol, message.body);
        return;
      case 'answer':
        return this.requests.answer(message.id, message.body);
      case 'failure':
        return this.requests.fail(message.id, decodeError(message.body));
    }
  }

  /** Ends the session: requests under way fail, answers that come later are ignored. */
  close(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.requests.close(
      new TreadleError('NETWORK_UNREACHABLE', { detail: `${this.peer} is gone: ${reason}`, data: { peer: this.peer, reason } }),
    );
  }

  private receiveFrame(protocol: string, body: Uint8Array): void {
    this.with.metrics.count('network_frames_received_total');
    const handler = this.with.handlers.frame(protocol);
    if (handler === undefined) {
      this.with.metrics.count('network_frames_unhandled_total');
      return;
    }
    try {
      handler(this.peer, body);
    } catch (error) {
      // A frame that its handler cannot take costs its sender the connection; a broken invariant stops the node.
      if (hasCode(error, 'INVARIANT_BROKEN')) return this.with.fatal(error);
      this.with.log.error('frame_handler_failed', { peer: this.peer, protocol, error: String(error) });
      this.with.drop(`a ${protocol} frame could not be handled`);
    }
  }

  private async serve(id: number, protocol: string, body: Uint8Array): Promise<void> {
    const { metrics } = this.with;
    metrics.count('network_requests_served_total');
    if (this.serving >= PEER_REQUESTS_MAX) return this.answerError(id, new TreadleError('NETWORK_BUSY'));
    const handler = this.with.handlers.request(protocol);
    if (handler === undefined) {
      const detail = `${protocol} is not answered here`;
      return this.answerError(id, new TreadleError('NETWORK_NO_HANDLER', { detail, data: { protocol } }));
    }
    this.serving++;
    try {
      const answer = await handler(this.peer, body);
      checkFrameSize(protocol, answer);
      if (!this.closed) this.with.transmit({ type: 'answer', id, body: answer }, 'bulk');
    } catch (error) {
      if (!(error instanceof TreadleError)) {
        this.with.log.error('request_handler_failed', { peer: this.peer, protocol, error: String(error) });
      }
      this.answerError(id, error);
      if (hasCode(error, 'INVARIANT_BROKEN')) this.with.fatal(error);
    } finally {
      this.serving--;
    }
  }

  private answerError(id: number, error: unknown): void {
    if (!this.closed) this.with.transmit({ type: 'failure', id, body: encodeError(error) }, 'bulk');
  }
}
