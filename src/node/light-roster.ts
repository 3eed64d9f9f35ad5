import type { Roster } from '../consortium/index.ts';
import { consortiumClient, type LedgerClient } from '../contracts/index.ts';
import { TreadleError } from '../errors.ts';
import type { LightClient } from '../ledger/index.ts';
import { SEALERS_MAX } from '../limits.ts';
import { followHead } from './follow-headers.ts';
import type { RpcCall } from './rpc-service.ts';

/** Who is in the consortium, as a light node knows it. */
export interface LightRoster {
  readonly now: Roster;
  /** Reads it again, if the sealers have changed or it was never read. @throws TreadleError CONTRACT_* | LIGHT_* | NODE_PROXY_UNPROVED */
  refresh(): Promise<void>;
}

/**
 * Begins with the founders. What a full node says of the contract is taken as told, for a false company can neither seal
 * nor be matched; but who the proxy is decides to whom this node pays. Another proxy than the known one is believed only
 * when the certified sealers hold the known one no longer.
 */
export function createLightRoster(
  founders: Roster,
  parts: { readonly rpc: RpcCall; readonly client: LedgerClient; readonly light: LightClient },
): LightRoster {
  const { rpc, client, light } = parts;
  const consortium = consortiumClient(client);
  let now = founders;
  let readFor: string | undefined;
  return {
    get now() {
      return now;
    },
    async refresh() {
      if (readFor === light.head.nextSealers.join()) return;
      await followHead(rpc, light);
      const sealers = light.head.nextSealers;
      const [proxy, companies] = await Promise.all([
        consortium.proxy(),
        consortium.companies({ offset: 0n, limit: BigInt(SEALERS_MAX) }),
      ]);
      const replaced = sealers.includes(proxy) && !sealers.includes(now.proxy);
      if (proxy !== now.proxy && !replaced) {
        throw new TreadleError('NODE_PROXY_UNPROVED', {
          detail: `a full node says that ${proxy} is the proxy, the sealers' signatures say it is still ${now.proxy}`,
          data: { told: proxy, known: now.proxy },
        });
      }
      now = { proxy, companies: companies.map(({ account, name }) => ({ account, name })), sealers };
      readFor = sealers.join();
    },
  };
}
