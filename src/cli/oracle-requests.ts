import {
  decodeEvent,
  type OracleRegistryClient,
  oracleRegistryClient,
  PEDAL_ADDRESS,
  type PedalClient,
  pedalClient,
  type RequestRecord,
} from '../contracts/index.ts';
import { type Address, fromHex, type Hex } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { RequestRefused, readDataSpec } from '../oracle/index.ts';
import { readText } from './load-setup.ts';
import { type ActingOperator, type Operator, type OperatorOptions, openOperator } from './operator.ts';

/** The oracle's contracts as a command reaches them. */
export interface OracleContracts {
  readonly pedal: PedalClient;
  readonly oracles: OracleRegistryClient;
}

/**
 * An operator with the oracle of the ledger.
 * @throws TreadleError CLI_NO_ORACLE where the ledger has none, or as `openOperator`
 */
export async function openOracle(options: OperatorOptions & { readonly key: string }): Promise<ActingOperator & OracleContracts>;
export async function openOracle(options: OperatorOptions): Promise<Operator & OracleContracts>;
export async function openOracle(options: OperatorOptions): Promise<Operator & OracleContracts> {
  const operator = await openOperator(options);
  const pedal = pedalClient(operator.client);
  try {
    await pedal.requestCount();
  } catch (cause) {
    if (!hasCode(cause, 'CONTRACT_BAD_ANSWER') && !hasCode(cause, 'CONTRACT_REVERTED')) throw cause;
    throw new TreadleError('CLI_NO_ORACLE', { detail: 'the genesis of this ledger placed no oracle', cause });
  }
  return { ...operator, pedal, oracles: oracleRegistryClient(operator.client) };
}

/** The number of a request. @throws TreadleError CLI_BAD_OPTION */
export function requestNumber(text: string): bigint {
  if (/^[1-9]\d{0,19}$/.test(text)) return BigInt(text);
  throw new TreadleError('CLI_BAD_OPTION', { detail: `the request is "${text.slice(0, 80)}", expected its number` });
}

/** A request by its number. @throws TreadleError CLI_NO_ORACLE when there is none */
export async function readRequest(pedal: PedalClient, id: bigint): Promise<RequestRecord> {
  try {
    return await pedal.requestOf(id);
  } catch (cause) {
    if (!hasCode(cause, 'CONTRACT_REVERTED')) throw cause;
    throw new TreadleError('CLI_NO_ORACLE', { detail: `there is no request ${id}`, cause });
  }
}

/** What a request asked, from the event of its block; undefined where the node keeps that no more. */
export async function readSpec({ client }: Operator, id: bigint, record: RequestRecord): Promise<Uint8Array | undefined> {
  const block = Number(record.requestedIn);
  const topic: Hex = `0x${id.toString(16).padStart(64, '0')}`;
  try {
    const logs = await client.logs({ address: PEDAL_ADDRESS, topics: [null, topic], fromBlock: block, toBlock: block });
    const event = logs.map(decodeEvent).find((each) => each?.name === 'Requested');
    return event === undefined ? undefined : fromHex(event.args['spec'] as Hex);
  } catch (error) {
    if (hasCode(error, 'CONTRACT_REJECTED')) return undefined;
    throw error;
  }
}

/** The account of nobody: there is no master. */
export const NOBODY: Address = '0x0000000000000000000000000000000000000000';

/**
 * A specification from an option: the text itself, or that of a file after "@". One of the job `data` is checked here, before
 * it costs anything.
 * @throws TreadleError CLI_BAD_OPTION | CLI_FILE_UNREADABLE
 */
export async function specOf(job: string, option: string): Promise<Uint8Array> {
  const text = option.startsWith('@') ? (await readText(option.slice(1))).trim() : option;
  const spec = new TextEncoder().encode(text);
  if (job === 'data') checkedDataSpec(spec);
  return spec;
}

/** @throws TreadleError CLI_BAD_OPTION */
export function checkedDataSpec(spec: Uint8Array): ReturnType<typeof readDataSpec> {
  try {
    return readDataSpec(spec);
  } catch (cause) {
    if (!(cause instanceof RequestRefused)) throw cause;
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--spec: ${cause.message}`, cause });
  }
}
