import { setTimeout as delay } from 'node:timers/promises';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { rpc } from './consortium.ts';

const PAUSE_MS = 40;

/** A client that sends transactions, each of a new account, to whichever sealer answers, until it is stopped. */
export class ClientLoad {
  /** Hashes that a sealer has acknowledged. */
  readonly acknowledged = new Set<string>();
  refused = 0;
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
    const account = privateKeyToAccount(generatePrivateKey());
    const raw = await account.signTransaction({
      chainId: this.chainId,
      nonce: 0,
      to: account.address,
      gas: 21_000n,
      gasPrice: 0n,
      type: 'legacy',
    });
    try {
      this.acknowledged.add(await rpc<string>(url, 'eth_sendRawTransaction', raw));
    } catch {
      // A sealer that was killed while it answered has acknowledged nothing.
      this.refused += 1;
    }
  }
}
