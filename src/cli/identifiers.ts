import { serviceId } from '../contracts/index.ts';
import { type Address, fromHex, type Hex, toAddress } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';

/** Reads an account in any letter case. @throws TreadleError CLI_BAD_OPTION */
export function account(option: string, text: string): Address {
  try {
    return toAddress(text.trim());
  } catch (cause) {
    throw badOption(`${option} is "${text.slice(0, 80)}", expected an account: 0x and 40 hex digits`, cause);
  }
}

/** Reads the id of a payment channel. @throws TreadleError CLI_BAD_OPTION */
export function channelId(text: string): Hex {
  const lower = text.trim().toLowerCase();
  if (/^0x[0-9a-f]{64}$/.test(lower)) return lower as Hex;
  throw badOption(`the channel is "${text.slice(0, 80)}", expected 0x and 64 hex digits as \`treadle channel list\` prints them`);
}

/** Reads a signature of 65 bytes. @throws TreadleError CLI_BAD_OPTION */
export function signatureBytes(option: string, text: string): Uint8Array {
  const lower = text.trim().toLowerCase();
  if (/^0x[0-9a-f]{130}$/.test(lower)) return fromHex(lower);
  throw badOption(`${option} has ${text.trim().length} characters, expected 0x and 130 hex digits`);
}

/** Reads the number of a proposal or an edge node. @throws TreadleError CLI_BAD_OPTION */
export function recordNumber(what: string, text: string): bigint {
  if (/^[1-9]\d{0,19}$/.test(text)) return BigInt(text);
  throw badOption(`the ${what} is "${text.slice(0, 80)}", expected its number`);
}

/** Reads the name of a service. @throws TreadleError CLI_BAD_OPTION */
export function service(option: string, name: string): Hex {
  try {
    return serviceId(name);
  } catch (cause) {
    throw badOption(`${option} is "${name.slice(0, 80)}", expected a name of 1 to 32 bytes`, cause);
  }
}

function badOption(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('CLI_BAD_OPTION', { detail, ...(cause !== undefined && { cause }) });
}
