import { decodeAbiParameters } from 'viem';
import { describe, expect, it } from 'vitest';
import { ORACLE_REGISTRY_ADDRESS, PEDAL_ADDRESS, pedalArtifact } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import { buildGenesis, type GenesisOptions } from './genesis.ts';
import { nodesPerMemberFor, type OracleSettingsInput } from './oracle-settings.ts';

const account = (digit: number): Address => `0x${String(digit).repeat(40)}`;
const genesis = (oracle?: OracleSettingsInput) => {
  const companies = [1, 2, 3].map((digit) => ({ account: account(digit), name: `Company ${digit}` }));
  const options: GenesisOptions = { chainId: 1, timestampMs: 0, proxy: account(4), companies, alloc: {} };
  return buildGenesis({ ...options, ...(oracle && { oracle }) });
};

/** What the constructor of Pedal is given. */
function pedalArguments(oracle?: OracleSettingsInput) {
  const initCode = genesis(oracle).contracts.find(({ address }) => address === PEDAL_ADDRESS)?.initCode ?? '0x';
  const created = pedalArtifact.abi.find((entry) => entry.type === 'constructor');
  return decodeAbiParameters(created?.inputs ?? [], `0x${initCode.slice(pedalArtifact.bytecode.length)}`) as readonly [
    unknown,
    unknown,
    unknown,
  ];
}

describe('the oracle of a genesis', () => {
  it('has its registry first, which the oracle asks while it is placed', () => {
    const places = genesis().contracts.map(({ address }) => address);
    expect(places.indexOf(ORACLE_REGISTRY_ADDRESS)).toBeGreaterThan(0);
    expect(places.indexOf(PEDAL_ADDRESS)).toBe(places.indexOf(ORACLE_REGISTRY_ADDRESS) + 1);
  });

  it('has three jobs unless it is told otherwise, and takes what it is told', () => {
    const [registry, config, jobs] = pedalArguments();
    expect(String(registry).toLowerCase()).toBe(ORACLE_REGISTRY_ADDRESS);
    expect(config).toMatchObject({ election: { electBlocks: 6, expectedWinners: 3 }, stageBlocks: 4, silenceBlocks: 16 });
    expect(jobs).toMatchObject([{ config: { groupSize: 4, enabled: true } }, {}, { config: { feeWei: 10n ** 15n } }]);
    const [, changed, changedJobs] = pedalArguments({ electBlocks: 3, jobs: { data: { groupSize: 9, unanimous: true } } });
    expect(changed).toMatchObject({ election: { electBlocks: 3 } });
    expect(changedJobs).toMatchObject([{ config: { groupSize: 9, unanimous: true, maxSpecBytes: 4_096 } }, {}, {}]);
  });

  it.each<[string, OracleSettingsInput, RegExp]>([
    ['no stake', { minStakeWei: '0' }, /oracle\.minStakeWei: expected a stake above 0/],
    ['terms that BLOCKHASH does not reach', { termBlocks: 121 }, /oracle\.termBlocks: expected 8 to 120/],
    ['an election longer than half a term', { termBlocks: 8, electBlocks: 5 }, /electBlocks of at most half/],
    ['an exit before evidence can come', { termBlocks: 100, exitBlocks: 399 }, /exitBlocks of at least four terms/],
    ['a group in which none may fail', { jobs: { data: { groupSize: 3 } } }, /oracle\.jobs\.data\.groupSize: expected 4 to 127/],
    ['a forfeit of half the deposit', { jobs: { message: { forfeit: 5_000 } } }, /oracle\.jobs\.message\.forfeit/],
  ])('is refused with %s', (_what, oracle, message) => {
    expect(() => genesis(oracle)).toThrow(message);
    expect(() => genesis(oracle)).toThrow(expect.objectContaining({ code: 'CONSORTIUM_PLAN_INVALID' }));
  });

  it('lets no company have more than its share of many nodes', () => {
    expect(nodesPerMemberFor({ oracles: 0, companies: 3 })).toBe(8);
    expect(nodesPerMemberFor({ oracles: 31, companies: 3 })).toBe(11);
    expect(nodesPerMemberFor({ oracles: 1_000, companies: 3 })).toBe(128);
  });
});
