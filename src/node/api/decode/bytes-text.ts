import { fromHex, type Hex } from '../../../crypto/index.ts';

/** Text padded with zero bytes, as contracts keep short names in a bytes32; hex when it is no printable text. */
export function bytesText(bytes: Hex): string {
  return printableText(bytes) ?? bytes;
}

/** The printable ASCII text in a zero-padded value; undefined when it holds anything else or nothing. */
export function printableText(bytes: Hex): string | undefined {
  const raw = fromHex(bytes);
  let length = raw.length;
  while (length > 0 && raw[length - 1] === 0) length -= 1;
  // Fewer than three letters are more likely a number.
  if (length < 3) return undefined;
  let text = '';
  for (const byte of raw.subarray(0, length)) {
    if (byte < 0x20 || byte > 0x7e) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
