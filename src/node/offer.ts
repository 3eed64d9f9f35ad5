import { z } from 'zod';
import { consortiumClient, edgeRegistryClient, type LedgerClient, type NodeOffer, serviceId } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import type { Environment, NodeId } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { OFFER_SERVICES_MAX } from '../limits.ts';

/** Request from an edge node to its company: "list me in the registry like this". */
export const OFFER_PROTOCOL = 'offer/1';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const offerSchema = z.strictObject({
  latitudeE6: z.int().min(-90_000_000).max(90_000_000),
  longitudeE6: z.int().min(-180_000_000).max(180_000_000),
  capacity: z.int().min(1).max(65_535),
  priceWei: z.string().regex(/^\d{1,28}$/),
  services: z.array(z.string().min(1).max(32)).min(1).max(OFFER_SERVICES_MAX),
});
/** An edge node's offer on the wire: JSON. */
export type Offer = z.output<typeof offerSchema>;

/**
 * Lets a company's node list the edge nodes that hold its certificate: only a company may write to the registry, and
 * the certificate is its consent. An offer that differs from the listed one replaces it; a node that the company has taken
 * out by hand stays out until it is put back by hand.
 */
export function serveOffers(environment: Environment, client: LedgerClient): void {
  const registry = edgeRegistryClient(client);
  const consortium = consortiumClient(client);
  /** Offers of one node take turns, or two of them would list it twice. */
  const turns = new Map<NodeId, Promise<unknown>>();
  environment.network.onRequest(OFFER_PROTOCOL, (from, body) => {
    const offer = readOffer(body);
    const turn = (turns.get(from) ?? Promise.resolve()).catch(() => undefined).then(() => list(from, offer));
    turns.set(from, turn);
    void turn.catch(() => undefined).finally(() => turns.get(from) === turn && turns.delete(from));
    return turn;
  });

  async function list(node: Address, offer: Offer): Promise<Uint8Array> {
    const observer = await consortium.observer(node);
    if (observer.company !== client.account || observer.role !== 'edgeNode' || observer.standing !== 'active') {
      throw refused(`${node} is not an active edge node of ${client.account}`);
    }
    const wanted: NodeOffer = {
      latitudeE6: offer.latitudeE6,
      longitudeE6: offer.longitudeE6,
      capacity: offer.capacity,
      priceWei: BigInt(offer.priceWei),
      services: offer.services.map(serviceId),
    };
    const known = await registry.nodeIdOf(node);
    const listed = known === 0n ? undefined : await registry.node(known);
    if (listed === undefined || (listed.state === 'withdrawn' && listed.company !== client.account)) {
      const { id } = await registry.addNode(node, wanted);
      environment.log.info('offer.listed', { edge: node, id });
      return encoder.encode(id.toString());
    }
    if (listed.state === 'withdrawn') {
      throw refused(`${client.account} took ${node} out of matching: it lists it again with \`treadle consortium add-node\``);
    }
    if (differs(listed, wanted)) {
      await registry.updateNode(known, wanted);
      environment.log.info('offer.updated', { edge: node, id: known });
    }
    return encoder.encode(known.toString());
  }
}

/** Asks the company to list this edge node; resolves with its number in the registry. @throws TreadleError NODE_OFFER_REFUSED | NETWORK_* */
export async function sendOffer(environment: Environment, company: NodeId, offer: Offer): Promise<bigint> {
  const answer = await environment.network.request(company, OFFER_PROTOCOL, encoder.encode(JSON.stringify(offer)), {
    timeoutMicros: 60_000_000,
  });
  return BigInt(decoder.decode(answer));
}

function readOffer(body: Uint8Array): Offer {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch (cause) {
    throw new TreadleError('NODE_OFFER_REFUSED', { detail: 'the offer is not JSON', cause });
  }
  const parsed = offerSchema.safeParse(value);
  if (!parsed.success) throw refused(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  return parsed.data;
}

function differs(left: NodeOffer, right: NodeOffer): boolean {
  const facts = ({ latitudeE6, longitudeE6, capacity, priceWei, services }: NodeOffer): string =>
    [latitudeE6, longitudeE6, capacity, priceWei, ...[...services].sort()].join();
  return facts(left) !== facts(right);
}

function refused(detail: string): TreadleError {
  return new TreadleError('NODE_OFFER_REFUSED', { detail });
}
