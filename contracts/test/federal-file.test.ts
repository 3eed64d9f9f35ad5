import { type Abi, encodeFunctionData } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  FEDERAL_FILE_ADDRESS,
  federalFileArtifact,
  filedLaneLeaf,
  INBOX_ADDRESS,
  LANE_CONTROL_ADDRESS,
  LaneTree,
  laneControlArtifact,
  OUTBOX_ADDRESS,
  SOURCE_HEADERS_ADDRESS,
} from '../../src/contracts/index.ts';
import type { Address, Hex } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, placeContract, type TestContract } from './harness.ts';
import { createWorld, type World } from './world.ts';

const NORTH = 7401n;
const INTERVAL = 8;
const hash = (byte: string): Hex => `0x${byte.repeat(32)}`;
const gateways = ['gateway of Ardent', 'gateway of Brook', 'gateway of Cobalt'].map(addressFor) as [Address, Address, Address];

describe('the federal file', () => {
  let world: World;
  let file: TestContract<typeof federalFileArtifact.abi>;
  let control: TestContract<typeof laneControlArtifact.abi>;

  /** What is filed of a lane of north: the tree over its lanes, of which there are two. */
  const lanes = [
    { source: NORTH, destination: 7400n, size: 5n, root: hash('aa') },
    { source: NORTH, destination: 7402n, size: 9n, root: hash('bb') },
  ];
  const tree = new LaneTree();
  for (const lane of lanes) tree.append(filedLaneLeaf(lane));

  const say = (gateway: Address, height: bigint, lanesRoot: Hex = tree.root()) =>
    file.write(gateway, 'file', [NORTH, height, hash('01'), lanesRoot, 2n]);
  const decide = async (functionName: string, args: readonly unknown[]) => {
    const data = encodeFunctionData({ abi: file.abi as Abi, functionName, args });
    for (const company of world.companies) await control.write(company.address, 'approve', [FEDERAL_FILE_ADDRESS, data]);
  };

  beforeEach(async () => {
    world = await createWorld(7400);
    const parts = {
      headers: SOURCE_HEADERS_ADDRESS,
      inbox: INBOX_ADDRESS,
      outbox: OUTBOX_ADDRESS,
      federalFile: FEDERAL_FILE_ADDRESS,
    };
    const controlArgs = [world.consortium.address, parts, []];
    control = await placeContract(world.chain, LANE_CONTROL_ADDRESS, laneControlArtifact, controlArgs);
    const ledger = { chainId: NORTH, interval: INTERVAL, companies: world.companies.map(({ address }) => address) };
    file = await placeContract(world.chain, FEDERAL_FILE_ADDRESS, federalFileArtifact, [LANE_CONTROL_ADDRESS, [ledger]]);
    for (const [index, company] of world.companies.entries()) {
      await file.write(company.address, 'setGateway', [NORTH, gateways[index] as Address, true]);
    }
  });

  it('takes what gateways and companies of a ledger say, at the heights that all speak about', async () => {
    await say(gateways[0], 8n);
    expect((await file.read('standing', [NORTH, 8n])).slice(1)).toEqual([1n, 1n, true]);
    await say(world.companies[1].address, 8n);
    expect((await file.read('standing', [NORTH, 8n])).slice(1)).toEqual([2n, 1n, true]);
    expect(await file.read('ledgerOf', [NORTH])).toMatchObject({ lastHeight: 8n, contradictions: 0 });
    // A company and its gateway are one voice.
    await expectRefusal(say(gateways[1], 8n), 'AlreadyFiled', [NORTH, 8n, world.companies[1].address]);
    await expectRefusal(say(gateways[0], 9n), 'NotThatHeight', [9n, INTERVAL]);
    await expectRefusal(say(gateways[0], 0n), 'NotThatHeight');
    await expectRefusal(say(addressFor('stranger'), 8n), 'NotAGateway');
    await expectRefusal(file.write(gateways[0], 'file', [99n, 8n, hash('01'), hash('02'), 1n]), 'NotAGateway');
    await expectRefusal(file.read('standing', [NORTH, 16n]), 'NothingFiled', [NORTH, 16n]);
    await expectRefusal(file.read('standing', [99n, 8n]), 'UnknownLedger', [99n]);
  });

  it('shows a group whether a lane is in it', async () => {
    await say(gateways[0], 8n);
    for (const [index, { destination, size, root }] of lanes.entries()) {
      const { proof } = tree.place(index);
      const asked = [NORTH, 8n, destination, size, root, BigInt(index), proof] as const;
      expect(await file.read('includes', asked)).toBe(true);
      expect(await file.read('includes', [NORTH, 8n, destination, size + 1n, root, BigInt(index), proof])).toBe(false);
      expect(await file.read('includes', [NORTH, 16n, destination, size, root, BigInt(index), proof])).toBe(false);
      expect(await file.read('laneLeaf', [NORTH, destination, size, root])).toBe(filedLaneLeaf(lanes[index] ?? expect.fail()));
    }
  });

  it('is blocked by a contradiction, for all heights, until the companies have decided', async () => {
    const [first] = lanes as [(typeof lanes)[0]];
    const place = tree.place(0);
    const asked = [NORTH, 8n, first.destination, first.size, first.root, 0n, place.proof] as const;
    await say(gateways[0], 8n);
    await say(gateways[0], 16n);
    const { events } = await say(gateways[1], 8n, hash('ee'));
    const contradicted = events.find(({ name }) => name === 'Contradicted');
    expect(contradicted?.args).toMatchObject({ chainId: NORTH, height: 8n });
    expect(await file.read('filingsOf', [NORTH, 8n])).toHaveLength(2);
    expect(await file.read('includes', asked)).toBe(false);
    expect((await file.read('standing', [NORTH, 16n])).at(3)).toBe(false);
    // More heights contradicted are more to decide.
    await say(gateways[1], 16n, hash('ee'));
    await say(gateways[2], 16n, hash('ef'));
    await decide('resolve', [NORTH, 8n, 0n]);
    expect((await file.read('standing', [NORTH, 8n])).at(3)).toBe(false);
    await decide('resolve', [NORTH, 16n, 0n]);
    expect((await file.read('standing', [NORTH, 8n])).slice(1)).toEqual([1n, 1n, true]);
    expect(await file.read('includes', asked)).toBe(true);
    expect(await file.read('filingsOf', [NORTH, 16n])).toHaveLength(1);
    await expectRefusal(file.write(gateways[0], 'resolve', [NORTH, 8n, 0n]), 'OnlyControl');
    // Who lied speaks no more for its company.
    await file.write(world.companies[1].address, 'setGateway', [NORTH, gateways[1], false]);
    await expectRefusal(say(gateways[1], 24n), 'NotAGateway');
  });

  it('shows who withholds, and any other gateway goes on', async () => {
    await say(gateways[0], 8n);
    world.chain.advance(1_000);
    const { lastFiledAt } = await file.read('ledgerOf', [NORTH]);
    expect(BigInt(world.chain.now()) - lastFiledAt).toBe(1_000n);
    await say(gateways[2], 16n);
    expect(await file.read('ledgerOf', [NORTH])).toMatchObject({ lastHeight: 16n, lastFiledAt: BigInt(world.chain.now()) });
    // An older height may be filed late.
    await say(gateways[1], 8n);
    expect(await file.read('ledgerOf', [NORTH])).toMatchObject({ lastHeight: 16n });
  });

  it('knows gateways by the companies of the ledger alone', async () => {
    const [ardent, brook] = world.companies;
    await expectRefusal(file.write(addressFor('stranger'), 'setGateway', [NORTH, addressFor('mine'), true]), 'NotItsCompany');
    await expectRefusal(file.write(brook.address, 'setGateway', [NORTH, gateways[0], false]), 'NotItsCompany');
    await expectRefusal(file.write(ardent.address, 'setGateway', [99n, gateways[0], true]), 'UnknownLedger');
    await expectRefusal(file.write(ardent.address, 'setLedger', [{ chainId: 5n, interval: 1, companies: [] }]), 'OnlyControl');
    const companies = [...world.companies.map(({ address }) => address), addressFor('Delta')];
    await decide('setLedger', [{ chainId: NORTH, interval: INTERVAL, companies }]);
    await say(addressFor('Delta'), 8n);
    expect((await file.read('standing', [NORTH, 8n])).slice(1)).toEqual([1n, 2n, false]);
    await say(gateways[0], 8n);
    expect((await file.read('standing', [NORTH, 8n])).slice(1)).toEqual([2n, 2n, true]);
  });
});
