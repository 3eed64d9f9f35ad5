import {
  CONSORTIUM_ADDRESS,
  certificateDigest,
  consortiumArtifact,
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryArtifact,
  PAYMENT_CHANNELS_ADDRESS,
  paymentChannelsArtifact,
} from '../../src/contracts/index.ts';
import { type Address, type Hex, type NodeKey, toEthereumSignature, toHex } from '../../src/crypto/index.ts';
import { addressFor, createChain, keyOf, placeContract, type TestChain, type TestContract } from './harness.ts';

/** A consortium of a proxy and three companies with all three contracts in place. */
export interface World {
  readonly chain: TestChain;
  readonly proxy: NodeKey;
  readonly companies: readonly [NodeKey, NodeKey, NodeKey];
  readonly consortium: TestContract<typeof consortiumArtifact.abi>;
  readonly registry: TestContract<typeof edgeRegistryArtifact.abi>;
  readonly channels: TestContract<typeof paymentChannelsArtifact.abi>;
}

export const DEVICE = 1;
export const EDGE_NODE = 2;
export const FAR_FUTURE = 4_000_000_000n;

export async function createWorld(chainId?: number): Promise<World> {
  const chain = await createChain(chainId);
  const proxy = keyOf('proxy');
  const companies = [keyOf('Ardent'), keyOf('Brook'), keyOf('Cobalt')] as const;
  const founders = companies.map(({ address }, index) => ({ account: address, name: ['Ardent', 'Brook', 'Cobalt'][index] }));
  const consortium = await placeContract(chain, CONSORTIUM_ADDRESS, consortiumArtifact, [proxy.address, founders]);
  const registry = await placeContract(chain, EDGE_REGISTRY_ADDRESS, edgeRegistryArtifact, [CONSORTIUM_ADDRESS]);
  const channels = await placeContract(chain, PAYMENT_CHANNELS_ADDRESS, paymentChannelsArtifact, []);
  return { chain, proxy, companies, consortium, registry, channels };
}

/** States with a candidate's or successor's own key that it has the block before this one. */
export async function proveSync(world: Pick<World, 'chain' | 'consortium'>, key: Address) {
  const { chain, consortium } = world;
  const height = chain.height() - 1;
  return consortium.write(key, 'proveSync', [BigInt(height), chain.hashOf(height)]);
}

/** The 32 bytes that consensus signatures of a test chain cover. */
export const DOMAIN = new Uint8Array(32).fill(0xd0);

/** Puts a contract where a chain tells its facts: it answers {@link DOMAIN}. */
export async function placeChainFacts(chain: TestChain, domain: Uint8Array = DOMAIN): Promise<void> {
  // PUSH32 domain PUSH0 MSTORE PUSH1 32 PUSH0 RETURN, and a constructor that returns these 39 bytes.
  const code = `7f${toHex(domain).slice(2)}5f5260205ff3`;
  await chain.place(CHAIN_FACTS, `0x6027600a5f3960275ff3${code}`);
}

const CHAIN_FACTS: Address = '0x0000000000000000000000000000000000007001';

export interface CertificateFields {
  readonly observer: Address;
  readonly role: number;
  readonly company: Address;
  readonly expiresAt: bigint;
  readonly serial: Hex;
}

let serials = 0;

/** A certificate of `company` for `observer`, and the company's signature. */
export function certify(
  world: World,
  company: NodeKey,
  observer: Address,
  role: number,
  change: Partial<CertificateFields> = {},
): { readonly certificate: CertificateFields; readonly signature: Hex } {
  const serial = toHex(new Uint8Array(new BigUint64Array([BigInt(++serials), 0n, 0n, 0n]).buffer));
  const certificate = { observer, role, company: company.address, expiresAt: FAR_FUTURE, serial, ...change };
  const digest = certificateDigest({ chainId: world.chain.chainId, contract: CONSORTIUM_ADDRESS, certificate });
  return { certificate, signature: toEthereumSignature(company.sign(digest)) };
}

export async function registerObserver(world: World, company: NodeKey, observer: Address, role: number): Promise<void> {
  const { certificate, signature } = certify(world, company, observer, role);
  await world.consortium.write(observer, 'registerObserver', [certificate, signature]);
}

export interface NodeWish {
  readonly name: string;
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly capacity?: number;
  readonly priceWei?: bigint;
  readonly services: readonly Hex[];
  readonly company?: NodeKey;
}

/** Registers an edge node on the consortium and in the registry; returns its id and address. */
export async function addNode(
  world: World,
  wish: NodeWish,
): Promise<{ readonly id: bigint; readonly node: Address; readonly gasUsed: bigint }> {
  const node = addressFor(wish.name);
  const company = wish.company ?? world.companies[0];
  await registerObserver(world, company, node, EDGE_NODE);
  const { capacity = 1, priceWei = 100n, latitudeE6, longitudeE6, services } = wish;
  const spec = { node, latitudeE6, longitudeE6, capacity, priceWei, services };
  const { gasUsed, returnData } = await world.registry.write(company.address, 'addNode', [spec]);
  return { id: BigInt(returnData), node, gasUsed };
}

export async function addDevice(world: World, name: string): Promise<Address> {
  const device = addressFor(name);
  await registerObserver(world, world.companies[0], device, DEVICE);
  return device;
}

/** A task id of a device: its address and a counter. */
export function taskIdFor(device: Address, count: number): Hex {
  return `${device}${count.toString(16).padStart(24, '0')}`;
}
