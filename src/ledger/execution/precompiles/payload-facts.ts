import { concatBytes, fromHex } from '../../../crypto/index.ts';
import { bytesTail, wordOfNumber } from './abi.ts';
import { PAYLOAD_ADDRESS } from './addresses.ts';
import { answer, type BuiltIn } from './built-in.ts';

/** The answer is made of at most five words: about what copying them from memory costs the interpreter. */
const GAS = 200;
/** Three head words: root, length, offset of the media type. */
const HEAD_BYTES = 96;

/**
 * `abi.encode(bytes32 root, uint256 lengthBytes, string mediaType)` of the body that the transaction being executed
 * carries, whatever the data are; an empty answer when it carries none.
 */
export const payloadFacts: BuiltIn = {
  address: PAYLOAD_ADDRESS,
  needsAccount: false,
  // biome-ignore lint/correctness/useYield: it needs nothing from the disk
  *run(_call, { payload }, meter) {
    meter.charge(GAS);
    if (payload === undefined) return answer(new Uint8Array(0));
    const mediaType = bytesTail(new TextEncoder().encode(payload.mediaType));
    return answer(concatBytes([fromHex(payload.root), wordOfNumber(payload.lengthBytes), wordOfNumber(HEAD_BYTES), mediaType]));
  },
};
