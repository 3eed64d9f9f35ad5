import type { Roster } from '../consortium/index.ts';
import { consortiumClient, type LedgerClient } from '../contracts/index.ts';
import { TreadleError } from '../errors.ts';
import type { LightClient } from '../ledger/index.ts';
import { followHead } from '../light/index.ts';
import { SEALERS_MAX } from '../limits.ts';
import { provedProxy } from './proved-proxy.ts';
import type { RpcCall } from './rpc-service.ts';

/** Who is in the consortium, as a light node knows it. */
export interface LightRoster {
  readonly now: Roster;
  /** Reads it again, if the sealers have changed or it was never read. @throws TreadleError CONTRACT_* | LIGHT_* | NODE_PROXY_UNPROVED */
  refresh(): Promise<void>;
}

/**
 * Begins with the founders. What a full node says of the contract is taken as told, for a false company can neither seal
 * nor be matched; but who the proxy is decides to whom this node pays. Another proxy than the known one is believed only with
 * a proof against the state root of a certified header.
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
      if (proxy !== now.proxy) {
        const proved = await provedProxy(rpc, light);
        if (proved !== proxy) {
          throw new TreadleError('NODE_PROXY_UNPROVED', {
            detail: `a full node says that ${proxy} is the proxy, its own proof says that it is ${proved}`,
            data: { told: proxy, proved },
          });
        }
      }
      const { sealer: proxySealer } = await consortium.seat(proxy);
      const seated = companies.map(({ account, name, sealer }) => ({ account, name, sealer }));
      now = { proxy, proxySealer, companies: seated, sealers };
      readFor = sealers.join();
    },
  };
}
