import type { WebSocket } from 'ws';
import { HTTP_SINK_BUFFER_BYTES_MAX } from '../../limits.ts';
import type { TextSink } from '../http.ts';

/** A client that did not answer the last ping by the next one is gone. */
const PING_MS = 30_000;
const FAREWELL_MS = 1_000;
/** "Going away". */
const CLOSE_CODE = 1001;

/** A WebSocket to write to; what is written before the upgrade is done is sent after it. */
export class SocketSink implements TextSink {
  private webSocket: WebSocket | undefined;
  private readonly early: string[] = [];
  private earlyLength = 0;
  private pinger: NodeJS.Timeout | undefined;
  private endListener: (() => void) | undefined;
  private closing = false;
  private done = false;

  /** The upgrade is done. */
  attach(webSocket: WebSocket, message: (text: string) => void): void {
    this.webSocket = webSocket;
    let answered = true;
    webSocket.on('pong', () => {
      answered = true;
    });
    webSocket.on('message', (data: Buffer) => {
      if (!this.done) message(data.toString());
    });
    // An error (a message above the limit, say) is followed by 'close'.
    webSocket.on('error', () => webSocket.terminate());
    webSocket.on('close', () => this.ended());
    this.pinger = setInterval(() => {
      if (!answered) return webSocket.terminate();
      answered = false;
      webSocket.ping();
    }, PING_MS);
    for (const text of this.early.splice(0)) this.send(text);
    if (this.closing) webSocket.close(CLOSE_CODE);
  }

  send(text: string): boolean {
    if (this.done || (this.closing && this.early.length === 0)) return false;
    const waiting = this.webSocket?.bufferedAmount ?? this.earlyLength;
    if (waiting + text.length > HTTP_SINK_BUFFER_BYTES_MAX) {
      this.webSocket?.terminate();
      this.ended();
      return false;
    }
    if (this.webSocket === undefined) {
      this.early.push(text);
      this.earlyLength += text.length;
    } else {
      this.webSocket.send(text);
    }
    return true;
  }

  close(): void {
    this.closing = true;
    this.webSocket?.close(CLOSE_CODE);
    // A client that does not answer the farewell is not waited for.
    setTimeout(() => this.webSocket?.terminate(), FAREWELL_MS).unref();
  }

  /** One listener; it is called once, when the client has left. */
  onEnd(listener: () => void): void {
    this.endListener = listener;
  }

  ended(): void {
    if (this.done) return;
    this.done = true;
    clearInterval(this.pinger);
    this.endListener?.();
  }
}
