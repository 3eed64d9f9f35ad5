import type { ServerResponse } from 'node:http';
import { HTTP_SINK_BUFFER_BYTES_MAX } from '../../limits.ts';
import type { TextSink } from '../http.ts';

/** A comment now and then keeps proxies from closing a quiet stream, and finds clients that are gone. */
const KEEP_ALIVE_MS = 15_000;

/** Server-sent events over a response. */
export class EventStream implements TextSink {
  private readonly response: ServerResponse;
  private readonly keepAlive: NodeJS.Timeout;
  private endListener: (() => void) | undefined;
  private done = false;

  constructor(response: ServerResponse, head: { readonly status: number; readonly headers: Record<string, string> }) {
    this.response = response;
    response.writeHead(head.status, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...head.headers,
    });
    response.flushHeaders();
    this.keepAlive = setInterval(() => this.write(':\n\n'), KEEP_ALIVE_MS);
    response.on('error', () => this.ended());
    response.on('close', () => this.ended());
  }

  send(text: string): boolean {
    // An event ends at an empty line, so every line of the data gets its own field.
    return this.write(
      `${text
        .split(/\r\n|\r|\n/)
        .map((line) => `data: ${line}\n`)
        .join('')}\n`,
    );
  }

  close(): void {
    if (this.done) return;
    this.response.end();
    this.ended();
  }

  /** One listener; it is called once, at once when the client has left already. */
  onEnd(listener: () => void): void {
    if (this.done) listener();
    else this.endListener = listener;
  }

  private write(text: string): boolean {
    if (this.done) return false;
    if (this.response.writableLength + text.length > HTTP_SINK_BUFFER_BYTES_MAX) {
      this.response.destroy();
      this.ended();
      return false;
    }
    this.response.write(text);
    return true;
  }

  private ended(): void {
    if (this.done) return;
    this.done = true;
    clearInterval(this.keepAlive);
    this.endListener?.();
  }
}
