import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { ClientSession, OPCUAClient } from 'node-opcua-client';
import { TreadleError } from '../../../errors.ts';
import { OUTSIDE_CONNECT_MS, OUTSIDE_IDLE_MS, OUTSIDE_OPCUA_MESSAGE_BYTES_MAX } from '../../../limits.ts';
import type { Logger } from '../../environment.ts';
import type { OpcUaSource, OutsideReading } from '../../outside.ts';
import type { OpcUaServer } from '../../outside-config.ts';
import { contentTooLarge, type ReadTerms } from '../../outside-gate.ts';
import { readCertificateFile } from './certificate-file.ts';
import { openCertificateStore } from './opcua-certificates.ts';
import { plainValue } from './opcua-value.ts';
import { unreachable } from './unreachable.ts';

export interface OpcUaReaderOptions {
  readonly address: string;
  readonly server: OpcUaServer;
  /** What the paths of certificates are relative to. */
  readonly folder: string;
  /** Where this node's own certificate for OPC UA is kept; made when missing. */
  readonly ownFolder: string;
  readonly nowMs: () => number;
  readonly log: Logger;
}

interface Connection {
  readonly client: OPCUAClient;
  readonly session: ClientSession;
}

/** The attribute that holds a variable's value (OPC 10000-6, A.1). */
const VALUE = 13;
const MODES = { none: 'None', sign: 'Sign', encrypt: 'SignAndEncrypt' } as const;
/** A session that its server does not hear of for this long is over there, whatever happened here. */
const SESSION_MS = 120_000;
/** A source that does not exist will not exist for anybody else either. */
const UNKNOWN_NODE = ['BadNodeIdUnknown', 'BadNodeIdInvalid', 'BadAttributeIdInvalid'];
const NOT_FOR_US = ['BadUserAccessDenied', 'BadNotReadable', 'BadSecurityModeInsufficient'];

/** Reads variables of one OPC UA server through one session, which is opened when it is needed: one attempt for each read that finds none. */
export class OpcUaReader {
  readonly #options: OpcUaReaderOptions;
  #connection: Promise<Connection> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: OpcUaReaderOptions) {
    this.#options = options;
  }

  /** @throws TreadleError as {@link Outside.read} */
  async read({ nodeId }: OpcUaSource, { maxBytes }: ReadTerms): Promise<OutsideReading> {
    this.#connection ??= this.#connect();
    const connection = this.#connection;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close(), OUTSIDE_IDLE_MS).unref();
    try {
      const { session } = await this.#opened(connection);
      const found = await session.read({ nodeId, attributeId: VALUE });
      const status = found.statusCode.name;
      if (UNKNOWN_NODE.includes(status))
        throw new TreadleError('OUTSIDE_SOURCE_INVALID', { detail: `the server has no variable ${nodeId} (${status})` });
      if (NOT_FOR_US.includes(status))
        throw new TreadleError('OUTSIDE_REFUSED', { detail: `the server does not let this node read ${nodeId} (${status})` });
      const content = contentOf({
        value: isBad(status) ? null : plainValue(found.value),
        status,
        sourceTimestampMs: found.sourceTimestamp?.getTime(),
      });
      if (content.length > maxBytes) throw contentTooLarge(maxBytes);
      return { content, mediaType: 'application/json', observedAtMs: this.#options.nowMs() };
    } catch (cause) {
      // What the server answered about one variable is no fault of the connection.
      if (cause instanceof TreadleError) throw cause;
      this.#give(connection);
      throw failure(this.#options.address, cause);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) await disconnect(connection);
  }

  async #opened(connection: Promise<Connection>): Promise<Connection> {
    try {
      return await connection;
    } catch (cause) {
      this.#give(connection);
      throw failure(this.#options.address, cause);
    }
  }

  /** Gives up a connection that failed; the next read opens another. */
  #give(connection: Promise<Connection>): void {
    if (this.#connection === connection) this.#connection = undefined;
    void disconnect(connection);
  }

  async #connect(): Promise<Connection> {
    // Loaded when it is needed: it is by far the largest of the clients.
    const opcua = await import('node-opcua-client');
    // The library would write to the console; what matters comes back as an error anyway.
    const note = (...words: readonly unknown[]) =>
      this.#options.log.debug('opcua', { text: words.map(String).join(' ').slice(0, 500) });
    opcua.setWarningLogger(note);
    opcua.setErrorLogger(note);
    const { address, server } = this.#options;
    const { security = 'none', user, password = '' } = server;
    const certificate = await this.#serverCertificate();
    const store = await openCertificateStore(join(this.#options.ownFolder, 'opcua'), certificate);
    const client = opcua.OPCUAClient.create({
      applicationName: 'treadle',
      clientCertificateManager: store,
      ...(certificate !== undefined && { serverCertificate: certificate }),
      // Servers behind routers know themselves by other names.
      endpointMustExist: false,
      securityMode: opcua.MessageSecurityMode[MODES[security]],
      securityPolicy: security === 'none' ? opcua.SecurityPolicy.None : opcua.SecurityPolicy.Basic256Sha256,
      keepSessionAlive: true,
      requestedSessionTimeout: SESSION_MS,
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 1_000 },
      transportTimeout: OUTSIDE_CONNECT_MS,
      transportSettings: { maxMessageSize: OUTSIDE_OPCUA_MESSAGE_BYTES_MAX },
    });
    try {
      await client.connect(address);
      const session = await client.createSession(
        user === undefined
          ? { type: opcua.UserTokenType.Anonymous }
          : { type: opcua.UserTokenType.UserName, userName: user, password },
      );
      return { client, session };
    } catch (cause) {
      await client.disconnect().catch(() => {});
      throw cause;
    }
  }

  async #serverCertificate(): Promise<Buffer | undefined> {
    const { server, folder } = this.#options;
    if (server.serverCertificateFile === undefined) return undefined;
    return new X509Certificate(await readCertificateFile(folder, server.serverCertificateFile)).raw;
  }
}

/** What is sent along with a bad status is no value (OPC 10000-4, 7.11); nobody should take it for one. */
function isBad(status: string): boolean {
  return status.startsWith('Bad');
}

/** The library tells what a server answered in its text, by the names of the standard. */
function failure(address: string, cause: unknown): TreadleError {
  if (cause instanceof TreadleError) return cause;
  const status = /\bBad[A-Z]\w+/.exec(String(cause))?.[0];
  if (status === undefined || !/^Bad(User|Identity|Certificate|Security)/.test(status)) return unreachable(address, cause);
  return new TreadleError('OUTSIDE_REFUSED', {
    detail: `the server does not let this node in (${status})`,
    data: { status },
    cause,
  });
}

async function disconnect(connection: Promise<Connection>): Promise<void> {
  try {
    const { client, session } = await connection;
    await session.close().catch(() => {});
    await client.disconnect();
  } catch {
    // It is gone already.
  }
}

function contentOf(reading: {
  readonly value: unknown;
  readonly status: string;
  readonly sourceTimestampMs: number | undefined;
}): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(reading));
}
