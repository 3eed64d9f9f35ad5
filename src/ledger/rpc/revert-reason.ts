import { fromHex, type Hex } from '../../crypto/index.ts';

/** Selector of `Error(string)`. */
const ERROR_SELECTOR = '0x08c379a0';
/** Selector of `Panic(uint256)`. */
const PANIC_SELECTOR = '0x4e487b71';
/** Longest reason repeated in a message. */
const REASON_CHARACTERS_MAX = 1024;

/** Solidity's panic codes in words. */
const panics: Readonly<Record<string, string>> = {
  '0': 'generic panic',
  '1': 'assert failed',
  '11': 'arithmetic overflow or underflow',
  '12': 'division or modulo by zero',
  '21': 'value is not a member of the enum',
  '22': 'storage byte array is encoded wrongly',
  '31': 'pop of an empty array',
  '32': 'array index out of bounds',
  '41': 'too much memory allocated',
  '51': 'call of an uninitialised internal function',
};

/** `execution reverted`, followed by the decoded `Error(string)` or `Panic(uint256)`, or by a custom error's selector. */
export function revertMessage(returnData: Hex): string {
  const reason = revertReason(returnData);
  return reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`;
}

/** What a contract said when it reverted, in words; undefined when it said nothing. */
export function revertReason(returnData: Hex): string | undefined {
  if (returnData.length < 10) return undefined;
  const selector = returnData.slice(0, 10);
  const body = fromHex(returnData.slice(10));
  if (selector === ERROR_SELECTOR) return decodeString(body) ?? `custom error ${selector}`;
  if (selector === PANIC_SELECTOR && body.length >= 32) {
    const code = wordAt(body, 0).toString(16);
    return `panic 0x${code.padStart(2, '0')}${panics[code] === undefined ? '' : ` (${panics[code]})`}`;
  }
  return `custom error ${selector}`;
}

/** The first ABI-encoded argument, a string; undefined when the encoding is not one. */
function decodeString(body: Uint8Array): string | undefined {
  if (body.length < 64) return undefined;
  const offset = wordAt(body, 0);
  if (offset > BigInt(body.length - 32)) return undefined;
  const start = Number(offset) + 32;
  const length = wordAt(body, Number(offset));
  if (length > BigInt(body.length - start)) return undefined;
  const text = new TextDecoder().decode(body.subarray(start, start + Number(length)));
  return text.length > REASON_CHARACTERS_MAX ? `${text.slice(0, REASON_CHARACTERS_MAX)}...` : text;
}

function wordAt(body: Uint8Array, at: number): bigint {
  let word = 0n;
  for (const byte of body.subarray(at, at + 32)) word = (word << 8n) | BigInt(byte);
  return word;
}
