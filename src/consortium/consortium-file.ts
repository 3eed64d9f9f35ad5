import { z } from 'zod';
import type { Address } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { type ConfigText, readConfig } from './config-reader.ts';
import { address, bytes32 } from './fields.ts';
import { ROLES, type Role } from './roles.ts';
import { type Roster, rosterOfFounders } from './roster.ts';

/** One node of a consortium as its summary shows it. */
export interface ConsortiumMember {
  readonly role: Role;
  readonly name: string;
  readonly node: Address;
  readonly company: Address;
  /** Folder of the node, relative to this file. */
  readonly folder: string;
  readonly addresses: readonly string[];
  readonly rpc?: string | undefined;
  readonly console?: string | undefined;
  readonly position?: { readonly latitude: number; readonly longitude: number } | undefined;
}

const memberSchema = z.strictObject({
  role: z.enum(ROLES),
  name: z.string().min(1),
  node: address,
  company: address,
  folder: z.string().min(1),
  addresses: z.array(z.string().min(1)),
  rpc: z.url().optional(),
  console: z.url().optional(),
  position: z.strictObject({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) }).optional(),
});

const consortiumFileSchema = z.strictObject({
  name: z.string().min(1),
  chainId: z.int().positive(),
  /** `genesisHash` of the genesis file beside it. */
  genesisHash: bytes32,
  members: z.array(memberSchema).min(1),
});

/** `consortium.json`: who belongs to the consortium and where, as it was when it was laid out. For people and tools; no node trusts it. */
export type ConsortiumFile = z.output<typeof consortiumFileSchema>;

export function consortiumToJson(
  file: Omit<ConsortiumFile, 'members'> & { readonly members: readonly ConsortiumMember[] },
): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** @throws {@link TreadleError} CONFIG_NOT_JSON | CONFIG_UNKNOWN_KEY | CONFIG_INVALID */
export function readConsortiumFile(config: ConfigText): ConsortiumFile {
  return readConfig(consortiumFileSchema, config);
}

/**
 * The founding members: what a light node goes by until it has followed the chain.
 *
 * @throws {@link TreadleError} CONFIG_INVALID when the file names no proxy
 */
export function foundingRoster(file: Pick<ConsortiumFile, 'members'>): Roster {
  const proxy = file.members.find(({ role }) => role === 'proxy')?.node;
  if (proxy === undefined) throw new TreadleError('CONFIG_INVALID', { detail: 'consortium.json names no proxy' });
  const companies = file.members.filter(({ role }) => role === 'company').map(({ node, name }) => ({ account: node, name }));
  return rosterOfFounders(proxy, companies, [proxy, ...companies.map(({ account }) => account)].sort());
}
