import type { SigningDomain } from '../../contracts/index.ts';
import { type Address, concatBytes, fromHex, type Hex, keccak256 } from '../../crypto/index.ts';

/** One member of a struct: every type that the market signs fills one 32-byte word. */
export type Word = { readonly bytes32: Hex | Uint8Array } | { readonly address: Address } | { readonly uint: bigint };

const utf8 = new TextEncoder();
const DOMAIN_TYPE = keccak256(utf8.encode('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'));
const VERSION = keccak256(utf8.encode('1'));

/** A struct type of EIP-712 whose members are all one word long, under one domain name (version "1"). */
export interface TypedStruct {
  /** The digest to sign. */
  digest(domain: SigningDomain, members: readonly Word[]): Uint8Array;
}

/**
 * Prepares a struct type.
 * @param type - its EIP-712 encoding, such as `Voucher(bytes32 channelId,uint256 cumulativeAmount)`
 */
export function typedStruct(domainName: string, type: string): TypedStruct {
  const typeHash = keccak256(utf8.encode(type));
  const nameHash = keccak256(utf8.encode(domainName));
  const separators = lastValue<Uint8Array>();
  return {
    digest(domain, members) {
      const separator = separators(`${domain.chainId} ${domain.contract}`, () =>
        keccak256(
          concatBytes([
            DOMAIN_TYPE,
            nameHash,
            VERSION,
            word({ uint: BigInt(domain.chainId) }),
            word({ address: domain.contract }),
          ]),
        ),
      );
      const struct = keccak256(concatBytes([typeHash, ...members.map(word)]));
      return keccak256(concatBytes([Uint8Array.of(0x19, 0x01), separator, struct]));
    },
  };
}

/** Remembers the value of the last key: a node signs for one contract nearly always. */
function lastValue<T>(): (key: string, make: () => T) => T {
  let last: { readonly key: string; readonly value: T } | undefined;
  return (key, make) => {
    if (last?.key !== key) last = { key, value: make() };
    return last.value;
  };
}

function word(member: Word): Uint8Array {
  const out = new Uint8Array(32);
  if ('uint' in member) {
    let rest = member.uint;
    if (rest < 0n || rest >> 256n !== 0n) throw new RangeError('not an unsigned 256-bit integer');
    for (let at = 31; rest > 0n; at--, rest >>= 8n) out[at] = Number(rest & 0xffn);
    return out;
  }
  const bytes =
    'address' in member ? fromHex(member.address) : typeof member.bytes32 === 'string' ? fromHex(member.bytes32) : member.bytes32;
  const length = 'address' in member ? 20 : 32;
  if (bytes.length !== length) throw new RangeError(`a member of ${length} bytes has ${bytes.length}`);
  out.set(bytes, 32 - length);
  return out;
}
