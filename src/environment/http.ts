/** HTTP as plain values, so that a node's API is a function that the host serves and a test calls. */

export interface HttpRequest {
  readonly method: string;
  /** Path without the query, percent-decoding not applied. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** IP address of whoever connected; absent where there is no connection. */
  readonly from?: string;
  /** The app's `admit` let this request in before its body was read. */
  readonly memoryTaken?: boolean;
}

/** Where a server-sent-event stream or a socket writes. `send` returns false once the other side is gone or its buffer is full (the stream is then closed). */
export interface TextSink {
  send(text: string): boolean;
  close(): void;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Instead of `body`: a stream of server-sent events. Each `send` is one event's data; the returned function is called when the client leaves. */
  readonly stream?: (sink: TextSink) => () => void;
}

export interface SocketHandler {
  message(text: string): void;
  closed(): void;
}

export interface HttpApp {
  /** Never rejects for bad input: it answers 4xx with a JSON error body. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /** Paths whose bodies may be larger than HTTP_BODY_BYTES_MAX, and by how much: bytes. */
  readonly bodyLimits?: Readonly<Record<string, number>>;
  /**
   * Asked before the body of a request is read: an answer refuses it (the connection is closed), a function lets it in and is
   * called when the answer has been sent.
   * @param lengthBytes - what the client announced; the limit of the path when it announced nothing
   */
  admit?(path: string, lengthBytes: number): (() => void) | HttpResponse;
  /** Accepts a WebSocket on `path`, or returns undefined to refuse it. */
  socket?(path: string, sink: TextSink): SocketHandler | undefined;
}
