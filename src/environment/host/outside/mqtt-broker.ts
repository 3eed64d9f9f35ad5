import type { MqttClient } from 'mqtt';
import { TreadleError } from '../../../errors.ts';
import {
  OUTSIDE_CONNECT_MS,
  OUTSIDE_IDLE_MS,
  OUTSIDE_MESSAGE_BYTES_MAX,
  OUTSIDE_RECONNECT_MS,
  OUTSIDE_TOPICS_MAX,
} from '../../../limits.ts';
import type { MqttSource, OutsideReading } from '../../outside.ts';
import type { MqttBroker } from '../../outside-config.ts';
import { contentTooLarge, type ReadTerms } from '../../outside-gate.ts';
import { trustedBy } from './certificate-file.ts';
import { matchesFilter } from './topic-filter.ts';
import { unreachable } from './unreachable.ts';

export interface MqttReaderOptions {
  readonly address: string;
  readonly broker: MqttBroker;
  /** What the paths of certificates are relative to. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Time without a read after which a topic is left; default: OUTSIDE_IDLE_MS. */
  readonly idleMs?: number;
}

/** The last message of a topic; without content when it was too large to keep. */
interface Message {
  readonly content: Uint8Array | undefined;
  readonly arrivedAtMs: number;
}

interface Waiter {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: TreadleError) => void;
}

interface Topic {
  message: Message | undefined;
  readAtMs: number;
  readonly waiting: Set<Waiter>;
}

/**
 * Listens to topics of one broker over one connection and remembers the last message of each. What was heard before the
 * connection broke is forgotten: nobody knows what was said meanwhile. A topic that is not read any more is left, and with the last one the broker.
 */
