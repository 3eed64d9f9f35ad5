import { decodeFunctionResult, encodeDeployData, encodeFunctionData } from 'viem';
import { dataFeedArtifact, jobId, PEDAL_ADDRESS } from '../../contracts/index.ts';
import { type Address, fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';
import type { World } from '../../environment/sim/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { Account, Accounts } from './accounts.ts';
import type { FeedSettings } from './format/pedal-scenario.ts';
import { numberSpec } from './load.ts';
import { SOURCE_DECIMALS, type Sources } from './sources.ts';

interface FeedsOptions {
  readonly world: World;
  readonly accounts: Accounts;
  readonly keeper: Account;
  readonly sources: Sources;
  readonly feeds: readonly FeedSettings[];
  readonly feeWei: bigint;
  readonly sealers: () => readonly Ledger[];
}

interface Feed extends FeedSettings {
  readonly address: Address;
  busy: boolean;
}

/** How often the keeper looks. */
const LOOK_MICROS = 1_000_000;
const REQUEST_SECONDS = 30;
const FUND_REQUESTS = 1_000n;
const abi = dataFeedArtifact.abi;

/** Feeds in contracts, and a keeper that polls them and says when their value moved: what runs beside every feed. */
export class Feeds {
  readonly #options: FeedsOptions;
  readonly #feeds: Feed[] = [];
  readonly sentAt = new Map<Hex, Micros>();
  asked = 0;
  #running = false;

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  isFeed(address: Address): boolean {
    return this.#feeds.some((feed) => feed.address === address);
  }

  get addresses(): readonly Address[] {
    return this.#feeds.map(({ address }) => address);
  }

  /** Deploys the contracts and gives them money. @throws TreadleError CONTRACT_REJECTED */
  async deploy(): Promise<void> {
    const { accounts, keeper, feeds, feeWei } = this.#options;
    for (const settings of feeds) {
      const config = {
        job: jobId('data'),
        spec: toHex(new TextEncoder().encode(numberSpec(settings.source))),
        description: settings.source,
        decimals: SOURCE_DECIMALS,
        heartbeatSeconds: Math.floor(settings.heartbeatMicros / 1e6),
        deviation: settings.deviationPpm,
        requestSeconds: REQUEST_SECONDS,
      };
      const data = encodeDeployData({ abi, bytecode: dataFeedArtifact.bytecode, args: [PEDAL_ADDRESS, config] });
      const deployed = await accounts.send(keeper, { to: '0x' as Address, data, gas: 10_000_000n });
      if (deployed.state !== 'done' || deployed.receipt.contractAddress === undefined)
        throw new TreadleError('CONTRACT_REJECTED', {
          detail: `a feed could not be deployed: ${JSON.stringify(deployed, (_, each) => (typeof each === 'bigint' ? String(each) : each))}`,
        });
      const address = deployed.receipt.contractAddress;
      await accounts.send(keeper, { to: address, valueWei: FUND_REQUESTS * feeWei });
      this.#feeds.push({ ...settings, address, busy: false });
    }
  }

  start(): void {
    this.#running = true;
    this.#look();
  }

  stop(): void {
    this.#running = false;
  }

  #look(): void {
    const { world } = this.#options;
    world.at(LOOK_MICROS, () => {
      if (!this.#running) return;
      for (const feed of this.#feeds) if (!feed.busy) void this.#keep(feed);
      this.#look();
    });
  }

  async #keep(feed: Feed): Promise<void> {
    feed.busy = true;
    try {
      const call = await this.#due(feed);
      if (call === undefined) return;
      const { world, accounts, keeper, feeWei } = this.#options;
      const sentMicros = world.now;
      const data = encodeFunctionData({ abi, functionName: call });
      const valueWei = call === 'claimDeviation' ? feeWei : 0n;
      const sent = await accounts.send(keeper, { to: feed.address, data, valueWei });
      if (sent.state !== 'done') return;
      this.asked++;
      this.sentAt.set(sent.receipt.transactionHash, sentMicros);
    } catch {
      // The sealer that was asked stopped; the next look asks another one.
    } finally {
      feed.busy = false;
    }
  }

  /** What the feed needs now. */
  async #due({ address, source, heartbeatMicros, deviationPpm }: Feed): Promise<'poll' | 'claimDeviation' | undefined> {
    const { world, sources } = this.#options;
    if ((await this.#read(address, 'openRequest')) !== 0n) return undefined;
    const rounds = await this.#read(address, 'latestRound');
    if (rounds === 0n) return 'poll';
    const updatedAt = Number(await this.#read(address, 'latestTimestamp'));
    if (world.now / 1e6 >= updatedAt + heartbeatMicros / 1e6 + 1) return 'poll';
    const settings = sources.settings(source);
    const last = Number(await this.#read(address, 'latestAnswer')) / 10 ** SOURCE_DECIMALS;
    if (settings === undefined) return undefined;
    const moved = Math.abs(sources.numberAt(settings, world.now) - last);
    return moved * 1_000_000 > Math.abs(last) * deviationPpm ? 'claimDeviation' : undefined;
  }

  async #read(to: Address, functionName: 'openRequest' | 'latestRound' | 'latestTimestamp' | 'latestAnswer'): Promise<bigint> {
    const [ledger] = this.#options.sealers();
    if (ledger === undefined) throw new TreadleError('CONTRACT_UNREACHABLE');
    const data = encodeFunctionData({ abi, functionName });
    const { success, returnData } = await ledger.call({ to, data: fromHex(data) }, 'latest');
    if (!success) throw new TreadleError('CONTRACT_REVERTED', { detail: functionName });
    return decodeFunctionResult({ abi, functionName, data: toHex(returnData) });
  }
}
