import { commitDigest, MESSAGE_TYPE } from '../../src/consensus/index.ts';
import { serviceId } from '../../src/contracts/index.ts';
import { type Hex, type NodeKey, toHex } from '../../src/crypto/index.ts';
import { createChannel } from './channel-fixture.ts';
import { crossLedgerGas } from './cross-ledger-gas.ts';
import { addressFor, keyOf } from './harness.ts';
import { pedalGas } from './pedal-gas.ts';
import { randomNumbers } from './random-numbers.ts';
import {
  addDevice,
  addNode,
  certify,
  createWorld,
  DEVICE,
  DOMAIN,
  EDGE_NODE,
  placeChainFacts,
  proveSync,
  registerObserver,
  taskIdFor,
  type World,
} from './world.ts';

const SERVICE = serviceId('vibration.spectrum');
const WEI = 10n ** 18n;
const NODES = 100;
const EPOCH = 32;

/** Gas of every call that changes state, as a receipt would show it, in fixed scenes. */
export async function gasOfCalls(): Promise<Readonly<Record<string, number>>> {
  return {
    ...(await consortiumGas()),
    ...(await registryGas()),
    ...(await channelGas()),
    ...(await pedalGas()),
    ...(await crossLedgerGas()),
  };
}

async function consortiumGas(): Promise<Record<string, number>> {
  const gas: Record<string, number> = {};
  const world = await createWorld();
  const [first, second, third] = world.companies;
  const { consortium } = world;
  const measure = async (name: string, call: Promise<{ readonly gasUsed: bigint }>) => {
    gas[`Consortium.${name}`] = Number((await call).gasUsed);
  };
  await placeChainFacts(world.chain);
  await measure('propose', consortium.write(first.address, 'propose', [0, keyOf('Delta').address, 'Delta']));
  await measure('proveSync (a candidate)', proveSync(world, keyOf('Delta').address));
  await measure('vote', consortium.write(second.address, 'vote', [1n, true]));
  await measure('vote (adds a company)', consortium.write(third.address, 'vote', [1n, true]));
  world.chain.mine(EPOCH);
  await consortium.write(first.address, 'propose', [1, keyOf('Delta').address, '']);
  await consortium.write(second.address, 'vote', [2n, true]);
  await measure('vote (removes a company)', consortium.write(third.address, 'vote', [2n, true]));
  world.chain.mine(EPOCH);
  await consortium.write(first.address, 'propose', [2, addressFor('new proxy'), '']);
  await proveSync(world, addressFor('new proxy'));
  await consortium.write(second.address, 'vote', [3n, true]);
  await measure('vote (replaces the proxy)', consortium.write(third.address, 'vote', [3n, true]));
  world.chain.mine(EPOCH);
  await measure('nameSuccessor', consortium.write(first.address, 'nameSuccessor', [addressFor('new key')]));
  await measure('proveSync (takes a seat)', proveSync(world, addressFor('new key')));
  await measure('reportEquivocation', consortium.write(addressFor('anyone'), 'reportEquivocation', equivocationOf(second)));
  const device = addressFor('device');
  const admitted = fixedCertificate(world, 1, 3_000_000_000n);
  await measure('registerObserver', consortium.write(device, 'registerObserver', [admitted.certificate, admitted.signature]));
  const renewed = fixedCertificate(world, 2, 3_000_000_001n);
  await measure(
    'registerObserver (renews)',
    consortium.write(device, 'registerObserver', [renewed.certificate, renewed.signature]),
  );
  await measure('revokeObserver', consortium.write(first.address, 'revokeObserver', [device]));
  return gas;
}

/** Two commit votes of one sealer for one height and round. */
function equivocationOf(key: NodeKey) {
  const votes = ([1, 2] as const).map((byte) => {
    const digest: Hex = `0x${`0${byte}`.repeat(32)}`;
    return { digest, signature: toHex(key.sign(commitDigest(DOMAIN, { height: 1, round: 0, digest }))) };
  }) as [Vote, Vote];
  const [{ digest, signature }, other] = votes;
  return [MESSAGE_TYPE.commit, 1n, 0n, digest, signature, other.digest, other.signature] as const;
}

interface Vote {
  readonly digest: Hex;
  readonly signature: Hex;
}

function fixedCertificate(world: World, count: number, expiresAt: bigint) {
  return certify(world, world.companies[0], addressFor('device'), DEVICE, { expiresAt, serial: `0x${String(count).repeat(64)}` });
}

