import type { Abi } from 'viem';
import { describe, expect, it } from 'vitest';
import { consortiumArtifact, edgeRegistryArtifact, paymentChannelsArtifact } from '../contracts/index.ts';
import { TreadleError } from '../errors.ts';
import { acting, wordsFor } from './refusals.ts';

/** What only devices and edge nodes are told, which act by their own programs, and what the libraries declare for themselves. */
const NOT_FOR_COMMANDS = [
  'NotADevice',
  'TaskIdNotYours',
  'TaskExists',
  'TaskNotMatched',
  'BatchTooLarge',
  'InvalidShortString',
  'StringTooLong',
];

const sample = (type: string): unknown =>
  type.startsWith('uint') || type.startsWith('int') ? 1n : `0x${'0'.repeat(type === 'bytes32' ? 64 : 40)}`;
const errors = [consortiumArtifact, edgeRegistryArtifact, paymentChannelsArtifact].flatMap(({ abi }) =>
  (abi as Abi)
    .filter((entry) => entry.type === 'error')
    .map((entry) => [entry.name, entry.inputs.map(({ type }) => sample(type))] as const),
);

describe('the refusals of the contracts', () => {
  it.each(errors.filter(([name]) => !NOT_FOR_COMMANDS.includes(name)))('%s is said in words', (name, args) => {
    const words = wordsFor(name, args);
    expect(words).toMatch(/^[^.]+$/);
    expect(words).not.toContain('undefined');
  });

  it('become errors of the command, with their facts', async () => {
    const data = { errorName: 'AlreadyVoted', args: [7n, '0xabc'], transactionHash: '0x12' };
    const refused = Promise.reject(new TreadleError('CONTRACT_REVERTED', { detail: 'raw', data }));
    await expect(acting(refused)).rejects.toMatchObject({
      code: 'CLI_REFUSED',
      detail: 'the ledger refused: 0xabc has voted on proposal 7',
      data,
    });
    const strange = Promise.reject(
      new TreadleError('CONTRACT_REVERTED', { detail: 'gave no reason', data: { errorName: 'unknown', args: [] } }),
    );
    await expect(acting(strange)).rejects.toMatchObject({ detail: 'the ledger refused: gave no reason' });
    const timeout = new TreadleError('CONTRACT_TIMEOUT');
    await expect(acting(Promise.reject(timeout))).rejects.toBe(timeout);
    expect(await acting(Promise.resolve(5))).toBe(5);
  });
});
