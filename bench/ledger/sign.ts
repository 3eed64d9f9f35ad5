import {
  type Address,
  encodeRlp,
  fromHex,
  keccak256,
  keyFrom,
  type NodeKey,
  type RlpInput,
  signDigest,
} from '../../src/crypto/index.ts';

/** An account that load comes from, with the nonce of its next transaction. */
export interface Account {
  readonly key: NodeKey;
  nextNonce: number;
}

export interface Content {
  readonly to: Address | undefined;
  readonly data: Uint8Array;
  readonly gas: number;
}

/** Accounts that differ from one benchmark to the next: what one left in the pool does not stand in another's way. */
export function accountsOf(name: string, count: number): readonly Account[] {
  return Array.from({ length: count }, (_, at) => ({
    key: keyFrom(keccak256(new TextEncoder().encode(`bench ${name} ${at}`))),
    nextNonce: 0,
  }));
}

/** A signed transaction of type 2 without fees; it takes the account's next nonce. */
export function sign(account: Account, { to, data, gas }: Content, chainId: number): Uint8Array {
  const fields: RlpInput[] = [chainId, account.nextNonce++, 0, 0, gas, to === undefined ? NOTHING : fromHex(to), 0, data, []];
  const signature = signDigest(keccak256(typed(encodeRlp(fields))), account.key.privateKey);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)];
  return typed(encodeRlp([...fields, signature[64] as number, withoutZeros(r), withoutZeros(s)]));
}

export function withoutZeros(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === 0) at++;
  return bytes.subarray(at);
}

const NOTHING = new Uint8Array(0);
const TYPE = 2;

function typed(body: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + body.length);
  whole[0] = TYPE;
  whole.set(body, 1);
  return whole;
}
