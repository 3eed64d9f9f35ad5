import type { Micros } from './environment.ts';

/** The door to data that nobody of the consortium runs: devices, services, files, databases. */
export interface Outside {
  /**
   * Reads one source once. Nothing is read again after a failure: that is for the caller to decide.
   *
   * @throws TreadleError OUTSIDE_SOURCE_INVALID | OUTSIDE_NOT_ALLOWED | OUTSIDE_UNREACHABLE | OUTSIDE_REFUSED |
   * OUTSIDE_TIMEOUT | OUTSIDE_TOO_LARGE | OUTSIDE_BUSY. No message and no data of these errors holds a secret of the node.
   */
  read(source: OutsideSource, options: OutsideOptions): Promise<OutsideReading>;
  /** Ends all connections. What is under way fails, and so does every later read. */
  close(): Promise<void>;
}

export interface OutsideOptions {
  /** At most OUTSIDE_TIMEOUT_MICROS_MAX; more is cut to it. */
  readonly timeoutMicros: Micros;
  /** At most OUTSIDE_CONTENT_BYTES_MAX; more is cut to it. */
  readonly maxBytes: number;
}

/** Where to look. It may come from a stranger's request: it names nothing secret, and what it may name the node's configuration decides. */
export type OutsideSource = HttpSource | MqttSource | OpcUaSource | SqlSource | FileSource;

/** The body that a GET answers. */
export interface HttpSource {
  readonly kind: 'http';
  readonly url: string;
  /** Only those of {@link REQUESTED_HEADERS}; the others, secrets above all, come from the node's configuration. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The last message of a topic; the next one when there was none since the node listens. */
export interface MqttSource {
  readonly kind: 'mqtt';
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly broker: string;
  /** Without wildcards. */
  readonly topic: string;
}

/** The value of a variable: JSON `{"value", "status", "sourceTimestampMs"}`. */
export interface OpcUaSource {
  readonly kind: 'opcua';
  /** `opc.tcp://host:4840/path` */
  readonly endpoint: string;
  /** In its text form, e.g. `ns=2;s=Oven.Temperature`. */
  readonly nodeId: string;
}

export type SqlParameter = string | number | boolean | null;

/** The rows of a query: a JSON array of objects. */
export interface SqlSource {
  readonly kind: 'sql';
  /** A name of the node's configuration. */
  readonly database: string;
  /** The name of a query of the configuration; where the configuration allows any query, the query itself. */
  readonly query: string;
  readonly parameters?: readonly SqlParameter[];
}

/** The content of a file; for a `.sqlite` file the rows of a query, a JSON array of objects. */
export interface FileSource {
  readonly kind: 'file';
  /** Below the folder of the configuration, parts separated by `/`. */
  readonly name: string;
  /** As in {@link SqlSource}. */
  readonly query?: string;
  readonly parameters?: readonly SqlParameter[];
}

export interface OutsideReading {
  readonly content: Uint8Array;
  readonly mediaType: string;
  /**
   * The node's clock when the source said so: when it answered, or when the message of the topic arrived, which may be a
   * while ago. The time that a source itself states is in the content. Milliseconds since the Unix epoch.
   */
  readonly observedAtMs: number;
}

/** The request headers, in lower case, that a source may name: nothing by which somebody is let in. */
export const REQUESTED_HEADERS = ['accept', 'accept-language', 'accept-version', 'api-version', 'x-api-version'] as const;
