import { encodeDeployData } from 'viem';
import { z } from 'zod';
import {
  CONSORTIUM_ADDRESS,
  type CrossLedgerConfig,
  consortiumArtifact,
  crossLedgerContracts,
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryArtifact,
  type OracleConfig,
  oracleContracts,
  PAYMENT_CHANNELS_ADDRESS,
  paymentChannelsArtifact,
  trainingContract,
} from '../contracts/index.ts';
import { type Address, type Hex, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import {
  type ChainTiming,
  type Genesis,
  type GenesisContract,
  genesisDomain,
  RECORDS_GENESIS_CONTRACT,
} from '../ledger/index.ts';
import { BLOCK_GAS_MAX, COMPANY_NAME_BYTES_MAX, SEALERS_MAX } from '../limits.ts';
import { readConfig } from './config-reader.ts';
import { address, hexData, weiText } from './fields.ts';
import { type OracleSettingsInput, oracleConfigOf, oracleSettingsSchema } from './oracle-settings.ts';

/** Companies that a consortium has at least: with the proxy four sealers, of which one may fail or lie. */
export const COMPANIES_MIN = 3;

export interface CompanySeat {
  readonly account: Address;
  readonly name: string;
}

export interface GenesisOptions {
  readonly chainId: number;
  readonly timestampMs: number;
  readonly proxy: Address;
  readonly companies: readonly CompanySeat[];
  /** First balances in wei. */
  readonly alloc: Readonly<Record<Address, bigint>>;
  /** The pace of the chain; the ledger's default when absent. */
  readonly timing?: ChainTiming;
  /** What the oracle asks and pays; defaults for what is absent. */
  readonly oracle?: OracleSettingsInput;
  /** Lanes to other ledgers; without it the cross-ledger contracts are not placed. */
  readonly crossLedger?: CrossLedgerConfig;
}

/**
 * The genesis of a consortium: proxy and companies seal from block 1 on, and the contracts stand at their
 * addresses before it.
 *
 * @throws {@link TreadleError} CONSORTIUM_TOO_FEW_COMPANIES | CONSORTIUM_PLAN_INVALID
 */
export function buildGenesis(options: GenesisOptions): Genesis {
  const { chainId, timestampMs, proxy, companies, alloc, oracle = {}, crossLedger } = options;
  checkSeats(proxy, companies);
  const sealers = [proxy, ...companies.map(({ account }) => account)].sort();
  const balances = Object.entries(alloc).sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    chainId,
    timestampMs,
    gasLimit: `0x${BLOCK_GAS_MAX.toString(16)}`,
    ...(options.timing !== undefined && { timing: options.timing }),
    sealers,
    governance: CONSORTIUM_ADDRESS,
    alloc: Object.fromEntries(balances.map(([account, wei]) => [account, wei.toString()])),
    contracts: [
      ...placeContracts(proxy, companies),
      ...oracleContracts(readOracleSettings(oracle)),
      trainingContract(TRAINING_CONFIG),
      ...(crossLedger === undefined ? [] : crossLedgerContracts(crossLedger)),
      RECORDS_GENESIS_CONTRACT,
    ],
  };
}

/** Tasks of learning: a stake as of a node of the oracle, and not more tasks than the oracle can work on. */
const TRAINING_CONFIG = { minStakeWei: 10n ** 18n, openTasks: 256, openPerOwner: 16 } as const;

/** Creation code with constructor arguments: the consortium first, since the registry asks it who is a company. */
function placeContracts(proxy: Address, companies: readonly CompanySeat[]): readonly GenesisContract[] {
  const founders = companies.map(({ account, name }) => ({ account, name }));
  return [
    {
      name: consortiumArtifact.name,
      address: CONSORTIUM_ADDRESS,
      initCode: encodeDeployData({ abi: consortiumArtifact.abi, bytecode: consortiumArtifact.bytecode, args: [proxy, founders] }),
    },
    {
      name: edgeRegistryArtifact.name,
      address: EDGE_REGISTRY_ADDRESS,
      initCode: encodeDeployData({
        abi: edgeRegistryArtifact.abi,
        bytecode: edgeRegistryArtifact.bytecode,
        args: [CONSORTIUM_ADDRESS],
      }),
    },
    {
      name: paymentChannelsArtifact.name,
      address: PAYMENT_CHANNELS_ADDRESS,
      initCode: encodeDeployData({ abi: paymentChannelsArtifact.abi, bytecode: paymentChannelsArtifact.bytecode }),
    },
  ];
}

/** @throws {@link TreadleError} CONSORTIUM_PLAN_INVALID, naming the setting */
function readOracleSettings(input: OracleSettingsInput): OracleConfig {
  const read = oracleSettingsSchema.safeParse(input);
  if (read.success) return oracleConfigOf(read.data);
  const [first] = read.error.issues;
  const where = ['oracle', ...(first?.path ?? [])].join('.');
  throw new TreadleError('CONSORTIUM_PLAN_INVALID', { detail: `${where}: ${first?.message ?? 'unusable'}` });
}

