import { describe, expect, it } from 'vitest';
import { planConsortium } from '../consortium/index.ts';
import { CONSORTIUM_ADDRESS, consortiumArtifact } from '../contracts/index.ts';
import { createWorld } from '../environment/sim/index.ts';
import { createMemoryStateStore, EvmExecutor, type Genesis, openLedger } from '../ledger/index.ts';
import { genesisHeaderOf, genesisRoster } from './genesis-facts.ts';

const COMPANIES = ['Ada & Söhne', 'B', 'C', 'D'];
let drawn = 0;
const plan = planConsortium({
  chainId: 7331,
  name: 'test',
  companies: COMPANIES,
  edgeNodes: 1,
  devices: 1,
  random: { bytes: (length) => new Uint8Array(length).fill(++drawn), float: () => 0.5 },
  nowMs: 1_767_225_600_000,
});
const { genesis } = plan;

function withInitCode(change: (code: `0x${string}`) => `0x${string}`): Genesis {
  return {
    ...genesis,
    contracts: genesis.contracts.map((contract) =>
      contract.address === CONSORTIUM_ADDRESS ? { ...contract, initCode: change(contract.initCode) } : contract,
    ),
  };
}

describe('what follows from genesis alone', () => {
  it('are the founders, as they were planned', () => {
    const member = (role: string) => plan.members.filter((candidate) => candidate.role === role);
    expect(genesisRoster(genesis)).toEqual({
      proxy: member('proxy')[0]?.node,
      proxySealer: member('proxy')[0]?.node,
      companies: member('company').map(({ node }, at) => ({ account: node, name: COMPANIES[at], sealer: node })),
      sealers: [...member('proxy'), ...member('company')].map(({ node }) => node).sort(),
    });
  });

  it('is the header of block 0, the same that a ledger opens with, whoever executes it', async () => {
    const executor = new EvmExecutor({
      chainId: genesis.chainId,
      governance: genesis.governance,
      store: createMemoryStateStore(),
    });
    const header = await genesisHeaderOf(genesis, { executor });
    expect(await genesisHeaderOf(genesis, {})).toEqual(header);
    const world = createWorld({ seed: 1 });
    const environment = world.addNode(`0x${'1'.repeat(40)}`);
    const ledger = await world.run(openLedger(environment, genesis, { executor, verifyCertificate: () => undefined }));
    expect((await ledger.header(0))?.rlp).toEqual(header);
    expect(await genesisHeaderOf({ ...genesis, timestampMs: genesis.timestampMs + 1_000 }, {})).not.toEqual(header);
  });

  it.each<readonly [string, Genesis]>([
    ['no such contract', { ...genesis, contracts: genesis.contracts.filter(({ address }) => address !== CONSORTIUM_ADDRESS) }],
    ['the contract of another release', withInitCode((code) => `0x00${code.slice(2)}`)],
    ['a contract without founders', withInitCode(() => consortiumArtifact.bytecode)],
    ['founders that are cut off', withInitCode((code) => code.slice(0, -200) as `0x${string}`)],
  ])('a genesis with %s is refused', (_what, broken) => {
    expect(() => genesisRoster(broken)).toThrow(expect.objectContaining({ code: 'NODE_MISCONFIGURED' }));
  });
});
