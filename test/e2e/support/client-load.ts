import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { signPayloadTransaction, signTransaction } from '../../../src/contracts/index.ts';
import { keyFrom, type NodeKey, toHex } from '../../../src/crypto/index.ts';
import { rpc } from './consortium.ts';

const PAUSE_MS = 40;
/** Every so many transactions one carries a body. */
const PAYLOAD_EVERY = 8;
/** More than one chunk. */
const BODY_BYTES = 100_000;

/** A client that sends transactions, each of a new account, to whichever sealer answers, until it is stopped. */
export class ClientLoad {
  /** Hashes that a sealer has acknowledged. */
  readonly acknowledged = new Set<string>();
  /** By whom each was acknowledged. */
  readonly acknowledgedBy = new Map<string, string>();
  /** Of those, the ones that carry a body. */
  readonly withBody = new Set<string>();
  refused = 0;
  private sent = 0;
  private readonly urls: () => readonly string[];
  private readonly chainId: number;
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(chainId: number, urls: () => readonly string[]) {
    this.chainId = chainId;
    this.urls = urls;
  }

  start(clients: number): void {
    this.running = Promise.all(Array.from({ length: clients }, (_, at) => this.run(at))).then(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async run(first: number): Promise<void> {
    for (let turn = first; !this.stopping; turn++) {
      const urls = this.urls();
      const url = urls[turn % Math.max(1, urls.length)];
      if (url !== undefined) await this.send(url);
      await delay(PAUSE_MS);
    }
  }

  private async send(url: string): Promise<void> {
    const key = keyFrom(randomBytes(32));
    const { method, params } = this.sent++ % PAYLOAD_EVERY === 0 ? payload(this.chainId, key) : transfer(this.chainId, key);
    try {
      const hash = await rpc<string>(url, method, ...params);
      this.acknowledged.add(hash);
      this.acknowledgedBy.set(hash, url);
      if (params.length > 1) this.withBody.add(hash);
    } catch {
      // A sealer that was killed while it answered has acknowledged nothing.
      this.refused += 1;
    }
  }
}

interface Call {
  readonly method: string;
  readonly params: readonly string[];
}

function transfer(chainId: number, key: NodeKey): Call {
  const fields = { chainId, nonce: 0n, gas: 21_000n, to: key.address, value: 0n, data: '0x' } as const;
  return { method: 'eth_sendRawTransaction', params: [signTransaction(fields, key).raw] };
}

function payload(chainId: number, key: NodeKey): Call {
  const fields = { chainId, nonce: 0n, gas: 500_000n, to: key.address, value: 0n, data: '0x' } as const;
  const { raw, body } = signPayloadTransaction(
    fields,
    { body: randomBytes(BODY_BYTES), mediaType: 'application/octet-stream' },
    key,
  );
  return { method: 'treadle_sendPayloadTransaction', params: [raw, toHex(body)] };
}
