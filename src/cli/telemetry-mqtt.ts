import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { OUTSIDE_CONNECT_MS, OUTSIDE_RECONNECT_MS, TELEMETRY_RETRY_AFTER_MS } from '../limits.ts';
import { matchesAny, readingOf, type TelemetryService, type TopicMapping } from '../node/index.ts';

export interface TelemetryBroker {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly address: string;
  readonly user?: string;
  readonly password?: string;
  /** Certificate of the broker's authority, where it is not a public one. */
  readonly caFile?: string;
  readonly topics: readonly TopicMapping[];
}

interface Dependencies {
  readonly service: Pick<TelemetryService, 'add'>;
  readonly environment: Pick<Environment, 'clock' | 'log' | 'metrics' | 'node'>;
  /** Patterns of the twins of which readings are taken. */
  readonly twins: readonly string[];
}

/**
 * Takes the messages of a broker's topics as readings. The broker is told that a message arrived once its reading is durable, and
 * keeps what is published while the node is away (QoS 1, a session that lasts): a message may count twice, none is lost that the broker kept.
 * A broker that is away is called again and again; the node does not wait for it.
 *
 * @returns ends it
 */
export async function followBroker(broker: TelemetryBroker, dependencies: Dependencies): Promise<() => Promise<void>> {
  const { service, twins, environment } = dependencies;
  const { clock, log, metrics, node } = environment;
  const { address, user, password, caFile, topics } = broker;
  const about = { broker: address };
  const stopping = new AbortController();
  // Loaded when it is needed: most nodes listen to no broker.
  const { default: mqtt } = await import('mqtt');
  const client = mqtt.connect(address, {
    protocolVersion: 4,
    clean: false,
    clientId: `treadle-${node}`,
    connectTimeout: OUTSIDE_CONNECT_MS,
    reconnectPeriod: OUTSIDE_RECONNECT_MS,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(caFile !== undefined && { ca: await readFile(caFile, 'utf8') }),
  });

  async function take(topic: string, payload: Uint8Array): Promise<void> {
    const reading = readingOf(topics, { topic, payload }, Math.floor(clock.now() / 1000));
    if (reading === undefined || !matchesAny(twins, reading.twin))
      return dropped(topic, 'it is no reading of a twin of this node');
    while (!stopping.signal.aborted) {
      try {
        await service.add([reading]);
        return;
      } catch (error) {
        if (hasCode(error, 'TELEMETRY_INVALID')) return dropped(topic, error instanceof TreadleError ? error.detail : '');
        // A full log or disk: the broker waits meanwhile, and keeps what comes.
        log.warn('telemetry.message-waits', { ...about, topic, reason: String(error) });
        await delay(TELEMETRY_RETRY_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
    // What was not taken is not acknowledged: the broker sends it again.
    await new Promise(() => undefined);
  }

  function dropped(topic: string, reason: string): void {
    metrics.count('telemetry_messages_dropped_total');
    log.warn('telemetry.message-dropped', { ...about, topic, reason });
  }

  client.handleMessage = (packet, done) => {
    const payload = typeof packet.payload === 'string' ? new TextEncoder().encode(packet.payload) : packet.payload;
    take(packet.topic, payload).then(
      () => done(),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  };
  client.on('connect', () => {
    log.info('telemetry.broker-connected', about);
    client
      .subscribeAsync(
        topics.map(({ topic }) => topic),
        { qos: 1 },
      )
      .then((granted) => {
        for (const { topic, qos } of granted) if (qos === 128) log.error('telemetry.topic-refused', { ...about, topic });
      })
      .catch((error: unknown) => log.warn('telemetry.not-subscribed', { ...about, reason: String(error) }));
  });
  client.on('error', (error) => log.warn('telemetry.broker-failed', { ...about, reason: error.message }));
  client.on('offline', () => log.warn('telemetry.broker-away', about));
  return async () => {
    stopping.abort();
    await client.endAsync(true);
  };
}
