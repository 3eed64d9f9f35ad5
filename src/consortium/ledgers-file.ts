import { z } from 'zod';
import { LEDGERS_MAX } from '../limits.ts';
import { type ConfigText, readConfig } from './config-reader.ts';
import { bytes32 } from './fields.ts';
import { isSealer, type Role } from './roles.ts';

/** One ledger joins all others, the rest are local. */
export type LedgerKind = 'federal' | 'local';

/** What a ledger and its folder may be called. */
export const LEDGER_NAME = /^[a-z][a-z0-9-]{0,31}$/;

const name = z.string('expected a name').regex(LEDGER_NAME, 'expected small letters, digits and hyphens, a letter first');
const path = z.string('expected a path').min(1, 'expected a path, relative to this file');

const ledgerSchema = z.strictObject({
  name,
  kind: z.enum(['federal', 'local'], 'expected federal or local'),
  /** Folder of the ledger: with genesis.json, consortium.json and a folder for each node. */
  folder: path,
  chainId: z.int('expected a chain id').positive('expected a chain id above 0'),
  /** `genesisHash` of the genesis file in the folder. */
  genesisHash: bytes32,
});

const processSchema = z.strictObject({
  name: z.string('expected a name').min(1, 'expected a name'),
  /** Folders with a node.json each, on different ledgers. */
  nodes: z.array(path).min(1, 'a process seats at least one node'),
});

const ledgersFileSchema = z
  .strictObject({
    name: z.string('expected a name').min(1, 'expected a name'),
    ledgers: z
      .array(ledgerSchema)
      .min(2, 'expected the federal ledger and at least one local one')
      .max(LEDGERS_MAX, `expected at most ${LEDGERS_MAX} ledgers`),
    /** Nodes of several ledgers that share a process; all others have one of their own. */
    processes: z.array(processSchema).default([]),
  })
  .refine(({ ledgers }) => ledgers.filter(({ kind }) => kind === 'federal').length === 1, 'expected exactly one federal ledger')
  .refine(
    ({ ledgers }) =>
      [ledgers.map((ledger) => ledger.name), ledgers.map(({ chainId }) => chainId)].every(
        (values) => new Set<unknown>(values).size === values.length,
      ),
    'two ledgers have the same name or chain id',
  );

/** `ledgers.json`: the ledgers of one consortium as they were laid out together. For people and tools; no node trusts it. */
export type LedgersFile = z.output<typeof ledgersFileSchema>;

export function ledgersToJson(file: LedgersFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** @throws {@link TreadleError} CONFIG_NOT_JSON | CONFIG_UNKNOWN_KEY | CONFIG_INVALID */
export function readLedgersFile(config: ConfigText): LedgersFile {
  return readConfig(ledgersFileSchema, config);
}

/** What a node is where several ledgers are sewn together: who seals the federal ledger, who a local one, who observes it. */
export type SewingKind = 'F_g' | 'L_g' | 'L_o';

/** The kind of a node by its ledger and role; undefined for those that the federation does not name. */
export function sewingKindOf(ledger: LedgerKind, role: Role): SewingKind | undefined {
  if (isSealer(role)) return ledger === 'federal' ? 'F_g' : 'L_g';
  return role === 'centre' && ledger === 'local' ? 'L_o' : undefined;
}
