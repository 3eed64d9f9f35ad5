import { type Address, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import type { CommitCertificate } from '../core.ts';

/** A block of the toy chain: its digest is the hash of its bytes, which name height, parent and builder. */
export interface ToyBlock {
  readonly height: number;
  readonly digest: Hex;
  readonly proposal: Uint8Array;
  readonly certificate: CommitCertificate;
}

export const genesisDigest: Hex = toHex(new Uint8Array(32));

export function buildProposal(content: {
  readonly height: number;
  readonly parent: Hex;
  readonly builder: string;
  readonly note: string;
}): {
  readonly digest: Hex;
  readonly proposal: Uint8Array;
} {
  const proposal = new TextEncoder().encode(JSON.stringify(content));
  return { digest: toHex(keccak256(proposal)), proposal };
}

/** Who built a block, as its bytes say. */
export function builderOf({ proposal }: ToyBlock): Address {
  return (JSON.parse(new TextDecoder().decode(proposal)) as { builder: Address }).builder;
}

/** Why `proposal` is no valid child of `parent`, or undefined. A note that starts with "invalid" makes it so. */
export function checkProposal(
  asked: { readonly height: number; readonly digest: Hex; readonly proposal: Uint8Array; readonly builder: string | undefined },
  parent: Hex,
): string | undefined {
  if (toHex(keccak256(asked.proposal)) !== asked.digest) return 'the bytes do not have this digest';
  const content = JSON.parse(new TextDecoder().decode(asked.proposal)) as {
    height: number;
    parent: Hex;
    builder: string;
    note: string;
  };
  if (content.height !== asked.height) return 'wrong height';
  if (content.parent !== parent) return 'wrong parent';
  if (asked.builder !== undefined && content.builder !== asked.builder) return 'built by another';
  return content.note.startsWith('invalid') ? 'the note says so' : undefined;
}
