import fc from 'fast-check';
import { type Abi, encodeFunctionData, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { addressFor } from '../../../contracts/test/harness.ts';
import { addDevice, createWorld, EDGE_NODE, registerObserver, taskIdFor, type World } from '../../../contracts/test/world.ts';
import { edgeRegistryArtifact, type MatchQuery, type PlacedLog, serviceId } from '../../contracts/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import { createMatchAudit, type MatchAuditReport } from './match-audit.ts';
import { readMatchQuery, readRegistryEvent } from './registry-event.ts';

const services = ['vibration.spectrum', 'image.classify'].map(serviceId);
const coordinate = (max: number) =>
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -40_000, max: 40_000 }), fc.constantFrom(-max, max));
const position = fc.record({ latitudeE6: coordinate(90_000_000), longitudeE6: coordinate(180_000_000) });
const priceWei = fc.bigInt({ min: 0n, max: 20n });
const offer = fc.record({
  position,
  priceWei,
  capacity: fc.integer({ min: 1, max: 3 }),
  services: fc.subarray(services, { minLength: 1 }),
});
const which = fc.nat({ max: 1000 });
const query = fc.record({ position, service: fc.constantFrom(...services, serviceId('nobody.offers')), maxPriceWei: priceWei });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('add' as const), offer }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('update' as const), which, offer }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('withdraw' as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('comeBack' as const), which, offer }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('match' as const), query }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fail' as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('complete' as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('expire' as const), which }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Offer = typeof offer extends fc.Arbitrary<infer T> ? T : never;

/** The registry on an EVM, with the logs that it leaves; calls that it refuses leave none. */
class Registry {
  readonly logs: PlacedLog[] = [];
  /** Data of each transaction by its hash, as a node would give it. */
  readonly sent = new Map<Hex, Hex>();
  readonly #world: World;
  readonly #device: Address;
  #nodes = 0;
  #tasks = 0;

  private constructor(world: World, device: Address) {
    this.#world = world;
    this.#device = device;
  }

  static async open(): Promise<Registry> {
    const world = await createWorld();
    return new Registry(world, await addDevice(world, 'device'));
  }

  async apply(each: Step): Promise<void> {
    const company = this.#world.companies[0].address;
    const pick = (number: number, of: number): bigint => BigInt((number % Math.max(of, 1)) + 1);
    switch (each.type) {
      case 'add': {
        const node = addressFor(`node ${++this.#nodes}`);
        await registerObserver(this.#world, this.#world.companies[0], node, EDGE_NODE);
        return this.#call(company, 'addNode', [spec(node, each.offer)]);
      }
      case 'comeBack':
        return this.#call(company, 'addNode', [spec(addressFor(`node ${pick(each.which, this.#nodes)}`), each.offer)]);
      case 'update': {
        const { position: at, capacity, priceWei: price, services: offered } = each.offer;
        const id = pick(each.which, this.#nodes);
        return this.#call(company, 'updateNode', [id, at.latitudeE6, at.longitudeE6, capacity, price, offered]);
      }
      case 'withdraw':
        return this.#call(company, 'withdrawNode', [pick(each.which, this.#nodes)]);
      case 'match': {
        const { position: at, service, maxPriceWei } = each.query;
        const taskId = taskIdFor(this.#device, ++this.#tasks);
        return this.#call(this.#device, 'requestMatch', [taskId, at.latitudeE6, at.longitudeE6, service, maxPriceWei]);
      }
      case 'fail':
        return this.#call(this.#device, 'reportFailure', [taskIdFor(this.#device, Number(pick(each.which, this.#tasks))), 2]);
      case 'complete': {
        const all = Array.from({ length: Math.min(this.#tasks, 8) }, (_, at) =>
          taskIdFor(this.#device, ((each.which + at) % this.#tasks) + 1),
        );
        return this.#call(addressFor(`node ${pick(each.which, this.#nodes)}`), 'complete', [all]);
      }
      case 'expire':
        this.#world.chain.advance(601);
        return this.#call(company, 'expire', [[taskIdFor(this.#device, Number(pick(each.which, this.#tasks)))]]);
    }
  }

  async #call(from: Address, functionName: string, args: readonly unknown[]): Promise<void> {
    const data = encodeFunctionData({ abi: edgeRegistryArtifact.abi as Abi, functionName, args });
    const { logs } = await this.#world.chain.send(from, { to: this.#world.registry.address, data });
    const blockNumber = this.sent.size + 1;
    const transactionHash = toHex(blockNumber, { size: 32 });
    this.sent.set(transactionHash, data);
    this.logs.push(...logs.map((log, logIndex) => ({ ...log, blockNumber, transactionHash, transactionIndex: 0, logIndex })));
  }

  nodes() {
    return this.#world.registry.read('nodesPage', [0n, 500n]);
  }

  audit(logs: readonly PlacedLog[] = this.logs): MatchAuditReport {
    const audit = createMatchAudit({ fromBlock: 0 });
    for (const log of logs) {
      const event = readRegistryEvent(log);
      if (event === undefined) throw new Error('a log of the registry was not understood');
      audit.apply(event, audit.wantsQuery(event) ? this.#asked(log) : undefined);
    }
    return audit.report();
  }

  #asked({ transactionHash }: PlacedLog): MatchQuery | undefined {
    return readMatchQuery(this.sent.get(transactionHash) ?? '0x');
  }
}

function spec(node: Address, { position: at, capacity, priceWei: price, services: offered }: Offer) {
  return { node, ...at, capacity, priceWei: price, services: offered };
}

const isMatch = (log: PlacedLog): boolean => readRegistryEvent(log)?.eventName === 'Matched';

describe('an audit of the matches of the contract', () => {
  it('finds every one of them right, and each one that was altered', { timeout: 60_000 }, async () => {
    let doctored = 0;
    let judged = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), which, which, async (steps, at, other) => {
        const registry = await Registry.open();
        for (const each of steps) await registry.apply(each);
        const report = registry.audit();
        expect(report.findings).toEqual([]);
        expect(report).toMatchObject({ findingCount: 0, unchecked: 0, events: registry.logs.length });
        const matches = registry.logs.filter(isMatch);
        expect(report.matches).toBe(matches.length);
        expect(report.companies.reduce((sum, company) => sum + company.matches, 0)).toBe(matches.length);
        judged += report.matches;
        refused += report.refusals;

        const victim = matches[at % Math.max(matches.length, 1)];
        if (victim === undefined) return;
        const nodes = await registry.nodes();
        const chosen = BigInt(victim.topics[3] as Hex);
        const rivals = nodes.map(({ id }) => id).filter((id) => id !== chosen);
        const favoured = rivals[other % Math.max(rivals.length, 1)] ?? 99n;
        const altered = { ...victim, topics: [...victim.topics.slice(0, 3), toHex(favoured, { size: 32 })] };
        const found = registry.audit(registry.logs.map((log) => (log === victim ? altered : log)));
        const first = found.findings[0];
        expect(first).toMatchObject({
          kind: 'otherNode',
          chosen: { nodeId: Number(favoured) },
          best: { nodeId: Number(chosen) },
        });
        expect(first?.place.transactionHash).toBe(victim.transactionHash);
        doctored++;
      }),
      { numRuns: 12 },
    );
    // The property must not hold for want of cases.
    expect(Math.min(doctored, judged / 10, refused / 10)).toBeGreaterThan(3);
  });
});