async function registryGas(): Promise<Record<string, number>> {
  const gas: Record<string, number> = {};
  const world = await createWorld();
  const { registry } = world;
  const company = world.companies[0];
  const random = randomNumbers(42);
  const somewhere = () => ({
    latitudeE6: -37_800_000 - Math.floor(random() * 30_000),
    longitudeE6: 144_950_000 + Math.floor(random() * 30_000),
  });
  const measure = async (name: string, call: Promise<{ readonly gasUsed: bigint }>) => {
    gas[`EdgeRegistry.${name}`] = Number((await call).gasUsed);
  };
  const device = await addDevice(world, 'device');
  const offer = { capacity: 2, priceWei: 100n, services: [SERVICE] };
  await measure('addNode (first)', addNode(world, { name: 'node 0', ...somewhere(), ...offer }));
  for (let count = 1; count < NODES - 1; count++) await addNode(world, { name: `node ${count}`, ...somewhere(), ...offer });
  await registerObserver(world, company, addressFor('last node'), EDGE_NODE);
  await measure('addNode (100th)', addNode(world, { name: `node ${NODES}`, ...somewhere(), ...offer }));
  const place = somewhere();
  await measure('updateNode (price)', reprice(world, 7n));
  const request = (count: number) => {
    const asked = [taskIdFor(device, count), place.latitudeE6, place.longitudeE6, SERVICE, 1000n] as const;
    return registry.write(device, 'requestMatch', asked);
  };
  const matched = await request(1);
  gas['EdgeRegistry.requestMatch (of 100)'] = Number(matched.gasUsed);
  const nodeId = matched.events[0]?.args['nodeId'] as bigint;
  const node = (await registry.read('node', [nodeId])).node.toLowerCase() as `0x${string}`;
  await measure('requestMatch (takes the last slot)', request(2));
  await measure('complete (one, frees a full node)', registry.write(node, 'complete', [[taskIdFor(device, 1)]]));
  await measure('complete (one)', registry.write(node, 'complete', [[taskIdFor(device, 2)]]));
  const many = Array.from({ length: 10 }, (_, index) => taskIdFor(device, 10 + index));
  for (const index of many.keys()) await request(10 + index);
  const owner = async (taskId: `0x${string}`) => (await registry.read('task', [taskId])).node.toLowerCase() as `0x${string}`;
  await measure('complete (two of ten)', registry.write(await owner(many[0] as `0x${string}`), 'complete', [many]));
  await request(30);
  await measure('reportFailure', registry.write(device, 'reportFailure', [taskIdFor(device, 30), 2]));
  world.chain.advance(600);
  await measure('expire (one)', registry.write(device, 'expire', [[taskIdFor(device, 30)]]));
  const nothing = [taskIdFor(device, 99), place.latitudeE6, place.longitudeE6, serviceId('nobody'), 1n] as const;
  await measure('requestMatch (no match)', registry.write(device, 'requestMatch', nothing));
  await measure('withdrawNode', registry.write(company.address, 'withdrawNode', [50n]));
  return gas;
}

async function reprice(world: World, id: bigint) {
  const { latitudeE6, longitudeE6, capacity, services } = await world.registry.read('node', [id]);
  return world.registry.write(world.companies[0].address, 'updateNode', [id, latitudeE6, longitudeE6, capacity, 101n, services]);
}

async function channelGas(): Promise<Record<string, number>> {
  const gas: Record<string, number> = {};
  const { world, payer, payee, nonce, channelId, open, voucher } = await createChannel();
  const { channels } = world;
  const note = (name: string, used: bigint) => {
    gas[`PaymentChannels.${name}`] = Number(used);
  };
  const measure = async (name: string, call: Promise<{ readonly gasUsed: bigint }>) => note(name, (await call).gasUsed);
  await world.chain.send(payee.address, { to: payee.address });
  note('open', await open(WEI));
  await measure('topUp', channels.write(payer.address, 'topUp', [channelId], WEI));
  const parties = [payer.address, payee.address, nonce] as const;
  await measure('claim (first)', channels.write(payee.address, 'claim', [...parties, WEI / 3n, voucher(WEI / 3n)]));
  await measure('claim (again)', channels.write(payee.address, 'claim', [...parties, WEI / 2n, voucher(WEI / 2n)]));
  await measure('startClose', channels.write(payer.address, 'startClose', [payee.address, nonce]));
  world.chain.advance(3600);
  await measure('withdraw', channels.write(payer.address, 'withdraw', [payee.address, nonce]));
  const second = await createChannel(world, 2n);
  await second.open(WEI);
  const last = [payer.address, 2n, WEI / 7n, second.voucher(WEI / 7n)] as const;
  await measure('cooperativeClose', channels.write(payee.address, 'cooperativeClose', last));
  const third = await createChannel(world, 3n);
  await third.open(WEI);
  await measure(
    'cooperativeClose (no voucher)',
    channels.write(payee.address, 'cooperativeClose', [payer.address, 3n, 0n, '0x']),
  );
  note('open + cooperativeClose', BigInt((gas['PaymentChannels.open'] ?? 0) + (gas['PaymentChannels.cooperativeClose'] ?? 0)));
  return gas;
}