export class MqttReader {
  readonly #options: MqttReaderOptions;
  readonly #topics = new Map<string, Topic>();
  #client: Promise<MqttClient> | undefined;
  /** Counts the connections. */
  #generation = 0;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(options: MqttReaderOptions) {
    this.#options = options;
  }

  /** @throws TreadleError as {@link Outside.read} */
  async read({ topic: name }: MqttSource, { maxBytes, signal }: ReadTerms): Promise<OutsideReading> {
    const { topics } = this.#options.broker;
    if (topics !== undefined && !topics.some((filter) => matchesFilter(filter, name)))
      throw new TreadleError('OUTSIDE_NOT_ALLOWED', { detail: `the file of this node does not list the topic ${name}` });
    const topic = this.#topics.get(name) ?? this.#listen(name);
    topic.readAtMs = this.#options.nowMs();
    const { content, arrivedAtMs } = topic.message ?? (await nextMessage(topic, signal));
    if (content === undefined) throw contentTooLarge(Math.min(maxBytes, OUTSIDE_MESSAGE_BYTES_MAX));
    if (content.length > maxBytes) throw contentTooLarge(maxBytes);
    return { content, mediaType: mediaTypeOf(content), observedAtMs: arrivedAtMs };
  }

  async close(): Promise<void> {
    for (const name of [...this.#topics.keys()]) this.#forget(name, gone('this node stops to listen'));
    await this.#disconnect();
  }

  #listen(name: string): Topic {
    if (this.#topics.size >= OUTSIDE_TOPICS_MAX) this.#leave(this.#leastRead());
    const topic: Topic = { message: undefined, readAtMs: 0, waiting: new Set() };
    this.#topics.set(name, topic);
    this.#sweeper ??= setInterval(() => this.#sweep(), this.#idleMs / 10).unref();
    this.#client ??= this.#connect();
    const opening = this.#client;
    void opening
      .then((client) => this.#subscribe(client, name))
      .catch((cause: unknown) => {
        if (this.#client === opening) this.#client = undefined;
        this.#forget(name, cause instanceof TreadleError ? cause : unreachable(this.#options.address, cause));
      });
    return topic;
  }

  async #connect(): Promise<MqttClient> {
    const { address, broker, folder } = this.#options;
    const trusted = await trustedBy(folder, broker.caFile);
    // Loaded when it is needed: most nodes listen to no broker.
    const { default: mqtt } = await import('mqtt');
    const client = mqtt.connect(address, {
      protocolVersion: 4,
      clean: true,
      connectTimeout: OUTSIDE_CONNECT_MS,
      reconnectPeriod: OUTSIDE_RECONNECT_MS,
      ...(broker.user !== undefined && { username: broker.user }),
      ...(broker.password !== undefined && { password: broker.password }),
      ...trusted,
    });
    // A connection that was given up has its last words; they are not about the present one.
    const generation = ++this.#generation;
    const present = (handle: () => void): void => {
      if (generation === this.#generation) handle();
    };
    client.on('message', (name, payload) => present(() => this.#heard(name, payload)));
    client.on('error', (error) => present(() => this.#failed(error)));
    client.on('close', () => present(() => this.#lost()));
    return client;
  }

  async #subscribe(client: MqttClient, name: string): Promise<void> {
    try {
      const granted = await client.subscribeAsync(name, { qos: 1 });
      // 3.1.1 has one code for every refusal.
      if (granted.some(({ qos }) => qos === 128)) this.#forget(name, deaf(name));
    } catch (cause) {
      this.#forget(name, client.connected ? deaf(name, cause) : unreachable(this.#options.address, cause));
    }
  }

  #heard(name: string, payload: Uint8Array): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    const content = payload.length > OUTSIDE_MESSAGE_BYTES_MAX ? undefined : new Uint8Array(payload);
    topic.message = { content, arrivedAtMs: this.#options.nowMs() };
    for (const { resolve } of topic.waiting) resolve(topic.message);
    topic.waiting.clear();
  }

  #lost(): void {
    for (const topic of this.#topics.values()) topic.message = undefined;
    this.#failWaiting(gone('the broker closed the connection'));
  }

  /** There is no connection, or the broker does not want this node: then it is not called again before the next read. */
  #failed(error: unknown): void {
    const { code } = error as { readonly code?: unknown };
    if (typeof code !== 'number') return this.#failWaiting(unreachable(this.#options.address, error));
    const refusal = new TreadleError('OUTSIDE_REFUSED', {
      detail: `the broker refused the connection (${code})`,
      data: { code },
      cause: error,
    });
    for (const name of [...this.#topics.keys()]) this.#forget(name, refusal);
    void this.#disconnect();
  }

  #failWaiting(error: TreadleError): void {
    for (const { waiting } of this.#topics.values()) {
      for (const { reject } of waiting) reject(error);
      waiting.clear();
    }
  }

  #forget(name: string, error: TreadleError): void {
    const topic = this.#topics.get(name);
    this.#topics.delete(name);
    for (const { reject } of topic?.waiting ?? []) reject(error);
  }

  #leave(name: string): void {
    this.#forget(name, new TreadleError('OUTSIDE_BUSY', { detail: 'this node listens to as many topics as it may' }));
    void this.#client?.then((client) => client.unsubscribeAsync(name)).catch(() => {});
  }

  #leastRead(): string {
    let least: readonly [string, Topic] | undefined;
    for (const entry of this.#topics) if (least === undefined || entry[1].readAtMs < least[1].readAtMs) least = entry;
    return least?.[0] ?? '';
  }

  get #idleMs(): number {
    return this.#options.idleMs ?? OUTSIDE_IDLE_MS;
  }

  #sweep(): void {
    const before = this.#options.nowMs() - this.#idleMs;
    for (const [name, { readAtMs, waiting }] of [...this.#topics]) if (readAtMs < before && waiting.size === 0) this.#leave(name);
    if (this.#topics.size === 0) void this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    this.#generation++;
    const client = this.#client;
    this.#client = undefined;
    try {
      await (await client)?.endAsync(true);
    } catch {
      // There never was a connection.
    }
  }
}

function nextMessage(topic: Topic, signal: AbortSignal): Promise<Message> {
  return new Promise((resolve, reject) => {
    const waiter: Waiter = { resolve, reject };
    topic.waiting.add(waiter);
    signal.addEventListener('abort', () => topic.waiting.delete(waiter), { once: true });
  });
}

function deaf(name: string, cause?: unknown): TreadleError {
  return new TreadleError('OUTSIDE_REFUSED', { detail: `the broker does not let this node listen to ${name}`, cause });
}

function gone(detail: string): TreadleError {
  return new TreadleError('OUTSIDE_UNREACHABLE', { detail });
}

/** MQTT 3.1.1 does not say what a message is. */
function mediaTypeOf(content: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    try {
      JSON.parse(text);
      return 'application/json';
    } catch {
      return 'text/plain';
    }
  } catch {
    return 'application/octet-stream';
  }
}