/** @throws {@link TreadleError} CONSORTIUM_TOO_FEW_COMPANIES | CONSORTIUM_PLAN_INVALID */
export function checkSeats(proxy: Address, companies: readonly CompanySeat[]): void {
  if (companies.length < COMPANIES_MIN) throw tooFew(companies.length);
  if (companies.length + 1 > SEALERS_MAX) {
    throw new TreadleError('CONSORTIUM_PLAN_INVALID', {
      detail: `${companies.length} companies, at most ${SEALERS_MAX - 1} are possible`,
    });
  }
  const accounts = new Set([proxy, ...companies.map(({ account }) => account)]);
  if (accounts.size !== companies.length + 1) {
    throw new TreadleError('CONSORTIUM_PLAN_INVALID', {
      detail: 'two members have the same account: every sealer needs a key of its own',
    });
  }
  for (const { name } of companies) {
    const bytes = new TextEncoder().encode(name).length;
    if (bytes === 0 || bytes > COMPANY_NAME_BYTES_MAX) {
      throw new TreadleError('CONSORTIUM_PLAN_INVALID', {
        detail: `the company name "${name.slice(0, 80)}" has ${bytes} bytes, 1 to ${COMPANY_NAME_BYTES_MAX} are allowed`,
      });
    }
  }
  const names = new Set(companies.map(({ name }) => name));
  if (names.size !== companies.length)
    throw new TreadleError('CONSORTIUM_PLAN_INVALID', { detail: 'two companies have the same name' });
}

export function tooFew(companies: number): TreadleError {
  return new TreadleError('CONSORTIUM_TOO_FEW_COMPANIES', {
    detail: `${companies} companies and the proxy make ${companies + 1} sealers; below four sealers none may fail (f = 0)`,
    data: { companies, sealers: companies + 1 },
  });
}

const milliseconds = z
  .int('expected milliseconds')
  .positive('expected milliseconds above 0')
  .max(3_600_000, 'expected at most an hour');
const timingSchema = z
  .strictObject({
    blockIntervalMs: milliseconds,
    heartbeatMs: milliseconds,
    baseTimeoutMs: milliseconds,
    gatherMs: milliseconds.exactOptional(),
  })
  // A round that ends before its block may come would fail at every height.
  .refine(({ baseTimeoutMs, blockIntervalMs }) => baseTimeoutMs > blockIntervalMs, 'expected baseTimeoutMs above blockIntervalMs')
  .refine(({ gatherMs = 0, blockIntervalMs }) => gatherMs <= blockIntervalMs, 'expected gatherMs of at most blockIntervalMs');

const genesisSchema = z.strictObject({
  chainId: z.int('expected a chain id').positive('expected a chain id above 0'),
  timestampMs: z.int('expected a time in milliseconds').nonnegative('expected a time in milliseconds'),
  gasLimit: z
    .string('expected hex')
    .regex(/^0x[1-9a-f][0-9a-f]{0,15}$/, 'expected a number in hex without leading zeros')
    .transform((text) => text as Hex),
  timing: timingSchema.exactOptional(),
  sealers: z
    .array(address)
    .min(COMPANIES_MIN + 1, 'expected at least four sealers')
    .max(SEALERS_MAX, `expected at most ${SEALERS_MAX} sealers`),
  governance: address,
  alloc: z.record(address, weiText),
  contracts: z.array(z.strictObject({ name: z.string().min(1), address, initCode: hexData })),
});

/** The text of `genesis.json`. */
export function genesisToJson(genesis: Genesis): string {
  return `${JSON.stringify(genesis, null, 2)}\n`;
}

/**
 * Reads `genesis.json`.
 *
 * @throws {@link TreadleError} CONFIG_NOT_JSON | CONFIG_UNKNOWN_KEY | CONFIG_INVALID | CONSORTIUM_GENESIS_INVALID
 */
export function readGenesis(text: string, file = 'genesis.json'): Genesis {
  const genesis: Genesis = readConfig(genesisSchema, { file, text });
  const { sealers, contracts, governance } = genesis;
  const ascending = sealers.every((sealer, at) => at === 0 || (sealers[at - 1] as Address) < sealer);
  if (!ascending) throw unusable(file, '"sealers" must be in ascending order, each once');
  if (new Set(contracts.map((contract) => contract.address)).size !== contracts.length) {
    throw unusable(file, '"contracts" places two contracts at one address');
  }
  if (!contracts.some((contract) => contract.address === governance)) {
    throw unusable(file, `"governance" is ${governance}, where "contracts" places none`);
  }
  return genesis;
}

function unusable(file: string, detail: string): TreadleError {
  return new TreadleError('CONSORTIUM_GENESIS_INVALID', { detail: `${file}: ${detail}` });
}

/** {@link genesisDomain} as text: the name of a chain. */
export function genesisHash(genesis: Genesis): Hex {
  return toHex(genesisDomain(genesis));
}
