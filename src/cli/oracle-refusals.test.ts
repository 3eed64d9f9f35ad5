import type { Abi } from 'viem';
import { describe, expect, it } from 'vitest';
import { dataFeedArtifact, oracleRegistryArtifact, pedalArtifact } from '../contracts/index.ts';
import { TreadleError } from '../errors.ts';
import { actingOnOracle, oracleWordsFor } from './oracle-refusals.ts';

const sample = (type: string): unknown =>
  type.startsWith('uint') || type.startsWith('int') ? 1n : `0x${'0'.repeat(type === 'bytes32' ? 64 : 40)}`;
const errors = [pedalArtifact, oracleRegistryArtifact, dataFeedArtifact].flatMap(({ abi }) =>
  (abi as Abi)
    .filter((entry) => entry.type === 'error')
    .map((entry) => [entry.name, entry.inputs.map(({ type }) => sample(type))] as const),
);

describe('the refusals of the oracle and of feeds', () => {
  it.each(errors)('%s is said in words', (name, args) => {
    const words = oracleWordsFor(name, args);
    expect(words).toMatch(/^[^.]+$/);
    expect(words).not.toContain('undefined');
  });

  it('do not take the words of another contract for errors of the same name', () => {
    expect(oracleWordsFor('UnknownNode', ['0xabc'])).toBe('0xabc has no oracle node');
    expect(oracleWordsFor('AlreadyRegistered', [3n])).toBe('this account is registered already, as oracle node 3');
  });

  it('become errors of the command', async () => {
    const data = { errorName: 'TooFewNodes', args: [0n, 5n] };
    const refused = Promise.reject(new TreadleError('CONTRACT_REVERTED', { detail: 'raw', data }));
    await expect(actingOnOracle(refused)).rejects.toMatchObject({
      code: 'CLI_REFUSED',
      detail: expect.stringContaining('the oracle has 0 nodes in this term, 5 are needed'),
    });
  });
});
