import { serviceId } from '../../src/contracts/index.ts';
import { randomNumbers } from './random-numbers.ts';
import { addDevice, addNode, createWorld, taskIdFor } from './world.ts';

interface Position {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
}

/** Ways to spread nodes; each draws a position. */
export const layouts = {
  city: (random: () => number): Position => {
    const centre = Math.floor(random() * 5);
    const offset = () => (random() + random() + random() - 1.5) * 20_000;
    return {
      latitudeE6: Math.round(-37_815_000 + (((centre * 37) % 5) - 2) * 14_000 + offset()),
      longitudeE6: Math.round(144_963_000 + (centre - 2) * 17_000 + offset()),
    };
  },
  uniform: (random: () => number): Position => ({
    latitudeE6: Math.round((random() - 0.5) * 180_000_000),
    longitudeE6: Math.round((random() - 0.5) * 360_000_000),
  }),
} as const;

export type Layout = keyof typeof layouts;

export interface MatchingGas {
  readonly callMean: number;
  readonly callMax: number;
  readonly requestMean: number;
  readonly requestMax: number;
  /** A call that has to look at every node and finds none within the limit. */
  readonly worstCall: number;
}

const PRICE_MIN = 130;
const PRICES = 120;
const SAMPLES = 50;

/** Registers `nodes` nodes and measures calls and requests at random positions. */
export async function measureMatching(options: {
  readonly nodes: number;
  readonly layout: Layout;
  readonly seed: number;
}): Promise<MatchingGas> {
  const world = await createWorld();
  const random = randomNumbers(options.seed);
  const place = layouts[options.layout];
  const service = serviceId('vibration.spectrum');
  for (let count = 0; count < options.nodes; count++) {
    const priceWei = BigInt(PRICE_MIN + Math.floor(random() * PRICES));
    await addNode(world, { name: `node ${count}`, ...place(random), capacity: 4, priceWei, services: [service] });
  }
  const device = await addDevice(world, 'device');
  const calls: number[] = [];
  const requests: number[] = [];
  for (let count = 0; count < SAMPLES; count++) {
    const { latitudeE6, longitudeE6 } = place(random);
    const limit = BigInt(PRICE_MIN + PRICES);
    calls.push(Number(await world.registry.readGas('edgeMatch', [latitudeE6, longitudeE6, service, limit])));
    const asked = [taskIdFor(device, count), latitudeE6, longitudeE6, service, limit] as const;
    requests.push(Number((await world.registry.write(device, 'requestMatch', asked)).gasUsed));
  }
  const { latitudeE6, longitudeE6 } = place(random);
  // 129 and every price have the same number of bits: no node can be ruled out without reading its price.
  const worst = await world.registry.readGas('edgeMatch', [latitudeE6, longitudeE6, service, BigInt(PRICE_MIN - 1)]);
  const mean = (values: readonly number[]) => Math.round(values.reduce((sum, each) => sum + each, 0) / values.length);
  return {
    callMean: mean(calls),
    callMax: Math.max(...calls),
    requestMean: mean(requests),
    requestMax: Math.max(...requests),
    worstCall: Number(worst),
  };
}
