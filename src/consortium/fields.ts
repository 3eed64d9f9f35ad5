import { z } from 'zod';
import type { Address, Hex } from '../crypto/index.ts';

/** Fields that several of the files of a consortium share, with messages for the people who edit them. */

/** An Ethereum address in any letter case; read as lower case. */
export const address = z
  .string('expected an address')
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected an address: 0x and 40 hex digits')
  .transform((text) => text.toLowerCase() as Address);

export const bytes32 = z
  .string('expected 32 bytes as hex')
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 32 bytes: 0x and 64 hex digits')
  .transform((text) => text.toLowerCase() as Hex);

export const hexData = z
  .string('expected bytes as hex')
  .regex(/^0x([0-9a-fA-F]{2})*$/, 'expected bytes: 0x and an even number of hex digits')
  .transform((text) => text.toLowerCase() as Hex);

export const signatureHex = z
  .string('expected a signature')
  .regex(/^0x[0-9a-fA-F]{130}$/, 'expected a signature: 0x and 130 hex digits');

/** An amount in wei as a decimal string: it may exceed what a JSON number holds. */
export const weiText = z
  .string('expected an amount in wei as a string of digits')
  .regex(/^(0|[1-9][0-9]{0,77})$/, 'expected an amount in wei as a string of digits');
