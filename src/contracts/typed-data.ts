import { type Address, type Hex, keccak256, toHex } from '../crypto/index.ts';
import { hashWords, textWord, word, wordText } from './abi-words.ts';

/** Where signed data counts: on this chain, for this contract, and nowhere else. */
export interface SigningDomain {
  readonly chainId: number;
  readonly contract: Address;
}

/** What a company signs to admit a device (role 1) or an edge node (role 2). */
export interface CertificateFields {
  readonly observer: Address;
  readonly role: number;
  readonly company: Address;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: bigint;
  readonly serial: Hex;
}

const utf8 = new TextEncoder();
const hashText = (text: string): Uint8Array => keccak256(utf8.encode(text));

const DOMAIN_TYPE = hashText('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)');
const VERSION = hashText('1');
const CERTIFICATE_TYPE = hashText('Certificate(address observer,uint8 role,address company,uint64 expiresAt,bytes32 serial)');
const VOUCHER_TYPE = hashText('Voucher(bytes32 channelId,uint256 cumulativeAmountWei)');
const CONSORTIUM_NAME = hashText('Treadle Consortium');
const CHANNELS_NAME = hashText('Treadle Payment Channels');

/** The EIP-712 digest of a certificate: 32 bytes for the company's key to sign. */
export function certificateDigest(options: SigningDomain & { readonly certificate: CertificateFields }): Uint8Array {
  const { observer, role, company, expiresAt, serial } = options.certificate;
  const struct = hashWords([CERTIFICATE_TYPE, word(observer), word(BigInt(role)), word(company), word(expiresAt), word(serial)]);
  return typedDigest(CONSORTIUM_NAME, options, struct);
}

/**
 * The EIP-712 digest of a voucher: 32 bytes for the payer's key to sign. `cumulativeWei` is all that the payer owes on the
 * channel so far.
 */
export function voucherDigest(options: SigningDomain & { readonly channelId: Hex; readonly cumulativeWei: bigint }): Uint8Array {
  const struct = hashWords([VOUCHER_TYPE, word(options.channelId), word(options.cumulativeWei)]);
  return typedDigest(CHANNELS_NAME, options, struct);
}

/** The id of a channel: a hash over chain, contract, payer, payee and nonce. */
export function channelIdOf(
  options: SigningDomain & { readonly payer: Address; readonly payee: Address; readonly nonce: bigint },
): Hex {
  const { chainId, contract, payer, payee, nonce } = options;
  return toHex(hashWords([word(BigInt(chainId)), word(contract), word(payer), word(payee), word(nonce)]));
}

/**
 * The id of a service by its name, such as `vibration.spectrum`: the name's UTF-8 bytes, filled up with zeros. @throws
 * RangeError above 32 bytes
 */
export function serviceId(name: string): Hex {
  return toHex(textWord(name));
}

/** The name of a service by its id. */
export function serviceName(id: Hex): string {
  return wordText(id);
}

/**
 * A task's id: the device's address, which the registry demands so that nobody takes another's id, and 12 bytes of the device's
 * choice.
 */
export function taskIdOf(device: Address, salt: Uint8Array): Hex {
  if (salt.length !== 12) throw new RangeError('the salt of a task id has 12 bytes');
  return `${device}${toHex(salt).slice(2)}`;
}

function typedDigest(name: Uint8Array, { chainId, contract }: SigningDomain, struct: Uint8Array): Uint8Array {
  const domain = hashWords([DOMAIN_TYPE, name, VERSION, word(BigInt(chainId)), word(contract)]);
  const bytes = new Uint8Array(66);
  bytes.set([0x19, 0x01], 0);
  bytes.set(domain, 2);
  bytes.set(struct, 34);
  return keccak256(bytes);
}
